"""Backgrounds at even times of a measurement: medians of the images that follow, without those that have cells.

What dcnum calls the background "sparsemed": steps, choice and assignment are its own, so that results agree.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

WALL_ROWS = 20
"""The image's upper rows, in which the channel's wall lies and no cells: they show how bright the light is."""
NEIGHBOURS = 10
MIDDLE_ROWS = 20


def step_times(time_s: np.ndarray, split_s: float) -> np.ndarray:
    """Return the times (s, from the first image on) at which a background is made; at least one."""
    steps = np.arange(0, time_s[-1] - time_s[0], split_s)
    return steps if steps.size else np.zeros(1)


def window(time_s: np.ndarray, step_s: float, kernel: int) -> tuple[int, int]:
    """Return the first and one past the last image of a background: `kernel` images from `step_s` on.

    `time_s` counts from the first image; at the end the last `kernel` images are taken.
    """
    first = int(np.argmin(np.abs(step_s - time_s)))
    last = first + kernel
    if last >= len(time_s):
        last = len(time_s)
        first = max(0, last - kernel)
    return first, last


def clean(backgrounds: np.ndarray, kept_fraction: float) -> np.ndarray:
    """Return which of the backgrounds (n, y, x) uint8 are free of cells (bool), about `kept_fraction` of them.

    Rows in the image's middle that vary along the channel more than in the backgrounds before and after have cells
    in them. With 1 all are kept.
    """
    if kept_fraction == 1:
        return np.ones(len(backgrounds), bool)
    along = np.ptp(backgrounds, axis=2)
    along = along - np.median(along, axis=0)
    rows = along.shape[1]
    spread = max(MIDDLE_ROWS, rows // 4)
    middle = np.mean(along[:, slice(rows // 2 - spread, rows // 2 + spread)], axis=1)
    excess = middle - ndimage.median_filter(middle, size=NEIGHBOURS)
    distance = np.abs(excess - np.median(excess))
    return np.asarray(distance <= np.quantile(distance, kept_fraction))


def assigned(time_s: np.ndarray, steps: np.ndarray, split_s: float) -> np.ndarray:
    """Return for each image which of the backgrounds, made at `steps`, is its own (int)."""
    index = np.zeros(len(time_s), np.int64)
    start = 0
    for number, step in enumerate(steps):
        stop = int(np.argmin(np.abs(time_s - step - split_s / 2)))
        index[start:stop] = number
        start = stop
    index[start:] = len(steps) - 1
    return index


def wall_brightness(images: np.ndarray) -> np.ndarray:
    """Return the mean grey value of the channel's wall in images (n, y, x)."""
    return np.asarray(np.mean(images[:, :WALL_ROWS], axis=(1, 2)))
