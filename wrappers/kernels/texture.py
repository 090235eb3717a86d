"""Texture of a cell: Haralick's features of its grey values, less the background.

R. M. Haralick et al., IEEE Trans. Syst. Man Cybern. SMC-3, 610 (1973), with the sum variance about the sum
average, as is meant there. Names and the choice of eleven are dclab's: the sum average is twice the mean
brightness, and the difference variance depends on the number of grey values.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

FEATURES = ("asm", "con", "cor", "var", "idm", "sva", "sen", "ent", "den", "f12", "f13")
NAMES = tuple(f"tex_{name}_{kind}" for name in FEATURES for kind in ("avg", "ptp"))
DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1))
"""Down and right, in pixels: along the channel, across it, and both diagonals."""


def texture_features(difference: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Return mean ("avg") and range ("ptp") over four directions of each feature of the pixels in `mask` (bool).

    `difference` (y, x) is image less background in whole grey values. NaN where the mask has no neighbours in one
    of the directions: a line has no texture.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return dict.fromkeys(NAMES, float("nan"))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    inside, values = mask[box], difference[box].astype(np.int64)
    # From 1 on, since 0 is what is not in the mask; in a byte, as the field's programs have it.
    grey = np.where(inside, values - values[inside].min() + 1, 0).astype(np.uint8)
    found = []
    for down, right in DIRECTIONS:
        together = _co_occurrence(grey, down, right)
        if together is None:
            return dict.fromkeys(NAMES, float("nan"))
        found.append(_features(together))
    each = np.array(found)
    pairs = zip(each.mean(axis=0), np.ptp(each, axis=0), strict=True)
    return dict(zip(NAMES, (float(value) for pair in pairs for value in pair), strict=True))


def _co_occurrence(grey: np.ndarray, down: int, right: int) -> np.ndarray | None:
    """Return how often two grey values (from 1 on) are neighbours, as a fraction; None where no pixels are."""
    height, width = grey.shape
    here = grey[: height - down, max(0, -right) : width - max(0, right)]
    there = grey[down:, max(0, right) : width - max(0, -right)]
    both = (here > 0) & (there > 0)
    if not both.any():
        return None
    levels = int(grey.max()) + 1
    codes = here[both].astype(np.int64) * levels + there[both]
    counts = np.bincount(codes, minlength=levels * levels).reshape(levels, levels)
    counts = counts + counts.T
    return np.asarray(counts / counts.sum())


@lru_cache(maxsize=16)
def _grids(levels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return i + j, |i - j|, i j and 1 / (1 + (i - j)²) of all pairs of grey values, each as one row."""
    i, j = np.mgrid[:levels, :levels]
    apart = np.abs(i - j)
    return (i + j).ravel(), apart.ravel(), (i * j).ravel(), 1 / (1 + apart.ravel() ** 2.0)


def _features(p: np.ndarray) -> list[float]:
    levels = len(p)
    sums, apart, products, nearness = _grids(levels)
    flat, one = p.ravel(), p.sum(axis=0)
    k, k_sum = np.arange(levels), np.arange(2 * levels)
    by_sum = np.bincount(sums, weights=flat, minlength=2 * levels)
    by_difference = np.bincount(apart, weights=flat, minlength=levels)
    mean = one @ k
    variance = one @ k**2 - mean**2
    entropy, entropy_of_one = _entropy(flat), _entropy(one)
    # Were neighbours independent: the entropy of their product, by which the measures of information compare.
    independent = 2 * entropy_of_one
    correlation = 1.0 if variance <= 0 else (flat @ products - mean**2) / variance
    information = entropy - independent
    return [
        flat @ flat,
        by_difference @ k**2,
        correlation,
        variance,
        flat @ nearness,
        by_sum @ k_sum**2 - (by_sum @ k_sum) ** 2,
        _entropy(by_sum),
        entropy,
        _entropy(by_difference),
        information / entropy_of_one if entropy_of_one else information,
        np.sqrt(max(0.0, 1 - np.exp(2 * information))),
    ]


def _entropy(p: np.ndarray) -> float:
    """Return the entropy in bits."""
    some = p[p > 0]
    return float(-(some @ np.log2(some)))
