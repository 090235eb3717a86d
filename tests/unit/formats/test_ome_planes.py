"""OME-TIFF that was renamed, and OME-TIFF whose planes are not all there: read by its XML, or said in words."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import tifffile

from wrappers.errors import BadInput
from wrappers.io.stack import Pick, open_arrays, read_stack
from wrappers.job import InputDataset, InputFile

SHAPE = (2, 3, 20, 24)
VALUES = np.random.default_rng(3).integers(0, 999, SHAPE, dtype=np.uint16)


def write(path: Path, planes: list[dict[str, int]], *, named: str = "", pages: np.ndarray = VALUES) -> None:
    """Two channels of three planes, z fastest; `planes`: the TiffData elements; `named`: the file they lie in."""
    name = f'<UUID FileName="{named}">urn:uuid:1b4d</UUID>' if named else ""
    data = "".join(
        f"<TiffData {' '.join(f'{key}={chr(34)}{value}{chr(34)}' for key, value in one.items())}>{name}</TiffData>"
        for one in planes
    )
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Image ID="Image:0" Name="cells"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
        'SizeX="24" SizeY="20" SizeZ="3" SizeC="2" SizeT="1" PhysicalSizeX="0.2" PhysicalSizeY="0.2">'
        '<Channel ID="Channel:0" Name="DAPI"/><Channel ID="Channel:1" Name="GFP"/>'
        f"{data}</Pixels></Image></OME>"
    )
    assert ET.fromstring(xml) is not None
    tifffile.imwrite(path, pages, photometric="minisblack", description=xml.encode(), metadata=None)


def all_planes() -> list[dict[str, int]]:
    return [{"FirstZ": z, "FirstC": c, "IFD": 3 * c + z, "PlaneCount": 1} for c in range(2) for z in range(3)]


@pytest.mark.parametrize("planes", [all_planes(), [{"IFD": 0, "PlaneCount": 6}], [{}]])
def test_a_renamed_file_is_read_by_its_own_description(tmp_path: Path, seen, planes) -> None:
    path = tmp_path / "renamed by a person.ome.tif"
    write(path, planes, named="as it was written.ome.tif")
    look = seen(path, pictures=4)
    [array] = look.listing.arrays
    assert (array.axes, array.shape, array.labels["C"]) == ("CZYX", SHAPE, ("DAPI", "GFP"))
    assert (look.problem, look.remarks, array.sizes) == (None, (), {"x": 0.2, "y": 0.2})
    dataset = InputDataset("a", (InputFile(path.name, path),), {})
    np.testing.assert_array_equal(read_stack(dataset, "stack", Pick(channel=1)).values, VALUES[1])
    with pytest.raises(BadInput, match="2 channels"):
        read_stack(dataset, "stack")


def test_planes_that_the_description_skips_are_named(tmp_path: Path, seen) -> None:
    path = tmp_path / "gap.ome.tif"
    write(path, [one for one in all_planes() if one["IFD"] not in (1, 5)])
    words = "2 of its 6 planes are missing: channel 0, z 1; channel 1, z 2"
    look = seen(path, pictures=4)
    assert look.listing.arrays == ()
    assert look.listing.left_out == (("cells", words),)
    left = "2 of its 6 pages belong to no picture that it describes"
    assert (look.problem, [one.words for one in look.remarks]) == (None, [words, left])
    assert (look.thumbnail, look.no_thumbnail) == (None, f"{words}.")
    refused_in_these_words(path, words)


@pytest.mark.parametrize("named", ["", "another name.ome.tif"])
def test_planes_that_are_not_in_the_file_are_named(tmp_path: Path, seen, named) -> None:
    path = tmp_path / "short.ome.tif"
    write(path, all_planes(), named=named, pages=VALUES.reshape(6, 20, 24)[:5])
    words = "1 of its 6 planes is missing: channel 1, z 2"
    assert seen(path, pictures=4).listing.left_out == (("cells", words),)
    refused_in_these_words(path, words)


def test_of_many_planes_that_are_missing_some_are_named(tmp_path: Path, seen) -> None:
    path = tmp_path / "short.ome.tif"
    write(path, [{"FirstZ": 2, "FirstC": 1, "IFD": 0, "PlaneCount": 1}], pages=VALUES[0, :1])
    [(_name, words)] = seen(path, pictures=4).listing.left_out
    assert words.startswith("5 of its 6 planes are missing: channel 0, z 0; channel 0, z 1; ")
    assert words.count(";") < 6


def test_pages_that_no_picture_has_are_said(tmp_path: Path, seen) -> None:
    path = tmp_path / "more.ome.tif"
    write(path, all_planes(), pages=np.concatenate([VALUES.reshape(6, 20, 24)] * 2)[:9])
    look = seen(path, pictures=0)
    assert [one.words for one in look.remarks] == ["3 of its 9 pages belong to no picture that it describes"]
    assert [one.shape for one in look.listing.arrays] == [SHAPE]


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("counts", ["channels=2", "slices=5", "slices=20"])
def test_counts_of_imagej_that_do_not_fit_the_pages_are_not_believed(tmp_path: Path, counts, compression) -> None:
    path = tmp_path / "a.tif"
    values = VALUES.repeat(2, axis=1)[:, :5].reshape(10, 20, 24)
    described = f"ImageJ=1.53\nimages=10\n{counts}\nhyperstack=true\n"
    tifffile.imwrite(
        path, values, photometric="minisblack", description=described, metadata=None, compression=compression
    )
    with pytest.raises(BadInput, match=r"counts \d+ planes, and it has 10 pages|it ends before its last page"):
        read_stack(InputDataset("a", (InputFile(path.name, path),), {}), "stack")


def test_a_description_that_was_cut_is_not_taken_for_none(tmp_path: Path, seen) -> None:
    path = tmp_path / "a.ome.tif"
    write(path, all_planes())
    tifffile.tiffcomment(path, (tifffile.tiffcomment(path) or "")[:-40].encode())
    assert [one.axes for one in seen(path, pictures=0).listing.arrays] == ["?YX"]


def refused_in_these_words(path: Path, words: str) -> None:
    file = InputFile(path.name, path)
    with open_arrays(file) as arrays:
        assert arrays.found == []
    with pytest.raises(BadInput) as refused:
        read_stack(InputDataset("a", (file,), {}), "stack")
    assert words in str(refused.value)
    assert "damaged" not in str(refused.value)
