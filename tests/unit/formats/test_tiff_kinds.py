"""TIFF files of microscopes' own kinds and with odd pages: what the portal shows is what programs read."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from portal.errors import InvalidError
from wrappers.errors import BadInput
from wrappers.io.stack import open_arrays, read_stack
from wrappers.job import Beside, InputDataset, InputFile

OME = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
SIZES = 'SizeX="96" SizeY="40" SizeZ="8" SizeC="1" SizeT="1"'
PIXELS = f'<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" {SIZES}>'
VOLUME = np.random.default_rng(0).integers(0, 4000, (8, 40, 48)).astype(np.uint16)


def lsm(path: Path) -> None:
    fields = [(name, kind if kind[0] in "<>" else f"<{kind}") for name, kind in tifffile.TIFF.CZ_LSMINFO]
    block = np.zeros(1, np.dtype(fields))
    block["MagicNumber"], block["StructureSize"] = 0x0400494C, block.dtype.itemsize
    block["DimensionX"], block["DimensionY"], block["DimensionZ"] = 48, 40, 8
    block["DimensionChannels"] = block["DimensionTime"] = 1
    block["VoxelSizeX"], block["VoxelSizeY"], block["VoxelSizeZ"] = 0.2e-6, 0.2e-6, 0.5e-6
    raw = block.tobytes()
    with tifffile.TiffWriter(path) as writer:
        for number, plane in enumerate(VOLUME):
            tags = [(34412, 1, len(raw), raw, True)] if number == 0 else None
            writer.write(plane, metadata=None, contiguous=False, extratags=tags)
            small = np.repeat(plane[::4, ::4, None] >> 4, 3, axis=-1).astype(np.uint8)
            writer.write(small, photometric="rgb", subfiletype=1, metadata=None, contiguous=False)


def pages(path: Path, *planes: np.ndarray, description: str | None = None) -> None:
    with tifffile.TiffWriter(path) as writer:
        for number, plane in enumerate(planes):
            told = description if number == 0 else None
            writer.write(plane, metadata=None, contiguous=False, description=told, photometric="minisblack")


def dataset(path: Path) -> InputDataset:
    beside = Beside({path.name: path}, str(path.parent))
    return InputDataset("a", (InputFile(path.name, path, beside),), {})


@pytest.mark.parametrize("name", ["a.lsm", "a.tif", "a", "a.bin"])
def test_lsm_tells_its_voxels_and_its_small_pictures_are_none(seen, tmp_path: Path, name) -> None:
    lsm(tmp_path / name)
    looked = seen(tmp_path / name, pictures=2)
    assert [looked.values[f"image:voxel size {axis}"] for axis in "zyx"] == [0.5, 0.2, 0.2]
    [array] = looked.listing.arrays
    assert (array.shape, array.axes) == ((8, 40, 48), "ZYX")
    assert dict(array.sizes) == {"z": 0.5, "y": 0.2, "x": 0.2}
    stack = read_stack(dataset(tmp_path / name), "stack")
    assert np.array_equal(stack.values, VOLUME)
    assert stack.voxel_um == (0.5, 0.2, 0.2)


@pytest.mark.parametrize("suffix", [".svs", ".stk", ".scn", ".qptiff"])
def test_other_names_of_tiff_are_known(seen, tmp_path: Path, suffix) -> None:
    path = tmp_path / f"a{suffix}"
    tifffile.imwrite(path, VOLUME, metadata={"axes": "ZYX"})
    assert seen(path, pictures=0).listing.arrays[0].axes == "ZYX"
    assert np.array_equal(read_stack(dataset(path), "stack").values, VOLUME)


def test_pages_between_which_another_lies_are_not_taken_for_planes(seen, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages(path, *VOLUME[:3], VOLUME[3, :20], *VOLUME[4:])
    assert [array.axes for array in seen(path, pictures=0).listing.arrays] == ["?YX", "YX"]
    words = "its axes are pages 1 to 3, 5 to 8, y, x: which of them is z is not known"
    with pytest.raises(BadInput, match=words):
        read_stack(dataset(path), "stack")


def test_small_pages_between_all_others_are_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages(path, *(page for plane in VOLUME for page in (plane, plane[::8, ::8])))
    with open_arrays(InputFile("a.tif", path)) as arrays:
        assert [(array.shape, array.axes) for array in arrays.found] == [
            ((8, 40, 48), "IYX"),
            ((8, 5, 6), "IYX"),
        ]


@pytest.mark.parametrize("suffix", [".tif", ".stk"])
def test_a_file_that_ends_before_its_last_page_is_said_to_be_truncated(seen, tmp_path: Path, suffix) -> None:
    path = tmp_path / f"a{suffix}"
    tifffile.imwrite(path, VOLUME, metadata=None)
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(InvalidError, match="truncated"):
        seen(path)


def test_imagejs_counts_that_do_not_fit_are_no_damage(seen, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages(path, *VOLUME, description="ImageJ=1.53t\nimages=12\nslices=12\nunit=um\nspacing=0.5\n")
    said = "its description counts 12 planes, and it has 8 pages"
    assert said in [remark.words for remark in seen(path, pictures=0).remarks]
    with open_arrays(InputFile("a.tif", path)) as arrays:
        assert [one.why for one in arrays.left_out] == [said]


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (
            f'{OME}<BinaryOnly MetadataFile="x.companion.ome" UUID="urn:uuid:1"/></OME>',
            "its axes are pages that x.companion.ome describes, y, x: which of them is z is not known",
        ),
        (
            f'{OME}<Image ID="Image:0">{PIXELS}<TiffData/></Pixels></Image></OME>',
            "its axes are pages that its description does not explain, y, x: which of them is z is not known",
        ),
    ],
)
def test_why_a_description_is_of_no_use_is_said(seen, tmp_path: Path, description, words) -> None:
    path = tmp_path / "a.ome.tif"
    pages(path, *VOLUME, description=description)
    assert [array.axes for array in seen(path, pictures=0).listing.arrays] == ["?YX"]
    with pytest.raises(BadInput, match=words):
        read_stack(dataset(path), "stack")
