"""Filtered back-projection against scikit-image and a phantom; the axis against known ones."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import shift
from skimage.data import shepp_logan_phantom
from skimage.transform import iradon, radon, resize

from wrappers.kernels.rotation_axis import find_centre, half_turn
from wrappers.kernels.stripes import without_stripes
from wrappers.kernels.tomography import (
    FILTERS,
    LEAST_TRANSMISSION,
    angle_weights,
    attenuation,
    filtered_back_projection,
)

SIZE = 129
DEGREES = np.linspace(0, 180, 180, endpoint=False)
INNER = np.hypot(*np.mgrid[-64:65, -64:65]) < 62


@cache
def phantom() -> np.ndarray:
    return np.asarray(resize(shepp_logan_phantom(), (SIZE, SIZE), anti_aliasing=True))


@cache
def sinogram() -> np.ndarray:
    """(angles, columns), the axis in column 64."""
    return np.ascontiguousarray(radon(phantom(), DEGREES, circle=True).T)


def reconstructed(**changes: object) -> np.ndarray:
    given = {
        "sinograms": sinogram()[None].astype(np.float32),
        "angles": np.deg2rad(DEGREES),
        "centre": 64.0,
    } | changes
    return np.asarray(filtered_back_projection(**given)[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "tolerance"), [("ramp", 1e-4), ("shepp-logan", 1e-4), ("hann", 2e-3)])
def test_slices_are_scikit_images(kind: str, tolerance: float) -> None:
    # Its Hann window is sampled between our frequencies, hence the wider tolerance there.
    wanted = iradon(sinogram().T, DEGREES, filter_name=kind, circle=True)
    found = reconstructed(kind=kind, threads=2)
    assert np.abs(found - wanted)[INNER].max() < tolerance * np.abs(wanted).max()


@pytest.mark.parametrize("kind", FILTERS)
def test_a_slice_is_the_phantom(kind: str) -> None:
    assert np.sqrt(np.mean((reconstructed(kind=kind) - phantom())[INNER] ** 2)) < 0.09


def test_a_full_turn_and_unequal_angles_keep_the_scale() -> None:
    twice = np.concatenate([sinogram(), sinogram()[:, ::-1]])[None].astype(np.float32)
    angles = np.deg2rad(np.concatenate([DEGREES, DEGREES + 180]))
    assert np.allclose(reconstructed(sinograms=twice, angles=angles)[INNER], reconstructed()[INNER], atol=1e-3)
    unequal = np.concatenate([np.arange(0, 90), np.arange(90, 180, 2)])
    found = reconstructed(sinograms=sinogram()[unequal][None].astype(np.float32), angles=np.deg2rad(unequal))
    assert found[INNER].mean() == pytest.approx(phantom()[INNER].mean(), rel=0.02)


def test_the_slice_does_not_depend_on_where_the_axis_is() -> None:
    moved = shift(sinogram(), (0, 5.0), order=1)
    found = reconstructed(sinograms=moved[None].astype(np.float32), centre=69.0)
    inner = np.hypot(*np.mgrid[-64:65, -64:65]) < 55
    assert np.allclose(found[inner], reconstructed()[inner], atol=0.02)


def test_rows_do_not_mix() -> None:
    both = np.stack([sinogram(), 2 * sinogram()]).astype(np.float32)
    slices = filtered_back_projection(both, np.deg2rad(DEGREES), 64.0)
    assert np.allclose(slices[1], 2 * slices[0], atol=1e-4)


def test_angle_weights_add_up_to_half_a_turn_and_repeated_angles_share_theirs() -> None:
    angles = np.deg2rad(np.array([0.0, 60.0, 120.0, 180.0]))
    weights = angle_weights(angles)
    assert weights.sum() == pytest.approx(math.pi)
    assert weights[0] + weights[3] == pytest.approx(math.pi / 3)
    assert weights[1:3] == pytest.approx([math.pi / 3] * 2)


@pytest.mark.parametrize("offset", [0.0, 3.3, -7.25, 10.5])
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_the_axis_is_found_to_a_tenth_of_a_pixel(offset: float, noise: float) -> None:
    moved = shift(sinogram(), (0, offset), order=3)
    moved += np.random.default_rng(0).normal(0, noise, moved.shape)
    assert find_centre(moved.astype(np.float32)) == pytest.approx(64 + offset, abs=0.1)


@pytest.mark.parametrize("axis", [64.0, 63.5, 66.6])
@pytest.mark.parametrize("seed", range(4))
def test_noise_does_not_draw_the_axis_between_columns(axis: float, seed: int) -> None:
    """Interpolated for a shift by a part of a pixel, noise is less: the axis was found up to 0.3 pixels off."""
    moved = shift(sinogram()[:, 1:-1] * 0.02, (0, axis - 64), order=3)
    noise = np.random.default_rng(seed).normal(0, 0.02, moved.shape)
    assert find_centre((moved + noise).astype(np.float32)) == pytest.approx(axis - 1, abs=0.12)


def test_half_a_turn_is_taken_from_a_full_one_in_order_of_angle() -> None:
    angles = np.deg2rad(np.arange(0, 361, 10.0))[::-1]
    rows = np.arange(37)[::-1][:, None]
    assert half_turn(rows, angles).ravel().tolist() == list(range(18))
    with pytest.raises(ValueError, match="less than half a turn"):
        half_turn(rows[:10], angles[:10])


def test_attenuation_is_the_logarithm_of_the_beams_share_and_tells_what_says_nothing() -> None:
    flat, dark = np.full((2, 3), 1000.0), np.full((2, 3), 100.0)
    truth = np.random.default_rng(0).uniform(0, 2, (4, 2, 3))
    readings = 100 + 900 * np.exp(-truth)
    readings[1, 0, 2] = 90
    flat[1, 1] = 100
    readings[2, 0, 0] = np.nan
    found, bad, opaque = attenuation(readings, flat, dark)
    assert found.shape == bad.shape == opaque.shape == (2, 4, 3)
    assert sorted(map(tuple, np.argwhere(bad).tolist())) == [(0, 2, 0), *((1, angle, 1) for angle in range(4))]
    assert np.argwhere(opaque).tolist() == [[0, 1, 2]]
    usable = ~bad & ~opaque
    assert np.allclose(found[usable], truth.transpose(1, 0, 2)[usable], atol=1e-5)
    assert found[opaque] == pytest.approx(-np.log(LEAST_TRANSMISSION))
    assert np.isnan(found[bad]).all()


def test_sorting_takes_a_stripe_out_and_leaves_the_rest() -> None:
    clean = sinogram()[None].astype(np.float32)
    striped = clean.copy()
    striped[0, :, 50] += 3
    mended = without_stripes(striped, 11)
    assert np.abs(mended - clean)[0, :, 50].mean() < 0.2 * 3
    assert np.abs(mended - clean).mean() < 0.02 * np.abs(clean).max()
