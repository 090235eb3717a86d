"""The point spread function of a microscope by its optics: the scalar model of Gibson and Lanni.

S. F. Gibson, F. Lanni, J. Opt. Soc. Am. A 9, 154 (1992), as in J. Li, F. Xue, T. Blu, J. Opt. Soc. Am. A 34, 1029
(2017), with cover glass and immersion as the objective was designed for. Light of a point at depth d beneath the
cover glass, with the stage moved by s towards the objective, has at the pupil's radius p (0 to 1) the path

    W(p) = d sqrt(ns^2 - NA^2 p^2) - s sqrt(ni^2 - NA^2 p^2)

and the intensity at the distance r from the axis is the squared modulus of the integral over p of
J0(2 pi NA r p / wavelength) exp(2 pi i W(p) / wavelength) p dp, which ends where the light no longer enters the
sample (NA p = ns). The integral is taken by Gauss–Legendre quadrature with some nodes for each turn of its phase.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import fftconvolve
from scipy.special import j0

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
AIRY = 1.22
"""The Airy disk's diameter over wavelength / NA."""
SHEET_SIGMAS = 3.0
"""So far along z a PSF reaches within its light sheet: 99.7 % of the light."""
FAR = 16.0
"""So many depths of field, n wavelength / NA^2, reaches the PSF of a microscope without any sectioning."""
CONFOCAL_FAR = 4.0
"""The same with a pinhole, where light falls with the fourth power of the distance."""
RINGS = 2.0
"""Airy disks beyond the cone of light."""
NODES_A_TURN = 8
LEAST_NODES = 64
STEP = 0.02
"""Of wavelength / NA: distance of the radii at which the model is computed."""
BETWEEN = 10
"""Into so many parts cubic splines divide that distance; between these values are taken linearly."""
OPEN_RULE = (3 / 8, 2 / 8, 3 / 8)
"""Weights of values in the middles of three equal parts of a length: Maclaurin's rule, exact for cubics."""


@dataclass(frozen=True)
class Optics:
    """A detection: numerical aperture, wavelength in µm, indices of immersion and sample, depth in µm."""

    na: float
    wavelength_um: float
    immersion: float
    sample: float
    depth_um: float = 0.0

    @property
    def edge(self) -> float:
        """The pupil's radius up to which light comes in."""
        return min(1.0, self.sample / self.na)

    @property
    def airy_um(self) -> float:
        """The Airy disk's diameter."""
        return AIRY * self.wavelength_um / self.na

    @property
    def depth_of_field_um(self) -> float:
        """n wavelength / NA^2."""
        return self.immersion * self.wavelength_um / self.na**2

    @property
    def slope(self) -> float:
        """How much wider the cone of light is for each µm along the axis."""
        sine = min(0.999, self.na / self.immersion)
        return sine / math.sqrt(1 - sine**2)


@dataclass(frozen=True)
class Sectioning:
    """What takes light of other planes away: a sheet's thickness, or a pinhole's diameter; or nothing.

    The sheet's is the full width at half maximum in µm; the pinhole's is in Airy disks of the emission, and its
    excitation has a wavelength in µm of its own.
    """

    sheet_um: float | None = None
    pinhole_airy: float | None = None
    excitation_um: float | None = None


def intensity(optics: Optics, stage_um: np.ndarray, radii_um: np.ndarray) -> np.ndarray:
    """Return the intensity (stage position, radius), 1 at the very focus of an objective without aberrations."""
    k = 2 * math.pi / optics.wavelength_um
    ends = np.array([0.0, optics.edge])
    # Of the phase over the pupil: how far it turns at most.
    swing = np.abs(np.diff(_path(optics, stage_um, ends), axis=1)).max() + optics.na * float(radii_um.max())
    count = LEAST_NODES + math.ceil(NODES_A_TURN * swing / optics.wavelength_um)
    nodes, weights = np.polynomial.legendre.leggauss(count)
    p = (nodes + 1) * optics.edge / 2
    pupil = np.exp(1j * k * _path(optics, stage_um, p)) * (p * weights * optics.edge)
    field = pupil @ j0(k * optics.na * np.outer(p, radii_um))
    return np.asarray(np.abs(field) ** 2)


def _path(optics: Optics, stage_um: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return the path (stage position, pupil radius) in µm, without its value in the pupil's middle."""
    sample = np.sqrt(np.maximum(optics.sample**2 - (optics.na * p) ** 2, 0)) - optics.sample
    immersion = np.sqrt(optics.immersion**2 - (optics.na * p) ** 2) - optics.immersion
    return np.asarray(optics.depth_um * sample[None, :] - np.outer(stage_um, immersion))


def focus_um(optics: Optics) -> float:
    """Return the stage position at which a point is brightest on the axis."""
    paraxial = optics.depth_um * optics.immersion / optics.sample
    if optics.immersion == optics.sample or not optics.depth_um:
        return paraxial
    # Aberrations draw the focus further than twice the paraxial shift only where there is none to speak of.
    shift = abs(paraxial - optics.depth_um) + optics.depth_of_field_um
    centre, half = paraxial, 3 * shift
    for _ in range(3):
        places = np.linspace(centre - half, centre + half, 401)
        centre = float(places[int(intensity(optics, places, np.zeros(1))[:, 0].argmax())])
        half /= 50
    return centre


def reach_um(optics: Optics, sectioning: Sectioning) -> tuple[float, float]:
    """Return how far a PSF reaches from its middle along z, and in the plane, in µm."""
    if sectioning.sheet_um is not None:
        along = min(SHEET_SIGMAS * sectioning.sheet_um / FWHM_PER_SIGMA, FAR * optics.depth_of_field_um)
    else:
        far = FAR if sectioning.pinhole_airy is None else CONFOCAL_FAR
        along = far * optics.depth_of_field_um
    return along, along * optics.slope + RINGS * optics.airy_um


def theoretical_psf(
    optics: Optics,
    sectioning: Sectioning,
    voxel_um: tuple[float, float, float],
    shape: tuple[int, int, int],
) -> np.ndarray:
    """Return the PSF (z, y, x; odd lengths, sum 1) on voxels of this size, in a stack of this shape.

    Its brightest plane is in the middle. Planes are samples; pixels average what falls on them. Towards larger z
    the stage moves so that deeper planes come into focus.
    """
    along, across = reach_um(optics, sectioning)
    reach = [
        min(math.ceil(far / size), (length - 1) // 2)
        for far, size, length in zip((along, across, across), voxel_um, shape, strict=True)
    ]
    z = np.arange(-reach[0], reach[0] + 1) * voxel_um[0]
    light = _on_pixels(optics, z, voxel_um, reach, sectioning.pinhole_airy)
    if sectioning.sheet_um is not None:
        light *= np.exp(-0.5 * (z * FWHM_PER_SIGMA / sectioning.sheet_um) ** 2)[:, None, None]
    if sectioning.excitation_um is not None:
        excitation = replace(optics, wavelength_um=sectioning.excitation_um)
        light *= _on_pixels(excitation, z, voxel_um, reach, None)
    return np.asarray(light / light.sum())


def _on_pixels(
    optics: Optics,
    z_um: np.ndarray,
    voxel_um: tuple[float, float, float],
    reach: list[int],
    pinhole_airy: float | None,
) -> np.ndarray:
    """Return the intensity (z, y, x) averaged over pixels, seen through a pinhole where there is one."""
    parts = [_parts(optics, size) for size in voxel_um[1:]]
    y, x = (
        (np.arange((2 * far + 1) * part) - ((2 * far + 1) * part - 1) / 2) * size / part
        for far, part, size in zip(reach[1:], parts, voxel_um[1:], strict=True)
    )
    distance = np.hypot(y[:, None], x[None, :])
    radii = np.arange(0, distance.max() + 2 * STEP * optics.wavelength_um / optics.na,
                      STEP * optics.wavelength_um / optics.na)  # fmt: skip
    profiles = intensity(optics, focus_um(optics) + z_um, radii)
    between = np.linspace(0, radii[-1], BETWEEN * (len(radii) - 1) + 1)
    profiles = CubicSpline(radii, profiles, axis=1)(between)
    disk = None if pinhole_airy is None else _disk(distance, pinhole_airy * optics.airy_um / 2, (y, x))
    down, across = (np.tile(OPEN_RULE, part // 3) * 3 / part for part in parts)
    planes = []
    for profile in profiles:
        plane = np.interp(distance, between, profile)
        if disk is not None and disk.any():
            plane = np.maximum(fftconvolve(plane, disk / disk.sum(), mode="same"), 0)
        pixels = plane.reshape(len(y) // parts[0], parts[0], len(x) // parts[1], parts[1])
        planes.append(np.einsum("iyjx,y,x->ij", pixels, down, across, optimize=True))
    return np.stack(planes)


def _disk(distance: np.ndarray, radius: float, places: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return which share of each place lies in the pinhole; where its edge runs through, by the distance to it."""
    step = max(float(line[1] - line[0]) if len(line) > 1 else 0.0 for line in places)
    return np.clip((radius - distance) / step + 0.5, 0, 1)


def _parts(optics: Optics, size_um: float) -> int:
    """Return into how many parts a pixel is divided to be averaged: an odd multiple of 3, for OPEN_RULE."""
    wanted = math.ceil(size_um / (optics.wavelength_um / optics.na / 8) / 3)
    return 3 * max(1, wanted | 1)


def nyquist_um(optics: Optics, sectioning: Sectioning) -> tuple[float, float]:
    """Return the largest distances of planes, and of pixels, that lose nothing the microscope resolves, in µm.

    wavelength / (2 n (1 - cos a)) and wavelength / (4 n sin a) with n sin a = NA; half of either, by the
    excitation's wavelength, with a pinhole.
    """
    confocal = sectioning.excitation_um is not None
    wavelength = sectioning.excitation_um or optics.wavelength_um
    sine = min(1.0, optics.na / optics.immersion)
    along = wavelength / (2 * optics.immersion * (1 - math.sqrt(1 - sine**2)))
    across = wavelength / (4 * optics.na)
    return (along / 2, across / 2) if confocal else (along, across)
