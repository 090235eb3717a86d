"""Angles that stay while the pictures go on: an encoder that hung, or a list filled up with one number."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.ndimage import uniform_filter1d

LEAST_RUN = 4
"""Projections: so many one after another with one angle may have stood there."""
LONGER = 3
"""Times as long as runs of one angle usually are in a scan: some take several pictures at each."""
GOES_ON = 4.0
"""How many times as much the first and the last of them differ as neighbours; of noise alone, once."""


def standing(degrees: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Return which projections record the angle of others beside them, and look from elsewhere than those.

    `lines` are what each reads in one detector row, (projections, columns).
    """
    found = np.zeros(len(degrees), bool)
    edges = np.flatnonzero(np.diff(degrees, prepend=np.nan, append=np.nan) != 0)
    lengths = np.diff(edges)
    if not lengths.size:
        return found
    least = max(LEAST_RUN, LONGER * float(np.median(lengths)))
    for first, end in pairwise(edges):
        if end - first >= least and np.isfinite(degrees[first]):
            found[first:end] = _go_on(lines[first:end])
    return found


def _go_on(lines: np.ndarray) -> bool:
    """Whether pictures change steadily, and not by noise alone."""
    usual = lines[:, np.isfinite(lines).all(axis=0)].astype(np.float64)
    level = usual.sum(axis=1, keepdims=True)
    if usual.shape[1] < 2 or not (level > 0).all():
        return False
    usual = usual / level
    smooth = uniform_filter1d(usual, max(3, usual.shape[1] // 32), axis=1)
    step = float(np.mean(np.diff(smooth, axis=0) ** 2))
    return float(np.mean((smooth[-1] - smooth[0]) ** 2)) > GOES_ON * step
