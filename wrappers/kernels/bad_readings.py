"""Readings of a detector that say nothing, and what stands in for them.

Sinograms are (rows, angles, columns). One bad element costs itself only: it is interpolated between its neighbours
in its own line, and counted by whoever asks.
"""

from __future__ import annotations

import numpy as np

from wrappers.kernels.arrays import Array, namespace

DEAD_SHARE = 0.5
"""A pixel that reads nothing in more projections than this is dead: no sample hides it all the time."""


def with_dead_pixels(bad: Array, dark: Array, exposed: Array | None = None) -> Array:
    """Return `bad` with all readings of dead pixels: those that are bad or dark in most projections.

    `exposed` says which projections count; all if not given.
    """
    nothing = bad | dark
    share = (nothing if exposed is None else nothing[:, exposed]).mean(axis=1, keepdims=True)
    return bad | (share > DEAD_SHARE)


def lost(bad: Array) -> Array:
    """Return which angles have a line without any good reading: nothing stands in for such a projection."""
    return bad.all(axis=2).any(axis=0)


def mended(sinograms: Array, bad: Array) -> Array:
    """Return sinograms with bad readings interpolated along the columns, at an edge by the nearest good one.

    ValueError where a line has no good reading.
    """
    xp = namespace(sinograms)
    hit = bad.any(axis=2)
    if not bool(hit.any()):
        return sinograms
    if bool(bad.all(axis=2).any()):
        raise ValueError("a line without any good reading")
    lines, holes = _on_host(sinograms[hit]), _on_host(bad[hit])
    number = lines.shape[1]
    columns = np.arange(number)
    before = np.maximum.accumulate(np.where(holes, -1, columns), axis=1)
    after = np.minimum.accumulate(np.where(holes, number, columns)[:, ::-1], axis=1)[:, ::-1]
    left = np.where(before < 0, after, before)
    right = np.where(after >= number, before, after)
    share = (columns - left) / np.maximum(right - left, 1)
    low, high = np.take_along_axis(lines, left, axis=1), np.take_along_axis(lines, right, axis=1)
    lines[holes] = (low + (high - low) * share)[holes]
    result = sinograms.copy()
    result[hit] = xp.asarray(lines)
    return result


def filled(volume: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """Return the volume (z, y, x) with bad voxels taken from the good ones around, the nearest that there are.

    The mean of a cube of 3 voxels a side, or 5, 9, 17 … where that holds none. ValueError where no voxel is good.
    """
    good = ~bad
    if not good.any():
        raise ValueError("no good voxel")
    result = volume.copy()
    for place in np.argwhere(bad):
        reach = 1
        while True:
            around = tuple(slice(max(0, at - reach), at + reach + 1) for at in place)
            if good[around].any():
                break
            reach *= 2
        result[tuple(place)] = volume[around][good[around]].mean(dtype=np.float64)
    return result


def _on_host(array: Array) -> np.ndarray:
    return np.asarray(array.get() if hasattr(array, "get") else array)
