"""Statistics of an array that comes in blocks: each block is summarised by itself, summaries are merged.

Means and variances are merged by the pairwise formula of T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating
formulae and a pairwise algorithm for computing sample variances" (COMPSTAT 1982), which does not lose digits where
the mean is large beside the deviation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wrappers.kernels.arrays import Array, namespace

SMALL_INTEGER_BITS = 16
BITS_OF_DETECTORS = (8, 10, 12, 14)


@dataclass(frozen=True)
class Moments:
    """Count, extremes, mean and sum of squared deviations of the finite values; how many were not finite."""

    count: int = 0
    not_finite: int = 0
    low: float = math.inf
    high: float = -math.inf
    mean: float = 0.0
    deviation: float = 0.0

    @property
    def std(self) -> float:
        """The standard deviation of the population; NaN without values."""
        return math.sqrt(self.deviation / self.count) if self.count else math.nan


def moments(block: Array) -> Moments:
    """Return the Moments of a block of real numbers. Integer extremes stay whole numbers at any width."""
    xp = namespace(block)
    values = block.ravel()
    missing = 0
    if values.dtype.kind == "f":
        finite = xp.isfinite(values)
        missing = int(values.size - xp.count_nonzero(finite))
        if missing:
            values = values[finite]
    if values.size == 0:
        return Moments(not_finite=missing)
    low, high = values.min().item(), values.max().item()
    with np.errstate(over="ignore", invalid="ignore"):  # beyond the range of floats the figures are infinite
        mean = float(values.mean(dtype=xp.float64))
        offset = values.astype(xp.float64) - mean
        return Moments(int(values.size), missing, low, high, mean, float(xp.dot(offset, offset)))


def merge(first: Moments, second: Moments) -> Moments:
    """Return the Moments of both parts together."""
    if second.count == 0 or first.count == 0:
        filled = first if first.count else second
        return replace(filled, not_finite=first.not_finite + second.not_finite)
    count = first.count + second.count
    step = second.mean - first.mean
    return Moments(
        count,
        first.not_finite + second.not_finite,
        min(first.low, second.low),
        max(first.high, second.high),
        first.mean + step * second.count / count,
        first.deviation + second.deviation + step * step * first.count * second.count / count,
    )


@dataclass(frozen=True)
class Bins:
    """How values are counted: `number` bins from `low`. For integers a bin holds `width` whole values.

    For floats the bins are equal parts of [low, high], the last one closed; `width` is their length.
    """

    integer: bool
    low: float
    high: float
    number: int
    width: float

    @property
    def edges(self) -> np.ndarray:
        """The `number` + 1 edges; for integers the lower edge of a bin is its first value."""
        if self.integer:
            first, width = int(self.low), int(self.width)
            return np.array([float(first + place * width) for place in range(self.number + 1)])
        # Weighted so that no step leaves the range of floats, even for the largest ones.
        share = np.arange(self.number + 1) / self.number
        return self.low * (1 - share) + self.high * share


def integer_bins(low: int, high: int, most: int) -> Bins:
    """Return bins of equally many whole values that cover low…high: one value each where `most` bins suffice."""
    width = -(-(high - low + 1) // most)
    return Bins(True, low, high, -(-(high - low + 1) // width), width)


def float_bins(low: float, high: float, number: int) -> Bins:
    """Return `number` equal parts of [low, high], fewer where floats lie no closer; one where all are the same."""
    if high <= low:
        return Bins(False, low, high, 1, 0.0)
    apart = max(float(np.spacing(max(abs(low), abs(high)))), float(np.finfo(np.float64).tiny))
    number = max(1, int(min(number, high / apart - low / apart)))
    return Bins(False, low, high, number, high / number - low / number)


def count(block: Array, bins: Bins) -> Array:
    """Return how many finite values of `block` each bin holds (int64). Values must lie in low…high."""
    xp = namespace(block)
    values = block.ravel()
    if bins.integer:
        if values.dtype.kind == "b":
            values = values.astype(xp.uint8)
        # Differences modulo 2^64 are right for every integer type, where plain ones overflow.
        wide = values.astype(xp.uint64 if values.dtype.kind == "u" else xp.int64).view(xp.uint64)
        place = (wide - xp.uint64(int(bins.low) % 2**64)) // xp.uint64(bins.width)
        return xp.bincount(place.astype(xp.int64), minlength=bins.number)
    values = values[xp.isfinite(values)].astype(xp.float64)
    if bins.number == 1:
        return xp.asarray([values.size])
    # Halved where the range of the largest floats is not a float itself; the smallest have no halves.
    scale = 1.0 if math.isfinite(bins.high - bins.low) else 0.5
    counts, _ = xp.histogram(values * scale, bins=bins.number, range=(bins.low * scale, bins.high * scale))
    return counts


def coarser(counts: np.ndarray, bins: Bins, most: int) -> tuple[np.ndarray, Bins]:
    """Return the same histogram with at most `most` bins, by adding neighbours: nothing is estimated."""
    group = -(-bins.number // most)
    if group == 1:
        return counts, bins
    number = -(-bins.number // group)
    padded = np.zeros(number * group, dtype=counts.dtype)
    padded[: bins.number] = counts
    width = bins.width * group
    reach = number * group / bins.number
    high = bins.high if bins.integer else bins.low * (1 - reach) + bins.high * reach
    return padded.reshape(number, group).sum(axis=1), Bins(bins.integer, bins.low, high, number, width)


def percentiles(counts: np.ndarray, bins: Bins, ranks: tuple[float, ...]) -> list[float]:
    """Return percentiles from a histogram, with linear interpolation between neighbours as numpy.percentile.

    Exact where each bin is one whole value; otherwise at most one bin's width from the exact value.
    """
    cumulated = np.cumsum(counts)
    total = int(cumulated[-1]) if counts.size else 0
    if total == 0:
        return [math.nan] * len(ranks)
    exact = bins.integer and bins.width == 1

    def ordered(number: int) -> float:
        place = int(np.searchsorted(cumulated, number, side="right"))
        if exact:
            return float(int(bins.low) + place)
        before = int(cumulated[place - 1]) if place else 0
        share = (number - before + 0.5) / int(counts[place])
        return min(float(bins.high), float(bins.low) + float(bins.width) * (place + share))

    found = []
    for rank in ranks:
        position = rank / 100 * (total - 1)
        below = math.floor(position)
        left, right = ordered(below), ordered(min(below + 1, total - 1))
        found.append(left + (right - left) * (position - below))
    return found


def saturation_level(dtype: np.dtype[Any], high: float) -> int | None:
    """Return the value at which a detector of this integer type is full; None for floats and booleans.

    The type's largest value, or 2^n - 1 where that is exactly the largest value found, for converters with n = 8,
    10, 12 or 14 bits stored in 16.
    """
    if dtype.kind not in "iu":
        return None
    if dtype.itemsize == 2 and high in [2**bits - 1 for bits in BITS_OF_DETECTORS]:
        return int(high)
    return int(np.iinfo(dtype).max)
