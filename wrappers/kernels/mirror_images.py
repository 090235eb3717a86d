"""Where projections from opposite sides, which are mirror images of each other about the axis, fit together."""

from __future__ import annotations

import math

from wrappers.kernels.arrays import Array

LEAST_OVERLAP = 0.1
"""Share of the columns that must see the axis from both sides for the axis to be found."""
_FLAT = 1e-3  # an overlap with less than this share of the contrast tells nothing


def mismatches(near: Array, far: Array) -> dict[int, float]:
    """Return for twice the axis' column how much of the overlap's contrast is unlike: 0 for mirror images.

    `near` and `far` are (angles, columns), from opposite sides; all columns that enough of both see are tried.
    """
    columns = near.shape[1]
    contrast = float(((near - near.mean()) ** 2).mean())
    least = max(4, math.ceil(LEAST_OVERLAP * columns))
    return {
        place: _difference(near, far, place, contrast) for place in range(least - 1, 2 * (columns - 1) - least + 2)
    }


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
