"""The arrays that the portal lists are those that programs find: by the same names, with the same axes."""

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image
from zarr_folders import described
from zarr_folders import write as write_zarr

from gantry_formats.arrays import Described, left_out
from portal.data.parsing import client
from portal.data.parsing.listed import Listing
from portal.errors import PortalError
from portal.files.confined import Root
from wrappers.errors import BadInput
from wrappers.io.stack import open_arrays, read_stack
from wrappers.io.volumes import candidate
from wrappers.job import InputDataset, InputFile

STACK = np.arange(4 * 12 * 14, dtype=np.uint16).reshape(4, 12, 14)


def listed(path: Path, pictures: int = 24) -> Listing:
    with path.open("rb") as file:
        return client.listing(file, pictures=pictures)


def found_by_programs(path: Path) -> list[Described]:
    with open_arrays(InputFile(path.name, path)) as arrays:
        return [candidate(path.name, one).described for one in arrays.found]


def as_programs(listing: Listing, file: str) -> list[Described]:
    return [Described(file, one.name, one.shape, one.dtype, one.axes) for one in listing.arrays]


def write_nexus(path: Path) -> None:
    with h5py.File(path, "w") as file:
        data = file.create_group("entry/data")
        data.attrs.update({"NX_class": "NXdata", "signal": "counts", "auxiliary_signals": ["noise"]})
        data.attrs["axes"] = np.array(["z", "y", "x"], dtype=h5py.string_dtype())
        data["counts"], data["noise"] = STACK, STACK * 2
        file["entry/instrument/detector/data"] = data["counts"]  # the same array by another name
        file["entry/colours"] = np.zeros((12, 14, 3), np.uint8)
        file["entry/colours"].attrs["interpretation"] = "rgba-image"
        file["entry/table"] = np.zeros(5, dtype=[("energy", "f4"), ("name", "S4"), ("mass", "i8")])
        file["entry/picture"] = STACK[0]
        file["entry/picture"].attrs["CLASS"] = np.bytes_("IMAGE")
        file["entry/labelled"] = np.zeros((2, 3, 12, 14), np.float32)
        for place, label in enumerate(("channel", "time", "y", "x")):
            file["entry/labelled"].dims[place].label = label
        file["entry/text"] = "a word"
        file["Temp \udcb0C".encode("utf-8", "surrogateescape")] = STACK[0]


def write_ome(path: Path) -> None:
    with tifffile.TiffWriter(path, ome=True) as file:
        for name, channels in (("Pos 1", ["DAPI", "GFP", "RFP"]), ("Pos 2", ["DAPI", "GFP", "RFP"])):
            stack = np.stack([STACK + 100 * place for place in range(3)], axis=1)
            metadata = {"axes": "ZCYX", "Name": name, "Channel": {"Name": channels}, "PhysicalSizeX": 0.2}
            file.write(stack, metadata=metadata, photometric="minisblack")


def write_imagej(path: Path) -> None:
    values = np.zeros((2, 3, 2, 12, 14), np.uint16)
    tifffile.imwrite(path, values, imagej=True, metadata={"axes": "TZCYX", "Labels": ["DAPI", "GFP"]})


def write_plain(path: Path) -> None:
    with tifffile.TiffWriter(path) as file:
        file.write(STACK, photometric="minisblack", compression="zlib")
        file.write(np.zeros((12, 14, 3), np.uint8), photometric="rgb")
        file.write(STACK[0], photometric="minisblack", contiguous=False)


def write_big_endian(path: Path) -> None:
    tifffile.imwrite(path, STACK, photometric="minisblack", byteorder=">")


def write_mrc(path: Path) -> None:
    mrcfile = pytest.importorskip("mrcfile", reason="mrcfile is not installed")
    with mrcfile.new(path) as file:
        file.set_data(STACK.astype(np.float32))
        file.voxel_size = 2.0


MADE = {"n.nxs": write_nexus, "o.ome.tif": write_ome, "i.tif": write_imagej, "p.tif": write_plain,
        "b.tif": write_big_endian, "m.mrc": write_mrc}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_what_is_listed_is_what_programs_find(tmp_path: Path, name: str) -> None:
    MADE[name](tmp_path / name)
    programs = found_by_programs(tmp_path / name)
    assert as_programs(listed(tmp_path / name), name) == programs
    assert len(programs) >= 1


def test_inputs_that_went_wrong_once_are_listed_as_programs_find_them(shared_cases: Path) -> None:
    compared = 0
    for path in sorted([*shared_cases.glob("*.*"), *(shared_cases / "real").iterdir()]):
        if path.suffix not in {".tif", ".h5", ".nxs", ".rtdc"}:
            continue
        try:
            programs, listing = found_by_programs(path), listed(path)
        except (BadInput, PortalError):
            continue
        several = {one.name: one for one in programs}
        assert [several[one.name] for one in as_programs(listing, path.name)] == as_programs(listing, path.name)
        assert len(listing.arrays) + listing.more == len(programs)
        compared += 1
    assert compared > 25


def test_channels_have_the_names_and_series_the_sizes_of_their_file(tmp_path: Path) -> None:
    write_ome(tmp_path / "o.ome.tif")
    first, second = listed(tmp_path / "o.ome.tif").arrays
    assert (first.name, first.axes, first.shape) == ("Pos 1", "ZCYX", (4, 3, 12, 14))
    assert first.labels == second.labels == {"C": ("DAPI", "GFP", "RFP")}
    assert first.sizes == {"x": pytest.approx(0.2)}
    write_imagej(tmp_path / "i.tif")
    [hyperstack] = listed(tmp_path / "i.tif").arrays
    assert hyperstack.labels == {"C": ("DAPI", "GFP")}


def test_each_channel_of_few_has_a_picture_and_pictures_have_an_end(tmp_path: Path) -> None:
    write_ome(tmp_path / "o.ome.tif")
    first, second = listed(tmp_path / "o.ome.tif").arrays
    places = [(one.axis, one.place) for one in first.pictures]
    assert places == [("", 0), ("C", 0), ("C", 1), ("C", 2)]
    assert all(Image.open(io.BytesIO(one.png)).size[0] <= client.PICTURE_SIDE for one in second.pictures)
    few = listed(tmp_path / "o.ome.tif", pictures=3).arrays
    assert [len(one.pictures) for one in few] == [2, 1]  # each as a whole before channels of one
    long = np.zeros((40, 12, 14), np.uint8)
    tifffile.imwrite(tmp_path / "t.tif", long, imagej=True, metadata={"axes": "TYX"})
    [series] = listed(tmp_path / "t.tif").arrays
    assert [(one.axis, one.place) for one in series.pictures] == [("", 0)]


def waves(path: Path) -> None:
    """A hologram's stack as each format has complex numbers."""
    values = (STACK - 1j * STACK[::-1]).astype(np.complex64)
    if path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["waves"] = values  # a compound of r and i
    elif path.suffix == ".tif":
        tifffile.imwrite(path, values, photometric="minisblack")
    elif path.suffix == ".mrc":
        import mrcfile

        with mrcfile.new(path) as map_file:
            map_file.set_data(values)
    else:
        write_zarr(path, [values], described("zyx", "micrometer", [[1, 1, 1]]), 2 if "v2" in path.name else 3)


@pytest.mark.parametrize("name", ["w.h5", "w.tif", "w.mrc", "v2.zarr", "v3.zarr"])
def test_complex_numbers_are_shown_and_are_no_volume_for_form_and_program(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    waves(path)
    if path.is_dir():
        with Root(path) as folder:
            found = client.inspect(folder, pictures=9).listing
    else:
        found = listed(path)
    assert found is not None
    [one] = found.arrays
    why = "its values are complex numbers, where real ones are needed"
    assert one.dtype == "complex64"
    assert len(one.pictures) == 1
    assert list(left_out([Described(name, one.name, one.shape, one.dtype, one.axes)])) == [why]
    with pytest.raises(BadInput, match=f"{one.name}: {why}."):
        read_stack(InputDataset("a", (InputFile(name, path),), {}), "stack")


def test_a_table_of_numbers_is_listed_and_is_no_picture(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["t00000/s00/0/cells"] = STACK
        file["s00/resolutions"] = np.ones((1, 3))
        file["weights"] = np.ones((14, 1))
    pictures = {one.name: len(one.pictures) for one in listed(tmp_path / "a.h5").arrays}
    # What tells of levels is no array of its own.
    assert pictures == {"/t00000/s00/0/cells": 1, "/weights": 0}


def test_arrays_of_more_dimensions_are_listed_before_many_lists(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for number in range(300):
            file[f"a{number:03}"] = np.zeros(3)
        file["z"] = STACK
    found = listed(tmp_path / "many.h5")
    assert len(found.arrays) == 200
    assert found.more == 101
    assert found.arrays[-1].name == "/z"


def test_what_cannot_be_read_is_left_out_and_said(tmp_path: Path, shared_cases: Path) -> None:
    found = listed(shared_cases / "h05_unknown_filter.h5")
    assert [one.name for one in found.arrays] == ["/ok"]
    [(name, why)] = found.left_out
    assert name == "/data"
    assert "a filter that is not installed here" in why


def test_a_series_in_several_files_is_what_all_of_them_make(tmp_path: Path, shared_cases: Path) -> None:
    folder = shared_cases / "t18_multifile_ome"
    found = listed(folder / "plane_000.ome.tif")
    assert found.parts == tuple(f"plane_{number:03}.ome.tif" for number in range(6))
    files = [InputFile(path.name, path) for path in sorted(folder.glob("*.tif"))]
    with open_arrays(files[0], files) as arrays:
        [program] = arrays.found
    [together] = found.together
    assert (together.name, together.shape, together.axes) == (program.name, program.shape, program.axes)


def test_a_name_that_cannot_be_printed_is_one_line_of_bounded_length(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["a\nb" + "c" * 400] = STACK
    [one] = listed(tmp_path / "odd.h5").arrays
    assert one.name.startswith("/a\N{REPLACEMENT CHARACTER}bccc")
    assert len(one.name) == 300
    assert found_by_programs(tmp_path / "odd.h5")[0].name == one.name


@pytest.mark.parametrize(
    ("place", "told", "known"),
    [
        ("/a/b/stack", {"voxel_size_z_um": 0.5, "voxel_size_y_um": 0.2, "voxel_size_x_um": 0.2}, True),
        ("/a/b", {"element_size_um": [0.5, 0.2, 0.2]}, True),
        ("/a", {"voxel_size_um": (0.5, 0.2, 0.2)}, True),
        ("/", {f"voxel size {axis}": size for axis, size in (("z", 500), ("y", 200), ("x", 200))}
              | {f"voxel size {axis} units": "nm" for axis in "zyx"}, True),
        ("/a/b", {f"voxel_size_{axis}": size for axis, size in (("z", 500), ("y", 200), ("x", 200))}
                 | {f"voxel_size_{axis}_unit": b"nm" for axis in "zyx"}, True),
        ("/", {"voxel size x": 0.2, "voxel_size_y_um": -1.0, "element_size_um": "many"}, False),
        ("/", {"element_size_um": [0.5, 0.2]}, False),
        ("/a", {}, False),
    ],
)  # fmt: skip
def test_the_size_that_is_listed_is_the_one_that_a_program_takes(
    tmp_path: Path, place: str, told, known: bool
) -> None:
    """What nobody tells is asked on the form: it must not be what the file says after all."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["/a/b/stack"] = STACK
        file[place].attrs.update(told)
    stack = read_stack(InputDataset("a", (InputFile("a.h5", path),), {}), "stack")
    taken = {axis: size for axis, size in zip("zyx", stack.voxel_um, strict=True) if size is not None}
    [array] = listed(path).arrays
    assert dict(array.sizes) == pytest.approx(taken)
    assert taken == pytest.approx(dict(zip("zyx", (0.5, 0.2, 0.2), strict=True)) if known else {})
