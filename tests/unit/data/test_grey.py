"""Pictures as values, drawn at a scale that several have in common."""

import base64
import io
import zlib

import h5py
import numpy as np
import pytest
from PIL import Image

from portal.data.grey import GreyPlane, GreyScale, common_scale, drawn, grey_plane
from portal.data.parsing.client import grey
from portal.errors import InvalidError


def plane_of(values):
    values = np.asarray(values, "<f4")
    return GreyPlane(values.shape[1], values.shape[0], 0.0, 1.0, zlib.compress(values.tobytes()))


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_one_value_has_one_grey_whatever_else_is_in_the_picture():
    scale = GreyScale(100.0, 300.0)
    first, second = plane_of([[100, 200, 300]]), plane_of([[200, 5000, -5000, 150]])
    assert pixels(drawn(first, scale)).tolist() == [[0, 128, 255]]
    assert pixels(drawn(second, scale)).tolist() == [[128, 255, 0, 64]]


def test_the_common_scale_has_room_for_each():
    assert common_scale([GreyScale(5, 10), GreyScale(-1, 7)]) == GreyScale(-1, 10)
    assert common_scale([]) is None
    flat = common_scale([GreyScale(3, 3)])
    assert flat.white > flat.black and pixels(drawn(plane_of([[3, 4]]), flat)).tolist() == [[0, 255]]


def test_what_is_no_number_is_black():
    assert pixels(drawn(plane_of([[np.nan, np.inf, -np.inf]]), GreyScale(0, 1))).tolist() == [[0, 255, 0]]


def test_a_volume_is_its_maximum_and_keeps_its_numbers(tmp_path):
    volume = np.random.default_rng(5).normal(1000, 30, (4, 30, 40)).astype("f4")
    with h5py.File(tmp_path / "volume.h5", "w") as file:
        file["volume"] = volume
    with (tmp_path / "volume.h5").open("rb") as file:
        found = grey(file)
    shown = volume.max(axis=0)
    assert (found.width, found.height) == (40, 30)
    values = np.frombuffer(zlib.decompress(found.pixels), "<f4").reshape(30, 40)
    assert np.array_equal(values, shown)
    assert (found.black, found.white) == pytest.approx(tuple(np.percentile(shown, (0.5, 99.8))), rel=1e-6)


def test_a_large_picture_is_of_means(tmp_path):
    with h5py.File(tmp_path / "picture.h5", "w") as file:
        file["picture"] = np.indices((1200, 1200)).sum(axis=0) % 2 * 100.0
    with (tmp_path / "picture.h5").open("rb") as file:
        found = grey(file, max_side=300)
    assert (found.width, found.height) == (300, 300)
    assert set(np.frombuffer(zlib.decompress(found.pixels), "<f4")) == {50.0}


def test_events_are_many_pictures_and_none_to_compare(tmp_path):
    with h5py.File(tmp_path / "events.rtdc", "w") as file:
        file["events/image"] = np.zeros((20, 16, 16), "u1")
    with (tmp_path / "events.rtdc").open("rb") as file:
        assert grey(file) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 9999},
        {"height": 0},
        {"black": float("nan")},
        {"pixels": "?"},
        {"pixels": base64.b64encode(b"no zlib").decode()},
        {"pixels": base64.b64encode(zlib.compress(b"\0" * 4)).decode()},
        {"pixels": base64.b64encode(zlib.compress(b"\0" * 10**7)).decode()},
        {"white": None},
    ],
)
def test_what_a_child_answers_is_not_believed(changes):
    sound = {"width": 2, "height": 1, "black": 0.0, "white": 1.0}
    sound["pixels"] = base64.b64encode(zlib.compress(b"\0" * 8)).decode()
    assert grey_plane(sound, 480).width == 2
    with pytest.raises(InvalidError):
        grey_plane({**sound, **changes}, 480)
