"""Sizes of voxels by the coordinates along an array's axes, as portal, form and programs take them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from portal.catalogue.mapping import parameters_of, places_of
from portal.data.parsing import client
from portal.data.parsing.beside import Beside as BesideIt
from portal.files.confined import Root
from wrappers.io.pictures import pictures_of
from wrappers.io.stack import open_arrays, read_stack
from wrappers.io.volumes import Pick
from wrappers.job import Beside, InputDataset, InputFile

VALUES = np.random.default_rng(3).integers(0, 900, (6, 10, 12), dtype=np.uint16)
LENGTHS = dict(zip("zyx", VALUES.shape, strict=True))
STEPS = {"z": 0.5, "y": 0.25, "x": 0.2}


def coordinates(axis: str, *, step: float | None = None, more: int = 0, start: float = -3.0) -> np.ndarray:
    return start + (step or STEPS[axis]) * np.arange(LENGTHS[axis] + more)


def nxdata(file: h5py.File, *, unit: str | None = "um", edges: int = 0, path: str = "entry/data") -> h5py.Group:
    group = file.create_group(path)
    group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["z", "y", "x"]})
    group["counts"] = VALUES
    for place, axis in enumerate("zyx"):
        group[axis] = coordinates(axis, more=edges)
        if unit is not None:
            group[axis].attrs["units"] = unit
        group.attrs[f"{axis}_indices"] = place
    return group


def told(folder: Path, array: str = "") -> tuple[dict[str, float], dict[str, float], tuple[Any, ...]]:
    """Of the file as a whole, of the array as it is listed, and as programs take it (z, y, x), in µm."""
    path, names = folder / "a.h5", sorted(one.name for one in folder.iterdir())
    with Root(folder) as root, path.open("rb") as file:
        look = client.inspect(
            file,
            [f"image:voxel size {axis}" for axis in "zyx"],
            beside=BesideIt(root, "a.h5", [str(folder)]),
            pictures=0,
        )
    volumes = [one for one in look.listing.arrays if sorted(one.axes)[-3:] == ["X", "Y", "Z"]]
    listed = next(one for one in volumes if array in ("", one.name))
    given = InputFile("a.h5", path, Beside({name: folder / name for name in names}, str(folder)))
    taken = read_stack(InputDataset("a", (given,), {}), "stack", Pick(array=listed.name)).voxel_um
    with open_arrays(given) as arrays:
        [converted] = [one for one in arrays.found if one.name == listed.name]
        [picture] = pictures_of(converted, "a")
        assert picture.about.sizes_um == pytest.approx(dict(listed.sizes))
    return {key[-1]: value for key, value in look.values.items()}, dict(listed.sizes), taken


def check(folder: Path, expected: dict[str, float], array: str = "") -> None:
    expected = {axis: pytest.approx(size, rel=1e-9) for axis, size in expected.items()}
    assert told(folder, array) == (expected, expected, tuple(expected.get(axis) for axis in "zyx"))


def remarks(folder: Path) -> dict[str, str]:
    with Root(folder) as root, (folder / "a.h5").open("rb") as file:
        look = client.inspect(file, [], beside=BesideIt(root, "a.h5", [str(folder)]), pictures=0)
    return {one.place: one.words for one in look.remarks}


def new(folder: Path) -> h5py.File:
    return h5py.File(folder / "a.h5", "w")


@pytest.mark.parametrize(
    ("unit", "factor"), [("um", 1), ("nm", 1e-3), (b"mm", 1e3), ("µm", 1), ("micron", 1), ("[m]", 1e6)]
)
def test_even_coordinates_tell_the_size_in_whichever_unit_they_have(tmp_path: Path, unit: str, factor: float):
    with new(tmp_path) as file:
        nxdata(file, unit=unit)
    check(tmp_path, {axis: step * factor for axis, step in STEPS.items()})
    assert remarks(tmp_path) == {}


def test_edges_of_bins_are_one_more(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        nxdata(file, edges=1)
    check(tmp_path, STEPS)


def test_the_place_of_a_size_is_named(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        nxdata(file, unit="nm")
    mapping = {"voxel size z": {"units": "um", "sources": ["image:voxel size z"]}}
    with (tmp_path / "a.h5").open("rb") as file:
        values = client.inspect(file, places_of(mapping)).values
    [one] = parameters_of(mapping, values)
    assert one.value == pytest.approx(5e-4)
    assert (one.source.place, one.source.value, one.source.units) == ("/entry/data/z spacing", "0.5", "nm")


@pytest.mark.parametrize(
    ("z", "unit", "words"),
    [
        (np.array([0, 0.5, 1.0, 1.6, 2.0, 2.5]), "um", "its values are not evenly spaced"),
        (np.array([0, 0.5, 1.0, np.nan, 2.0, 2.5]), "um", "not all of its values are finite numbers"),
        (np.array([0, 0.5, 1.0, 1.5, 2.0, np.inf]), "um", "not all of its values are finite numbers"),
        (np.full(6, 3.0), "um", "its values do not grow"),
        (np.array([0, 1, 2, 2, 1, 0.0]), "um", "its values do not grow"),
        (np.arange(8.0), "um", "it has 8 values for an axis that is 6 long"),
        (np.float32(12345.6) + np.arange(6, dtype=np.float32) * np.float32(1e-4), "mm", "its values "),
        (np.arange(6.0), None, "its values have no unit"),
        (np.arange(6.0), "furlong", "its unit, furlong, is not known here"),
        (np.arange(6.0), "px", None),
        (np.zeros(0), "um", "it has 0 values for an axis that is 6 long"),
    ],
)  # fmt: skip
def test_coordinates_that_tell_no_size_say_why(
    tmp_path: Path, z: np.ndarray, unit: str | None, words: str
) -> None:
    with new(tmp_path) as file:
        group = nxdata(file)
        del group["z"]
        group["z"] = z
        if unit:
            group["z"].attrs["units"] = unit
    check(tmp_path, {"y": 0.25, "x": 0.2})
    found = remarks(tmp_path)
    assert list(found) == (["/entry/data/z"] if words else [])
    if words:
        assert found["/entry/data/z"].startswith(f"it tells no size of a pixel: {words}")


def test_what_is_rounded_or_goes_down_is_even(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        group = nxdata(file)
        for axis in "zyx":
            del group[axis]
        group["z"] = coordinates("z")[::-1]
        group["y"] = (1e4 + coordinates("y", step=0.1625)).astype(np.float32)
        group["x"] = np.round(coordinates("x", step=1.30005), 3)
        for axis in "zyx":
            group[axis].attrs["units"] = "um"
    sizes, listed, taken = told(tmp_path)
    assert listed == sizes == pytest.approx({"z": 0.5, "y": 0.1625, "x": 1.30005}, rel=1e-3)
    assert taken == pytest.approx((0.5, 0.1625, 1.30005), rel=1e-3)


def test_one_plane_tells_no_depth(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        group = nxdata(file)
        del group["counts"], group["z"]
        group["counts"] = VALUES[:1]
        group["z"] = [3.0]
        group["z"].attrs["units"] = "um"
    check(tmp_path, {"y": 0.25, "x": 0.2})
    assert remarks(tmp_path) == {}


def test_integers_count_in_their_unit(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        group = nxdata(file)
        for axis in "zyx":
            del group[axis]
            group[axis] = (np.arange(LENGTHS[axis]) * 250).astype(np.uint16)
            group[axis].attrs["units"] = "nm"
    check(tmp_path, dict.fromkeys("zyx", 0.25))


def colons(file: h5py.File) -> None:
    """NeXus before 2014: the signal names its axes."""
    group = nxdata(file)
    for name in list(group.attrs):
        if name != "NX_class":
            del group.attrs[name]
    group["counts"].attrs.update({"signal": 1, "axes": "z:y:x"})


def commas(file: h5py.File) -> None:
    colons(file)
    file["entry/data/counts"].attrs["axes"] = "[z,y,x]"


def numbered(file: h5py.File) -> None:
    """The oldest: each axis says which it is; of two, one is the primary one."""
    colons(file)
    group = file["entry/data"]
    del group["counts"].attrs["axes"]
    for place, axis in enumerate("zyx"):
        group[axis].attrs.update({"axis": place + 1, "primary": 1})
    group["z_index"] = np.arange(LENGTHS["z"])
    group["z_index"].attrs.update({"axis": 1, "units": "mm"})


def numbered_from_the_fastest(file: h5py.File) -> None:
    """As NeXus' manual counts; the lengths tell."""
    numbered(file)
    for place, axis in enumerate("xyz"):
        file[f"entry/data/{axis}"].attrs["axis"] = place + 1


def linked_signal(file: h5py.File) -> None:
    """The array lies nearer to the root than the group that tells of it."""
    group = nxdata(file)
    file["raw"] = group["counts"]


def soft_signal(file: h5py.File) -> None:
    group = nxdata(file)
    file["entry/instrument/detector/raw"] = VALUES
    del group["counts"]
    group["counts"] = h5py.SoftLink("/entry/instrument/detector/raw")
    file["entry/stage/height"] = group["z"]
    del group["z"]
    group["z"] = h5py.SoftLink("/entry/stage/height")


def indices_alone(file: h5py.File) -> None:
    group = nxdata(file)
    group.attrs["axes"] = ["time", "z", "y", "x"]
    group["time"] = np.arange(6.0)


def in_another_order(file: h5py.File) -> None:
    group = nxdata(file)
    del group["counts"]
    group["counts"] = VALUES.transpose(2, 1, 0)
    group.attrs.update({"axes": ["x", "y", "z"], "x_indices": 0, "y_indices": 1, "z_indices": 2})


def scaled(file: h5py.File) -> None:
    group = nxdata(file)
    for axis in "zyx":
        del group[axis]
        group[axis] = np.arange(LENGTHS[axis])
        group[axis].attrs["units"] = "um"
        group.attrs[f"{axis}_scaling_factor"] = STEPS[axis]


def decorated(file: h5py.File) -> None:
    group = nxdata(file)
    group.attrs["axes"] = ["z_stage", "pos_y", "x_um"]
    for axis, name in zip("zyx", ("z_stage", "pos_y", "x_um"), strict=True):
        group.move(axis, name)


def dimension_scales(file: h5py.File) -> None:
    file["grid/volume"] = VALUES
    for place, axis in enumerate("zyx"):
        file[f"grid/{axis}"] = coordinates(axis)
        file[f"grid/{axis}"].attrs["units"] = "um"
        file[f"grid/{axis}"].make_scale(axis)
        file["grid/volume"].dims[place].attach_scale(file[f"grid/{axis}"])


def netcdf(file: h5py.File) -> None:
    """A list of values for z and y; x is only as long as it is, and its label says what it is called."""
    dimension_scales(file)
    file["grid/x"].attrs["NAME"] = np.bytes_("This is a netCDF dimension but not a netCDF variable.        12")
    file["grid/volume"].attrs["voxel_size_x_um"] = STEPS["x"]


def emd(file: h5py.File) -> None:
    group = file.create_group("data/tomogram")
    group.attrs["emd_group_type"] = 1
    group["data"] = VALUES
    for place, axis in enumerate("zyx"):
        group[f"dim{place + 1}"] = coordinates(axis) * 1e3
        group[f"dim{place + 1}"].attrs.update({"name": axis, "units": "[n_m]"})


def emd_by_two(file: h5py.File) -> None:
    group = file.create_group("root/cube")
    group.attrs["emd_group_type"] = 1
    group["data"] = VALUES
    for place, axis in enumerate("zyx"):
        group[f"dim{place}"] = coordinates(axis)[:2] * 1e4
        group[f"dim{place}"].attrs.update({"name": axis, "units": "Å"})


@pytest.mark.parametrize(
    "write",
    [
        colons, commas, numbered, numbered_from_the_fastest, linked_signal,
        soft_signal, indices_alone, in_another_order, scaled, decorated,
        dimension_scales, netcdf, emd, emd_by_two,
    ],
    ids=lambda write: write.__name__,
)  # fmt: skip
def test_each_way_of_saying_it_is_read(tmp_path: Path, write: Callable[[h5py.File], None]) -> None:
    with new(tmp_path) as file:
        write(file)
    check(tmp_path, STEPS)
    with open_arrays(InputFile("a.h5", tmp_path / "a.h5")) as arrays:
        stack = next(one for one in arrays.found if one.size == VALUES.size)
        assert sorted(stack.axes) == ["X", "Y", "Z"]
    taken = read_stack(InputDataset("a", (InputFile("a.h5", tmp_path / "a.h5"),), {}), "s", Pick(array=stack.name))
    np.testing.assert_array_equal(taken.values, VALUES)


def test_coordinates_in_other_files_are_read_through_the_datasets_own_files(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "stage.h5", "w") as file:
        file["height"] = coordinates("z")
        file["height"].attrs["units"] = "um"
    with new(tmp_path) as file:
        group = nxdata(file)
        del group["z"]
        group["z"] = h5py.ExternalLink("stage.h5", "/height")
        layout = h5py.VirtualLayout((LENGTHS["y"],), "f8")
        layout[:] = h5py.VirtualSource("stage.h5", "wide", (LENGTHS["y"],))
        del group["y"]
        group.create_virtual_dataset("y", layout)
        group["y"].attrs["units"] = "um"
    with h5py.File(tmp_path / "stage.h5", "r+") as file:
        file["wide"] = coordinates("y")
    check(tmp_path, STEPS)


def test_coordinates_beyond_the_dataset_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with h5py.File(tmp_path / "out.h5", "w") as file:
        file["height"] = coordinates("z")
        file["height"].attrs["units"] = "um"
    with new(folder) as file:
        group = nxdata(file)
        del group["z"], group["y"]
        group["z"] = h5py.ExternalLink("../out.h5", "/height")
        group.create_dataset("y", (LENGTHS["y"],), "f8", external=[("/etc/passwd", 0, 8 * LENGTHS["y"])])
        group["y"].attrs["units"] = "um"
    check(folder, {"x": 0.2})


def test_coordinates_and_attributes_that_differ_tell_no_size(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        group = nxdata(file)
        group["counts"].attrs["element_size_um"] = [0.5, 0.4, 0.2]
    check(tmp_path, {"z": 0.5, "x": 0.2})


def test_two_groups_that_differ_tell_no_size(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        first = nxdata(file)
        second = nxdata(file, path="entry/again")
        del second["counts"], second["x"]
        second["counts"] = first["counts"]
        second["x"] = coordinates("x", step=0.3)
        second["x"].attrs["units"] = "um"
    check(tmp_path, {"z": 0.5, "y": 0.25})


def test_volumes_of_different_sizes_have_none_in_common(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        nxdata(file)
        second = nxdata(file, path="entry/second")
        del second["x"]
        second["x"] = coordinates("x", step=0.3)
        second["x"].attrs["units"] = "um"
    common = {"z": 0.5, "y": 0.25}
    whole, listed, taken = told(tmp_path, "/entry/second/counts")
    assert (whole, listed) == (pytest.approx(common), pytest.approx(common | {"x": 0.3}))
    assert taken == pytest.approx((0.5, 0.25, 0.3))


def test_auxiliary_signals_and_errors_have_the_axes_of_the_signal(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        group = nxdata(file)
        group.attrs["auxiliary_signals"] = ["second"]
        group["second"] = VALUES[::-1]
        group["counts_errors"] = np.sqrt(VALUES)
    for array in ("counts", "second", "counts_errors"):
        check(tmp_path, STEPS, f"/entry/data/{array}")


def test_places_and_indices_that_contradict_each_other_are_not_understood(tmp_path: Path) -> None:
    with new(tmp_path) as file:
        group = nxdata(file)
        group.attrs.update({"z_indices": 2, "x_indices": 0})
    with (tmp_path / "a.h5").open("rb") as file:
        listed = next(
            one for one in client.inspect(file, [], pictures=0).listing.arrays if one.name.endswith("counts")
        )
    assert (listed.axes, listed.sizes) == ("?Y?", {"y": 0.25})


@pytest.mark.parametrize(
    ("name", "unit", "letter"),
    [
        ("z", "s", "T"), ("z", "deg", "A"), ("frame", "deg", "A"), ("dim_0", "ms", "T"), ("z", "keV", "E"),
        ("t", "um", "?"), ("gap", "mm", "?"), ("gap", "s", "T"), ("wavelength", "nm", "E"), ("z", "px", "Z"),
        ("z", "um", "Z"), ("z", None, "Z"),
    ],
)  # fmt: skip
def test_units_say_what_an_axis_is(tmp_path: Path, name: str, unit: str | None, letter: str) -> None:
    with new(tmp_path) as file:
        group = nxdata(file)
        group.attrs["axes"] = [name, "y", "x"]
        if name != "z":
            group.move("z", name)
            group.attrs[f"{name}_indices"] = 0
        if unit is None:
            del group[name].attrs["units"]
        else:
            group[name].attrs["units"] = unit
    with (tmp_path / "a.h5").open("rb") as file:
        listed = next(
            one for one in client.inspect(file, [], pictures=0).listing.arrays if one.name.endswith("counts")
        )
    assert listed.axes == f"{letter}YX"
    assert set(listed.sizes) == ({"z", "y", "x"} if unit == "um" and letter == "Z" else {"y", "x"})


def test_long_lists_are_not_read(tmp_path: Path) -> None:
    many = (1 << 20) + 1
    with new(tmp_path) as file:
        group = file.create_group("data")
        group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["y", "x"]})
        group.create_dataset("counts", (2, many), "u1", chunks=(2, 1 << 16))[0, 0] = 1
        group["x"] = np.arange(many, dtype=np.float32)
        group["x"].attrs["units"] = "um"
    assert remarks(tmp_path)["/data/x"].endswith("there are too many coordinates to be read")


def test_what_a_remark_has_from_a_file_can_be_printed_and_is_cut(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        nxdata(file, unit="\x1b[2J\u202eum", path="e\x1b]0;\u202e/" + "/".join(["deep"] * 400))
    with (tmp_path / "a.h5").open("rb") as file:
        found = client.inspect(file, [], pictures=0).remarks
    assert len(found) == 3
    assert all((one.place + one.words).isprintable() and len(one.place) <= 1_000 for one in found)
    assert all(
        "its unit, \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}um, is not" in one.words for one in found
    )
