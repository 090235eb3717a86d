"""Richardson–Lucy against scikit-image, and what no other program can tell."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve
from skimage.restoration import richardson_lucy as reference

from wrappers.kernels.deconvolution import BOUNDARIES, Course, gaussian_psf, richardson_lucy, sharpness
from wrappers.kernels.deconvolution import blurred as convolved

SIGMA = (2.5, 1.5, 1.5)


def blurred(background: float, seed: int = 1, *, noise: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    beads = np.zeros((26, 33, 40))
    for _ in range(10):
        beads[tuple(rng.integers((3, 3, 3), (23, 30, 37)))] = rng.uniform(500, 3000)
    expected = gaussian_filter(beads, SIGMA, mode="constant") + background
    return rng.poisson(expected).astype(float) if noise else expected


@pytest.mark.parametrize("support", [(15, 13, 11), (14, 10, 12), (1, 5, 4), (26, 33, 40), (25, 33, 39)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_boundary_is_scikit_images_result_with_the_psf_made_odd(
    support: tuple[int, int, int], dtype: type
) -> None:
    """scikit-image's mirror of an even PSF is a voxel beside its blur; with a plane of zeros before it is not."""
    image = blurred(10)
    psf = np.random.default_rng(0).random(support) + 0.1
    psf /= psf.sum()
    odd = np.pad(psf, [(1 - length % 2, 0) for length in support])
    wanted = reference(image, odd, 12, clip=False)
    found = richardson_lucy(image.astype(dtype), psf, 12, threads=2)
    assert found.dtype == dtype
    assert np.abs(found - wanted).max() <= 1e-5 * wanted.max()


@pytest.mark.parametrize(("background", "noise"), [(0.0, False), (0.0, True), (5.0, False), (100.0, True)])
def test_single_precision_stays_within_a_hundred_thousandth_in_dark_and_bright_stacks(
    background: float, noise: bool
) -> None:
    image = blurred(background, noise=noise)
    psf = gaussian_psf(SIGMA, (15, 13, 11))
    wanted = reference(image, psf, 20, clip=False)
    found = richardson_lucy(image.astype(np.float32), psf, 20)
    assert np.abs(found - wanted).max() <= 1e-5 * wanted.max()


def test_the_filter_epsilon_is_scikit_images() -> None:
    image = blurred(0)
    psf = gaussian_psf(SIGMA, (9, 9, 9))
    wanted = reference(image, psf, 8, clip=False, filter_epsilon=5.0)
    found = richardson_lucy(image, psf, 8, filter_epsilon=5.0)
    assert np.abs(found - wanted).max() <= 1e-10 * wanted.max()


@pytest.mark.parametrize("boundary", ["reflect", "nearest"])
def test_a_uniform_stack_stays_uniform_to_its_faces_without_the_zero_boundary(boundary: str) -> None:
    image = np.full((12, 20, 24), 7, np.float32)
    psf = gaussian_psf(SIGMA, (9, 9, 9))
    kept = richardson_lucy(image, psf, 10, boundary=boundary)  # type: ignore[arg-type]
    assert np.allclose(kept, 7, rtol=1e-4)
    assert not np.allclose(richardson_lucy(image, psf, 10), 7, rtol=1e-2)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_bead_becomes_a_point_at_its_place(boundary: str) -> None:
    beads = np.zeros((24, 30, 34))
    beads[10, 14, 20] = 1000
    image = gaussian_filter(beads, SIGMA)
    psf = gaussian_psf(SIGMA, (19, 13, 13))
    sharp = richardson_lucy(image, psf, 60, boundary=boundary)  # type: ignore[arg-type]
    assert np.unravel_index(sharp.argmax(), sharp.shape) == (10, 14, 20)
    assert sharp.max() > 8 * image.max()
    assert sharpness(sharp) > 10 * sharpness(image)
    assert sharp.sum() == pytest.approx(1000, rel=0.01)


def test_a_gaussian_psf_has_the_widths_asked_for() -> None:
    psf = gaussian_psf((3.0, 1.0, 2.0), (41, 21, 31))
    assert psf.sum() == pytest.approx(1)
    for axis, sigma in enumerate((3.0, 1.0, 2.0)):
        profile = psf.sum(axis=tuple(other for other in range(3) if other != axis))
        offset = np.arange(len(profile)) - len(profile) // 2
        assert np.sqrt((profile * offset**2).sum()) == pytest.approx(sigma, rel=1e-3)


def test_progress_is_told_after_each_iteration() -> None:
    told: list[int] = []
    richardson_lucy(np.ones((4, 4, 4), np.float32), gaussian_psf((1, 1, 1), (3, 3, 3)), 3, progress=told.append)
    assert told == [1, 2, 3]


@pytest.mark.parametrize("shape", [(8, 9, 10), (9, 8, 11), (7, 7, 7), (6, 6, 6), (1, 9, 8), (3, 4, 5)])
@pytest.mark.parametrize("support", [(3, 5, 7), (4, 5, 6), (3, 4, 4), (2, 2, 2), (1, 6, 1), (8, 9, 10)])
def test_blur_and_mirrored_blur_are_adjoint_for_every_parity(shape, support) -> None:
    rng = np.random.default_rng(3)
    psf, x, y = rng.random(support), rng.random(shape), rng.random(shape)
    there = float((convolved(x, psf) * y).sum())
    back = float((x * convolved(y, psf, mirrored=True)).sum())
    assert there == pytest.approx(back, rel=1e-13)
    if all(length >= width for length, width in zip(shape, support, strict=True)):
        assert np.allclose(convolved(x, psf), convolve(x, psf, mode="same"))


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_course_is_measured_within_the_volume_and_the_same_by_several_threads(boundary) -> None:
    image, psf = blurred(10), gaussian_psf(SIGMA, (15, 13, 11))
    courses = [Course(), Course()]
    for threads, course in enumerate(courses, 1):
        richardson_lucy(image, psf, 6, boundary=boundary, course=course, threads=threads)
    assert courses[0] == courses[1]
    assert (len(courses[0].residuals), len(courses[0].changes)) == (7, 6)
    assert all(after < before for before, after in pairwise(courses[0].residuals))
    estimates = [richardson_lucy(image, psf, n, boundary=boundary) for n in (5, 6)]
    change = np.abs(estimates[1] - estimates[0]).sum() / estimates[0].sum()
    assert courses[0].changes[-1] == pytest.approx(change, rel=1e-9)
    if boundary == "zero":
        left = np.linalg.norm(image - convolve(estimates[1], psf, mode="same")) / np.linalg.norm(image)
        assert courses[0].residuals[-1] == pytest.approx(left, rel=1e-9)


def test_iterations_end_where_the_estimate_changes_by_less_than_was_asked_for() -> None:
    image, psf, course = blurred(10), gaussian_psf(SIGMA, (15, 13, 11)), Course()
    richardson_lucy(image, psf, 200, course=course, stop_at=0.02)
    assert 3 < len(course.changes) < 200
    assert course.changes[-1] < 0.02 <= min(course.changes[:-1])
    again = Course()
    richardson_lucy(image, psf, len(course.changes), course=again)
    assert again == course
