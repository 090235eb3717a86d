"""A fault of an array: a sentence, the number, the threshold with its reason, and what is drawn of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gantry_formats.axes import UNKNOWN, name_of
from wrappers.programs.qc.frames import Layout

MOST_LISTED = 1000
MOST_RANGES = 4


@dataclass(frozen=True)
class Curve:
    """Numbers along an axis, with those that are wrong, and where the limit is."""

    values: np.ndarray
    marked: Sequence[int]
    label: str
    along: str
    limit: float | None = None


@dataclass(frozen=True)
class Fault:
    """What is wrong. `weight` orders faults: 100 is an array that is worth nothing, 0 one that is sound.

    `number` is what was found, in `unit`; `threshold` is from where on it is said, `said` the same in words, as a
    clause, and `reason` why there. `frames`:
    which ones, counted from 0 in the order in which they lie in the array; the first MOST_LISTED.
    """

    kind: str
    title: str
    weight: float
    sentence: str
    number: float
    unit: str
    threshold: float
    said: str
    reason: str
    frames: Sequence[int] = field(default_factory=list)
    curve: Curve | None = None
    picture: np.ndarray | None = None
    caption: str = ""


def plural(layout: Layout, axis: int | None) -> str:
    """What the frames along an axis are called: time points, planes, frames."""
    letter = layout.letters[axis] if axis is not None else ""
    if letter == "Z":
        return "planes"
    return "frames" if letter in ("", UNKNOWN, "I", "Q") else f"{name_of(letter)}s"


def ranges(places: Sequence[int]) -> str:
    """Places, counted from 0, as people count: "3–5, 9 and 2 more"."""
    runs: list[list[int]] = []
    for place in sorted(set(places)):
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    words = [f"{a + 1}" if a == b else f"{a + 1}–{b + 1}" for a, b in runs[:MOST_RANGES]]
    more = sum(b - a + 1 for a, b in runs[MOST_RANGES:])
    if more:
        return f"{', '.join(words)} and {more:,} more"
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def named_frames(layout: Layout, frames: Sequence[int] | np.ndarray) -> str:
    """Frames in words: "planes 3–5"; where there are several axes, the first few by each."""
    long = [axis for axis, length in enumerate(layout.shape) if length > 1]
    if len(long) == 1:
        single = len(frames) == 1
        words = plural(layout, long[0])
        return f"{words[:-1] if single else words} {ranges([int(one) for one in frames])}"
    shown = [layout.words(frame) for frame in list(frames)[:3]]
    more = f" and {len(frames) - 3:,} more" if len(frames) > 3 else ""
    return f"{'; '.join(shown)}{more}"
