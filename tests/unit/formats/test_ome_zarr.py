"""Zarr folders as zarr writes them, versions 2 and 3, and as OME-NGFF describes them."""

import io
import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from zarr_folders import described, write

from portal.data.parsing import client
from portal.errors import InvalidError, PortalError
from portal.files.confined import Root
from wrappers.errors import BadInput
from wrappers.io import ome_zarr
from wrappers.io.stack import read_stack
from wrappers.job import InputDataset, InputFile

MANY = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
SIZES = [f"image:voxel size {axis}" for axis in "zyx"]


def codecs_of(version: int, name: str) -> Any:
    import numcodecs
    from zarr import codecs

    if version == 2:
        made = {"gzip": numcodecs.GZip, "zlib": numcodecs.Zlib, "blosc": numcodecs.Blosc, "lz4": numcodecs.LZ4}
        return made.get(name, numcodecs.Zstd)()
    made_3 = {"gzip": codecs.GzipCodec, "blosc": codecs.BloscCodec}
    return made_3.get(name, codecs.ZstdCodec)()


def seen(path: Path) -> client.Inspection:
    with Root(path) as root:
        return client.inspect(root, SIZES)


def stack(path: Path, **wanted: Any):
    from wrappers.io.volumes import Pick

    return read_stack(InputDataset("a", (InputFile(path.name, path),), {}), "stack", Pick(**wanted))


@st.composite
def pictures(draw) -> tuple[int, str, np.ndarray, dict[str, Any]]:
    version = draw(st.sampled_from([2, 3]))
    axes = draw(st.sampled_from(["yx", "zyx", "czyx", "tczyx", "tcyx", "cyx", "zyxc"]))
    shape = tuple(draw(st.integers(2, 14)) if axis in "zyx" else draw(st.integers(1, 3)) for axis in axes)
    kind = draw(st.sampled_from(["u1", "u2", "i4", "f4", "f8", ">u2", "?"]))
    values = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 2, shape).astype(kind)
    if kind != "?":
        values = (values * 90).astype(kind)
    chunks = tuple(draw(st.integers(1, length + 2)) for length in shape)
    how: dict[str, Any] = {"chunks": chunks}
    codec = draw(st.sampled_from(["gzip", "blosc", "zstd", "zlib", "lz4", "none"]))
    how["compressors"] = None if codec == "none" else codecs_of(version, codec)
    if version == 3 and draw(st.booleans()):
        how["shards"] = tuple(chunk * draw(st.integers(1, 3)) for chunk in chunks)
    if version == 2 and draw(st.booleans()):
        how["chunk_key_encoding"] = {"name": "v2", "separator": "/"}
    return version, axes, values, how


@MANY
@given(pictures(), st.sampled_from([("micrometer", 1.0), ("nanometer", 1e-3), ("millimeter", 1e3), (None, None)]))
def test_pictures_are_those_that_were_written(tmp_path, check_blocks, picture, unit) -> None:
    version, axes, values, how = picture
    scale = [0.25 + place for place in range(len(axes))]
    path = write(tmp_path / "a.ome.zarr", [values], described(axes, unit[0], [scale]), version, **how)
    check_blocks(path, values, axes.upper())
    found, _ = ome_zarr.survey(path)
    sizes = {
        f"voxel_size_{axis}_um": size * unit[1]
        for axis, size in zip(axes, scale, strict=True)
        if unit[1] and axis in "zyx"
    }
    assert found[0].attributes == pytest.approx(sizes)


@pytest.mark.parametrize("version", [2, 3])
def test_a_pyramid_counts_once_and_has_picture_and_scale(tmp_path, version, check_blocks) -> None:
    values = np.random.default_rng(1).integers(0, 900, (6, 64, 80), dtype=np.uint16)
    scales = [[0.5, 0.2, 0.2], [0.5, 0.4, 0.4]]
    attributes = described("zyx", "micrometer", scales)
    path = write(tmp_path / "a.ome.zarr", [values, values[:, ::2, ::2]], attributes, version, chunks=(2, 16, 16))
    check_blocks(path, values, "ZYX")
    look = seen(path)
    assert look.values == {"image:voxel size z": 0.5, "image:voxel size y": 0.2, "image:voxel size x": 0.2}
    assert (look.problem, look.no_thumbnail) == (None, None)
    [item] = look.description["items"]
    assert (item["path"], item["shape"], item["axes"], item["levels"]) == ("0", [6, 64, 80], "ZYX", 2)
    assert stack(path).voxel_um == (0.5, 0.2, 0.2)


def test_a_scale_of_all_levels_multiplies(tmp_path) -> None:
    attributes = described("zyx", "nanometer", [[1.0, 1.0, 1.0]])
    attributes["multiscales"][0]["coordinateTransformations"] = [{"type": "scale", "scale": [500, 200, 200]}]
    path = write(tmp_path / "a.zarr", [np.ones((4, 5, 6), np.uint8)], attributes, chunks=(4, 5, 6))
    assert stack(path).voxel_um == pytest.approx((0.5, 0.2, 0.2))


@pytest.mark.parametrize(
    "transformations",
    [[], [{"type": "scale", "scale": [1, 2]}], [{"type": "scale", "path": "s"}], [{"type": "affine"}], "none"],
)
def test_a_scale_that_is_not_understood_is_not_known(tmp_path, transformations) -> None:
    attributes = described("zyx", "micrometer", [[1.0, 1.0, 1.0]])
    attributes["multiscales"][0]["datasets"][0]["coordinateTransformations"] = transformations
    path = write(tmp_path / "a.zarr", [np.ones((4, 5, 6), np.uint8)], attributes, chunks=(4, 5, 6))
    assert stack(path).voxel_um == (None, None, None)


def test_channels_are_chosen_and_labels_left_out(tmp_path) -> None:
    import zarr

    values = np.random.default_rng(1).integers(0, 900, (2, 4, 8, 9), dtype=np.uint16)
    omero = {"channels": [{"label": "DAPI"}, {"label": "GFP"}]}
    path = tmp_path / "a.zarr"
    write(path, [values], described("czyx", "micrometer", [[1, 1, 1, 1]], omero=omero), chunks=(1, 4, 8, 9))
    labels = zarr.open_group(path / "labels" / "cells", mode="w", zarr_format=3)
    labels.create_array("0", shape=(4, 8, 9), dtype="u4", chunks=(4, 8, 9))
    labels.attrs["ome"] = described("zyx", None, [[1, 1, 1]]) | {"image-label": {}}
    with pytest.raises(BadInput, match="has 2 channels"):
        stack(path)
    np.testing.assert_array_equal(stack(path, channel=1).values, values[1])
    found, left_out = ome_zarr.survey(path)
    with Root(path) as root:
        listed = client.inspect(root, pictures=9).listing
    assert listed is not None
    assert [(one.name, one.axes, one.labels) for one in listed.arrays] == [("/0", "CZYX", {"C": ("DAPI", "GFP")})]
    assert [picture.axis for picture in listed.arrays[0].pictures] == ["", "C", "C"]
    assert [name for name, _why in listed.left_out] == ["/labels/cells/0"]
    assert [(one.name, one.attributes["channel names"]) for one in found] == [("/0", ["DAPI", "GFP"])]
    assert [(one.name, one.why) for one in left_out] == [
        ("/labels/cells/0", "it is a segmentation of another picture")
    ]


@pytest.mark.parametrize("version", [2, 3])
def test_the_fields_of_a_plate_are_each_a_picture(tmp_path, version) -> None:
    import zarr

    path = tmp_path / "plate.zarr"
    zarr.open_group(path, mode="w", zarr_format=version)
    for well in ("A/1", "B/2"):
        values = [np.ones((3, 8, 9), np.uint16)]
        write(path / well / "0", values, described("zyx", "micrometer", [[1, 2, 2]]), version, chunks=(3, 8, 9))
    found, _ = ome_zarr.survey(path)
    assert [(one.name, one.axes) for one in found] == [("/A/1/0/0", "ZYX"), ("/B/2/0/0", "ZYX")]
    with pytest.raises(BadInput, match="2 volumes"):
        stack(path)
    assert stack(path, array="/B/2/0/0").values.shape == (3, 8, 9)


@pytest.mark.parametrize("version", [2, 3])
def test_a_codec_that_runs_what_the_file_says_is_refused_by_name(tmp_path, version) -> None:
    path = write(tmp_path / "a.zarr", [np.ones((8, 9), np.uint8)], {}, version, chunks=(8, 9))
    document = path / "0" / (".zarray" if version == 2 else "zarr.json")
    told = json.loads(document.read_text())
    if version == 2:
        told["filters"] = [{"id": "pickle"}]
    else:
        told["codecs"] = [{"name": "numcodecs.pickle", "configuration": {"protocol": 5}}]
    document.write_text(json.dumps(told))
    mark = tmp_path / "ran"
    chunk = path / "0" / ("0.0" if version == 2 else "c/0/0")

    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(mark),)

    chunk.write_bytes(pickle.dumps(Evil()))
    name = "pickle" if version == 2 else "numcodecs.pickle"
    look = seen(path)
    assert look.problem is None
    assert [one.words for one in look.remarks] == [f"its compression {name} is not supported"]
    with pytest.raises(BadInput, match=f"its compression {name} is not supported"):
        stack(path)
    assert not mark.exists()


def test_a_picture_is_drawn_from_a_level_that_is_in_few_chunks(tmp_path) -> None:
    values = np.random.default_rng(1).integers(0, 900, (1, 512, 512), dtype=np.uint16)
    path = tmp_path / "a.zarr"
    attributes = described("zyx", "micrometer", [[1, 1, 1], [1, 8, 8]])
    write(path, [values, values[:, ::8, ::8]], attributes, chunks=(1, 4, 4))
    look = seen(path)
    assert look.thumbnail is not None
    alone = write(tmp_path / "b.zarr", [values], described("zyx", "micrometer", [[1, 1, 1]]), chunks=(1, 4, 4))
    assert seen(alone).no_thumbnail == "The picture is too large for a thumbnail."


def test_of_a_picture_in_very_many_chunks_some_planes_are_drawn(tmp_path) -> None:
    """Of 40 x 256 chunks a thumbnail may read 4,096: 16 planes of 40, and nothing of the others."""
    values = np.random.default_rng(1).integers(0, 900, (40, 64, 64), dtype=np.uint16)
    path = write(tmp_path / "a.zarr", [values], described("zyx", "micrometer", [[1, 1, 1]]), chunks=(1, 4, 4))
    drawn = np.asarray(Image.open(io.BytesIO(seen(path).thumbnail)))
    planes = list(np.linspace(0, 39, 16).astype(int))
    few = tmp_path / "b.zarr"
    write(few, [values[planes]], described("zyx", "micrometer", [[1, 1, 1]]), chunks=(16, 64, 64))
    assert np.array_equal(drawn, np.asarray(Image.open(io.BytesIO(seen(few).thumbnail))))
    with Root(path) as root:
        listing = client.inspect(root, [], pictures=4).listing
    assert listing is not None
    [array] = listing.arrays
    assert [(one.axis, one.place) for one in array.pictures] == [("", 0)]


def test_a_chunk_that_would_fill_the_memory_is_not_unpacked(tmp_path) -> None:
    path = write(tmp_path / "a.zarr", [np.ones((8, 9), np.uint8)], {}, 2, chunks=(8, 9))
    document = path / "0" / ".zarray"
    document.write_text(json.dumps(json.loads(document.read_text()) | {"chunks": [1 << 17, 1 << 17]}))
    assert seen(path).no_thumbnail == "The picture is too large for a thumbnail."
    with pytest.raises(BadInput, match="which are not unpacked here"):
        stack(path)


def test_a_chunk_that_unpacks_to_far_more_than_it_should_costs_the_look_only(tmp_path) -> None:
    import zlib

    path = tmp_path / "a.zarr"
    write(path, [np.ones((64, 64), np.uint8)], {}, 2, chunks=(64, 64), compressors=codecs_of(2, "zlib"))
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(64 << 20)) for _ in range(80)) + packer.flush()
    (path / "0" / "0.0").write_bytes(bomb)
    try:
        look = seen(path)
    except PortalError as error:
        assert "memory" in error.message
    else:
        assert look.thumbnail is None


BROKEN = {
    "nested too deeply": "[" * 100_000,
    "no JSON": "{",
    "a list": "[]",
    "no shape": '{"zarr_format": 3, "node_type": "array"}',
    "too many elements": json.dumps(
        {
            "zarr_format": 3, "node_type": "array", "shape": [1 << 40] * 3, "data_type": "uint8", "codecs": [],
            "chunk_grid": {"configuration": {"chunk_shape": [1, 1, 1]}},
        }
    ),
}  # fmt: skip


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN.keys())
def test_documents_that_are_broken_are_said_to_be_so(tmp_path, document) -> None:
    path = tmp_path / "a.zarr"
    path.mkdir()
    (path / "zarr.json").write_text(document)
    look = seen(path)
    assert look.problem is not None
    assert look.problem.startswith("No array can be read; of the folder: its metadata cannot be read")
    with pytest.raises(BadInput, match="its metadata cannot be read"):
        stack(path)


def test_one_broken_array_costs_itself_only(tmp_path) -> None:
    path = write(tmp_path / "a.zarr", [np.ones((4, 8, 9), np.uint8)] * 2, {}, chunks=(4, 8, 9))
    (path / "1" / "zarr.json").write_text("{")
    found, left_out = ome_zarr.survey(path)
    assert ([one.name for one in found], [one.name for one in left_out]) == (["/0"], ["/1"])
    assert seen(path).problem is None


def test_an_empty_folder_is_said_to_be_empty(tmp_path) -> None:
    path = tmp_path / "a.zarr"
    path.mkdir()
    with pytest.raises(InvalidError, match="it is empty"):
        seen(path)
    with pytest.raises(BadInput, match="holds no array"):
        stack(path)


def test_a_chunk_that_is_a_link_is_not_followed(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes([255]) * 72)
    path = write(tmp_path / "a.zarr", [np.ones((8, 9), np.uint8)], {}, 2, chunks=(8, 9), compressors=None)
    (path / "0" / "0.0").unlink()
    (path / "0" / "0.0").symlink_to(secret)
    look = seen(path)
    assert look.thumbnail is None
    assert look.no_thumbnail == "0/0.0 is a link, not a regular file."


def test_a_path_that_leads_out_says_nothing(tmp_path) -> None:
    attributes = described("zyx", "micrometer", [[1, 1, 1]])
    attributes["multiscales"][0]["datasets"][0]["path"] = "../../secret"
    path = write(tmp_path / "a.zarr", [np.ones((4, 8, 9), np.uint8)], attributes, chunks=(4, 8, 9))
    found, left_out = ome_zarr.survey(path)
    assert [(one.name, one.attributes) for one in found] == [("/0", {})]
    assert [(one.name, one.why) for one in left_out] == [("/", "a path leads out of the folder")]
