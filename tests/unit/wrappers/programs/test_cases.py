"""Inputs that went wrong once, each with the right value or the right words (shared/cases/README.md)."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

VOXEL = {"voxel size z": 0.5, "voxel size y": 0.2, "voxel size x": 0.2}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("t04_imagej_microns.tif", {}),
        ("t09_ome_nm.ome.tif", {}),
        ("t11_ome_two_series.ome.tif", {"array": "detail"}),
        ("t07_imagej_two_channels.tif", {"channel": 1}),
    ],
)
def test_stacks_have_the_scale_that_their_file_tells(run_program, shared_cases: Path, name, options) -> None:
    ending = run_program(
        "lightsheet_deconvolution", {"stack": [shared_cases / name]}, {"iterations": 10, **options}
    )
    assert {key: ending.parameters[key] for key in VOXEL} == pytest.approx(VOXEL)
    assert ending.parameters["sharpness gain"] == pytest.approx(5.57, abs=0.03)


def test_a_real_stack_in_nanometres(run_program, shared_cases: Path) -> None:
    path = shared_cases / "real" / "ome_nm.ome.tif"
    ending = run_program("lightsheet_deconvolution", {"stack": [path]}, {"iterations": 10})
    assert ending.parameters["voxel size x"] == pytest.approx(0.1625)
    assert ending.parameters["sharpness gain"] > 1.2


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("t23_72_dots_per_inch.tif", {"voxel_z": 0.5}, "voxel size of this stack is not known"),
        ("t06_imagej_timelapse.tif", {}, "a series of 16 time points, each a single plane: it has no z"),
        ("t07_imagej_two_channels.tif", {}, "has 2 channels in series 0; choose one, from 0 to 1"),
        ("t07_imagej_two_channels.tif", {"channel": 2}, "has no channel 2: there are 2, counted from 0"),
        ("real/ij_hyperstack_zc.tif", {}, "has 2 channels"),
        (
            "t11_ome_two_series.ome.tif",
            {},
            "choose one by its name: overview (8 × 20 × 24); detail (16 × 40 × 48)",
        ),
        ("t11_ome_two_series.ome.tif", {"array": "other"}, "has no array called “other”"),
    ],
)
def test_what_a_stack_does_not_tell_is_asked(run_program, refused, shared_cases, name, options, words) -> None:
    refused(run_program("lightsheet_deconvolution", {"stack": [shared_cases / name]}, options), words)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("t01_lzw.tif", 30_720),
        ("t22_jpeg.tif", 30_720),
        ("t17_packed_12bit.tif", 256),
        ("real/hopper_lzw.tif", 49_152),
        ("real/ij_hyperstack_zc.tif", 589_824),
    ],
)
def test_compressed_and_packed_pictures_are_measured(run_program, shared_cases: Path, name, values) -> None:
    ending = run_program("qc", {"data": [shared_cases / name]})
    assert (ending.parameters["arrays"], ending.parameters["values"]) == (1, values)
    array = tifffile.imread(shared_cases / name)
    assert ending.parameters["mean"] == pytest.approx(float(array.mean()), rel=1e-9)


@pytest.mark.parametrize("name", ["t01_lzw.tif", "t22_jpeg.tif"])
def test_a_compressed_stack_is_deconvolved(run_program, shared_cases: Path, name) -> None:
    options = {"iterations": 10, "voxel_z": 0.5, "voxel_xy": 0.2}
    ending = run_program("lightsheet_deconvolution", {"stack": [shared_cases / name]}, options)
    assert ending.parameters["sharpness gain"] == pytest.approx(5.57, abs=1.2)


@pytest.mark.parametrize("folder", ["t18_multifile_ome", "t19_planes_folder"])
def test_planes_in_a_file_each_make_one_volume(run_program, shared_cases: Path, folder) -> None:
    planes = sorted((shared_cases / folder).glob("*.tif"))
    options = {"iterations": 2, "sigma_z": 0.5, "voxel_z": 0.5, "voxel_xy": 0.2}
    ending = run_program("lightsheet_deconvolution", {"stack": planes[::-1]}, options)
    with h5py.File(ending.output / "deconvolved.h5") as file:
        assert file["data"].shape == (6, 40, 48)


def test_a_plane_that_is_missing_is_named(run_program, refused, shared_cases: Path) -> None:
    planes = sorted((shared_cases / "t19_planes_folder").glob("*.tif"))
    del planes[3]
    refused(run_program("lightsheet_deconvolution", {"stack": planes}), "there is no file of the number 3")


def test_each_value_of_a_series_in_several_files_counts_once(run_program, shared_cases: Path) -> None:
    planes = sorted((shared_cases / "t18_multifile_ome").glob("*.tif"))
    ending = run_program("qc", {"data": planes})
    assert (ending.parameters["arrays"], ending.parameters["values"]) == (1, 11_520)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("p01_psf_odd.h5", 43_763),
        ("p02_psf_even_peak_at_half.h5", 43_763),
        ("p06_psf_background_subtracted.h5", 43_763),
    ],
)
def test_a_measured_psf_moves_nothing(run_program, shared_cases: Path, name, size) -> None:
    inputs = {"stack": [shared_cases / "p00_stack.h5"], "psf": [shared_cases / name]}
    ending = run_program("lightsheet_deconvolution", inputs, {"psf": "file", "iterations": 30})
    with h5py.File(ending.output / "deconvolved.h5") as file:
        values = file["data"][()]
    assert np.unravel_index(values.argmax(), values.shape) == (12, 20, 20)
    assert values.max() == pytest.approx(size, rel=0.04)
    assert ending.parameters["total intensity ratio"] == pytest.approx(1, abs=0.001)


def test_a_psf_of_finer_planes_is_taken_on_the_stacks(run_program, shared_cases: Path) -> None:
    inputs = {"stack": [shared_cases / "p00_stack.h5"], "psf": [shared_cases / "p03_psf_finer_z.h5"]}
    ending = run_program("lightsheet_deconvolution", inputs, {"psf": "file", "iterations": 30})
    # The file holds 23 planes of 0.1 um: five of the stack's.
    assert ending.parameters["psf size"] == "5 × 13 × 13"
    assert ending.parameters["total intensity ratio"] == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("n01_radians_no_units.nxs", {"angles": "rad"}),
        ("n10_dx_no_dark_frames.h5", {}),
        ("n15_one_nan.nxs", {}),
        ("n17_mrad.nxs", {}),
        ("n18_dead_column.nxs", {}),
        ("n20_diamond_tomo_entry.nxs", {}),
    ],
)
def test_scans_are_reconstructed_about_their_axis(run_program, shared_cases: Path, name, options) -> None:
    ending = run_program("tomo_slice", {"scan": [shared_cases / name]}, {"row_count": 1, **options})
    assert ending.parameters["rotation centre"] == pytest.approx(31.5, abs=0.1)
    with h5py.File(ending.output / "slices.h5") as file:
        image, units = file["data"][0], file["data"].attrs["units"]
    y, x = np.indices(image.shape) - 31.5
    disk = np.hypot(x, y) < 0.4 * 64 - 1
    per_pixel = 0.005 if units == "1/mm" else 1.0
    assert image[disk].mean() * per_pixel == pytest.approx(0.011, rel=0.03)
    assert abs(image[np.hypot(x, y) > 28].mean()) < 0.05 * image[disk].mean()


@pytest.mark.parametrize(("name", "interpolated"), [("n15_one_nan.nxs", 1), ("n18_dead_column.nxs", 120)])
def test_what_stands_in_for_bad_readings_is_counted(run_program, shared_cases: Path, name, interpolated) -> None:
    ending = run_program("tomo_slice", {"scan": [shared_cases / name]}, {"row_first": 0, "row_count": 4})
    assert ending.parameters["interpolated readings"] in (interpolated, 4 * interpolated)


def test_a_full_turn_about_an_axis_off_the_middle_is_stitched(run_program, shared_cases: Path) -> None:
    ending = run_program("tomo_slice", {"scan": [shared_cases / "n07_360_offset_axis.nxs"]}, {"row_count": 1})
    assert ending.parameters["rotation centre"] == pytest.approx(10.0, abs=0.1)
    with h5py.File(ending.output / "slices.h5") as file:
        image = file["data"][0]
    y, x = np.indices(image.shape) - (image.shape[0] - 1) / 2
    assert image[np.hypot(x, y) < 24].mean() * 0.005 == pytest.approx(0.01096, rel=0.03)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("n01_radians_no_units.nxs", "They go through 3.142, which is half a turn in radians"),
        ("real/savu_24888.nxs", "they lie in another file"),
    ],
)
def test_what_a_scan_does_not_tell_is_asked(run_program, refused, shared_cases, name, words) -> None:
    refused(run_program("tomo_slice", {"scan": [shared_cases / name]}), words)


@pytest.mark.parametrize(
    "name",
    [
        "r02_frame_all_zero.rtdc",
        "r16_several_rois_a_frame.rtdc",
        "r07_pixel_size_as_text.rtdc",
        "r10_latin1_vlen_attribute.rtdc",
    ],
)
def test_all_cells_are_found_whatever_the_file_says_beside_them(run_program, shared_cases: Path, name) -> None:
    ending = run_program("dc_segmentation", {"measurement": [shared_cases / name]})
    assert ending.parameters["cells"] == 20


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("r05_no_events.rtdc", "has no events"),
        ("r08_basin/b_small.rtdc", "They lie in a_raw.rtdc, to which it refers"),
    ],
)
def test_measurements_without_images_say_where_they_are(run_program, refused, shared_cases, name, words) -> None:
    refused(run_program("dc_segmentation", {"measurement": [shared_cases / name]}), words)


@pytest.mark.parametrize(
    ("name", "arrays", "left_out"),
    [
        ("h01_narrow_floats.h5", 3, 0),
        ("h05_unknown_filter.h5", 1, 1),
        ("h06_swmr_left_open.h5", 1, 1),
        ("h07_latin1_name.h5", 2, 0),
        ("h10_many_arrays.h5", 400, 0),
        ("r17_fifty_features.rtdc", 54, 0),
    ],
)
def test_one_array_that_cannot_be_measured_costs_itself_only(
    run_program, shared_cases, name, arrays, left_out
) -> None:
    ending = run_program("qc", {"data": [shared_cases / name]})
    assert (ending.parameters["arrays"], ending.parameters["left out"]) == (arrays, left_out)
    assert len(ending.metadata["previews"]) <= 50


def test_why_something_is_left_out_is_said(run_program, shared_cases: Path) -> None:
    page = (
        run_program("qc", {"data": [shared_cases / "h05_unknown_filter.h5"]}).output / "report.html"
    ).read_text()
    assert "a filter that is not installed here" in page
    page = (
        run_program("qc", {"data": [shared_cases / "h06_swmr_left_open.h5"]}).output / "report.html"
    ).read_text()
    assert "still open for writing" in page
    page = (run_program("qc", {"data": [shared_cases / "h07_latin1_name.h5"]}).output / "report.html").read_text()
    assert "Temp °C" in page
