"""Times that were measured, as an interval and in words. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from portal import words

MANY = 10
"""From so many values on, the tenth at either end is left out: one odd run must not tell for all."""
TAIL = 0.1
DEFINITE = 1.5
"""Ends that differ by less than this factor are told as one."""


@dataclass(frozen=True)
class Span:
    """From `low` to `high`, in seconds; of memory in bytes."""

    low: float
    high: float

    def plus(self, other: "Span") -> "Span":
        """One after the other."""
        return Span(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> "Span":
        """So many one after the other."""
        return Span(self.low * factor, self.high * factor)

    @property
    def definite(self) -> bool:
        """Whether one figure says it all."""
        return self.high <= self.low * DEFINITE

    @property
    def middle(self) -> float:
        """Half-way."""
        return (self.low + self.high) / 2


def spread(values: Sequence[float]) -> Span:
    """Where most of the values lie: all of a few, without the tenth at either end of many. Not of none."""
    ordered = sorted(values)
    cut = int(len(ordered) * TAIL) if len(ordered) >= MANY else 0
    return Span(ordered[cut], ordered[-1 - cut])


def median(values: Sequence[float]) -> float:
    """The middle one, the lower of two. Not of none."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2]


def span_words(span: Span) -> str:
    """`4 to 7 minutes`, `40 seconds to 2 minutes`, `about 3 minutes`, `a few seconds`: rounded outwards."""
    if span.high < 5:
        return "a few seconds"
    low, high = _rounded(max(1.0, span.low), up=False), _rounded(span.high, up=True)
    if low >= high:
        return f"about {words.duration(high)}"
    first, last = words.duration(low), words.duration(high)
    if first == last:
        return f"about {last}"
    (number, _, unit), (_, _, other) = first.partition(" "), last.partition(" ")
    return f"{number} to {last}" if unit.rstrip("s") == other.rstrip("s") else f"{first} to {last}"


def about_words(seconds: float) -> str:
    """`3 minutes`: one figure, as precise as an estimate deserves."""
    return words.duration(_nearest(seconds))


def _step(seconds: float) -> int:
    for below, step in ((10, 1), (60, 5), (1200, 60), (3600, 300), (6 * 3600, 600)):
        if seconds < below:
            return step
    return 3600


def _rounded(seconds: float, *, up: bool) -> int:
    step = _step(seconds)
    return int((math.ceil if up else math.floor)(seconds / step) * step)


def _nearest(seconds: float) -> int:
    step = _step(seconds)
    return max(step, int(round(seconds / step) * step))
