"""The median of the images that follow each image, pixel by pixel, for 8-bit images.

The window moves by one image at a time, so a histogram of each pixel is carried along and its median moved
(T. S. Huang et al., IEEE Trans. Acoust. Speech Signal Process. 27, 13 (1979)); nothing is sorted.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

GREY_VALUES = 256


class RollingMedian:
    """The median of a window of 8-bit images that moves by one image at a time.

    For an even number of images it is the upper of the two middle values, so that no value is invented: what
    dcnum's background "rollmed" has.
    """

    def __init__(self, window: Iterable[np.ndarray], frames: int, shape: tuple[int, int]) -> None:
        """Start with the first window, `frames` images of `shape` (y, x) uint8; one at a time is enough."""
        if frames >= np.iinfo(np.uint16).max:
            raise ValueError(f"a window of {frames} images is too large")
        self._shape = shape
        self._rank = frames // 2
        pixels = shape[0] * shape[1]
        self._first = np.arange(pixels, dtype=np.int64) * GREY_VALUES
        self._counts = np.zeros(pixels * GREY_VALUES, np.uint16)
        for image in window:
            self._counts[self._first + image.ravel()] += 1
        reached = np.cumsum(self._counts.reshape(pixels, GREY_VALUES), axis=1, dtype=np.uint16)
        self._median = np.argmax(reached > self._rank, axis=1).astype(np.int64)
        # How many values of the window are below the median.
        self._below = np.take_along_axis(reached, self._median[:, None], axis=1)[:, 0].astype(np.int64)
        self._below -= self._counts[self._first + self._median]

    @property
    def image(self) -> np.ndarray:
        """The median (y, x) uint8 of the window as it is now."""
        return np.asarray(self._median.astype(np.uint8).reshape(self._shape))

    def move(self, leaves: np.ndarray, enters: np.ndarray) -> None:
        """Move the window by one image: `leaves` (y, x) is no longer in it, `enters` (y, x) is."""
        old, new = leaves.ravel(), enters.ravel()
        self._counts[self._first + old] -= 1
        self._counts[self._first + new] += 1
        self._below += (new < self._median).astype(np.int64) - (old < self._median)
        self._settle()

    def _settle(self) -> None:
        high = np.flatnonzero(self._below > self._rank)
        while high.size:
            self._median[high] -= 1
            self._below[high] -= self._counts[self._first[high] + self._median[high]]
            high = high[self._below[high] > self._rank]
        at = np.flatnonzero(self._below + self._counts[self._first + self._median] <= self._rank)
        while at.size:
            self._below[at] += self._counts[self._first[at] + self._median[at]]
            self._median[at] += 1
            at = at[self._below[at] + self._counts[self._first[at] + self._median[at]] <= self._rank]
