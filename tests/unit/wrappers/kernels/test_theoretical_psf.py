"""The scalar model against what is known of it in closed form."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.signal import fftconvolve
from scipy.special import j0, j1

from wrappers.kernels.psf.theoretical import (
    Optics,
    Sectioning,
    focus_um,
    intensity,
    nyquist_um,
    theoretical_psf,
)

WATER = Optics(0.8, 0.509, 1.33, 1.33)


def test_in_focus_it_is_airys_disk() -> None:
    radii = np.linspace(0.001, 3, 400)
    v = 2 * np.pi * 0.8 * radii / 0.509
    assert np.abs(intensity(WATER, np.zeros(1), radii)[0] - (2 * j1(v) / v) ** 2).max() < 1e-12


def test_on_the_axis_of_a_low_aperture_it_is_the_squared_sinc() -> None:
    """Born and Wolf, Principles of Optics, 8.8.2: (sin(u/4) / (u/4))^2, u = 2 pi NA^2 z / (n wavelength)."""
    low, z = Optics(0.05, 0.5, 1.0, 1.0), np.linspace(-300, 300, 101)
    wanted = np.sinc(0.05**2 * z / (2 * 0.5)) ** 2
    assert np.abs(intensity(low, z, np.zeros(1))[:, 0] - wanted).max() < 2e-3


def test_planes_of_a_widefield_microscope_hold_the_same_light() -> None:
    r = np.arange(0, 60, 0.01)
    light = (intensity(WATER, np.array([0.0, 2.0, 5.0]), r) * r).sum(axis=1)
    assert light == pytest.approx(light[0], rel=0.02)


def test_a_deeper_point_in_a_sample_of_lower_index_comes_into_focus_beyond_it_and_fainter() -> None:
    oil, water = Optics(1.4, 0.52, 1.515, 1.515, 5.0), Optics(1.4, 0.52, 1.515, 1.33, 5.0)
    assert focus_um(oil) == 5.0
    assert focus_um(water) > 5.0 * 1.515 / 1.33
    best = intensity(water, np.array([focus_um(water)]), np.zeros(1))[0, 0]
    assert best < 0.6 * intensity(oil, np.array([5.0]), np.zeros(1))[0, 0]


@pytest.mark.parametrize(
    "sectioning", [Sectioning(), Sectioning(sheet_um=3.0), Sectioning(pinhole_airy=1.0, excitation_um=0.488)]
)
@pytest.mark.parametrize("shape", [(41, 60, 61), (40, 33, 34), (1, 50, 50)])
def test_it_is_odd_normalised_and_centred_in_every_stack(sectioning, shape) -> None:
    psf = theoretical_psf(WATER, sectioning, (0.4, 0.16, 0.2), shape)
    assert all(length % 2 for length in psf.shape)
    assert all(length <= room for length, room in zip(psf.shape, shape, strict=True))
    assert psf.sum() == pytest.approx(1)
    assert psf.min() >= 0
    for axis in range(3):
        assert np.allclose(psf, np.flip(psf, axis), atol=1e-12)
    assert np.unravel_index(psf.argmax(), psf.shape) == tuple(length // 2 for length in psf.shape)


def test_a_sheet_and_a_pinhole_take_light_of_other_planes_away() -> None:
    planes = [
        theoretical_psf(WATER, sectioning, (0.5, 0.2, 0.2), (41, 81, 81)).sum(axis=(1, 2))
        for sectioning in (
            Sectioning(),
            Sectioning(sheet_um=4.0),
            Sectioning(pinhole_airy=1.0, excitation_um=0.488),
        )
    ]
    widths = [float(np.sqrt((p * ((np.arange(len(p)) - len(p) // 2) * 0.5) ** 2).sum())) for p in planes]
    assert widths[0] > 2 * widths[1] > 2 * widths[2]
    assert widths[1] == pytest.approx(4.0 / 2.3548, rel=0.05)


def test_the_unit_of_lengths_does_not_matter() -> None:
    scaled = Optics(0.8, 0.509e3, 1.33, 1.33)
    one = theoretical_psf(WATER, Sectioning(sheet_um=4.0), (0.5, 0.2, 0.2), (31, 51, 51))
    other = theoretical_psf(scaled, Sectioning(sheet_um=4.0e3), (0.5e3, 0.2e3, 0.2e3), (31, 51, 51))
    assert np.allclose(one, other, atol=1e-12)


def test_nyquists_distances() -> None:
    along, across = nyquist_um(Optics(1.3, 0.52, 1.515, 1.515), Sectioning())
    assert (along, across) == pytest.approx((0.3528, 0.1), rel=1e-3)
    along, across = nyquist_um(Optics(1.3, 0.52, 1.515, 1.515), Sectioning(excitation_um=0.488))
    assert (along, across) == pytest.approx((0.1655, 0.0469), rel=1e-3)


@pytest.mark.parametrize("pixel", [0.1, 0.19, 0.5])
def test_in_focus_pixels_have_what_of_the_airy_pattern_falls_on_them(pixel: float) -> None:
    """Sizes in wavelength / NA; the pattern in closed form, averaged over 45 x 45 parts of a pixel."""
    optics = Optics(0.8, 0.52, 1.0, 1.0)
    size, count, parts = pixel * 0.52 / 0.8, 21, 45
    found = theoretical_psf(optics, Sectioning(), (0.1, size, size), (1, count, count))[0]
    fine = (np.arange(count * parts) - (count * parts - 1) / 2) * size / parts
    v = 2 * np.pi / 0.52 * 0.8 * np.hypot(fine[:, None], fine) + 1e-9
    wanted = ((2 * j1(v) / v) ** 2).reshape(count, parts, count, parts).mean(axis=(1, 3))
    assert np.abs(found - wanted / wanted.sum()).max() < 5e-4 * found.max()


def test_pixels_seen_through_a_pinhole_are_what_nine_finer_ones_are_together() -> None:
    optics, pinhole = Optics(1.2, 0.6, 1.33, 1.33), Sectioning(pinhole_airy=1.0)
    coarse = theoretical_psf(optics, pinhole, (0.3, 0.11, 0.11), (5, 21, 21))
    fine = theoretical_psf(optics, pinhole, (0.3, 0.11 / 3, 0.11 / 3), (5, 63, 63))
    together = fine.reshape(5, 21, 3, 21, 3).sum(axis=(2, 4))
    assert np.abs(coarse - together).max() < 6e-3 * coarse.max()


@pytest.mark.parametrize(("stage", "radius"), [(3.0, 0.0), (6.0, 0.1), (8.0, 0.3)])
def test_where_light_no_longer_enters_the_sample_the_integral_is_what_adaptive_quadrature_gives(stage, radius):
    """Oil above 5 um of water: the path falls steeply at the end of the pupil."""

    def part(p: float, turn: float) -> float:
        path = 5.0 * np.sqrt(1.33**2 - (1.4 * p) ** 2) - stage * np.sqrt(1.515**2 - (1.4 * p) ** 2)
        phase = 2 * np.pi * (path - 5.0 * 1.33 + stage * 1.515) / 0.52
        return float(2 * p * j0(2 * np.pi * 1.4 * radius * p / 0.52) * np.cos(phase - turn))

    end = 1.33 / 1.4 - 1e-15
    real, imaginary = (quad(part, 0, end, (turn,), limit=500, epsabs=1e-9)[0] for turn in (0, np.pi / 2))
    found = intensity(Optics(1.4, 0.52, 1.515, 1.33, 5.0), np.array([stage]), np.array([radius]))[0, 0]
    assert found == pytest.approx(real**2 + imaginary**2, abs=2e-5)


def test_a_pinhole_of_so_many_airy_disks_takes_the_light_of_a_circle_that_wide() -> None:
    optics, size, count, parts = Optics(0.8, 0.52, 1.0, 1.0), 0.1, 31, 9
    found = theoretical_psf(optics, Sectioning(pinhole_airy=1.5), (0.1, size, size), (1, count, count))[0]
    fine = (np.arange(count * parts) - (count * parts - 1) / 2) * size / parts
    distance = np.hypot(fine[:, None], fine)
    v = 2 * np.pi / 0.52 * 0.8 * distance + 1e-9
    circle = (distance <= 1.5 * 1.22 * 0.52 / 0.8 / 2).astype(float)
    wanted = fftconvolve((2 * j1(v) / v) ** 2, circle, mode="same")
    wanted = wanted.reshape(count, parts, count, parts).mean(axis=(1, 3))
    assert np.abs(found - wanted / wanted.sum()).max() < 1e-2 * found.max()
