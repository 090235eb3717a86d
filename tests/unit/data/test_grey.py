"""Pictures as values, drawn at a scale that several have in common."""

import base64
import io
import zlib

import h5py
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from portal.data.grey import (
    UNSAID,
    GreyPlane,
    GreyScale,
    PictureScale,
    common_scale,
    drawn,
    grey_plane,
    scale_of_png,
)
from portal.data.parsing.client import grey, thumbnail
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


def test_a_thumbnail_says_which_values_are_black_and_white_and_what_it_spans(tmp_path):
    values = np.linspace(100, 900, 40 * 60, dtype="<f4").reshape(1, 40, 60).repeat(12, axis=0)
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["data"] = values
    with (tmp_path / "one.h5").open("rb") as stream:
        png = thumbnail(stream)
    found = scale_of_png(png, {(40, 60): (0.5, 0.25)})
    assert (found.black, found.white) == pytest.approx(tuple(np.percentile(values[0], (0.5, 99.8))))
    assert (found.width_um, found.height_um) == (60 * 0.25, 40 * 0.5)
    # A grey is the value that it stands for, to one of 255 steps.
    shown = pixels(png)[:: pixels(png).shape[0] // 40][:40, :: pixels(png).shape[1] // 60][:, :60] / 255
    back = found.black + shown * (found.white - found.black)
    inside = (values[0] > found.black) & (values[0] < found.white)
    assert np.abs(back - values[0])[inside].max() <= (found.white - found.black) / 255 * 1.01
    assert scale_of_png(png, {(41, 60): (0.5, 0.25)}) == PictureScale(found.black, found.white)


@pytest.mark.parametrize(
    "text",
    ["", "1 2", "a b c d", "2 1 4 4", "1 1 4 4", "nan 2 4 4", "1 inf 4 4", "-1e308 1.7e308 4 4", "1 2 4 4 5"],
)
def test_a_picture_s_word_about_itself_is_not_believed_where_it_is_unsound(text):
    stream, told = io.BytesIO(), PngInfo()
    told.add_text("gantry-scale", text)
    Image.new("L", (4, 4)).save(stream, "PNG", pnginfo=told)
    assert scale_of_png(stream.getvalue(), {(4, 4): (1.0, 1.0)}) == UNSAID


@pytest.mark.parametrize("cut", [0, 7, 20, 33, 60])
def test_a_picture_that_is_cut_says_nothing(cut):
    stream = io.BytesIO()
    Image.new("L", (4, 4)).save(stream, "PNG")
    assert scale_of_png(stream.getvalue()[:cut], {}) == UNSAID
