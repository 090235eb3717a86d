"""The deconvolution program end to end: files in, files out, held against scikit-image."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image
from program_ending import Ending
from scipy.ndimage import gaussian_filter
from skimage.restoration import richardson_lucy as reference

from wrappers.kernels.deconvolution import gaussian_psf

SHAPE = (24, 40, 44)
SIGMA = (2.0, 1.5, 1.5)
VOXEL = {"voxel size x": {"value": 200, "units": "nm"}, "voxel size y": {"value": 0.2, "units": "um"},
         "voxel size z": {"value": 0.5, "units": "um"}}  # fmt: skip


def beads() -> np.ndarray:
    rng = np.random.default_rng(0)
    truth = np.zeros(SHAPE)
    for place in ((6, 10, 12), (12, 30, 20), (18, 15, 33)):
        truth[place] = 4000
    return rng.poisson(gaussian_filter(truth, SIGMA) + 3).astype(np.uint16)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = beads()
        file["entry/other"] = np.zeros((60, 60), np.uint8)
    return path


@pytest.fixture
def psf_file(tmp_path: Path) -> Path:
    path = tmp_path / "psf.tif"
    tifffile.imwrite(path, (gaussian_psf(SIGMA, (13, 9, 9)) * 1e5).astype(np.uint16), photometric="minisblack")
    return path


def deconvolved(ending: Ending) -> np.ndarray:
    with h5py.File(ending.output / "deconvolved.h5") as file:
        return np.asarray(file["data"])


def test_a_measured_psf_and_the_zero_boundary_give_scikit_images_result(run_program, stack, psf_file) -> None:
    options = {"psf": "file", "iterations": 15, "boundary": "zero", "background": 3.0}
    ending = run_program("lightsheet_deconvolution", {"stack": [stack], "psf": [psf_file]}, options, cpus=2)
    psf = tifffile.imread(psf_file).astype(float)
    image = np.maximum(beads().astype(float) - 3, 0)
    wanted = reference(image, psf / psf.sum(), 15, clip=False)
    assert np.abs(deconvolved(ending) - wanted).max() <= 1e-5 * wanted.max()
    assert ending.parameters["total intensity ratio"] == pytest.approx(wanted.sum() / image.sum(), rel=1e-4)
    assert ending.parameters["sharpness gain"] > 3


def test_a_gaussian_psf_in_micrometres_uses_the_voxel_sizes_of_the_catalogue(run_program, stack) -> None:
    options = {"sigma_xy": 0.3, "sigma_z": 1.0, "iterations": 10, "boundary": "zero"}
    ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, options, parameters=VOXEL)
    wanted = reference(beads().astype(float), gaussian_psf(SIGMA, (17, 13, 13)), 10, clip=False)
    assert np.abs(deconvolved(ending) - wanted).max() <= 1e-5 * wanted.max()
    stages = list(dict.fromkeys(event["stage"] for event in ending.events))
    assert stages == ["reading", "deconvolving", "saving"]


def test_both_files_hold_the_same_volume_with_its_voxel_sizes(run_program, stack) -> None:
    ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, {"iterations": 3}, parameters=VOXEL)
    volume = deconvolved(ending)
    assert volume.shape == SHAPE
    assert volume.dtype == np.float32
    with h5py.File(ending.output / "deconvolved.h5") as file:
        assert dict(file["data"].attrs)["voxel size x"] == pytest.approx(0.2)
        assert dict(file["data"].attrs)["voxel size z"] == 0.5
        assert file["data"].compression == "gzip"
        assert file["psf"][...].sum() == pytest.approx(1, rel=1e-5)
    with tifffile.TiffFile(ending.output / "deconvolved.ome.tif") as file:
        assert file.is_ome
        assert file.series[0].axes == "ZYX"
        assert np.array_equal(file.asarray(), volume)
        pixels = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
        assert [pixels[f"Size{axis}"] for axis in "XYZCT"] == [SHAPE[2], SHAPE[1], SHAPE[0], 1, 1]
        assert (pixels["Type"], pixels["PhysicalSizeZUnit"]) == ("float", "µm")
        assert pixels["TiffData"]["PlaneCount"] == SHAPE[0]
        sizes = [pixels[f"PhysicalSize{axis}"] for axis in "ZYX"]
        assert sizes == pytest.approx([0.5, 0.2, 0.2])


def test_its_pictures_say_their_values_and_what_they_span(run_program, stack) -> None:
    ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, {"iterations": 3}, parameters=VOXEL)
    volume = deconvolved(ending)
    told = {Path(one["file"]).stem: one for one in ending.metadata["previews"]}
    spans = {"x": SHAPE[2] * 0.2, "y": SHAPE[1] * 0.2, "z": SHAPE[0] * 0.5}
    for name, face in (("xy", volume.max(0)), ("xz", volume.max(1)), ("zy", volume.max(2).T)):
        ends = told[name]["black"], told[name]["white"]
        assert ends == pytest.approx(tuple(np.percentile(face, (0.5, 99.8))), rel=1e-6)
        size = told[name]["width_um"], told[name]["height_um"]
        assert size == pytest.approx((spans[name[0]], spans[name[1]]))
        width, height = Image.open(ending.output / told[name]["file"]).size
        assert width / height == pytest.approx(size[0] / size[1], rel=0.02)
    assert "black" not in told["residual"] and "width_um" not in told["residual"]


def test_the_result_can_be_deconvolved_again_from_either_file(run_program, stack) -> None:
    first = run_program("lightsheet_deconvolution", {"stack": [stack]}, {"iterations": 2}, parameters=VOXEL)
    # The HDF5 file also has the point spread function: which is meant must be said.
    for name, options in (("deconvolved.h5", {"array": "/data"}), ("deconvolved.ome.tif", {})):
        # Neither says its voxel sizes in the catalogue now: they are read from the file.
        stack = first.output / name
        again = run_program("lightsheet_deconvolution", {"stack": [stack]}, {"iterations": 1, **options})
        assert again.parameters["voxel size z"] == pytest.approx(0.5)
        assert again.parameters["voxel size x"] == pytest.approx(0.2)


def test_one_of_two_volumes_is_named_and_never_guessed(run_program, refused, tmp_path: Path) -> None:
    path = tmp_path / "two.h5"
    with h5py.File(path, "w") as file:
        file["data"] = beads()
        file["entry/data/data"] = 2 * beads()
    options = {"iterations": 1, "voxel_xy": 0.2, "voxel_z": 0.5}
    words = "has 2 volumes; choose one by its name: /data (24 × 40 × 44); /entry/data/data (24 × 40 × 44)"
    refused(run_program("lightsheet_deconvolution", {"stack": [path]}, options), words)
    totals = [
        deconvolved(run_program("lightsheet_deconvolution", {"stack": [path]}, {**options, "array": name})).sum()
        for name in ("/data", "two.h5: /entry/data/data")
    ]
    assert totals[1] == pytest.approx(2 * totals[0], rel=1e-4)


def test_the_forms_voxel_sizes_come_before_the_files(run_program, stack) -> None:
    options = {"iterations": 1, "voxel_xy": 0.4, "voxel_z": 0.8}
    ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, options, parameters=VOXEL)
    assert (ending.parameters["voxel size x"], ending.parameters["voxel size z"]) == (0.4, 0.8)


def test_double_precision_is_scikit_images_to_the_last_digits_kept(run_program, stack, psf_file) -> None:
    options = {"psf": "file", "iterations": 5, "boundary": "zero", "precision": "double"}
    ending = run_program("lightsheet_deconvolution", {"stack": [stack], "psf": [psf_file]}, options)
    psf = tifffile.imread(psf_file).astype(float)
    wanted = reference(beads().astype(float), psf / psf.sum(), 5, clip=False)
    assert np.allclose(deconvolved(ending), wanted, rtol=1e-6, atol=1e-6 * wanted.max())


def test_the_recorded_volume_gains_sharpness_and_keeps_its_light(run_program, test_data) -> None:
    folder = test_data / "lightsheet"
    inputs = {"stack": [folder / "gendata_psfconv_poiss.tif"], "psf": [folder / "PSF_RFI_8bit.tif"]}
    ending = run_program("lightsheet_deconvolution", inputs, {"psf": "file", "iterations": 10}, cpus=2)
    # The volume is a grid of points: nine columns of light in the projection along z.
    bright = deconvolved(ending).max(axis=0)
    assert ending.parameters["sharpness gain"] > 3
    assert ending.parameters["total intensity ratio"] == pytest.approx(1, abs=0.06)
    from skimage.feature import peak_local_max

    assert len(peak_local_max(bright, min_distance=10, threshold_rel=0.3, exclude_border=False)) == 9


def test_a_stack_of_unknown_voxel_size_needs_one_for_a_gaussian_psf(run_program, refused, stack) -> None:
    ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, {"iterations": 1})
    refused(ending, "voxel size of this stack is not known")


def test_unfit_stacks_end_in_one_sentence(run_program, refused, tmp_path: Path, psf_file: Path) -> None:
    cases = {
        "nan.h5": (np.full((4, 14, 14), np.nan), "are not finite numbers"),
        "complex.h5": (np.zeros((14, 14, 14), complex), "complex numbers, where real ones are needed"),
        "flat.h5": (np.zeros((14, 14)), "no three-dimensional array"),
        "dark.h5": (np.zeros((14, 14, 14)), "brighter than the background"),
        "small.h5": (np.ones((4, 14, 14)), "The PSF (13 × 9 × 9 voxels, z × y × x) is larger than the stack"),
    }
    for name, (values, words) in cases.items():
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            file["data"] = values
        refused(
            run_program("lightsheet_deconvolution", {"stack": [path], "psf": [psf_file]}, {"psf": "file"}), words
        )


def test_a_truncated_stack_is_named(run_program, refused, stack, psf_file) -> None:
    stack.write_bytes(stack.read_bytes()[:-5000])
    ending = run_program("lightsheet_deconvolution", {"stack": [stack], "psf": [psf_file]}, {"psf": "file"})
    refused(ending, "kB are there. Copy it again.")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"iterations": 0}, "iterations"),
        ({"boundary": "periodic"}, "boundary"),
        ({"sigma_xy": -1}, "sigma_xy"),
        ({"psf": "file"}, "No file was given as psf"),
        ({"sigma_z": 50}, "The PSF is larger than the stack"),
        ({"sigma_z": 50}, "Give a smaller width along z or a stack with more voxels there"),
    ],
)
def test_options_out_of_bounds_end_in_one_sentence(run_program, refused, stack, options, words) -> None:
    refused(run_program("lightsheet_deconvolution", {"stack": [stack]}, options, parameters=VOXEL), words)


def test_a_voxel_without_a_number_costs_itself_only(run_program, tmp_path: Path, psf_file: Path) -> None:
    paths, options = [], {"psf": "file", "iterations": 5}
    for name, spoiled in (("good.h5", ()), ("bad.h5", (np.nan, np.inf, -np.inf))):
        values = beads().astype(np.float32)
        for place, value in enumerate(spoiled):
            values[3, 4, 5 + place] = value
        paths.append(tmp_path / name)
        with h5py.File(paths[-1], "w") as file:
            file["data"] = values
    good, bad = (
        run_program("lightsheet_deconvolution", {"stack": [p], "psf": [psf_file]}, options) for p in paths
    )
    assert "interpolated voxels" not in good.parameters
    assert bad.parameters["interpolated voxels"] == 3
    assert np.abs(deconvolved(bad) - deconvolved(good)).max() < 0.02 * deconvolved(good).max()


def test_a_psf_of_other_voxels_is_not_taken_where_not_all_sizes_are_known(
    run_program, refused, stack, tmp_path: Path
) -> None:
    """Its sizes in x and y alone had been left aside, and the job was Done."""
    psf = tmp_path / "psf.h5"
    with h5py.File(psf, "w") as file:
        file["psf"] = gaussian_psf(SIGMA, (13, 9, 9))
        for axis in "xy":
            file["psf"].attrs[f"voxel_size_{axis}_um"] = 0.1
    inputs, options = {"stack": [stack], "psf": [psf]}, {"psf": "file", "iterations": 1, "voxel_z": 0.5}
    refused(
        run_program("lightsheet_deconvolution", inputs, options | {"voxel_xy": 0.2}),
        "has other voxels than the stack",
    )
    assert run_program("lightsheet_deconvolution", inputs, options | {"voxel_xy": 0.1}).code == 0


def test_each_of_several_volumes_keeps_the_voxel_size_that_its_file_tells(run_program, tmp_path: Path) -> None:
    """The dataset's parameter, of the first one, had been taken for the other."""
    path = tmp_path / "two.h5"
    with h5py.File(path, "w") as file:
        for name, size in (("/overview", 2.0), ("/detail", 0.2)):
            file[name] = beads().astype(np.uint16)
            file[name].attrs["element_size_um"] = (0.5, size, size)
    known = {f"voxel size {axis}": {"value": 2.0, "units": "um"} for axis in "xy"}
    ending = run_program(
        "lightsheet_deconvolution",
        {"stack": [path]},
        {"array": "/detail", "iterations": 1},
        parameters=known,
    )
    assert [ending.parameters[f"voxel size {axis}"] for axis in "xyz"] == [0.2, 0.2, 0.5]


UNEVEN = {"voxel_size_x_um": 0.2, "voxel_size_y_um": 0.4, "voxel_size_z_um": 0.5}


def volume_file(path: Path, **attributes: float) -> Path:
    with h5py.File(path, "w") as file:
        file["data"] = beads()
        file["data"].attrs.update(attributes)
    return path


@pytest.mark.parametrize("options", [{}, {"voxel_xy": 0.2}, {"voxel_xy": 0.20000001}])
def test_sizes_that_differ_in_the_plane_are_both_used(run_program, tmp_path: Path, options) -> None:
    path = volume_file(tmp_path / "uneven.h5", **UNEVEN)
    ending = run_program(
        "lightsheet_deconvolution", {"stack": [path]}, {"iterations": 2, "boundary": "zero", **options}
    )
    assert [ending.parameters[f"voxel size {axis}"] for axis in "xyz"] == [0.2, 0.4, 0.5]
    wanted = reference(beads().astype(float), gaussian_psf((1.8, 0.75, 1.5), (17, 7, 13)), 2, clip=False)
    assert np.abs(deconvolved(ending) - wanted).max() <= 1e-5 * wanted.max()


def test_one_size_cannot_stand_for_two_that_differ(run_program, refused, tmp_path: Path) -> None:
    path = volume_file(tmp_path / "uneven.h5", **UNEVEN)
    words = "The voxels of the stack are 0.2 µm along x and 0.4 µm along y: one size in the plane (0.3 µm)"
    refused(run_program("lightsheet_deconvolution", {"stack": [path]}, {"voxel_xy": 0.3}), words)


def test_a_size_along_y_is_never_taken_from_x_without_a_word(run_program, refused, tmp_path: Path) -> None:
    path = volume_file(tmp_path / "half.h5", voxel_size_x_um=0.2, voxel_size_z_um=0.5)
    refused(
        run_program("lightsheet_deconvolution", {"stack": [path]}, {"iterations": 1}), "is not known along y; give"
    )
    given = run_program("lightsheet_deconvolution", {"stack": [path]}, {"iterations": 1, "voxel_xy": 0.2})
    words = "the voxel size along y is not told: the size in the plane that was given, 0.2 µm, is taken"
    assert words in given.warned
    psf = volume_file(tmp_path / "psf.h5", voxel_size_x_um=0.2, voxel_size_z_um=0.5)
    with h5py.File(psf, "r+") as file:
        del file["data"]
        file["data"] = gaussian_psf(SIGMA, (13, 9, 9))
    measured = run_program(
        "lightsheet_deconvolution", {"stack": [path], "psf": [psf]}, {"iterations": 1, "psf": "file"}
    )
    assert "voxel size y" not in measured.parameters


@pytest.mark.parametrize(
    ("options", "axes"),
    [
        ({"sigma_xy": 0.01, "sigma_z": 0.02}, "z, y and x"),
        ({"sigma_xy": 0.01}, "y and x"),
        ({"sigma_z": 0.02}, "z"),
        ({}, ""),
    ],
)
def test_a_psf_narrower_than_a_voxel_is_said(run_program, stack, options, axes) -> None:
    ending = run_program(
        "lightsheet_deconvolution", {"stack": [stack]}, {"iterations": 1, **options}, parameters=VOXEL
    )
    words = f"the PSF is narrower than a voxel along {axes}: nothing is sharpened there"
    assert (words in ending.warned) == bool(axes)


def test_a_measured_psf_of_one_bright_voxel_is_said(run_program, stack, tmp_path: Path) -> None:
    psf = np.zeros((5, 5, 5), np.float32)
    psf[2, 2, 2] = 7
    tifffile.imwrite(tmp_path / "one.tif", psf, photometric="minisblack")
    inputs = {"stack": [stack], "psf": [tmp_path / "one.tif"]}
    ending = run_program("lightsheet_deconvolution", inputs, {"iterations": 1, "psf": "file"})
    assert "narrower than a voxel along z, y and x" in ending.warned


def psf_in(path: Path, values: np.ndarray, **attributes: float) -> Path:
    with h5py.File(path, "w") as file:
        file["data"] = values
        file["data"].attrs.update(attributes)
    return path


UNTOLD = "the PSF's file does not tell its voxel size"
SQUARE = {"voxel_size_x_um": 0.2, "voxel_size_y_um": 0.2, "voxel_size_z_um": 0.5}


@pytest.mark.parametrize(
    ("own", "stacks", "words"),
    [
        ({}, SQUARE, f"{UNTOLD} along z, y and x: its voxels are taken to be the stack's"),
        (
            {"voxel_size_x_um": 0.2, "voxel_size_y_um": 0.2},
            SQUARE,
            f"{UNTOLD} along z: its voxels are taken to be the stack's",
        ),
        (SQUARE, {}, "the stack's voxel size is not known along z, y and x: its voxels are taken to be the PSF's"),
        ({}, {}, "voxel sizes of stack and PSF are not known along z, y and x: they are taken to be the same"),
        (SQUARE, SQUARE, ""),
    ],
)  # fmt: skip
def test_voxels_of_a_psf_that_are_taken_to_be_the_stacks_are_said(
    run_program, tmp_path: Path, own, stacks, words
) -> None:
    psf = psf_in(tmp_path / "psf.h5", gaussian_psf(SIGMA, (13, 9, 9)), **own)
    path = volume_file(tmp_path / "stack.h5", **stacks)
    ending = run_program(
        "lightsheet_deconvolution", {"stack": [path], "psf": [psf]}, {"iterations": 1, "psf": "file"}
    )
    assert ending.warned == words


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", [(6, 4, 4), (5, 4, 4), (0, 0, 0)])
def test_a_psf_with_values_that_are_no_numbers_is_refused(
    run_program, refused, stack, tmp_path: Path, value, place
) -> None:
    values = gaussian_psf(SIGMA, (13, 9, 9))
    values[place] = value
    inputs = {"stack": [stack], "psf": [psf_in(tmp_path / "psf.h5", values, **SQUARE)]}
    ending = run_program("lightsheet_deconvolution", inputs, {"iterations": 1, "psf": "file"})
    refused(ending, "1 value of the PSF is no finite number, and its brightest voxel may be that one")


def test_a_channel_of_a_psf_is_chosen_where_it_has_two(run_program, refused, stack, tmp_path: Path) -> None:
    one = gaussian_psf(SIGMA, (13, 9, 9)).astype(np.float32)
    path = tmp_path / "two.ome.tif"
    tifffile.imwrite(path, np.stack([one, one]), metadata={"axes": "CZYX"}, ome=True)
    inputs = {"stack": [stack], "psf": [path]}
    ending = run_program("lightsheet_deconvolution", inputs, {"iterations": 1, "psf": "file"})
    refused(ending, "two.ome.tif has 2 channels in Image0; choose one, from 0 to 1")
    assert run_program("lightsheet_deconvolution", inputs, {"psf": "file", "psf_channel": "1"}).code == 0


def test_a_damaged_file_beside_the_chosen_array_is_left_out_and_named(
    run_program, refused, stack, tmp_path
) -> None:
    broken = tmp_path / "broken.h5"
    broken.write_bytes(stack.read_bytes()[:-5000])
    name = next(iter(sorted(_names(stack))))
    options = {"iterations": 1}
    ending = run_program(
        "lightsheet_deconvolution", {"stack": [broken, stack]}, options | {"array": name}, parameters=VOXEL
    )
    assert "left out: broken.h5 is damaged: " in ending.warned
    for given in ({}, {"array": "/elsewhere"}):  # what is meant may be in it
        refused(
            run_program("lightsheet_deconvolution", {"stack": [broken, stack]}, options | given, parameters=VOXEL),
            "broken.h5 is damaged: ",
        )


def _names(path: Path) -> list[str]:
    found: list[str] = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.append(f"/{name}") if isinstance(item, h5py.Dataset) else None)
    return found
