"""Opposite projections are mirror images about the axis, in a turn as it is recorded and in no other."""

import numpy as np
import pytest

from wrappers.kernels.opposite_views import are_unlike

COLUMNS = 96
DISKS = ((0.0, 3.0, 22.0, 1.0), (9.0, -8.0, 5.0, 1.5), (-11.0, 4.0, 4.0, -0.8))  # x, y, radius, density
HALF = np.arange(0, 180, 1.5)


def sinogram(degrees: np.ndarray, axis: float, noise: float = 0.01) -> np.ndarray:
    """Attenuation (angles, columns) of the disks, with normal noise."""
    turned, columns = np.deg2rad(degrees)[:, None], np.arange(COLUMNS)
    found = np.random.default_rng(4).normal(0, noise, (len(degrees), COLUMNS))
    for x, y, radius, density in DISKS:
        middle = axis + x * np.cos(turned) - y * np.sin(turned)
        found += 0.04 * density * np.sqrt(np.maximum(0, radius**2 - (columns - middle) ** 2))
    return found.astype(np.float32)


@pytest.mark.parametrize(
    "degrees",
    [
        *(HALF, HALF[::8], HALF[::-1] - 90, np.linspace(0, 180, 121), np.arange(0, 270, 2.0)),
        *(np.arange(0, 360, 3.0), np.repeat(HALF, 2), np.arange(0, 180, 36.0)),
    ],
)
@pytest.mark.parametrize("axis", [47.5, 44.2, 60.0])
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.2])
def test_a_turn_as_it_is_recorded(degrees, axis, noise) -> None:
    assert not are_unlike(sinogram(degrees, axis, noise), np.deg2rad(degrees), axis)


@pytest.mark.parametrize(
    ("degrees", "told", "centre"),
    [
        (HALF, HALF, 40.0),
        (np.arange(0, 360, 2.0), np.arange(180.0), 48.0),
        (HALF, HALF * 2, 47.5),
        (np.arange(0, 360, 1.5), np.arange(0, 360, 1.5) / 0.9, 47.5),
    ],
)
def test_another_axis_or_other_angles_are_seen(degrees, told, centre) -> None:
    """Numbers of frames for degrees, a whole turn for half a one, gradians."""
    assert are_unlike(sinogram(degrees, 47.5), np.deg2rad(told), centre)


def test_without_opposite_projections_nothing_is_known() -> None:
    degrees = np.arange(0, 120, 1.0)
    assert not are_unlike(sinogram(degrees, 47.5), np.deg2rad(degrees), 20.0)
    assert not are_unlike(sinogram(np.zeros(8), 47.5), np.zeros(8), 20.0)
