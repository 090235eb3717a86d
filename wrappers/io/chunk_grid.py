"""Places of chunks in an array that is stored in chunks of one shape."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Place: TypeAlias = tuple[slice, ...]


def number_of_chunks(shape: Sequence[int], chunks: Sequence[int]) -> int:
    """How many chunks there are where all are."""
    return math.prod(-(-length // step) for length, step in zip(shape, chunks, strict=True))


def places_of(
    offsets: Iterable[tuple[int, ...]], chunks: Sequence[int], shape: Sequence[int], most: int
) -> list[Place]:
    """The places of the chunks that begin at `offsets`, neighbours along an axis together up to `most` values.

    What lies beyond the array's end is left out.
    """
    places: list[Place] = []
    for offset in sorted(offsets):
        one = tuple(
            slice(start, min(start + step, length))
            for start, step, length in zip(offset, chunks, shape, strict=True)
        )
        if any(part.start >= part.stop for part in one):
            continue  # beyond the array's end, which was moved
        joined = _joined(places[-1], one) if places else None
        if joined is not None and size_of(joined) <= most:
            places[-1] = joined
        else:
            places.append(one)
    return places


def size_of(place: Place) -> int:
    """How many values a place has."""
    return math.prod(part.stop - part.start for part in place)


def common(one: Place, other: Place) -> int:
    """How many values two places share."""
    lengths = (min(a.stop, b.stop) - max(a.start, b.start) for a, b in zip(one, other, strict=True))
    return math.prod(max(0, length) for length in lengths)


def _joined(first: Place, second: Place) -> Place | None:
    """Both as one, where the second goes on where the first ends, along one axis; else None."""
    unlike = [axis for axis, (one, other) in enumerate(zip(first, second, strict=True)) if one != other]
    if len(unlike) != 1 or first[unlike[0]].stop != second[unlike[0]].start:
        return None
    [axis] = unlike
    return (*first[:axis], slice(first[axis].start, second[axis].stop), *first[axis + 1 :])
