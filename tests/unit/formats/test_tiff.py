"""TIFF files as tifffile writes them: any compression, tiled or not, read as what they are or named."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.data.parsing.errors import FileError
from portal.data.parsing.readers.tiff import TiffReader
from wrappers.errors import BadInput
from wrappers.io import tiff
from wrappers.io.stack import read_stack
from wrappers.job import InputDataset, InputFile

MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
CODECS = [None, "lzw", "zlib", "zstd", "lzma", "packbits", "jpeg2000", "jpeg"]
AXES = {2: "YX", 3: "ZYX", 4: "CZYX", 5: "TCZYX"}


@st.composite
def written(draw) -> tuple[np.ndarray, dict[str, Any]]:
    """Pixels and how tifffile is to write them."""
    codec = draw(st.sampled_from(CODECS))
    kinds = {"jpeg": ["u1"], "jpeg2000": ["u1", "u2"]}.get(codec, ["u1", "u2", "i2", "u4", "f4", "f8"])
    dtype = np.dtype(draw(st.sampled_from(kinds)))
    shape = (*draw(st.lists(st.integers(2, 4), max_size=3)), draw(st.integers(17, 60)), draw(st.integers(17, 60)))
    values = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 120, shape).astype(dtype)
    how: dict[str, Any] = {"compression": codec, "bigtiff": draw(st.booleans())}
    if draw(st.booleans()):
        how["tile"] = (32, 16)
    if codec == "jpeg2000":
        how["compressionargs"] = {"reversible": True, "level": 0}
    elif draw(st.booleans()):
        how["byteorder"] = ">"  # not with JPEG 2000, into which tifffile then writes swapped values
    return values, how


@MANY
@given(written(), st.booleans())
def test_pixels_are_those_that_were_written(tmp_path: Path, check_blocks, case, tile_by_tile) -> None:
    values, how = case
    path = tmp_path / "a.tif"
    axes = AXES[values.ndim]
    tifffile.imwrite(path, values, photometric="minisblack", metadata={"axes": axes}, **how)
    exact = how["compression"] != "jpeg"
    before, tiff.BLOCK_BYTES = tiff.BLOCK_BYTES, 1 if tile_by_tile else tiff.BLOCK_BYTES
    try:
        check_blocks(path, values, axes, 0 if exact else 60)
    finally:
        tiff.BLOCK_BYTES = before
    with path.open("rb") as file, TiffReader(file) as reader:
        [item] = reader.describe()["items"]
        assert (item["shape"], item["axes"]) == (list(values.shape), axes)
        assert reader.remarks() == []
        if exact:
            np.testing.assert_array_equal(reader.view().array, values.reshape(-1, *values.shape[-2:]).max(axis=0))


UNITS = st.sampled_from([("um", "µm", 1.0), ("micron", "µm", 1.0), ("nm", "nm", 1e-3), ("mm", "mm", 1e3)])


@MANY
@given(UNITS, st.floats(0.01, 9), st.floats(0.01, 9), st.booleans())
def test_scales_are_those_that_were_written(tmp_path: Path, unit, across, between, ome) -> None:
    word, of_ome, factor = unit
    volume = np.zeros((3, 8, 9), np.uint16)
    if ome:
        path = tmp_path / "a.ome.tif"
        sizes = {f"PhysicalSize{axis}": size for axis, size in zip("ZYX", (between, across, across), strict=True)}
        units = {f"PhysicalSize{axis}Unit": of_ome for axis in "ZYX"}
        tifffile.imwrite(path, volume, ome=True, metadata={"axes": "ZYX", **sizes, **units})
    else:
        path = tmp_path / "a.tif"
        keys = {"axes": "ZYX", "spacing": between, "unit": word}
        tifffile.imwrite(path, volume, imagej=True, resolution=(1 / across, 1 / across), metadata=keys)
    expected = {axis: size * factor for axis, size in zip("zyx", (between, across, across), strict=True)}
    with tiff.open_tiff(path) as opened:
        found = tiff.voxel_attributes(opened.file, 0)
    assert found == pytest.approx({f"voxel_size_{axis}_um": size for axis, size in expected.items()}, rel=1e-5)
    names = {axis: f"image:voxel size {axis}" for axis in "zyx"}
    with path.open("rb") as file, TiffReader(file) as reader:
        told = reader.values(list(names.values()))
    assert told == pytest.approx({names[axis]: size for axis, size in expected.items()}, rel=1e-5)


@pytest.mark.parametrize("tile", [None, (32, 16)])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("codec", [None, "lzw", "zstd"])
def test_colours_beside_each_other_or_in_planes_of_their_own(tmp_path, check_blocks, codec, planar, tile) -> None:
    shape = (40, 48, 3) if planar == "contig" else (3, 40, 48)
    values = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    path = tmp_path / "rgb.tif"
    tifffile.imwrite(path, values, photometric="rgb", planarconfig=planar, compression=codec, tile=tile)
    check_blocks(path, values, "YXS" if planar == "contig" else "SYX")
    with path.open("rb") as file, TiffReader(file) as reader:
        view = reader.view()
    assert view.colour
    np.testing.assert_array_equal(view.array, values if planar == "contig" else np.moveaxis(values, 0, -1))


def test_a_pyramid_counts_once_and_is_shown_by_a_level_that_fits(tmp_path, check_blocks, monkeypatch) -> None:
    values = np.random.default_rng(1).integers(0, 255, (2, 256, 256), dtype=np.uint8)
    path = tmp_path / "pyramid.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(values, tile=(64, 64), subifds=1, metadata={"axes": "ZYX"}, compression="zlib")
        file.write(values[:, ::4, ::4], tile=(64, 64), subfiletype=1, compression="zlib")
    check_blocks(path, values, "ZYX")
    monkeypatch.setattr("portal.data.parsing.readers.tiff.MAX_ELEMENTS", 200 * 200)
    with path.open("rb") as file, TiffReader(file) as reader:
        assert reader.view().array.shape == (64, 64)


@pytest.mark.parametrize(
    ("number", "name"), [(32809, "THUNDERSCAN"), (34661, "JBIG"), (60000, "number 60000"), (34713, "NIKON NEF")]
)
def test_a_compression_that_is_not_known_is_named_and_no_damage(tmp_path, seen, number, name) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((64, 64), np.uint16), compression="zlib")
    raw = bytearray(path.read_bytes())
    place = raw.index(struct.pack("<HHI", 259, 3, 1)) + 8
    raw[place : place + 2] = struct.pack("<H", number)
    path.write_bytes(raw)
    look = seen(path)
    assert look.problem is None
    assert [one.words for one in look.remarks] == [f"its compression {name} is not supported"]
    assert look.thumbnail is None
    assert look.description["items"][0]["shape"] == [64, 64]
    with pytest.raises(BadInput, match=f"its compression {name} is not supported"):
        read_stack(InputDataset("a", (InputFile("a.tif", path),), {}), "stack")


@pytest.mark.parametrize("side", [65536, 49152])
def test_a_tile_that_would_fill_the_memory_is_not_unpacked(tmp_path, side) -> None:
    path = tmp_path / "bomb.tif"
    tifffile.imwrite(path, np.zeros((16, 16), np.uint16), tile=(16, 16), compression="zlib")
    raw = bytearray(path.read_bytes())
    for tag in (322, 323):  # TileWidth, TileLength
        for head in (struct.pack("<HHI", tag, 3, 1), struct.pack("<HHI", tag, 4, 1)):
            if head in raw:
                place = raw.index(head)
                raw[place : place + 12] = struct.pack("<HHII", tag, 4, 1, side)
    path.write_bytes(raw)
    with path.open("rb") as file, TiffReader(file) as reader, pytest.raises(FileError, match="too large"):
        reader.view()
    with tiff.open_tiff(path) as opened:
        found, left_out = tiff.survey(opened.file, path)
    assert found == []
    assert "which are not unpacked here" in left_out[0].why


def test_a_strip_that_is_damaged_is_said_to_be_so(tmp_path, seen) -> None:
    path = tmp_path / "a.tif"
    values = np.random.default_rng(1).integers(0, 9000, (64, 64), dtype=np.uint16)
    tifffile.imwrite(path, values, compression="zstd")
    raw = bytearray(path.read_bytes())
    raw[-2000:] = bytes(2000)
    path.write_bytes(raw)
    look = seen(path)
    assert look.problem == "Page 1 cannot be unpacked (ZSTD): its bytes are damaged."
    assert (look.thumbnail, look.no_thumbnail) == (None, "The picture cannot be read.")
    with tiff.open_tiff(path) as opened, pytest.raises(BadInput, match="incomplete or damaged"):
        tiff.survey(opened.file, path)[0][0].everything()


def damage(path: Path, where: tuple[int, int]) -> None:
    """Overwrite bytes of a file."""
    raw = bytearray(path.read_bytes())
    raw[slice(*where)] = bytes(where[1] - where[0])
    path.write_bytes(raw)


@pytest.mark.parametrize("codec", ["zlib", "zstd", "lzma", "jpeg", "jpeg2000", "webp"])
@pytest.mark.parametrize("page", [0, 3])
def test_a_page_that_does_not_unpack_is_named(tmp_path, seen, codec, page) -> None:
    path = tmp_path / "a.tif"
    values = np.random.default_rng(1).integers(0, 255, (5, 64, 64, 3), dtype=np.uint8)
    values = values if codec == "webp" else values[..., 0]
    photometric = "rgb" if codec == "webp" else "minisblack"
    tifffile.imwrite(path, values, photometric=photometric, compression=codec, metadata=None)
    assert seen(path).problem is None
    with tifffile.TiffFile(path) as file:
        start, many = file.pages[page].dataoffsets[0], file.pages[page].databytecounts[0]
        name = file.pages[page].compression.name.replace("_", " ")
    damage(path, (start, start + many))
    look = seen(path)
    if page and codec == "webp":
        assert look.problem is None  # of colours only the first page is looked at
    else:
        assert look.problem == f"Page {page + 1} cannot be unpacked ({name}): its bytes are damaged."


def test_a_page_too_large_for_a_picture_is_unpacked_in_part(tmp_path, seen, monkeypatch) -> None:
    path = tmp_path / "a.tif"
    values = np.random.default_rng(1).integers(0, 255, (256, 256), dtype=np.uint8)
    tifffile.imwrite(path, values, compression="zlib", tile=(64, 64), metadata=None)
    damage(path, (600, 4000))
    monkeypatch.setattr("portal.data.parsing.readers.tiff.MAX_ELEMENTS", 100)
    with path.open("rb") as file, TiffReader(file) as reader:
        reader.describe()
        assert reader.problem == "Page 1 cannot be unpacked (ADOBE DEFLATE): its bytes are damaged."


@pytest.mark.parametrize(
    ("name", "shape", "axes"),
    [
        ("t01_lzw.tif", [16, 40, 48], "IYX"),
        ("t22_jpeg.tif", [16, 40, 48], "IYX"),
        ("t17_packed_12bit.tif", [16, 16], "YX"),
        ("real/hopper_lzw.tif", [128, 128, 3], "YXS"),
        ("real/ij_hyperstack_zc.tif", [32, 2, 96, 96], "ZCYX"),
    ],
)
def test_cases_have_their_picture_and_shape(shared_cases: Path, seen, name, shape, axes) -> None:
    look = seen(shared_cases / name)
    assert (look.problem, look.no_thumbnail) == (None, None)
    [item] = look.description["items"]
    assert (item["shape"], item["axes"]) == (shape, axes)
