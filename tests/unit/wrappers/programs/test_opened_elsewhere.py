"""Results as programs of the field see them: their own checkers, and what the input knew carried over."""

from pathlib import Path

import h5py
import judges
import numpy as np
import pytest
import tifffile


def stack_of(path: Path, axes: str, **metadata: object) -> Path:
    """An OME-TIFF with these axes, and what else is said of it."""
    lengths = {"T": 2, "C": 2, "Z": 6, "Y": 20, "X": 24}
    values = np.random.default_rng(0).integers(1, 200, [lengths[axis] for axis in axes]).astype(np.uint16)
    tifffile.imwrite(path, values, ome=True, metadata={"axes": axes, **metadata}, photometric="minisblack")
    return path


def test_a_sharpened_stack_keeps_scale_channel_and_date_and_says_how_it_was_made(run_program, tmp_path) -> None:
    told = {
        "PhysicalSizeX": 200.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.2, "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 0.0005, "PhysicalSizeZUnit": "mm", "AcquisitionDate": "2026-05-02T14:59:41",
        "Channel": {"Name": ["GFP <488>", "mCherry"]},
    }  # fmt: skip
    stack = stack_of(tmp_path / "two.ome.tif", "CZYX", **told)
    options = {"channel": 1, "iterations": 1, "sigma_z": 0.5}
    ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, options)
    ome = judges.ome_of(ending.output / "deconvolved.ome.tif")
    [image] = ome.images
    pixels = image.pixels
    assert (pixels.size_z, pixels.size_c, pixels.size_t, pixels.type.value) == (6, 1, 1, "float")
    sizes = [pixels.physical_size_z, pixels.physical_size_y, pixels.physical_size_x]
    assert sizes == pytest.approx([0.5, 0.2, 0.2])
    assert {pixels.physical_size_z_unit.value, pixels.physical_size_x_unit.value} == {"µm"}
    assert [channel.name for channel in pixels.channels] == ["mCherry"]
    assert image.acquisition_date.isoformat() == "2026-05-02T14:59:41"
    [made] = ome.structured_annotations
    assert {"software", "input", "iterations"} <= set(made.value)
    assert made.value["input"] == "two.ome.tif"
    with h5py.File(ending.output / "deconvolved.h5") as file:
        assert list(file["data"].attrs["channel names"]) == ["mCherry"]
        assert file.attrs["software"] == ome.creator


def test_what_a_stack_does_not_know_its_result_does_not_say(run_program, tmp_path: Path) -> None:
    stack, psf = tmp_path / "stack.tif", tmp_path / "psf.tif"
    tifffile.imwrite(stack, np.arange(6 * 20 * 24, dtype=np.uint16).reshape(6, 20, 24), photometric="minisblack")
    tifffile.imwrite(psf, np.ones((3, 3, 3), np.uint8), photometric="minisblack")
    options = {"iterations": 1, "psf": "file", "voxel_xy": 0.3}
    ending = run_program("lightsheet_deconvolution", {"stack": [stack], "psf": [psf]}, options)
    [image] = judges.ome_of(ending.output / "deconvolved.ome.tif").images
    assert image.pixels.physical_size_x == pytest.approx(0.3)
    assert image.pixels.physical_size_z is None
    assert image.acquisition_date is None
    assert [channel.name for channel in image.pixels.channels] == [None]
    assert "voxel size z" not in ending.parameters


def scan_of(path: Path, **told: str) -> Path:
    """An NXtomo scan of a disk, with these fields of its sample and source."""
    columns, angles = 32, np.arange(0, 180, 6.0)
    chord = 2 * np.sqrt(np.maximum(0, 10.0**2 - (np.arange(columns) - 15.5) ** 2))
    frames = np.repeat((20000 * np.exp(-0.02 * chord) + 100)[None, None], len(angles), 0).repeat(3, axis=1)
    flats, darks = np.full((2, 3, columns), 20100.0), np.full((2, 3, columns), 100.0)
    key = np.repeat([1, 2, 0], [2, 2, len(angles)])
    with h5py.File(path, "w") as file:
        entry = file.create_group("scan7")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXtomo"
        for place, kind in {
            "instrument": "NXinstrument",
            "sample": "NXsample",
            "instrument/xray": "NXsource",
        }.items():
            entry.require_group(place).attrs["NX_class"] = kind
        for name, value in told.items():
            entry[name.replace("__", "/")] = value
        detector = entry.create_group("instrument/camera")
        detector.attrs["NX_class"] = "NXdetector"
        detector["data"], detector["image_key"] = np.concatenate([flats, darks, frames]), key
        for name, size in (("x_pixel_size", 5e-3), ("y_pixel_size", 7e-3)):
            detector[name] = size
            detector[name].attrs["units"] = "mm"
        entry["sample/rotation_angle"] = np.concatenate([np.zeros(4), angles])
        entry["sample/rotation_angle"].attrs["units"] = "deg"
    return path


def test_slices_are_what_nexus_asks_of_them_and_know_their_source(run_program, tmp_path: Path) -> None:
    told = {
        "title": "Bone, third day", "sample__name": "femur 12", "instrument__xray__name": "PETRA III",
        "instrument__xray__type": "Synchrotron X-ray Source", "instrument__xray__probe": "X-Ray",
        "start_time": "2026-05-02T14:59:41+02:00",
    }  # fmt: skip
    ending = run_program("tomo_slice", {"scan": [scan_of(tmp_path / "scan.nxs", **told)]}, {"row_first": 1})
    assert judges.nxtomoproc(ending.output / "slices.h5") == []
    with h5py.File(ending.output / "slices.h5") as file:
        entry = file["entry"]
        assert entry["title"].asstr()[()] == "Bone, third day"
        assert entry["sample/name"].asstr()[()] == "femur 12"
        assert entry["instrument/source/probe"].asstr()[()] == "x-ray"
        assert entry["reconstruction/parameters/raw_file"].asstr()[()] == "scan.nxs"
        assert entry["reconstruction/parameters/filter"].asstr()[()] == "ramp"
        assert entry["data/z"][...] == pytest.approx([7, 14])
        assert np.diff(entry["data/x"][...]) == pytest.approx(5)
        assert file["data"] == entry["data/data"]
        assert file["data"].attrs["units"] == "1/mm"
    [image] = judges.ome_of(ending.output / "slices.tif").images
    assert [getattr(image.pixels, f"physical_size_{axis}") for axis in "zyx"] == pytest.approx([7, 5, 5])
    assert image.acquisition_date.isoformat() == "2026-05-02T14:59:41+02:00"


def test_slices_of_a_scan_that_tells_nothing_invent_nothing(run_program, tmp_path: Path) -> None:
    path = scan_of(tmp_path / "scan.nxs")
    with h5py.File(path, "r+") as file:
        del file["scan7/instrument/camera/x_pixel_size"], file["scan7/instrument/camera/y_pixel_size"]
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_count": 1})
    # The definition knows three words for the probe, of which "not known" is none.
    assert judges.nxtomoproc(ending.output / "slices.h5") == ["NXentry/NXinstrument/NXsource/probe is missing"]
    with h5py.File(ending.output / "slices.h5") as file:
        assert file["entry/sample/name"].asstr()[()] == "unknown"
        assert file["entry/data/x"].attrs["units"] == file["entry/data/z"].attrs["units"] == "pixel"
    [image] = judges.ome_of(ending.output / "slices.tif").images
    assert image.pixels.physical_size_x is None
