"""Stripes of sinograms, which become rings: what sorts of them there are, and how each is taken out.

N. T. Vo, R. C. Atwood, M. Drakopoulos, "Superior techniques for eliminating ring artifacts in X-ray
micro-tomography", Opt. Express 26, 28396 (2018): algorithm 3 (sorting) for narrow stripes of every strength, 5 for
wide ones, 6 for pixels that do not respond, or flicker; all three, the last one first, for scans that have all.
Sinograms are (rows, angles, columns); each row is treated by itself.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_dilation, median_filter, uniform_filter1d

from wrappers.kernels.bad_readings import mended

DROPPED = 0.1
"""Share of the smallest and largest values of a column that do not count when wide stripes are looked for."""
FLICKER = 10
"""Angles over which a sound pixel's readings go on smoothly."""
FITTED = 0.25
"""Share of ranked columns at either end that are no part of the line that sound ones make."""
MOST_DEAD = 1 / 3
"""Share of the columns: where more do not respond, nothing can stand in for them."""
LEAST_SPREAD = 1e-5
"""Of sound columns: less is no noise, of which stripes could stand out."""


def without_stripes(sinograms: np.ndarray, size: int) -> np.ndarray:
    """Return sinograms without narrow stripes, by sorting: algorithm 3.

    Each column's values are sorted, sorted values are smoothed across `size` columns by a median, and put back in
    their places.
    """
    order, ranked = _sorted(sinograms)
    return _put_back(order, median_filter(ranked, size=(1, 1, size), mode="reflect"))


def without_all_stripes(sinograms: np.ndarray, *, narrow: int, wide: int, ratio: float) -> np.ndarray:
    """Return sinograms without stripes of unresponsive and flickering pixels, wide ones, and narrow ones, in turn.

    `narrow` and `wide` are the widths of medians in columns; `ratio` is how far a stripe stands out of the spread
    of sound columns (3 is usual, more finds fewer).
    """
    found = without_dead_stripes(sinograms, wide, ratio)
    return without_stripes(without_wide_stripes(found, wide, ratio), narrow)


def without_wide_stripes(sinograms: np.ndarray, size: int, ratio: float) -> np.ndarray:
    """Return sinograms without wide stripes: algorithm 5.

    A column's level, the mean of its ranked values without the smallest and largest, is compared with the median
    over `size` columns, and divided out; columns that stand out take the neighbours' ranked values.
    """
    order, ranked = _sorted(sinograms.astype(np.float32, copy=False))
    smooth = median_filter(ranked, size=(1, 1, size), mode="reflect")
    dropped = int(DROPPED / 2 * sinograms.shape[1])
    counted = slice(dropped, sinograms.shape[1] - dropped)
    level, usual = ranked[:, counted].mean(axis=1), smooth[:, counted].mean(axis=1)
    factor = np.divide(level, usual, out=np.ones_like(level), where=usual != 0)
    result = sinograms / factor[:, None, :]
    corrected = _put_back(order, smooth)
    for row, one in enumerate(factor):
        columns = binary_dilation(standing_out(one, ratio))
        result[row][:, columns] = corrected[row][:, columns]
    return np.asarray(result, dtype=np.float32)


def without_dead_stripes(sinograms: np.ndarray, size: int, ratio: float) -> np.ndarray:
    """Return sinograms with columns that do not respond, or flicker, interpolated: algorithm 6.

    They are known by how far their readings lie from what these are when smoothed along the angles, as compared
    with the median over `size` columns. The outermost two columns at either edge are left as they are.
    """
    smooth = uniform_filter1d(sinograms, FLICKER, axis=1)
    unsteady = np.abs(sinograms - smooth).sum(axis=1)
    usual = median_filter(unsteady, size=(1, size), mode="reflect")
    level = np.abs(usual).mean(axis=1, keepdims=True)
    dead = np.zeros(sinograms.shape, bool)
    for row, one in enumerate(unsteady / np.where(usual == 0, np.where(level == 0, 1, level), usual)):
        columns = binary_dilation(standing_out(one, ratio))
        columns[:2] = columns[-2:] = False
        if columns.sum() < int(MOST_DEAD * len(columns)):
            dead[row][:, columns] = True
    return np.asarray(mended(sinograms, dead))


def standing_out(levels: np.ndarray, ratio: float) -> np.ndarray:
    """Return which of the columns' levels stand out: algorithm 4.

    Ranked, those of sound columns make a straight line; what lies further from its ends than `ratio` times half
    its height stands out. None do where sound ones have no spread (a simulation without noise).
    """
    ranked, number = np.sort(levels), len(levels)
    dropped = int(FITTED * number)
    place = np.arange(number)[dropped : number - dropped - 1]
    if len(place) < 2:
        return np.zeros(number, bool)
    slope, low = np.polyfit(place, ranked[dropped : number - dropped - 1], 1)
    high = low + slope * (number - 1)
    spread = abs(high - low)
    found = np.zeros(number, bool)
    if spread < LEAST_SPREAD:
        return found
    if abs(ranked[-1] - high) >= ratio * spread:
        found |= levels > high + ratio * spread / 2
    if abs(low - ranked[0]) >= ratio * spread:
        found |= levels <= low - ratio * spread / 2
    return found


def _sorted(sinograms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(sinograms, axis=1, kind="stable")
    return order, np.take_along_axis(sinograms, order, axis=1)


def _put_back(order: np.ndarray, ranked: np.ndarray) -> np.ndarray:
    result = np.empty_like(ranked)
    np.put_along_axis(result, order, ranked, axis=1)
    return result
