"""Where the rotation axis lies, as slices tell: about a wrong one they hold most below nothing.

T. Donath, F. Beckmann, A. Schreyer, "Automated determination of the center of rotation in tomography data",
J. Opt. Soc. Am. A 23, 1048 (2006): attenuation is never negative, and the sum of a slice does not depend on the
axis, so that the sum of its absolute values is least about the right one. Nothing of how sinograms repeat is used,
which makes it a second opinion on what `rotation_axis` finds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from wrappers.kernels.continuation import continued
from wrappers.kernels.tomography import angle_weights, filtered

_ANGLES, _GRID = 720, 96
_SMOOTHED = 2.0  # columns: noise is as often negative about every axis
_FITTED = 3.0  # columns on either side of the least one to which a parabola is fitted
_STEP = 0.5
_CIRCLE = 0.95  # share of the radius: the rim is left out
_NOT_THERE = "slices become no better about any column near it"


@dataclass(frozen=True)
class Least:
    """The column about which a slice holds least below nothing, and its standard error in columns."""

    centre: float
    error: float


def least_negative(sinogram: np.ndarray, angles: np.ndarray, around: float, reach: float) -> Least:
    """Return the axis' column of a sinogram (angles, columns), radians; at least half a turn.

    It is looked for within `reach` columns of `around`. ValueError where no place in there is better than those
    beside it.
    """
    shown = np.arange(0, len(angles), max(1, math.ceil(len(angles) / _ANGLES)))
    turned, columns = angles[shown], sinogram.shape[1]
    sides = max(around, columns - 1 - around) + reach
    more = math.ceil(2 * sides) - columns + 1
    before, behind = continued(sinogram[shown], more, "edge", around)
    wide = gaussian_filter1d(np.hstack([before, sinogram[shown], behind]), _SMOOTHED, axis=1)
    lines = filtered(wide[None], "hann", "nothing")[0] * angle_weights(turned)[:, None]
    places = _places(_CIRCLE * (sides - reach))
    mass = float(np.abs(lines).mean())

    def costs(centres: np.ndarray) -> np.ndarray:
        return np.array([_below(lines, turned, float(centre) + more, places) for centre in centres]) / mass

    step = max(_STEP, reach / 8)
    tried = around + step * np.arange(-math.ceil(reach / step), math.ceil(reach / step) + 1)
    while True:
        found = costs(tried)
        best = int(np.argmin(found))
        if best in (0, len(tried) - 1):
            raise ValueError(_NOT_THERE)
        if step <= _STEP:
            break
        step = max(_STEP, step / 2)
        half = max(4, math.ceil(2 * _FITTED / _STEP)) if step <= _STEP else 4
        tried = tried[best] + step * np.arange(-half, half + 1)
    return _fitted(tried, found)


def _fitted(tried: np.ndarray, costs: np.ndarray) -> Least:
    """The least place of a parabola through the costs about the least one, and how surely it is there."""
    best = int(np.argmin(costs))
    near = np.abs(tried - tried[best]) <= _FITTED
    across = tried[near] - tried[best]
    (bend, slope, _), around = np.polyfit(across, costs[near], 2, cov=True)
    place = -slope / (2 * bend)
    if not bend > 0 or abs(place) > _FITTED:
        raise ValueError(_NOT_THERE)
    spread = math.sqrt(around[1, 1] + (2 * place) ** 2 * around[0, 0] + 4 * place * around[0, 1]) / (2 * bend)
    return Least(float(tried[best] + place), float(spread))


def _places(reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of a grid within a circle about the axis, across and along the beam at angle 0."""
    across, down = np.meshgrid(np.linspace(-reach, reach, _GRID), np.linspace(-reach, reach, _GRID))
    inside = np.hypot(across, down) <= reach
    return across[inside], down[inside]


def _below(lines: np.ndarray, angles: np.ndarray, centre: float, places: tuple[np.ndarray, np.ndarray]) -> float:
    """How much lies below nothing at these places of a slice: the mean of what does."""
    across, down = places
    last = lines.shape[1] - 1.001
    values = np.zeros(across.shape)
    for line, angle in zip(lines, angles, strict=True):
        place = np.clip(across * math.cos(angle) - down * math.sin(angle) + centre, 0, last)
        left = place.astype(np.int64)
        values += line[left] + (line[left + 1] - line[left]) * (place - left)
    return float(np.maximum(-values, 0).mean())
