"""Scans through a full turn: each ray is measured twice, from opposite sides.

That tells where the axis is, and with an axis off the detector's middle an object may be almost twice as wide:
opposite projections are mirror images about the axis, and are put together into half a turn of wider projections.
Sinograms are (rows, angles, columns), angles in radians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wrappers.kernels.arrays import Array, filters, namespace
from wrappers.kernels.mirror_images import mismatches

WIDEST_GAP = math.radians(30)
"""A circle with a wider arc that no projection looks from is not gone through in full."""
_SAME = 1e-6  # columns: places that are so near to each other are one
_EDGES = 2.0  # columns over which a slope is taken


@dataclass(frozen=True)
class Opposites:
    """Half a turn of projections, and for each the one from the other side; (rows, angles, columns) both."""

    angles: Array
    near: Array
    far: Array


def is_full_turn(angles: Array) -> bool:
    """Return whether the angles go through a full turn, but for a step or so.

    Of angles that run on through several turns (steps of the golden angle, interlaced scans) it is what they leave
    open of the circle that tells.
    """
    step = float(np.ptp(angles)) / max(1, len(angles) - 1)
    if float(np.ptp(angles)) + 1.5 * step < 2 * math.pi:
        return False
    ranked = np.sort(np.mod(_on_host(angles), 2 * math.pi))
    gaps = np.diff(ranked, append=ranked[0] + 2 * math.pi)
    # Few projections have wide steps.
    return float(gaps.max()) < max(WIDEST_GAP, 4 * math.pi / len(ranked))


def opposites(sinograms: Array, angles: Array) -> Opposites:
    """Return projections of the first half turn and their opposites, interpolated between neighbouring angles."""
    xp = namespace(sinograms)
    order = xp.argsort(angles, kind="stable")
    turned = angles[order] - angles[order[0]]
    if float(turned[-1]) > 2 * math.pi + 1e-6:
        # Several turns: what looks from the same side lies side by side.
        turned = xp.mod(xp.round(turned, 9), xp.round(2 * math.pi, 9))
        again = xp.argsort(turned, kind="stable")
        order, turned = order[again], turned[again]
    near = int((turned < math.pi - 1e-9).sum())
    wanted = turned[:near] + math.pi
    right = xp.clip(xp.searchsorted(turned, wanted), 1, len(turned) - 1)
    gap = xp.maximum(turned[right] - turned[right - 1], 1e-12)
    share = xp.clip((wanted - turned[right - 1]) / gap, 0, 1).astype(xp.float32)[None, :, None]
    before, after = sinograms[:, order[right - 1]], sinograms[:, order[right]]
    far = before + (after - before) * share
    return Opposites(angles[order[:near]], sinograms[:, order[:near]], far)


def find_centre_of_full_turn(sinogram: Array, angles: Array) -> float:
    """Return the column of the rotation axis of a full turn (angles, columns), to about a tenth of a pixel.

    The axis is where opposite projections, one of them mirrored, differ least in the columns that both have.
    ValueError where no place explains them: then they are not of one object about one axis, or it lies beyond.
    """
    pair = opposites(sinogram[None], angles)
    return _least(mismatches(pair.near[0], pair.far[0]))


def find_centre_by_edges(sinogram: Array, angles: Array) -> float:
    """Return what `find_centre_of_full_turn` does, by where opposite projections rise and fall.

    Slow differences between them (of the beam, of scattered light) do not count here, as noise does not there.
    """
    xp = namespace(sinogram)
    slopes = filters(xp).gaussian_filter1d(sinogram, _EDGES, axis=1, order=1)
    pair = opposites(slopes[None], angles)
    return _least(mismatches(pair.near[0], -pair.far[0]))


def _least(costs: dict[int, float]) -> float:
    best = min(costs, key=lambda place: costs[place])
    if not costs[best] < 0.5:
        raise ValueError("opposite projections do not fit together anywhere")
    if not {best - 1, best + 1} <= set(costs):
        raise ValueError("it lies at the detector's edge, or beyond")
    before, after = costs[best - 1], costs[best + 1]
    bend = before + after - 2 * costs[best]
    shift = 0.5 * (before - after) / bend if bend > 0 else 0.0
    return (best + shift) / 2


def stitched_width(columns: int, centre: float) -> int:
    """Return how many pixels slices have that hold what both sides see, the axis in the middle one."""
    return 2 * math.floor(max(centre, columns - 1 - centre)) + 1


def stitched(sinograms: Array, angles: Array, centre: float) -> tuple[Array, Array, float]:
    """Return half a turn of sinograms as wide as both sides see, its angles, and the axis' column in it.

    The columns of the one side are kept as they are, and go on where the detector ends; the other side is mirrored
    onto them, by cubic splines where that falls between its own: linear interpolation of both blurs. In columns
    that both sides have the two are blended, each less towards its own edge.
    """
    xp = namespace(sinograms)
    pair = opposites(sinograms, angles)
    columns = sinograms.shape[2]
    # Half a column beyond the last one's middle still belongs to it.
    first = min(0, math.ceil(2 * centre - columns + 0.5))
    last = max(columns - 1, math.floor(2 * centre + 0.5))
    places = xp.arange(first, last + 1, dtype=xp.float64)
    near_weight, far_weight = _weights(places, columns), _weights(2 * centre - places, columns)
    whole = _mirrored(pair.far, centre, places)
    whole *= far_weight / (near_weight + far_weight)
    own = slice(-first, columns - first)
    whole[..., own] += pair.near * (near_weight / (near_weight + far_weight))[own]
    return whole, pair.angles, centre - first


def _weights(places: Array, columns: int) -> Array:
    """Return how far places lie from the detector's edge, in columns; 0 beyond it."""
    xp = namespace(places)
    edge = xp.minimum(places, columns - 1 - places) + 1.0
    return xp.where(edge >= 0.5 - _SAME, edge, 0.0).astype(xp.float32)


def _mirrored(lines: Array, centre: float, places: Array) -> Array:
    """Return lines as they are at the places' mirror images about the axis, by cubic splines between columns."""
    xp = namespace(lines)
    columns = lines.shape[2]
    mirrored = xp.clip(2 * centre - places, 0, columns - 1)
    left = xp.floor(mirrored + _SAME).astype(xp.int64)
    share = mirrored - left
    if float(xp.abs(share).max()) <= _SAME:
        return lines[..., left]
    spline = filters(xp).spline_filter1d(lines, 3, axis=-1, output=xp.float32, mode="mirror")
    weights = ((1 - share) ** 3, 3 * share**3 - 6 * share**2 + 4, 3 * share * (1 + share - share**2) + 1, share**3)
    result = xp.zeros((*lines.shape[:2], len(places)), dtype=xp.float32)
    for step, weight in enumerate(weights, start=-1):
        # A line goes on as its mirror image, as the spline's filter takes it to.
        column = xp.abs(left + step)
        column = columns - 1 - xp.abs(columns - 1 - column)
        result += spline[..., column] * (weight / 6).astype(xp.float32)
    return result


def _on_host(array: Array) -> np.ndarray:
    return np.asarray(array.get() if hasattr(array, "get") else array)
