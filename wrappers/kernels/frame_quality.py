"""What tells of a picture whether it is dark, in focus, or the same as another; and how pictures are shifted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

MOST_ROWS = 128
"""Rows, and columns, of a picture in which neighbours are compared: so many tell as much as all."""
PORTION = 1 << 22
"""Pixels that are compared at once, as doubles."""


@dataclass
class Neighbours:
    """Sums over pairs of pixels of each of several pictures (n,): products of deviations from its mean.

    `same`, `next`, `second`: of a pixel with itself, with the next and the one after that, along y and x, each as
    for `pairs` pairs. `equal`: pairs of neighbours that have one value.
    """

    pairs: np.ndarray
    same: np.ndarray
    next: np.ndarray
    second: np.ndarray
    equal: np.ndarray


def neighbours(planes: np.ndarray, step_y: int, step_x: int | None) -> Neighbours:
    """Compare neighbours along x in every `step_y`th row and along y in every `step_x`th column, or none.

    Noise that is independent from pixel to pixel is in `same` only (D. Vollath, J. Microsc. 147, 279 (1987)).
    Values that are not finite count as the mean.
    """
    found = [np.zeros(len(planes)) for _ in range(5)]
    each = max(1, PORTION // max(1, planes.shape[1] * planes.shape[2] // min(step_y, step_x or step_y)))
    for first in range(0, len(planes), each):
        some = planes[first : first + each]
        for lines in (some[:, ::step_y, :], *([some[:, :, ::step_x].swapaxes(1, 2)] if step_x else [])):
            if lines.shape[2] < 3:
                continue
            for sums, part in zip(found, _along(lines), strict=True):
                sums[first : first + each] += part
    return Neighbours(*found)


def _along(lines: np.ndarray) -> tuple[np.ndarray, ...]:
    """The sums of `Neighbours` along the last axis of (n, lines, length)."""
    values = lines.astype(np.float64)
    bad = ~np.isfinite(values)
    if bad.any():
        values[bad] = 0
        kept = np.maximum(1, (~bad).sum(axis=(1, 2)))
        values = np.where(bad, (values.sum(axis=(1, 2)) / kept)[:, None, None], values)
    values -= values.mean(axis=(1, 2), keepdims=True)
    count, length = values.shape[0], values.shape[2]
    pairs = float(values.shape[1] * (length - 2))
    scale = (length - 2) / length
    same = np.einsum("nyx,nyx->n", values, values) * scale
    following = np.einsum("nyx,nyx->n", values[:, :, :-2], values[:, :, 1:-1])
    second = np.einsum("nyx,nyx->n", values[:, :, :-2], values[:, :, 2:])
    equal = (lines[:, :, :-2] == lines[:, :, 1:-1]).sum(axis=(1, 2)).astype(np.float64)
    return np.full(count, pairs), same, following, second, equal


def digests(planes: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    """Two whole numbers (n, 2) of 64 bits for each picture (n, y, x), or part of one that begins at `corner`.

    Those of a picture's parts are combined by exclusive or, in whatever order they come.
    """
    about = f"{corner} {planes.shape[1:]}".encode()
    made = np.empty((len(planes), 2), np.uint64)
    for place, plane in enumerate(planes):
        digest = hashlib.blake2b(np.ascontiguousarray(plane).data, digest_size=16)
        digest.update(about)
        made[place] = np.frombuffer(digest.digest(), np.uint64)
    return made


def shift(reference: np.ndarray, moved: np.ndarray) -> tuple[float, float, float]:
    """How far `moved` (y, x) is shifted against `reference`: dy and dx in pixels, and how alike they are then.

    By the highest place of their cross-correlation with smooth edges, between pixels by a parabola through those
    beside it. Alike: the correlation coefficient there.
    """
    window = np.outer(np.hanning(reference.shape[0]), np.hanning(reference.shape[1]))
    first, second = (_standard(picture, window) for picture in (reference, moved))
    size = float(np.sqrt((first**2).sum() * (second**2).sum()))
    if not size:
        return 0.0, 0.0, 0.0
    together = np.fft.irfft2(np.conj(np.fft.rfft2(first)) * np.fft.rfft2(second), s=reference.shape) / size
    top = np.unravel_index(int(np.argmax(together)), together.shape)
    found = []
    for axis, length in enumerate(together.shape):
        place = int(top[axis])
        around = []
        for step in (-1, 0, 1):
            index = list(top)
            index[axis] = (place + step) % length
            around.append(float(together[tuple(index)]))
        bend = around[0] - 2 * around[1] + around[2]
        between = 0.5 * (around[0] - around[2]) / bend if bend else 0.0
        found.append(place + between - (length if place > length // 2 else 0))
    return found[0], found[1], float(together[top])


def _standard(picture: np.ndarray, window: np.ndarray) -> np.ndarray:
    plain = np.nan_to_num(picture.astype(np.float64))
    return np.asarray((plain - np.average(plain, weights=window + 1e-9)) * window)


def spread(values: np.ndarray) -> float:
    """The standard deviation of values of which a few are anything: from their median deviation."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if values.size else 0.0


def usual_around(values: np.ndarray, reach: int) -> np.ndarray:
    """The median of each value and `reach` others on both sides, fewer at the ends."""
    return np.array([np.median(values[max(0, i - reach) : i + reach + 1]) for i in range(len(values))])
