"""Flat and dark frames of a scan: when they were taken, and what they say of each projection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Series:
    """Frames taken one after another, read by detector rows as (frames, rows, columns).

    `place` is where they stand among the projections, in the scan's own count; None where nothing tells. `current`
    is the beam's intensity of each frame, by which its readings are to be divided; None where it is not known.
    """

    read: Callable[[slice], np.ndarray]
    place: float | None = None
    current: np.ndarray | None = None


@dataclass(frozen=True)
class Taken:
    """What one series reads in some rows, and the series that it is."""

    readings: np.ndarray
    series: Series

    @property
    def mean(self) -> np.ndarray:
        """The mean frame (rows, columns), of the same beam; NaN where none reads a number."""
        return _mean(of_same_beam(self.readings, self.series.current))

    def without(self, dark: np.ndarray) -> Taken:
        """What was read above the dark frame: of that alone the beam's intensity tells."""
        return Taken(self.readings - dark, self.series)


def read_all(series: Sequence[Series], rows: slice) -> list[Taken]:
    """Return the readings of all series in these rows."""
    return [Taken(one.read(rows), one) for one in series]


def of_same_beam(readings: np.ndarray, current: np.ndarray | None) -> np.ndarray:
    """Return readings divided by the beam's intensity of each frame, where it is known."""
    return readings if current is None else readings / current.astype(np.float32)[:, None, None]


def level(frames: Sequence[Taken]) -> np.ndarray:
    """Return the mean frame (rows, columns) of all series, each of one weight; NaN where none reads a number."""
    return _mean(np.stack([one.mean for one in frames]))


def beam(frames: Sequence[Taken], places: np.ndarray) -> np.ndarray:
    """Return the beam without a sample: (rows, columns), or for each projection (projections, rows, columns).

    Between two series it is taken to change evenly; before the first and behind the last it is theirs. Where it is
    not known when they were taken, or all were taken together, it is their mean.
    """
    known = sorted({one.series.place for one in frames if one.series.place is not None})
    if len(known) < 2 or any(one.series.place is None for one in frames):
        return level(frames)
    levels = np.stack([level([one for one in frames if one.series.place == place]) for place in known])
    where = np.interp(places, known, np.arange(len(known)))
    first = np.minimum(where.astype(int), len(known) - 2)
    share = (where - first).astype(np.float32)[:, None, None]
    between = levels[first] * (1 - share) + levels[first + 1] * share
    # A pixel that one series does not know is what the other says.
    return np.where(np.isfinite(between), between, _mean(levels))


def runs(frames: np.ndarray, others: np.ndarray) -> list[np.ndarray]:
    """Return the places of frames in groups that none of `others` stands between; both ascend."""
    behind = np.searchsorted(others, frames)
    return [frames[behind == count] for count in np.unique(behind)]


def _mean(frames: np.ndarray) -> np.ndarray:
    """Return the mean frame, of each pixel's finite readings; NaN where it has none."""
    finite = np.isfinite(frames)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(finite, frames, 0).sum(axis=0) / finite.sum(axis=0), dtype=np.float32)
