"""Point spread functions as people measure them, and stacks of unusual values: right, or said."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

SHAPE = (20, 40, 48)
SIGMA = (1.6, 1.5, 1.5)
BEADS = ((6, 10, 12), (11, 30, 21), (14, 15, 33))
OPTIONS = {"psf": "file", "iterations": 10, "boundary": "zero"}


def spot(shape: tuple[int, ...], place: tuple[int, ...], sigma: tuple[float, ...] = SIGMA) -> np.ndarray:
    light = np.zeros(shape)
    light[place] = 1
    blurred = gaussian_filter(light, sigma, mode="constant", truncate=6)
    return np.asarray(blurred / blurred.max())


def written(path: Path, values: np.ndarray) -> Path:
    tifffile.imwrite(path, values, photometric="minisblack", metadata={"axes": "ZYX"})
    return path


@pytest.fixture
def blurred() -> np.ndarray:
    truth = np.zeros(SHAPE)
    for number, place in enumerate(BEADS):
        truth[place] = 1000 * (number + 2)
    return np.asarray(gaussian_filter(truth, SIGMA, mode="constant", truncate=6)).astype(np.float32)


@pytest.fixture
def by_psf(run_program, tmp_path: Path, blurred):
    """Deconvolve the beads with a measured PSF, and return the ending and the result."""

    def run(psf: np.ndarray, stack: np.ndarray = blurred, **options):
        files = {"stack": [written(tmp_path / "a.tif", stack)], "psf": [written(tmp_path / "psf.tif", psf)]}
        ending = run_program("lightsheet_deconvolution", files, OPTIONS | options)
        assert ending.code == 0, ending.words
        return ending, tifffile.imread(ending.output / "deconvolved.ome.tif")

    return run


def peak_of(volume: np.ndarray) -> tuple[int, ...]:
    return tuple(int(place) for place in np.unravel_index(volume.argmax(), volume.shape))


def test_a_saturated_psf_moves_nothing_and_is_said(by_psf) -> None:
    psf = np.minimum(spot((15, 15, 15), (7, 7, 7)) * 3 * 65535, 65535).astype(np.uint16)
    ending, result = by_psf(psf)
    assert peak_of(result) == BEADS[-1]
    assert "brightest voxels have one value: it may be saturated" in ending.warned


def test_a_uniform_psf_has_its_middle_in_its_middle(by_psf, blurred) -> None:
    _, result = by_psf(np.ones((3, 3, 3), np.float32), iterations=2)
    assert np.abs(np.subtract(peak_of(result), BEADS[-1])).max() <= 1
    centre = [(result.sum(axis=tuple({0, 1, 2} - {axis})) * np.arange(SHAPE[axis])).sum() for axis in range(3)]
    wanted = [(blurred.sum(axis=tuple({0, 1, 2} - {axis})) * np.arange(SHAPE[axis])).sum() for axis in range(3)]
    assert np.asarray(centre) / result.sum() == pytest.approx(np.asarray(wanted) / blurred.sum(), abs=0.05)


@pytest.mark.parametrize(
    ("shape", "place"), [((61, 61, 61), (30, 30, 30)), ((25, 25, 25), (8, 15, 9)), ((15, 60, 15), (7, 8, 7))]
)
def test_dark_voxels_around_a_psf_are_no_reason_to_refuse_it(by_psf, shape, place) -> None:
    ending, result = by_psf(spot(shape, place).astype(np.float32))
    assert peak_of(result) == BEADS[-1]
    assert not ending.warned or "bright" not in ending.warned


def test_a_psf_with_light_beyond_the_stack_is_refused(run_program, refused, tmp_path: Path, blurred) -> None:
    broad = spot((61, 61, 61), (30, 30, 30), (9, 9, 9)).astype(np.float32)
    files = {"stack": [written(tmp_path / "a.tif", blurred)], "psf": [written(tmp_path / "psf.tif", broad)]}
    refused(run_program("lightsheet_deconvolution", files, OPTIONS), "is larger than the stack")


def test_background_and_a_second_bead_in_a_psf_are_said(by_psf) -> None:
    one = spot((15, 15, 15), (7, 7, 7))
    plain, wanted = by_psf((one * 10000).astype(np.uint16))
    ending, found = by_psf((one * 10000 + 100).astype(np.uint16))
    assert "the PSF had a background of 100, 3" in ending.warned
    assert (plain.parameters["psf background"], ending.parameters["psf background"]) == (0, 100)
    assert np.abs(found - wanted).max() < 0.01 * wanted.max()
    two = spot((19, 31, 31), (9, 9, 9)) + 0.8 * spot((19, 31, 31), (9, 22, 20))
    ending, _ = by_psf((two * 10000).astype(np.uint16))
    assert "the PSF has 2 bright spots, where one bead is needed" in ending.warned


def test_of_a_clean_psf_nothing_is_said(by_psf) -> None:
    noise = np.random.default_rng(1).poisson(spot((15, 15, 15), (7, 7, 7)) * 500)
    ending, _ = by_psf(noise.astype(np.uint16))
    assert "bright" not in ending.warned
    assert "background" not in ending.warned


@pytest.mark.parametrize("scale", [1e-34, 1e-12, 1.0, 1e15, 1e31])
def test_the_range_of_the_values_does_not_matter(by_psf, blurred, scale) -> None:
    psf = spot((15, 15, 15), (7, 7, 7)).astype(np.float32)
    ending, result = by_psf(psf, (blurred * scale).astype(np.float32))
    _, wanted = by_psf(psf)
    assert ending.parameters["total intensity ratio"] == pytest.approx(1, abs=1e-3)
    assert ending.parameters["sharpness gain"] > 3
    assert np.abs(result.astype(float) / scale - wanted).max() <= 1e-4 * wanted.max()


def test_values_below_zero_and_lost_frames_are_said(by_psf, blurred) -> None:
    psf = spot((15, 15, 15), (7, 7, 7)).astype(np.float32)
    ending, _ = by_psf(psf, blurred - 5)
    assert "of the stack's values are below zero and were taken as zero" in ending.warned
    lost = blurred.copy()
    lost[[3, 9]] = 0
    ending, _ = by_psf(psf, lost + (np.arange(20) == 5)[:, None, None])
    assert "2 of 20 planes have the same value everywhere (z 3, 9" in ending.warned


@pytest.mark.parametrize("second", [0.25, 0.45])
def test_a_dimmer_bead_beside_is_said(by_psf, second: float) -> None:
    pair = spot((15, 15, 31), (7, 7, 7)) + second * spot((15, 15, 31), (7, 7, 22))
    noisy = np.random.default_rng(1).poisson(1000 * pair + 20).astype(np.uint16)
    assert "the PSF has 2 bright spots" in by_psf(noisy)[0].warned


def test_lobes_along_the_axis_are_no_beads(by_psf) -> None:
    shape, width = (19, 15, 15), (1.6, 1.2, 1.2)
    psf = (
        spot(shape, (9, 7, 7), width)
        + 0.35 * spot(shape, (2, 7, 7), width)
        + 0.35 * spot(shape, (16, 7, 7), width)
    )
    assert "bright spots" not in by_psf(psf.astype(np.float32))[0].warned


def test_a_sloping_background_that_draws_the_centre_is_said(by_psf) -> None:
    psf = 1000 * spot((15, 15, 15), (7, 7, 7)) + np.linspace(0, 200, 15)
    assert (
        "the centre of the PSF's light is away from its brightest voxel"
        in by_psf(psf.astype(np.float32))[0].warned
    )


@pytest.mark.parametrize(("limit", "kind"), [(255, np.uint8), (4095, np.uint16)])
def test_a_psf_of_which_few_voxels_are_full_is_said(by_psf, limit: int, kind: type) -> None:
    psf = (1.35 * limit * spot((15, 15, 15), (7, 7, 7))).clip(0, limit).round().astype(kind)
    assert (psf == limit).sum() == 7
    assert "it may be saturated" in by_psf(psf)[0].warned


def test_a_maximum_between_voxels_is_not_saturated(by_psf) -> None:
    grid = np.indices((14, 14, 14)) - 6.5
    psf = np.exp(-0.5 * (grid**2).sum(axis=0) / 2.25)
    assert "saturated" not in by_psf((255 * psf / psf.max()).round().astype(np.uint8))[0].warned


def test_a_stack_of_one_value_is_said(by_psf) -> None:
    ending, _ = by_psf(spot((9, 9, 9), (4, 4, 4)).astype(np.float32), np.full(SHAPE, 100, np.uint16))
    assert "every voxel of the stack has the value 100" in ending.warned


@pytest.mark.parametrize("brightest", [2e38, 1e300])
def test_values_that_the_result_cannot_hold_are_refused(
    run_program, refused, tmp_path, blurred, brightest
) -> None:
    stack = blurred.astype(np.float64) / blurred.max() * brightest
    files = {
        "stack": [written(tmp_path / "a.tif", stack)],
        "psf": [written(tmp_path / "p.tif", spot((9, 9, 9), (4, 4, 4)))],
    }
    refused(run_program("lightsheet_deconvolution", files, OPTIONS), "above 3.4e+38")


def test_a_psf_below_zero_is_not_called_zero(run_program, refused, tmp_path, blurred) -> None:
    psf = (spot((9, 9, 9), (4, 4, 4)) - 5).astype(np.float32)
    files = {"stack": [written(tmp_path / "a.tif", blurred)], "psf": [written(tmp_path / "p.tif", psf)]}
    refused(run_program("lightsheet_deconvolution", files, OPTIONS), "No voxel of the PSF is above zero")
