"""Conversion to OME-TIFF and OME-Zarr: values, axes, sizes and names as in the file, series by series."""

from pathlib import Path

import h5py
import judges
import microscope_files
import numpy as np
import pytest
import tifffile
from program_ending import Ending

from wrappers.io.ome import About, Tiles, write_ome_tiff

RNG = np.random.default_rng(3)


def results(ending: Ending) -> list[Path]:
    assert ending.code == 0, ending.words
    return sorted(path for path in ending.output.iterdir() if ".ome." in path.name)


def tiff(path: Path) -> tuple[object, np.ndarray]:
    """The description of the one picture of an OME-TIFF, and its values (t, z, c, y, x)."""
    [image] = judges.ome_of(path).images
    with tifffile.TiffFile(path) as file:
        [series] = file.series
        values = series.asarray()
        wanted = [axis for axis in "TZCYXS" if axis in series.axes]
        values = values.transpose([series.axes.index(axis) for axis in wanted])
    return image, values


SCENES = [RNG.integers(0, 60000, (2, 3, 2, height, 24)).astype(np.uint16) for height in (20, 28)]


@pytest.fixture
def czi(tmp_path: Path) -> Path:
    path = tmp_path / "two scenes.czi"
    return microscope_files.write_czi(path, SCENES, {0: "DAPI <405>", 1: "GFP"}, (0.2e-6, 0.2e-6, 0.5e-6))


def test_scenes_of_czi_become_a_picture_each(run_program, czi: Path) -> None:
    ending = run_program("convert", {"data": [czi]})
    made = results(ending)
    assert [path.name for path in made] == ["two scenes 00 scene 0.ome.tif", "two scenes 01 scene 1.ome.tif"]
    for path, scene in zip(made, SCENES, strict=True):
        image, values = tiff(path)
        assert np.array_equal(values, scene)
        sizes = [getattr(image.pixels, f"physical_size_{axis}") for axis in "xyz"]
        assert sizes == pytest.approx([0.2, 0.2, 0.5])
        assert [channel.name for channel in image.pixels.channels] == ["DAPI <405>", "GFP"]
    assert ending.parameters["voxel size z"] == pytest.approx(0.5)
    assert ending.parameters["channels"] == "DAPI <405>, GFP"
    assert "the instrument's settings" in ending.parameters["left out"]
    assert [one["role"] for one in ending.metadata["previews"]] == ["thumbnail", "preview"]


def test_one_series_is_chosen_and_the_others_are_named(run_program, refused, czi: Path) -> None:
    ending = run_program("convert", {"data": [czi]}, {"series": 1})
    [path] = results(ending)
    assert np.array_equal(tiff(path)[1], SCENES[1])
    assert "two scenes.czi, scene 0: not chosen" in ending.parameters["left out"]
    refused(run_program("convert", {"data": [czi]}, {"series": 2}), "no picture 2: there are 2, counted from 0")


def test_ome_zarr_has_the_axes_that_it_asks_for(run_program, czi: Path) -> None:
    for path, scene in zip(
        results(run_program("convert", {"data": [czi]}, {"format": "ome-zarr"})), SCENES, strict=True
    ):
        ome, values = judges.ngff_of(path)
        assert np.array_equal(values, scene.transpose(0, 2, 1, 3, 4))
        [multiscale] = ome["multiscales"]
        assert [axis["name"] for axis in multiscale["axes"]] == list("tczyx")
        assert multiscale["datasets"][0]["coordinateTransformations"][0]["scale"] == [1.0, 1.0, 0.5, 0.2, 0.2]
        assert "unit" not in multiscale["axes"][0]
        assert [one["label"] for one in ome["omero"]["channels"]] == ["DAPI <405>", "GFP"]


def test_colours_of_czi_keep_their_order(run_program, tmp_path: Path) -> None:
    colours = RNG.integers(0, 255, (1, 1, 1, 20, 24, 3)).astype(np.uint8)
    path = microscope_files.write_czi(tmp_path / "colours.czi", [colours], {}, (1e-6, 1e-6, 0))
    [made] = results(run_program("convert", {"data": [path]}))
    image, values = tiff(made)
    assert np.array_equal(values, colours[0, 0, 0])
    assert image.pixels.physical_size_z is None
    [made] = results(run_program("convert", {"data": [path]}, {"format": "ome-zarr"}))
    ome, values = judges.ngff_of(made)
    assert np.array_equal(values, colours[0, 0, 0].transpose(2, 0, 1))
    assert [one["label"] for one in ome["omero"]["channels"]] == ["red", "green", "blue"]


def test_images_of_lif_become_a_picture_each(run_program, tmp_path: Path) -> None:
    images = {
        "Series001": RNG.integers(0, 60000, (2, 3, 10, 12)).astype(np.uint16),
        "Region 1/Bone": RNG.integers(0, 255, (1, 3, 14, 12)).astype(np.uint8),
    }
    path = microscope_files.write_lif(tmp_path / "a.lif", images, ["Green", "Red"], [5e-7, 3e-7, 2e-7])
    made = results(run_program("convert", {"data": [path]}))
    assert [one.name for one in made] == ["a 00 Series001.ome.tif", "a 01 Region 1_Bone.ome.tif"]
    image, values = tiff(made[0])
    assert np.array_equal(values, images["Series001"].transpose(1, 0, 2, 3))
    sizes = [getattr(image.pixels, f"physical_size_{axis}") for axis in "xyz"]
    assert sizes == pytest.approx([0.2, 0.3, 0.5])
    assert [channel.name for channel in image.pixels.channels] == ["Green", "Red"]
    assert image.acquisition_date.year == 2023
    assert np.array_equal(tiff(made[1])[1], images["Region 1/Bone"][0])


def test_a_picture_of_nd2_keeps_what_is_calibrated(run_program, tmp_path: Path) -> None:
    values = RNG.integers(0, 60000, (3, 10, 12, 2)).astype(np.uint16)
    path = microscope_files.write_nd2(tmp_path / "a.nd2", values, ["DAPI", "GFP"], [0.5, 0.2])
    [made] = results(run_program("convert", {"data": [path]}))
    assert made.name == "a.ome.tif"
    image, found = tiff(made)
    assert np.array_equal(found, values.transpose(0, 3, 1, 2))
    assert [image.pixels.physical_size_x, image.pixels.physical_size_z] == pytest.approx([0.2, 0.5])
    assert [channel.name for channel in image.pixels.channels] == ["DAPI", "GFP"]
    assert image.acquisition_date.isoformat() == "2025-11-21T00:00:00+00:00"


@pytest.mark.parametrize(
    ("axes", "shape", "dtype"),
    [
        ("YX", (9, 11), "u1"),
        ("ZYX", (3, 9, 11), ">u2"),
        ("TCYX", (2, 3, 9, 11), "i4"),
        ("CZYX", (2, 3, 9, 11), "f4"),
        ("TZCYX", (2, 3, 2, 9, 11), "f8"),
    ],
)
def test_ome_tiff_comes_out_as_it_went_in(run_program, tmp_path: Path, axes, shape, dtype) -> None:
    values = RNG.integers(0, 100, shape).astype(dtype)
    path = tmp_path / "a.ome.tif"
    told = {
        "axes": axes,
        "PhysicalSizeX": 0.3,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 300,
        "PhysicalSizeYUnit": "nm",
    }
    tifffile.imwrite(path, values, ome=True, metadata=told, photometric="minisblack")
    [made] = results(run_program("convert", {"data": [path]}))
    image, found = tiff(made)
    wanted = values.transpose([axes.index(axis) for axis in "TZCYX" if axis in axes])
    assert np.array_equal(found, wanted)
    assert found.dtype == values.dtype.newbyteorder("=")
    assert [image.pixels.physical_size_x, image.pixels.physical_size_y] == pytest.approx([0.3, 0.3])


def test_what_is_no_picture_is_named_and_the_rest_goes_on(run_program, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    volume = RNG.random((3, 9, 11)).astype(np.float16)
    with h5py.File(path, "w") as file:
        file["volume"], file["row"] = volume, np.arange(5)
        file["unknown"] = np.zeros((2, 2, 3, 4, 5))
        file["huge"] = np.full((4, 5), 2**60, np.int64)
    ending = run_program("convert", {"data": [path]})
    made = results(ending)
    assert [one.name for one in made] == ["a 00 _huge.ome.tif", "a 01 _volume.ome.tif"]
    assert np.array_equal(tiff(made[1])[1], volume.astype(np.float32))
    assert (tiff(made[0])[1] == 2.0**60).all()
    left_out = ending.parameters["left out"]
    assert "a.h5, /row: it has no plane of y and x" in left_out
    assert "a.h5, /unknown: nothing says what its axes are" in left_out
    assert "values of the type float16, int64 are kept as another one" in left_out
    assert ending.metadata["summary"] == "2 pictures as OME-TIFF, 3 left out"


@pytest.mark.parametrize("name", ["a.czi", "a.nd2", "a.lif"])
def test_a_damaged_file_is_named(run_program, refused, tmp_path: Path, name) -> None:
    path = tmp_path / name
    path.write_bytes(b"no such file" * 50)
    refused(run_program("convert", {"data": [path]}), f"{name} cannot be read as {name[2:].upper()}")


def test_a_file_or_a_series_that_is_damaged_costs_itself_only(run_program, tmp_path: Path) -> None:
    planes = RNG.integers(0, 200, (2, 40, 50)).astype(np.uint8)
    both = tmp_path / "both.h5"
    with h5py.File(both, "w") as file:
        file["good"] = planes
        file.create_dataset("spoiled", data=planes, chunks=(1, 40, 50), compression="gzip")
        place = file["spoiled"].id.get_chunk_info(1).byte_offset
    with both.open("r+b") as stream:
        stream.seek(place)
        stream.write(b"\xff" * 30)
    cut = tmp_path / "cut.czi"
    cut.write_bytes(b"ZISRAWFILE" + bytes(50))
    ending = run_program("convert", {"data": [cut, both]})
    [made] = results(ending)
    assert np.array_equal(tiff(made)[1], planes)
    assert "cut.czi cannot be read as CZI" in ending.parameters["left out"]
    assert "both.h5, /spoiled: both.h5 cannot be read as HDF5" in ending.parameters["left out"]


def test_files_of_other_kinds_are_named(run_program, refused, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("nothing")
    refused(run_program("convert", {"data": [path]}), "in a format that is read here: notes.txt")


@pytest.mark.parametrize("shape", [(2, 700, 1100), (700, 1100, 3), (512, 512)])
def test_planes_that_come_in_bands_are_tiled(tmp_path: Path, shape) -> None:
    axes = {3: "ZYX", 2: "YX"}[len(shape)] if shape[-1] != 3 else "YXS"
    values = RNG.integers(0, 255, shape).astype(np.uint8)
    planes = values if axes == "ZYX" else values[None]
    bands = (
        plane[first : first + Tiles.SIDE] for plane in planes for first in range(0, plane.shape[0], Tiles.SIDE)
    )
    path = tmp_path / "a.ome.tif"
    write_ome_tiff(path, Tiles(shape, values.dtype, bands), About(axes))
    assert np.array_equal(tifffile.imread(path), values)
    judges.ome_of(path)
