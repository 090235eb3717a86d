"""The rotation axis by a second method, and what neither tells."""

import math

import numpy as np
import pytest

from wrappers.kernels.axis_by_slices import least_negative
from wrappers.kernels.full_turn import find_centre_by_edges, find_centre_of_full_turn
from wrappers.kernels.rotation_axis import find_centre

COLUMNS = 80
DISKS = ((0.0, 2.0, 20.0, 1.0), (8.0, -6.0, 5.0, 1.0), (-10.0, 4.0, 4.0, -0.6))  # x, y, radius, density
HALF = np.deg2rad(np.linspace(0, 180, 120, endpoint=False))
FULL = np.deg2rad(np.linspace(0, 360, 240, endpoint=False))


def recorded(angles: np.ndarray, axis: float, scale: float = 1.0) -> np.ndarray:
    """A sinogram (angles, columns) of the disks with the noise of 20,000 photons."""
    lines = np.zeros((len(angles), COLUMNS))
    for x, y, radius, density in DISKS:
        middle = axis + scale * (x * np.cos(angles) - y * np.sin(angles))[:, None]
        away = np.arange(COLUMNS) - middle
        lines += 0.02 * density * 2 * np.sqrt(np.maximum(0, (radius * scale) ** 2 - away**2))
    counted = np.random.default_rng(6).poisson(20000 * np.exp(-lines))
    return -np.log(np.maximum(1, counted) / 20000).astype(np.float32)


@pytest.mark.parametrize(("axis", "scale"), [(39.5, 1), (42.3, 1), (30, 1), (60, 1), (13, 0.5), (67, 0.5)])
@pytest.mark.parametrize("off", [-3, 0, 3])
def test_a_slice_holds_least_below_nothing_about_its_axis(axis, scale, off) -> None:
    found = least_negative(recorded(HALF, axis, scale), HALF, axis + off, 8)
    assert found.centre == pytest.approx(axis, abs=0.1)
    assert found.error < 0.2


def test_it_does_not_follow_an_axis_that_is_wrong() -> None:
    try:
        found = least_negative(recorded(HALF, 39.5), HALF, 55, 8).centre
    except ValueError:
        return
    assert abs(found - 55) > 1


@pytest.mark.parametrize("axis", [13, 18.5, 30, 39.5, 42.3, 60])
def test_the_edges_of_opposite_projections_tell_the_axis_of_a_full_turn(axis) -> None:
    sinogram = recorded(FULL, axis)
    assert find_centre_of_full_turn(sinogram, FULL) == pytest.approx(axis, abs=0.1)
    assert find_centre_by_edges(sinogram, FULL) == pytest.approx(axis, abs=0.3)


def test_a_beam_that_drifts_does_not_move_what_the_edges_tell() -> None:
    drift = np.linspace(0, 0.15, len(FULL))[:, None] * np.linspace(0, 1, COLUMNS)
    sinogram = (recorded(FULL, 36.0) + drift).astype(np.float32)
    assert find_centre_by_edges(sinogram, FULL) == pytest.approx(36, abs=0.2)


@pytest.mark.parametrize("axis", [4.0, 14.0, 66.0, 75.0])
def test_a_search_that_ends_at_its_edge_finds_nothing(axis) -> None:
    """The last projection is another's, so that it is no mirror image of the first: column 61.7 was found."""
    sinogram = recorded(HALF, axis)
    sinogram[-1] = sinogram[60]
    with pytest.raises(ValueError, match="the search ended at its edge, column"):
        find_centre(sinogram)


@pytest.mark.parametrize("scale", [0.1, 1.0, 7.0])
def test_neither_depends_on_the_strength_of_the_sample(scale) -> None:
    sinogram = recorded(HALF, 42.3)
    assert find_centre(sinogram * scale) == pytest.approx(find_centre(sinogram), abs=0.01)
    near = least_negative(sinogram * scale, HALF, 40, 8)
    assert near.centre == pytest.approx(least_negative(sinogram, HALF, 40, 8).centre, abs=0.01)
    assert math.isfinite(near.error)
