"""Pixels of a detector that are stuck for a part of a scan: sound before, or behind, and one number between.

They are known by what they lack, as those that are stuck all the time are. Where noise is known, a sound pixel's
readings spread by it, however dark it is behind the sample: by the dark current's at least, and by a share of the
light's. Where there is little, a reading may stay the same for long behind an even sample or in air; then only one
between two others that change, and did not read the same around that time, is taken for stuck, if it leaps to
that reading, or stays for long. Frames are (frames, rows, columns), as they were read; a row is judged by itself.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from wrappers.kernels.stuck_pixels import LEAST_FLATS, LEAST_FRAMES, OFTEN_ALIKE, alike

NARROW = 0.6
"""Share of a sound pixel's noise: LEAST_FRAMES readings lie so close by chance about once in 10^9."""
WIDEST = 3
"""Columns: more next to each other that stay the same without noise may be a part of the sample, or air."""
BY_CHANCE = 3
"""Frames: as often a neighbour may pass the same number; what moved over from it stood there longer."""
LEAP, LONG = 4.0, 1 / 8
"""A sample's darkest line, where it turns back, stays in a column for less of a scan, and comes gently."""
CHANGING = 0.5
"""Share of a spell in which both neighbours must change, where there is no noise: more than in air, or a slab."""


def spells(projections: np.ndarray, flats: np.ndarray, darks: np.ndarray) -> np.ndarray:
    """Return which readings are of a pixel that is stuck at that time, but not all the time."""
    found = np.zeros(projections.shape, bool)
    if len(projections) < 2 * LEAST_FRAMES:
        return found
    noisy = (alike(flats) <= OFTEN_ALIKE) | (alike(darks) <= OFTEN_ALIKE)
    for row in range(projections.shape[1]):
        values = projections[:, row]
        if not all(np.isfinite(frames[:, row]).any() for frames in (projections, flats, darks)):
            continue  # a dead row tells nothing of its pixels
        one = _between_changing(values, flats[:, row])
        if noisy[row]:
            one |= _close(values, _width(values, flats[:, row], darks[:, row])) & ~_cut_off(values)
        found[:, row] = one & ~one.all(axis=0)
    return found


def _close(values: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    """Which readings lie among LEAST_FRAMES one after another, of one column, that differ by `width` at most."""
    shift = (LEAST_FRAMES - 1) // 2
    with np.errstate(invalid="ignore"):
        spread = maximum_filter1d(values, LEAST_FRAMES, axis=0) - minimum_filter1d(values, LEAST_FRAMES, axis=0)
        near = spread <= width
    # A filter looks beyond the first and the last frame; windows are those that lie within.
    whole = np.zeros(values.shape, bool)
    first = LEAST_FRAMES // 2
    last = len(values) - shift
    whole[first:last] = near[first:last]
    return np.asarray(
        maximum_filter1d(whole.astype(np.uint8), LEAST_FRAMES, axis=0, origin=-(1 - LEAST_FRAMES % 2)) > 0
    )


def _width(values: np.ndarray, flats: np.ndarray, darks: np.ndarray) -> np.ndarray:
    """By how much readings of a sound pixel surely differ: a share of its noise, of each reading.

    Below nothing where its noise is little against the steps in which it is counted: it is often alike then.
    """
    dark = _median(darks, 0.0)
    floor = _spread(darks, 0.0)
    # From frame to frame a sound pixel changes by its noise, and by what moves through it: in a quarter of all by
    # less than 0.45 of a normal distribution's deviation.
    changes = np.abs(np.diff(values, axis=0))
    changes = changes[np.isfinite(changes)]
    noise = float(np.percentile(changes, 25)) / 0.45 if changes.size else 0.0
    noise = min(noise, _spread(flats, np.inf))
    beam = max(_median(flats, 0.0) - dark, 1e-9)
    # In the dark it is less: at most in proportion, where the beam itself varies.
    share = np.clip((values - dark) / beam, 0.0, 1.0)
    known = np.unique(values[np.isfinite(values)])
    step = float(np.diff(known).min()) if len(known) > 1 else 0.0
    return np.asarray(NARROW * np.maximum(floor, noise * share) - step)


def _spread(frames: np.ndarray, otherwise: float) -> float:
    """The usual noise of a pixel in these frames (frames, columns), those left out that hold no reading."""
    taken = frames[np.isfinite(frames).any(axis=1)]
    return _median(taken.std(axis=0), otherwise) if len(taken) >= LEAST_FLATS else otherwise


def _median(values: np.ndarray, otherwise: float) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else otherwise


def _cut_off(values: np.ndarray) -> np.ndarray:
    """Which readings are the largest of all, where many columns read it: too bright, and no fault of a pixel."""
    largest = np.nanmax(values, initial=-np.inf)
    full = values == largest
    return np.asarray(full if full.any(axis=0).sum() > WIDEST else np.zeros_like(full))


def _between_changing(values: np.ndarray, flats: np.ndarray) -> np.ndarray:
    """Which readings stay the same, without noise, between two columns that change and do not read the same."""
    found = np.zeros(values.shape, bool)
    still = _close(values, 0.0)
    changes = np.diff(values, axis=0, prepend=np.nan) != 0
    low, high = np.fmin.reduce(flats), np.fmax.reduce(flats)
    for column in map(int, np.flatnonzero(still.any(axis=0))):
        edges = np.flatnonzero(np.diff(still[:, column].astype(np.int8), prepend=0, append=0))
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            value = values[first, column]
            if low[column] <= value <= high[column]:
                continue  # air
            if end - first < LONG * len(values) and not _leaps(values[:, column], first, end):
                continue
            sides = [_neighbour(still[first:end], column, step) for step in (-1, 1)]
            around = _borders(first, end, len(values))
            found[first:end, column] = all(
                side is not None
                and changes[first:end, side].mean() > CHANGING
                and (values[around, side] == value).sum() <= BY_CHANCE
                for side in sides
            )
    return found


def _borders(first: int, end: int, number: int) -> np.ndarray:
    """The frames around the beginning and the end of a spell, as far as it has them."""
    frames = np.arange(number)
    near = [np.abs(frames - at) <= LEAST_FRAMES for at in (first, end) if 0 < at < number]
    return np.asarray(np.any(near, axis=0)) if near else np.zeros(number, bool)


def _leaps(readings: np.ndarray, first: int, end: int) -> bool:
    """Whether a column changes far more where its spell begins or ends than it does outside, near it."""
    change = np.abs(np.diff(readings))
    for at, outside in (
        (first - 1, slice(max(0, first - 1 - LEAST_FRAMES), max(0, first - 1))),
        (end - 1, slice(end, end + LEAST_FRAMES)),
    ):
        if 0 <= at < len(change) and change[outside].size and change[at] > LEAP * change[outside].max():
            return True
    return False


def _neighbour(still: np.ndarray, column: int, step: int) -> int | None:
    """The nearest column to one side that is not still all the time; None beyond WIDEST, or the edge."""
    for away in range(1, WIDEST + 1):
        other = column + step * away
        if not 0 <= other < still.shape[1]:
            return None
        if not still[:, other].all():
            return other
    return None
