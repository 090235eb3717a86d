"""MRC files as mrcfile writes them, and as other programs do."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gantry_formats import mrc
from portal.data.parsing.readers.mrc import MrcReader
from portal.errors import InvalidError
from wrappers.errors import BadInput
from wrappers.io.stack import read_stack
from wrappers.job import InputDataset, InputFile

MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
TYPES = ["i1", "i2", "f4", "u2", "f2"]


def write(path: Path, values: np.ndarray, voxel: Any = 0.0, extended: int = 0, **header: int) -> None:
    """By mrcfile, with its values of the header unless given."""
    import mrcfile

    with mrcfile.new(path, overwrite=True) as file:
        if extended:
            file.set_extended_header(np.zeros(extended, "V1"))
        file.set_data(values)
        if voxel:
            file.voxel_size = voxel
        for name, value in header.items():
            file.header[name] = value


def stack(path: Path):
    return read_stack(InputDataset("a", (InputFile(path.name, path),), {}), "stack")


@MANY
@given(
    st.sampled_from(TYPES),
    st.tuples(st.integers(2, 9), st.integers(2, 9), st.integers(2, 9)),
    st.tuples(*[st.floats(0.5, 20)] * 3),
    st.sampled_from("<>"),
    st.sampled_from([0, 128, 3072]),
)
def test_volumes_are_those_that_were_written(tmp_path, check_blocks, dtype, shape, voxel, order, extended) -> None:
    values = np.random.default_rng(sum(shape)).integers(0, 99, shape).astype(order + dtype)
    path = tmp_path / "a.mrc"
    write(path, values, voxel, extended)
    check_blocks(path, values, "ZYX")
    found = stack(path)
    np.testing.assert_array_equal(found.values, values)
    assert found.voxel_um == pytest.approx([size * 1e-4 for size in voxel[::-1]], rel=1e-5)
    with path.open("rb") as file:
        reader = MrcReader(file)
        paths = [f"image:voxel size {axis}" for axis in "xyz"]
        assert list(reader.values(paths).values()) == pytest.approx([size * 1e-4 for size in voxel], rel=1e-5)
        assert reader.describe()["items"][0]["shape"] == list(shape)
        if min(shape[1:]) >= 8:
            np.testing.assert_array_equal(reader.view().array, values.max(axis=0))


@pytest.mark.parametrize("maps", [(1, 2, 3), (2, 1, 3), (3, 2, 1), (3, 1, 2)])
def test_axes_are_those_that_the_header_names(tmp_path, maps) -> None:
    values = np.random.default_rng(1).random((4, 6, 8), dtype=np.float32)
    path = tmp_path / "a.map"
    columns, rows, sections = maps
    write(path, values, 1.0, mapc=columns, mapr=rows, maps=sections)
    raw = bytearray(path.read_bytes())
    along = dict(zip(maps, (8, 6, 4), strict=True))
    raw[28:40] = struct.pack("<3i", along[1], along[2], along[3])
    raw[40:52] = struct.pack("<3f", along[1] * 10, along[2] * 20, along[3] * 30)
    path.write_bytes(raw)
    found = stack(path)
    order = [(sections, rows, columns).index(axis) for axis in (3, 2, 1)]
    np.testing.assert_array_equal(found.values, values.transpose(order))
    assert found.voxel_um == pytest.approx([0.003, 0.002, 0.001], rel=1e-6)


def test_pictures_one_after_another_have_no_distance(tmp_path) -> None:
    path = tmp_path / "movie.mrcs"
    write(path, np.ones((5, 8, 9), np.int16), 2.0, ispg=0, mz=1)
    with path.open("rb") as file:
        header = mrc.header_of(file.read(1024))
    assert (header.axes, header.sizes) == ("QYX", {"x": 0.0002, "y": 0.0002})


def test_several_volumes_in_a_file_are_told_apart(tmp_path, check_blocks) -> None:
    import mrcfile

    values = np.random.default_rng(1).random((3, 4, 8, 9), dtype=np.float32)
    path = tmp_path / "volumes.mrc"
    with mrcfile.new(path) as file:
        file.set_data(values)
    check_blocks(path, values, "RZYX")
    with pytest.raises(BadInput, match="3 positions"):
        stack(path)


def test_bytes_of_imod_have_no_sign_where_it_says_so(tmp_path, check_blocks) -> None:
    path = tmp_path / "a.rec"
    write(path, np.array([[[0, 1], [-1, -56]]] * 2, np.int8))
    raw = bytearray(path.read_bytes())
    raw[152:160] = struct.pack("<2i", 1146047817, 0)
    path.write_bytes(raw)
    check_blocks(path, np.array([[[0, 1], [255, 200]]] * 2, np.uint8), "ZYX")


def test_a_wrong_stamp_of_the_machine_is_seen(tmp_path, check_blocks) -> None:
    values = np.arange(24, dtype=">i2").reshape(2, 3, 4)
    path = tmp_path / "a.mrc"
    write(path, values)
    raw = bytearray(path.read_bytes())
    raw[212:214] = b"DD"
    path.write_bytes(raw)
    check_blocks(path, values, "ZYX")


@pytest.mark.parametrize(("mode", "words"), [(3, "complex whole numbers"), (16, "colours"), (101, "four bits")])
def test_values_that_are_not_supported_are_named(tmp_path, seen, mode, words) -> None:
    path = tmp_path / "a.mrc"
    write(path, np.ones((2, 3, 4), np.int16))
    raw = bytearray(path.read_bytes())
    raw[12:16] = struct.pack("<i", mode)
    path.write_bytes(raw)
    look, clause = seen(path, pictures=1), f"values of mode {mode} ({words}) are not supported"
    assert (look.problem, [one.words for one in look.remarks]) == (None, [clause])
    assert look.no_thumbnail == f"V{clause[1:]}."
    assert look.listing.left_out == (("map", clause),)
    with pytest.raises(BadInput, match=f"values of mode {mode}"):
        stack(path)


def test_one_that_was_cut_short_says_how_much_is_missing(tmp_path, seen) -> None:
    path = tmp_path / "a.mrc"
    write(path, np.ones((2, 30, 40), np.float32))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InvalidError, match=r"truncated: 4\.9 of 10\.4 kB are there"):
        seen(path)
    with pytest.raises(BadInput, match=r"a.mrc is damaged: 4.9 of 10.4 kB are there. Copy it again."):
        stack(path)


@pytest.mark.parametrize("dims", [(0, 4, 4), (-1, 4, 4), (2**31 - 1, 2**31 - 1, 2**31 - 1)])
def test_dimensions_that_cannot_be_are_refused(tmp_path, seen, dims) -> None:
    path = tmp_path / "a.mrc"
    write(path, np.ones((4, 4, 4), np.float32))
    raw = bytearray(path.read_bytes())
    raw[:12] = struct.pack("<3i", *dims)
    path.write_bytes(raw)
    with pytest.raises(InvalidError, match=r"damaged|truncated"):
        seen(path)
    with pytest.raises(BadInput):
        stack(path)


def test_a_map_of_something_else_is_none(tmp_path) -> None:
    path = tmp_path / "main.js.map"
    path.write_text('{"version": 3}')
    with pytest.raises(BadInput, match="has no HDF5, TIFF, MRC or Zarr file"):
        stack(path)
