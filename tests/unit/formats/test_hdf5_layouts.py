"""HDF5 of microscopes' programs: Imaris and BigDataViewer, whose paths say what an array is."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from gantry_formats.hdf5_layouts import shape_in_imaris
from portal.data.parsing import client
from wrappers.errors import BadInput
from wrappers.io.stack import open_arrays, read_stack
from wrappers.io.volumes import Pick
from wrappers.job import InputDataset, InputFile

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
