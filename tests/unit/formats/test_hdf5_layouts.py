"""HDF5 of microscopes' programs: Imaris and BigDataViewer, whose paths say what an array is."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from gantry_formats.hdf5_layouts import shape_in_imaris
from portal.data.parsing import client
from portal.data.parsing.beside import Beside as BesideIt
from portal.files.confined import Root
from wrappers.errors import BadInput
from wrappers.io.pictures import pictures_of
from wrappers.io.stack import open_arrays, read_stack
from wrappers.io.volumes import Pick
from wrappers.job import Beside, InputDataset, InputFile

VALUES = np.random.default_rng(1).integers(0, 900, (2, 8, 32, 40), dtype=np.uint16)


def text(value: str) -> np.ndarray:
    """As Imaris writes a text: an array of single characters."""
    return np.array([character.encode() for character in value], "S1")


@pytest.fixture
def imaris(tmp_path: Path) -> Path:
    path = tmp_path / "a.ims"
    with h5py.File(path, "w") as file:
        for level in range(2):
            for channel in range(2):
                step = 2**level
                place = f"DataSet/ResolutionLevel {level}/TimePoint 0/Channel {channel}/Data"
                # Imaris fills up to whole blocks, and tells beside the array what was measured.
                levelled = VALUES[channel][:, ::step, ::step]
                file[place] = np.pad(levelled, [(0, 0), (0, 16 - levelled.shape[1] % 16), (0, 24)])
                for axis, length in zip("ZYX", levelled.shape, strict=True):
                    file[place].parent.attrs[f"ImageSize{axis}"] = text(str(length))
        info = file.create_group("DataSetInfo/Image")
        told = {"X": "40", "Y": "32", "Z": "8", "Unit": "um", "ExtMin0": "10", "ExtMin1": "0", "ExtMin2": "-1"}
        for name, value in (told | {"ExtMax0": "18", "ExtMax1": "6.4", "ExtMax2": "3"}).items():
            info.attrs[name] = text(value)
        for number, name in enumerate(("DAPI", "GFP ")):
            file.create_group(f"DataSetInfo/Channel {number}").attrs["Name"] = text(name)
    return path


def test_imaris_counts_its_finest_level_once_and_tells_its_scale(imaris: Path, seen) -> None:
    given = InputFile("a.ims", imaris)
    with open_arrays(given) as arrays:
        assert [(one.shape, one.axes) for one in arrays.found] == [((8, 32, 40), "ZYX")] * 2
    dataset = InputDataset("a", (given,), {})
    with pytest.raises(BadInput, match="2 volumes"):
        read_stack(dataset, "stack")
    second = "/DataSet/ResolutionLevel 0/TimePoint 0/Channel 1/Data"
    found = read_stack(dataset, "stack", Pick(array=second))
    np.testing.assert_array_equal(found.values, VALUES[1])
    assert found.voxel_um == pytest.approx((0.5, 0.2, 0.2))
    look = seen(imaris)
    assert look.values == pytest.approx({f"image:voxel size {axis}": {"z": 0.5}.get(axis, 0.2) for axis in "zyx"})
    assert look.thumbnail is not None
    with imaris.open("rb") as file:
        assert [one.shape for one in client.listing(file).arrays] == [(8, 32, 40)] * 2


@pytest.mark.parametrize("told", ["0", "-3", "41", "1e9", "many", "40.5", ""])
def test_an_extent_that_cannot_be_is_not_believed(told: str) -> None:
    path = "/DataSet/ResolutionLevel 0/TimePoint 0/Channel 0/Data"
    assert shape_in_imaris(path, {"ImageSizeX": text(told) if told else b""}, (8, 32, 40)) == (8, 32, 40)
    assert shape_in_imaris(path, {"ImageSizeX": text("39")}, (8, 32, 40)) == (8, 32, 39)
    assert shape_in_imaris("/entry/data", {"ImageSizeX": text("39")}, (8, 32, 40)) == (8, 32, 40)


def test_bigdataviewer_counts_its_finest_level_once(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["t00000/s00/0/cells"] = VALUES[0]
        file["t00000/s00/1/cells"] = VALUES[0][:, ::2, ::2]
        file["s00/resolutions"] = np.array([[1.0, 1, 1], [2, 2, 1]])
    found = read_stack(InputDataset("a", (InputFile("a.h5", path),), {}), "stack")
    np.testing.assert_array_equal(found.values, VALUES[0])
    assert found.voxel_um == (None, None, None)


def test_channels_of_imaris_have_their_names(imaris: Path, seen) -> None:
    listed = seen(imaris, pictures=0).listing.arrays
    assert [one.labels for one in listed] == [{"C": ("DAPI",)}, {"C": ("GFP",)}]
    with open_arrays(InputFile("a.ims", imaris)) as arrays:
        [first, second] = [pictures_of(one, one.name) for one in arrays.found]
    assert [list(picture.about.channels) for [picture] in (first, second)] == [["DAPI"], ["GFP"]]
    assert first[0].about.sizes_um == pytest.approx({"x": 0.2, "y": 0.2, "z": 0.5})
    with pytest.raises(BadInput, match="8 × 32 × 40, channel DAPI"):
        read_stack(InputDataset("a", (InputFile("a.ims", imaris),), {}), "stack")


SETUP = (
    "<ViewSetup><id>{id}</id><size>40 32 8</size>"
    "<voxelSize><unit>{unit}</unit><size>{size}</size></voxelSize></ViewSetup>"
)


def bigdataviewer(folder: Path, setups: list[dict[str, str]], *, names: str = "a.h5", many: int = 2) -> Path:
    """An HDF5 file of so many view setups, and the XML beside it; `names`: the file that the XML is of."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        for number in range(many):
            file[f"t00000/s{number:02d}/0/cells"] = VALUES[number]
            file[f"t00000/s{number:02d}/1/cells"] = VALUES[number][:, ::2, ::2]
    told = "".join(SETUP.format(**{"unit": "um", "size": "0.2 0.2 0.5"} | one) for one in setups)
    (folder / "a.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><SpimData version="0.2"><SequenceDescription>'
        f'<ImageLoader format="bdv.hdf5"><hdf5 type="relative">{names}</hdf5></ImageLoader>'
        f"<ViewSetups>{told}</ViewSetups></SequenceDescription></SpimData>"
    )
    return path


def sizes_told(path: Path) -> tuple[dict, list[dict], list[tuple]]:
    """The file's as a whole, of each array as listed, and as programs take them (z, y, x)."""
    with Root(path.parent) as folder, path.open("rb") as file:
        beside = BesideIt(folder, path.name, [str(path.parent)])
        look = client.inspect(file, [f"image:voxel size {axis}" for axis in "xyz"], beside=beside, pictures=0)
        assert set(beside.opened) <= {"a.xml"}
    assert look.remarks == ()
    given = Beside({"a.h5": path, "a.xml": path.with_suffix(".xml")}, str(path.parent))
    dataset = InputDataset("a", (InputFile("a.h5", path, given),), {})
    taken = [read_stack(dataset, "stack", Pick(array=one.name)).voxel_um for one in look.listing.arrays]
    whole = {name[-1]: value for name, value in look.values.items()}
    return whole, [dict(one.sizes) for one in look.listing.arrays], taken


ALIKE = {"x": 0.2, "y": 0.2, "z": 0.5}


@pytest.mark.parametrize(
    ("setups", "whole", "each"),
    [
        ([{"id": "0"}, {"id": "1"}], ALIKE, [ALIKE, ALIKE]),
        ([{"id": "0"}, {"id": "1", "size": "0.4 0.2 0.5"}], {"y": 0.2, "z": 0.5}, [ALIKE, ALIKE | {"x": 0.4}]),
        ([{"id": "0"}, {"id": "1", "unit": "nm", "size": "200 200 500"}], ALIKE, [ALIKE, ALIKE]),
        ([{"id": "0"}, {"id": "1", "unit": "furlong"}], {}, [ALIKE, {}]),
        ([{"id": "1"}], {}, [{}, ALIKE]),
        ([{"id": "0"}, {"id": "1"}, {"id": "1", "size": "1 1 1"}], {}, [ALIKE, {}]),
        ([{"id": "0", "size": "0.2 0.2"}, {"id": "1", "size": "-1 0.2 0"}], {}, [{}, {"y": 0.2}]),
    ],
)
def test_the_xml_beside_bigdataviewers_file_tells_the_size_of_each_setup(tmp_path, setups, whole, each) -> None:
    path = bigdataviewer(tmp_path, setups)
    expected = [tuple(one.get(axis) for axis in "zyx") for one in each]
    assert sizes_told(path) == (whole, each, expected)


def test_an_xml_that_does_not_fit_its_file_is_not_believed(tmp_path: Path) -> None:
    path = bigdataviewer(tmp_path, [{"id": "0"}, {"id": "1"}], names="another.h5")
    nothing = ({}, [{}, {}], [(None, None, None)] * 2)
    assert sizes_told(path) == nothing
    xml = path.with_suffix(".xml")
    good = xml.read_text().replace("another.h5", "a.h5")
    for wrong in (good.replace("40 32 8", "80 64 8"), good[:-20], "", good.replace("<hdf5", "<n5")):
        xml.write_text(wrong)
        assert sizes_told(path) == nothing
    xml.unlink()
    xml.symlink_to("/etc/passwd")
    with Root(tmp_path) as folder, path.open("rb") as file:
        look = client.inspect(file, [], beside=BesideIt(folder, "a.h5", []), pictures=0)
    assert [one.sizes for one in look.listing.arrays] == [{}, {}]


def test_file_and_xml_that_contradict_each_other_tell_no_size(tmp_path: Path) -> None:
    path = bigdataviewer(tmp_path, [{"id": "0"}], many=1)
    with h5py.File(path, "r+") as file:
        file["t00000/s00/0/cells"].attrs["element_size_um"] = [0.5, 0.25, 0.2]
    agreed = {"z": 0.5, "x": 0.2}
    assert sizes_told(path) == (agreed, [agreed], [(0.5, None, 0.2)])
