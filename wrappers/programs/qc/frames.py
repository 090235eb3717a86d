"""What is gathered of an array's frames while its blocks go by: figures of each, a few small pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gantry_formats.axes import UNKNOWN, known_axes, name_of
from wrappers.io.source import ArraySource
from wrappers.kernels.frame_quality import MOST_ROWS, Neighbours, digests, neighbours

SMALLEST_SIDE = 16
"""Pixels: what is smaller along y or x is a list or a table, and no picture."""
MOST_FRAMES = 200_000
MOST_MOMENTS = 64
"""Time points of which a small picture is kept to compare where things are."""
SMALL_SIDE = 256
MOST_PIXELS = 1 << 22
"""Of a frame, up to which the lowest and highest value of each pixel over all frames are kept."""
FEWEST_FOR_PIXELS = 8


@dataclass(frozen=True)
class Layout:
    """What the axes before the last two are: letters of gantry_formats.axes; "?" for those that nothing names."""

    shape: tuple[int, ...]
    letters: str

    @property
    def count(self) -> int:
        """How many frames there are."""
        return math.prod(self.shape)

    def axis(self, letter: str) -> int | None:
        """Which axis the letter is, where it is longer than one."""
        return next((i for i, own in enumerate(self.letters) if own == letter and self.shape[i] > 1), None)

    @property
    def line(self) -> int | None:
        """The axis along which frames follow each other: time, else z, else the only one that is no channel."""
        for letter in "TZ":
            if (axis := self.axis(letter)) is not None:
                return axis
        others = [i for i, own in enumerate(self.letters) if self.shape[i] > 1 and own not in "CS"]
        return others[0] if len(others) == 1 else None

    def words(self, frame: int) -> str:
        """Where a frame is: "time point 3, z 7", each counted from 1; "frame 5" where nothing is named."""
        where = np.unravel_index(frame, self.shape) if self.shape else ()
        named = [
            f"{'frame' if own in UNKNOWN + 'IQ' else name_of(own)} {int(at) + 1}"
            for own, at, length in zip(self.letters, where, self.shape, strict=True)
            if length > 1
        ]
        return ", ".join(named) or "the frame"


def layout_of(array: ArraySource) -> Layout | str:
    """The frames of an array; or why it has none that can be judged, as a clause."""
    shape = array.shape
    declared = array.axes.upper() if len(array.axes) == len(shape) else ""
    letters = declared or UNKNOWN * max(0, len(shape) - 2) + "YX"
    coloured = letters.endswith("S") or (not declared and len(shape) == 3 and shape[-1] in (3, 4))
    if len(shape) < 2 or min(shape[-3:-1] if coloured else shape[-2:]) < SMALLEST_SIDE:
        return "it holds no pictures"
    if coloured:
        return "a colour picture is not judged but for saturation"
    known = known_axes(declared, shape) if declared else letters
    if declared and not (known.endswith("YX") or set(known[-2:]) <= {UNKNOWN}):
        return "its pictures do not lie along the last two axes"
    if math.prod(shape[:-2]) > MOST_FRAMES:
        return f"it has more than {MOST_FRAMES:,} frames"
    return Layout(tuple(shape[:-2]), letters[:-2])


class Frames:
    """The figures of all frames, in the order in which they lie in the array."""

    def __init__(self, array: ArraySource, layout: Layout) -> None:
        self.layout = layout
        self.height, self.width = array.shape[-2:]
        count = layout.count
        self.pixels = np.zeros(count, np.int64)
        self.total = np.zeros(count)
        self.low, self.high = np.full(count, np.inf), np.full(count, -np.inf)
        self.at_high = np.zeros(count, np.int64)
        self.digest = np.zeros((count, 2), np.uint64)
        self.near = Neighbours(*(np.zeros(count) for _ in range(5)))
        self._bin = max(1, -(-max(self.height, self.width) // SMALL_SIDE))
        self.small_shape = (self.height // self._bin, self.width // self._bin)
        time = layout.axis("T")
        moments = layout.shape[time] if time is not None else 1
        self.moments = np.unique(np.linspace(0, moments - 1, min(moments, MOST_MOMENTS)).astype(int))
        self.small = np.zeros((len(self.moments), *self.small_shape))
        self.lowest = self.highest = np.empty(0)
        if count >= FEWEST_FOR_PIXELS and self.height * self.width <= MOST_PIXELS:
            self.lowest = np.full((self.height, self.width), np.inf, np.float32)
            self.highest = np.full((self.height, self.width), -np.inf, np.float32)

    @property
    def bin(self) -> int:
        """Pixels along each side that make one of a small picture."""
        return self._bin

    @property
    def whole(self) -> np.ndarray:
        """Which frames were read in full, with finite values only."""
        return np.asarray(self.pixels == self.height * self.width)

    @property
    def mean(self) -> np.ndarray:
        """The mean of each frame."""
        return np.asarray(self.total / np.maximum(1, self.pixels))

    @property
    def structure(self) -> np.ndarray:
        """The variance of each frame that neighbouring pixels share: without noise, which they do not."""
        return np.asarray(self.near.next / np.maximum(1, self.near.pairs))

    def add(self, place: tuple[slice, ...], block: np.ndarray) -> None:
        """Take in a block of real numbers that lies at `place`."""
        if block.dtype.kind == "b":
            block = block.view(np.uint8)
        planes = block.reshape(-1, *block.shape[-2:])
        grid = np.ix_(*(np.arange(part.start, part.stop) for part in place[:-2])) if place[:-2] else ()
        frames = np.ravel_multi_index(grid, self.layout.shape).ravel() if grid else np.zeros(1, int)
        self._add_figures(frames, planes)
        corner = place[-2].start, place[-1].start
        self.digest[frames] ^= digests(planes, corner)
        self._add_neighbours(frames, planes)
        self._add_small(frames, planes, corner)
        if self.lowest.size:
            region = place[-2:]
            least, most = (np.fmin, np.fmax) if planes.dtype.kind == "f" else (np.minimum, np.maximum)
            self.lowest[region] = least(self.lowest[region], least.reduce(planes, axis=0))
            self.highest[region] = most(self.highest[region], most.reduce(planes, axis=0))

    def _add_figures(self, frames: np.ndarray, planes: np.ndarray) -> None:
        if planes.dtype.kind == "f":
            finite = np.isfinite(planes)
            self.pixels[frames] += finite.sum(axis=(1, 2))
            values = np.where(finite, planes, 0)
            self.total[frames] += values.sum(axis=(1, 2), dtype=np.float64)
            low = np.where(finite, planes, np.inf).min(axis=(1, 2))
            high = np.where(finite, planes, -np.inf).max(axis=(1, 2))
        else:
            self.pixels[frames] += planes.shape[1] * planes.shape[2]
            self.total[frames] += planes.sum(axis=(1, 2), dtype=np.float64)
            low, high = planes.min(axis=(1, 2)), planes.max(axis=(1, 2))
        count = (planes == high[:, None, None]).sum(axis=(1, 2))
        before, high = self.high[frames], high.astype(np.float64)
        self.at_high[frames] = np.where(
            high > before, count, self.at_high[frames] + np.where(high == before, count, 0)
        )
        self.high[frames] = np.maximum(before, high)
        self.low[frames] = np.minimum(self.low[frames], low)

    def _add_neighbours(self, frames: np.ndarray, planes: np.ndarray) -> None:
        # Sharpness is asked for along time only, and is taken along both axes.
        columns = max(1, self.width // MOST_ROWS) if self.layout.axis("T") is not None else None
        found = neighbours(planes, max(1, self.height // MOST_ROWS), columns)
        for name in ("pairs", "same", "next", "second", "equal"):
            getattr(self.near, name)[frames] += getattr(found, name)

    def _add_small(self, frames: np.ndarray, planes: np.ndarray, corner: tuple[int, int]) -> None:
        time = self.layout.axis("T")
        moment = (
            np.unravel_index(frames, self.layout.shape)[time] if time is not None else np.zeros(len(frames), int)
        )
        for number, at in enumerate(self.moments):
            chosen = planes[moment == at] if time is not None else planes
            if not len(chosen):
                continue
            summed = chosen[0] if len(chosen) == 1 else chosen.sum(axis=0, dtype=np.float64)
            if summed.dtype.kind == "f":
                summed = np.where(np.isfinite(summed), summed, 0)
            first, stop = self._small_places(corner, summed.shape)
            if (stop <= first).any():
                continue
            begin = first * self._bin - np.array(corner)
            end = begin + (stop - first) * self._bin
            if (begin >= 0).all() and (end <= summed.shape).all():
                rows, columns = stop - first
                inner = summed[begin[0] : end[0], begin[1] : end[1]].reshape(rows, self._bin, columns, self._bin)
                made = inner.sum(axis=3, dtype=np.float64).sum(axis=1)
            else:
                made = self._binned(summed, corner)
            self.small[number, first[0] : stop[0], first[1] : stop[1]] += made

    def _small_places(self, corner: tuple[int, int], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """From where to where a part of a frame lies in a small picture, which has no rest of a last row."""
        first = np.array(corner) // self._bin
        stop = np.minimum(-(-(np.array(corner) + shape) // self._bin), self.small_shape)
        return first, stop

    def _binned(self, part: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
        """A part that begins or ends within a pixel of the small picture, added up for each of these."""
        values = part.astype(np.float64)
        for axis, length in enumerate(self.small_shape):
            places = (np.arange(values.shape[axis]) + corner[axis]) // self._bin
            values = np.take(values, np.flatnonzero(places < length), axis=axis)
            starts = np.flatnonzero(np.diff(places[places < length], prepend=-1))
            values = np.add.reduceat(values, starts, axis=axis)
        return values
