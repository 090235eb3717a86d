"""Scans through a full turn: each ray is measured twice, from opposite sides.

That tells where the axis is, and with an axis off the detector's middle an object may be almost twice as wide:
opposite projections are mirror images about the axis, and are put together into half a turn of wider projections.
Sinograms are (rows, angles, columns), angles in radians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wrappers.kernels.arrays import Array, namespace

LEAST_OVERLAP = 0.1
"""Share of the columns that must see the axis from both sides for the axis to be found."""
_FLAT = 1e-3  # an overlap with less than this share of the sinogram's contrast tells nothing


@dataclass(frozen=True)
class Opposites:
    """Half a turn of projections, and for each the one from the other side; (rows, angles, columns) both."""

    angles: Array
    near: Array
    far: Array


def is_full_turn(angles: Array) -> bool:
    """Return whether the angles go through a full turn, but for a step or so."""
    step = float(np.ptp(angles)) / max(1, len(angles) - 1)
    return float(np.ptp(angles)) + 1.5 * step >= 2 * math.pi


def opposites(sinograms: Array, angles: Array) -> Opposites:
    """Return projections of the first half turn and their opposites, interpolated between neighbouring angles."""
    xp = namespace(sinograms)
    order = xp.argsort(angles, kind="stable")
    turned = angles[order] - angles[order[0]]
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
    ValueError where no place explains them: then they are not of one object about one axis.
    """
    pair = opposites(sinogram[None], angles)
    near, far = pair.near[0], pair.far[0]
    columns = near.shape[1]
    contrast = float(((near - near.mean()) ** 2).mean())
    least = max(4, math.ceil(LEAST_OVERLAP * columns))
    twice = range(least - 1, 2 * (columns - 1) - least + 2)
    costs = {place: _difference(near, far, place, contrast) for place in twice}
    best = min(costs, key=lambda place: costs[place])
    if not costs[best] < 0.5:
        raise ValueError("opposite projections do not fit together anywhere")
    before, after = costs.get(best - 1, math.inf), costs.get(best + 1, math.inf)
    bend = before + after - 2 * costs[best]
    shift = 0.5 * (before - after) / bend if 0 < bend < math.inf else 0.0
    return (best + shift) / 2


def _difference(near: Array, far: Array, twice: int, contrast: float) -> float:
    """How much of the overlap's contrast is unlike, if column `s` of one is column `twice - s` of the other."""
    columns = near.shape[1]
    first, last = max(0, twice - (columns - 1)), min(columns - 1, twice)
    here = near[:, first : last + 1]
    there = far[:, twice - last : twice - first + 1][:, ::-1]
    spread = float(((here - here.mean()) ** 2).mean() + ((there - there.mean()) ** 2).mean())
    if spread < _FLAT * contrast:
        return 1.0
    return float(((here - there) ** 2).mean()) / spread


def stitched_width(columns: int, centre: float) -> int:
    """Return how many columns the wider projections have, the axis in the middle one."""
    return 2 * math.floor(max(centre, columns - 1 - centre)) + 1


def stitched(sinograms: Array, angles: Array, centre: float) -> tuple[Array, Array]:
    """Return half a turn of sinograms as wide as both sides see, the axis in their middle, and its angles.

    In columns that both sides have the two are blended, each less towards its own edge.
    """
    xp = namespace(sinograms)
    pair = opposites(sinograms, angles)
    reach = stitched_width(sinograms.shape[2], centre) // 2
    away = xp.arange(-reach, reach + 1, dtype=xp.float64)
    near, near_weight = _taken(pair.near, centre + away)
    far, far_weight = _taken(pair.far, centre - away)
    whole = near_weight + far_weight
    return xp.asarray((near * near_weight + far * far_weight) / whole, dtype=xp.float32), pair.angles


def _taken(lines: Array, places: Array) -> tuple[Array, Array]:
    """Values at places between columns, linearly, and how far each lies from the edge; 0 beyond it."""
    xp = namespace(lines)
    columns = lines.shape[2]
    inside = (places > -0.5) & (places < columns - 0.5)
    held = xp.clip(places, 0, columns - 1)
    left = xp.minimum(held.astype(xp.int64), columns - 2)
    share = (held - left).astype(xp.float32)
    values = lines[..., left] * (1 - share) + lines[..., left + 1] * share
    edge = xp.minimum(held, columns - 1 - held) + 1.0
    return values, (edge * inside).astype(xp.float32)
