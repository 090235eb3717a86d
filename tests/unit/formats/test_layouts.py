"""Layouts of HDF5 that name their axes in ways of their own, from ilastik to DREAM.3D."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from portal.data.parsing import client
from wrappers.io.stack import open_arrays
from wrappers.job import InputFile

VALUES = np.arange(4 * 6 * 7, dtype=np.uint16).reshape(4, 6, 7)
STEPS = (0.5, 0.25, 0.2)


def with_scales(file: h5py.File, named: list[tuple[str, str]], values: np.ndarray = VALUES) -> None:
    file["v"] = values
    for place, (name, unit) in enumerate(named):
        file[name] = STEPS[place] * np.arange(values.shape[place])
        file[name].attrs["units"] = unit
        file[name].make_scale(name)
        file["v"].dims[place].attach_scale(file[name])


def tagged(file: h5py.File, keys: str, values: np.ndarray) -> None:
    file["v"] = values
    tags = [{"key": key, "typeFlags": 2, "resolution": 0, "description": ""} for key in keys]
    file["v"].attrs["axistags"] = json.dumps({"axes": tags})


def emd(file: h5py.File, dims: list[tuple[str, str]]) -> None:
    group = file.create_group("v")
    group.attrs["emd_group_type"] = 1
    group["v"] = VALUES
    for place, (name, unit) in enumerate(dims):
        group[f"dim{place + 1}"] = STEPS[place] * np.arange(VALUES.shape[place])
        group[f"dim{place + 1}"].attrs.update({"name": name, "units": unit})


def dream3d(file: h5py.File, unit: str = "", extent: str = "x=7,y=6,z=4", values: np.ndarray = VALUES) -> None:
    grid = file.create_group("DataContainers/a/_SIMPL_GEOMETRY")
    grid["DIMENSIONS"] = np.array([7, 6, 4], np.uint64)
    grid["SPACING"] = np.array(STEPS[::-1], np.float32)
    if unit:
        grid["SPACING"].attrs["units"] = unit
    file["DataContainers/a/CellData/v"] = values
    file["DataContainers/a/CellData/v"].attrs["Tuple Axis Dimensions"] = extent


def two_scales(file: h5py.File) -> None:
    with_scales(file, [("place", ""), ("y", "um"), ("x", "um")])
    file["z"] = 0.5 * np.arange(4)
    file["z"].attrs["units"] = "um"
    file["z"].make_scale("z")
    file["v"].dims[0].attach_scale(file["z"])


def in_two_directions(file: h5py.File) -> None:
    """Coordinates of every pixel: of a grid that may be skewed."""
    group = file.create_group("g")
    group.attrs.update({"NX_class": "NXdata", "signal": "v", "axes": ["z", "y", "x"]})
    group["v"] = VALUES
    group["z"] = 0.5 * np.arange(4)
    group["y"], group["x"] = np.meshgrid(0.25 * np.arange(6), 0.2 * np.arange(7), indexing="ij")
    for axis in "zyx":
        group[axis].attrs["units"] = "um"
    group.attrs.update({"z_indices": 0, "y_indices": [1, 2], "x_indices": [1, 2]})


def new_reference(file: h5py.File) -> None:
    """Something else than references to what lies in the file."""
    file["v"] = VALUES
    file["v"].attrs["DIMENSION_LIST"] = np.array(["/etc/passwd", "b", "c"], dtype=h5py.string_dtype())


ALL = dict(zip("zyx", STEPS, strict=True))
CASES: list[tuple[str, Callable[[h5py.File], None], str, dict[str, float]]] = [
    ("ilastik", lambda file: tagged(file, "zyxc", VALUES[..., None]), "ZYXC", {}),
    ("ilastik in another order", lambda file: tagged(file, "txy", VALUES), "TXY", {}),
    ("tags of another array", lambda file: tagged(file, "yx", VALUES), "???", {}),
    ("units of length", lambda file: with_scales(file, [(axis, "um") for axis in "zyx"]), "ZYX", ALL),
    ("on Earth", lambda file: with_scales(file, [("p", "hPa"), ("lat", "deg"), ("lon", "deg")]), "???", {}),
    ("a spectrum a pixel", lambda file: with_scales(file, [("y", "mm"), ("x", "mm"), ("e", "keV")]), "YXE",
     {"y": 500, "x": 250}),
    ("a turn", lambda file: with_scales(file, [("omega", "deg"), ("y", "um"), ("x", "um")]), "AYX",
     {"y": 0.25, "x": 0.2}),
    ("two lists an axis", two_scales, "ZYX", ALL),
    ("EMD", lambda file: emd(file, [("z", "[n_m]"), ("y", "[u_m]"), ("x", "[m_m]")]), "ZYX",
     {"z": 5e-4, "y": 0.25, "x": 200}),
    ("EMD, far field", lambda file: emd(file, [("q", "[px]"), ("y", "[n_m^-1]"), ("x", "[n_m^-1]")]), "?YX", {}),
    ("DREAM.3D", lambda file: dream3d(file), "ZYX", {}),
    ("DREAM.3D with a unit", lambda file: dream3d(file, "mm", values=VALUES[..., None]), "ZYX?",
     {axis: size * 1e3 for axis, size in ALL.items()}),
    ("DREAM.3D of another grid", lambda file: dream3d(file, "mm", "x=6,y=7,z=4"), "ZYX", {}),
    ("coordinates of every pixel", in_two_directions, "ZYX", {"z": 0.5}),
    ("no references", new_reference, "ZYX", {}),
]  # fmt: skip


@pytest.mark.parametrize(("write", "axes", "sizes"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_axes_and_sizes_are_those_of_the_layout(tmp_path: Path, write, axes: str, sizes: dict[str, float]) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        write(file)
    with path.open("rb") as file:
        listed = next(one for one in client.inspect(file, [], pictures=0).listing.arrays if one.name.endswith("v"))
    assert (listed.axes, dict(listed.sizes)) == (axes, pytest.approx(sizes, rel=1e-6))
    with open_arrays(InputFile("a.h5", path)) as arrays:
        array = next(one for one in arrays.found if one.name == listed.name)
    told = {axis: array.attributes[key] for axis in "zyx" if (key := f"voxel_size_{axis}_um") in array.attributes}
    assert told == pytest.approx(sizes, rel=1e-6)
