"""Whether projections from opposite sides are mirror images of each other about the axis, as a turn makes them.

They are not where the angles are others than recorded, the axis lies elsewhere, or the sample moved.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import uniform_filter1d

UNLIKE_SHARE = 0.008
"""Share of the contrast in which opposite projections differ: less is no fault that a slice shows."""
UNLIKE_STEPS = 8.0
"""How many times as much as neighbours differ, by noise and by a step: a sound scan's differ about as much."""
OPPOSITE_WITHIN = 1.5
"""Typical steps by which two projections may miss half a turn."""
MOST_PAIRS = 64
LEAST_OVERLAP = 0.1
"""Share of the columns that both must see."""


def are_unlike(sinogram: np.ndarray, angles: np.ndarray, centre: float) -> bool:
    """Return whether the opposite projections of a sinogram (angles, columns) are no mirror images about `centre`.

    `angles` are in radians. False as well where there are none that are opposite to about a step.
    """
    columns = sinogram.shape[1]
    order = np.argsort(angles, kind="stable")
    turned, lines = angles[order], uniform_filter1d(sinogram[order], max(3, columns // 32), axis=1)
    steps = np.diff(turned)
    steps = steps[steps > 1e-9]
    if not steps.size:
        return False
    pairs = _pairs(turned, OPPOSITE_WITHIN * float(np.median(steps)) + 1e-9)
    places = 2 * centre - np.arange(columns)
    seen = (places >= 0) & (places <= columns - 1)
    if not len(pairs) or seen.sum() < LEAST_OVERLAP * columns:
        return False
    unlike = contrast = 0.0
    for here, there in pairs:
        mirrored = np.interp(places, np.arange(columns), lines[there])[seen]
        unlike += float(np.var(lines[here][seen] - mirrored))
        contrast += float(np.var(lines[here][seen]) + np.var(mirrored))
    neighbours = float(np.median(np.var(np.diff(lines, axis=0)[:, seen], axis=1))) * len(pairs)
    return unlike > UNLIKE_SHARE * contrast and unlike > UNLIKE_STEPS * neighbours


def _pairs(turned: np.ndarray, within: float) -> list[tuple[int, int]]:
    """The places of projections and of those half a turn further, as near as there are; MOST_PAIRS at most."""
    wanted = turned + math.pi
    right = np.clip(np.searchsorted(turned, wanted), 1, len(turned) - 1)
    nearest = np.where(np.abs(turned[right] - wanted) < np.abs(turned[right - 1] - wanted), right, right - 1)
    here = np.flatnonzero(np.abs(turned[nearest] - wanted) <= within)
    chosen = here[np.linspace(0, len(here) - 1, min(len(here), MOST_PAIRS)).astype(int)] if len(here) else here
    return [(int(one), int(nearest[one])) for one in chosen]
