"""Cells as deformability cytometry sees them: outlines of known area and deformation, in bright field.

The outline is an egg, the shape that shear flow gives to a round cell:

    x = a cos(t),  y = b sin(t) (1 + k cos(t)),  0 <= t < 2 pi

Its area is exactly pi a b whatever k is (the k term integrates to zero); its perimeter is integrated
numerically. Deformation is one minus circularity, 1 - 2 sqrt(pi area) / perimeter (Mietke et al., Biophys. J.
109 (2015) 2023).
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

# The image of an edge, in grey values by distance from the outline in pixels: a dark rim, then a bright halo.
RIM_WIDTH, HALO_WIDTH = 1.1, 1.6
EDGE_LEVEL = -6.0  # grey value at the outline itself: where a usual threshold cuts


@dataclass(frozen=True)
class Outline:
    """An egg-shaped outline; lengths in pixels, centre (x, y) of its circumscribed axes."""

    x: float
    y: float
    a: float
    b: float
    k: float

    @property
    def area(self) -> float:
        """Enclosed area in square pixels, exact."""
        return math.pi * self.a * self.b

    @property
    def perimeter(self) -> float:
        """Length of the outline in pixels."""
        return _perimeter(self.a, self.b, self.k)

    @property
    def deformation(self) -> float:
        """One minus circularity."""
        return 1.0 - 2.0 * math.sqrt(math.pi * self.area) / self.perimeter

    @property
    def centroid(self) -> tuple[float, float]:
        """Centre of mass (x, y) in pixels: the heavier end moves it by a k / 4 along the flow."""
        return self.x + 0.25 * self.a * self.k, self.y

    @property
    def half_height(self) -> float:
        """Half the outline's extent across the flow, in pixels."""
        t = np.linspace(0.0, math.pi, 721)
        return float((self.b * np.sin(t) * (1.0 + self.k * np.cos(t))).max())

    def inertia_ratio(self) -> float:
        """sqrt(m20 / m02) of the filled outline about its centroid, by the exact integrals of the egg."""
        m20 = math.pi * self.a**3 * self.b / 4.0 - self.area * (0.25 * self.a * self.k) ** 2
        m02 = math.pi * self.a * self.b**3 / 4.0 * (1.0 + self.k**2 / 2.0)
        return math.sqrt(m20 / m02)

    def distance(self, shape: tuple[int, int]) -> Image:
        """Approximate signed distance of each pixel (rows, columns) to the outline, inside negative, in pixels."""
        y = np.arange(shape[0], dtype=np.float64)[:, None] - self.y
        x = np.arange(shape[1], dtype=np.float64)[None, :] - self.x
        along = np.clip(x / self.a, -1.5, 1.5)
        half = self.b * np.maximum(1.0 + self.k * along, 0.2)
        across = y / half
        level = np.sqrt((x / self.a) ** 2 + across**2)
        slope = np.sqrt((x / self.a**2) ** 2 + (across / half) ** 2)
        distance: Image = (level * (level - 1.0) / np.maximum(slope, 1e-6)).astype(np.float32)
        return distance


def outline_of(area: float, deformation: float, k: float, x: float, y: float) -> Outline:
    """The outline with this area (square pixels), deformation and asymmetry k, centred on (x, y).

    Raises ValueError if an egg with this k is more deformed than asked for even when as long as wide.
    """
    low, high = 1.0, 12.0
    radius = math.sqrt(area / math.pi)

    def shape(ratio: float) -> Outline:
        return Outline(x, y, radius * math.sqrt(ratio), radius / math.sqrt(ratio), k)

    if not shape(low).deformation <= deformation <= shape(high).deformation:
        raise ValueError(f"no outline with deformation {deformation:g} and asymmetry {k:g}")
    for _ in range(24):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if shape(middle).deformation < deformation else (low, middle)
    return shape(0.5 * (low + high))


def edge_profile(distance: Image, depth: float, rim: float, halo: float) -> Image:
    """Grey values added by a cell at a signed `distance` from its outline; EDGE_LEVEL at zero distance.

    `depth` is how much darker the inside is, `rim` the extra darkness of the rim, `halo` the brightness about
    it.
    """
    shift = _shift(depth, rim, halo)
    d = distance + np.float32(shift)
    inside = -depth / (1.0 + np.exp(np.clip(d / 0.45, -40.0, 40.0)))
    dark = -rim * np.exp(-(((d + RIM_WIDTH) / RIM_WIDTH) ** 2))
    bright = halo * np.exp(-(((d - 2.0 * HALO_WIDTH) / HALO_WIDTH) ** 2))
    profile: Image = (inside + dark + bright).astype(np.float32)
    return profile


@cache
def _shift(depth: float, rim: float, halo: float) -> float:
    """Where the unshifted profile last crosses EDGE_LEVEL, going outwards."""
    d = np.linspace(-3.0, 6.0, 1801)
    profile = -depth / (1.0 + np.exp(d / 0.45)) - rim * np.exp(-(((d + RIM_WIDTH) / RIM_WIDTH) ** 2))
    profile += halo * np.exp(-(((d - 2.0 * HALO_WIDTH) / HALO_WIDTH) ** 2))
    return float(d[np.flatnonzero(profile < EDGE_LEVEL)[-1]])


def _perimeter(a: float, b: float, k: float) -> float:
    # The trapezoid rule on a smooth periodic integrand converges faster than any power of the step.
    t = np.arange(128) * (2.0 * math.pi / 128)
    dx = -a * np.sin(t)
    dy = b * (np.cos(t) + k * np.cos(2.0 * t))
    return float(np.hypot(dx, dy).sum() * 2.0 * math.pi / 128)
