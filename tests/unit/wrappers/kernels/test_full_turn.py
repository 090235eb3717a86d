"""Full turns: the axis from opposite projections, and an object wider than the detector seen whole."""

import numpy as np
import pytest
from drawn_ellipses import pictured, projected, sample
from scipy.ndimage import map_coordinates

from wrappers.kernels.full_turn import find_centre_of_full_turn, is_full_turn, stitched, stitched_width
from wrappers.kernels.tomography import filtered_back_projection

SIDE = 64


@pytest.fixture(scope="module")
def phantom() -> np.ndarray:
    y, x = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    disk = 0.010 * (np.hypot(x, y) < 0.4 * SIDE)
    disk[(x - 8) ** 2 + (y + 5) ** 2 < 36] = 0.03
    disk[(x + 12) ** 2 + (y - 9) ** 2 < 16] = 0.0
    return disk


def project(phantom: np.ndarray, degrees: np.ndarray, columns: int, centre: float) -> np.ndarray:
    """Parallel projections by sums along rays; the axis falls on column `centre`."""
    across, along = np.arange(columns) - centre, np.arange(-SIDE, SIDE + 1.0)
    lines = []
    for angle in np.deg2rad(degrees):
        x = across[:, None] * np.cos(angle) + along * np.sin(angle)
        y = -across[:, None] * np.sin(angle) + along * np.cos(angle)
        half = (SIDE - 1) / 2
        lines.append(map_coordinates(phantom, [y + half, x + half], order=1).sum(axis=1))
    return np.asarray(lines, dtype=np.float32)


@pytest.mark.parametrize(
    ("columns", "centre", "step"),
    [(40, 10.0, 2.0), (40, 29.3, 2.0), (64, 31.5, 2.0), (64, 20.2, 1.3), (48, 40.0, 3.0)],
)
def test_an_axis_anywhere_is_found_and_the_whole_object_is_seen(phantom, columns, centre, step):
    degrees = np.arange(0, 360, step)
    sinogram, angles = project(phantom, degrees, columns, centre), np.deg2rad(degrees)
    found = find_centre_of_full_turn(sinogram, angles)
    assert found == pytest.approx(centre, abs=0.1)
    wide, half, axis = stitched(sinogram[None], angles, found)
    width = stitched_width(columns, found)
    middle = (width - 1) / 2
    image = filtered_back_projection(wide, half, axis, width=width)[0]
    y, x = np.indices(image.shape) - middle
    truth = map_coordinates(phantom, [y + (SIDE - 1) / 2, x + (SIDE - 1) / 2], order=1)
    inner = np.hypot(x, y) < 24
    assert np.corrcoef(image[inner], truth[inner])[0, 1] > 0.99
    assert image[inner].mean() == pytest.approx(truth[inner].mean(), rel=0.01)


def test_angles_in_any_order_give_the_same(phantom):
    degrees = np.arange(0, 360, 2.0)
    sinogram, angles = project(phantom, degrees, 40, 12.5), np.deg2rad(degrees)
    order = np.random.default_rng(0).permutation(len(angles))
    assert find_centre_of_full_turn(sinogram[order], angles[order]) == find_centre_of_full_turn(sinogram, angles)
    mixed, plain = stitched(sinogram[None, order], angles[order], 12.5), stitched(sinogram[None], angles, 12.5)
    assert np.allclose(mixed[0], plain[0])


@pytest.mark.parametrize(
    ("degrees", "full"),
    [(np.arange(0, 360, 2.0), True), (np.arange(0, 361, 2.0), True), (np.arange(0, 180, 2.0), False),
     (np.arange(10, 200, 1.0), False), (np.arange(0, 340, 2.0), False), (np.arange(0, 720, 3.0), True)],
)  # fmt: skip
def test_what_is_a_full_turn(degrees, full):
    assert is_full_turn(np.deg2rad(degrees)) is full


def test_projections_of_nothing_in_common_have_no_axis():
    noise = np.random.default_rng(0).normal(size=(180, 64)).astype(np.float32)
    with pytest.raises(ValueError, match="do not fit together"):
        find_centre_of_full_turn(noise, np.deg2rad(np.arange(0, 360, 2.0)))


@pytest.mark.parametrize("centre", [30.0, 30.25, 30.5, 129.7])
def test_the_axis_is_in_the_middle_of_a_slice_to_a_part_of_a_pixel(centre: float) -> None:
    """A quarter of a pixel off, edges of the drawn ellipses make more than 0.04."""
    radius = 0.98 * max(centre, 159 - centre)
    drawn, angles = sample(radius), np.arange(400) * 2 * np.pi / 400
    wide, half, axis = stitched(projected(drawn, angles, 160, centre)[None], angles, centre)
    image = filtered_back_projection(wide, half, axis, width=stitched_width(160, centre))[0]
    wanted = pictured(drawn, len(image))
    away = np.indices(image.shape) - (len(image) - 1) / 2
    inside = np.hypot(*away) < 0.8 * radius
    assert np.linalg.norm((image - wanted)[inside]) < 0.032 * np.linalg.norm(wanted[inside])
