"""Which elements of a virtual dataset are which of its sources: selections as lists of places along each axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from gantry_formats.linked.links import LinkError, Why

UNLIMITED = h5py.h5s.UNLIMITED & (2**64 - 1)
MOST_PLACES = 20_000_000
MOST_BLOCKS = 200_000
NOT_READ = "the map of a virtual dataset is of a kind that is not read here"

Places = range | np.ndarray
"""Places along one axis, in ascending order."""


@dataclass(frozen=True)
class Hyperslab:
    """A regular selection: along each axis `count` blocks of `block` elements, `stride` apart, from `start` on."""

    start: tuple[int, ...]
    stride: tuple[int, ...]
    count: tuple[int, ...]
    block: tuple[int, ...]

    @property
    def unlimited(self) -> int | None:
        """The axis along which it goes on for ever; None where it ends."""
        axes = [axis for axis, pair in enumerate(zip(self.count, self.block, strict=True)) if UNLIMITED in pair]
        return axes[0] if axes else None

    def places(self, axis: int, end: int) -> Places:
        """Its places along an axis, those before `end`."""
        start, stride, count, block = self.start[axis], self.stride[axis], self.count[axis], self.block[axis]
        if block == UNLIMITED:
            return range(start, max(start, end))
        if count == UNLIMITED:
            count = max(0, -(-(end - start) // stride))
        if count == 1 or block == stride:
            return range(start, min(end, start + (count - 1) * stride + block) if count else start)
        if block == 1:
            return range(start, max(start, min(end, start + (count - 1) * stride + 1)), stride)
        if count * block > MOST_PLACES:
            raise LinkError(Why.MANY, NOT_READ)
        found = (start + np.arange(count, dtype=np.int64)[:, None] * stride + np.arange(block)).ravel()
        return found[found < end]

    def first(self, axis: int, number: int) -> Places:
        """The first `number` places along the axis that goes on for ever."""
        stride, block = self.stride[axis], self.block[axis]
        end = self.start[axis] + (number if block == UNLIMITED else -(-number // block) * stride + block)
        return self.places(axis, end)[:number]


def hyperslab_of(space: Any) -> Hyperslab | None:
    """The selection of an h5py SpaceID as a Hyperslab; None where all is selected, or it is not regular."""
    if space.get_select_type() != h5py.h5s.SEL_HYPERSLABS or not space.is_regular_hyperslab():
        return None
    start, stride, count, block = (tuple(int(one) for one in part) for part in space.get_regular_hyperslab())
    return Hyperslab(start, stride, count, block)


def places_of(space: Any, shape: Sequence[int]) -> tuple[Places, ...]:
    """The places along each axis of what an h5py SpaceID selects of an array of this shape.

    Raises LinkError where the selection is no product of places along axes, or reaches beyond the shape.
    """
    kind = space.get_select_type()
    if kind == h5py.h5s.SEL_NONE:
        return tuple(range(0) for _ in shape)
    if kind == h5py.h5s.SEL_ALL:
        return tuple(range(length) for length in shape)
    if kind != h5py.h5s.SEL_HYPERSLABS:
        raise LinkError(Why.UNKNOWN, NOT_READ)
    if (regular := hyperslab_of(space)) is not None:
        if len(regular.start) != len(shape):
            raise LinkError(Why.DAMAGED, "the map of a virtual dataset does not fit its source")
        # What goes on for ever ends with the array; anything else must not reach beyond it.
        ends = [length + (axis != regular.unlimited) for axis, length in enumerate(shape)]
        found = tuple(regular.places(axis, end) for axis, end in enumerate(ends))
    else:
        found = _of_blocks(space, len(shape))
    if any(len(places) and int(places[-1]) >= length for places, length in zip(found, shape, strict=True)):
        raise LinkError(Why.DAMAGED, "the map of a virtual dataset reaches beyond its source")
    return found


def _of_blocks(space: Any, rank: int) -> tuple[Places, ...]:
    if space.get_select_hyper_nblocks() > MOST_BLOCKS:
        raise LinkError(Why.MANY, NOT_READ)
    blocks = np.asarray(space.get_select_hyper_blocklist(), dtype=np.int64)
    if blocks.ndim != 3 or blocks.shape[2] != rank:
        raise LinkError(Why.DAMAGED, "the map of a virtual dataset does not fit its source")
    found = []
    for axis in range(rank):
        parts = np.unique(blocks[:, :, axis], axis=0)
        if int((parts[:, 1] - parts[:, 0] + 1).sum()) > MOST_PLACES:
            raise LinkError(Why.MANY, NOT_READ)
        found.append(np.unique(np.concatenate([np.arange(low, high + 1) for low, high in parts.tolist()])))
    if math.prod(len(places) for places in found) != space.get_select_npoints():
        raise LinkError(Why.UNKNOWN, NOT_READ)
    return tuple(found)


def meeting(places: Places, wanted: range) -> tuple[np.ndarray, np.ndarray]:
    """Where along `places` those lie that are `wanted`, and as which of the wanted ones they count."""
    if not len(places) or not len(wanted):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    low, high = wanted[0], wanted[-1]
    if isinstance(places, range):
        first = max(0, -(-(low - places.start) // places.step))
        last = min(len(places), (high - places.start) // places.step + 1)
        at = np.arange(first, max(first, last), dtype=np.int64)
        values = places.start + at * places.step
    else:
        at = np.arange(np.searchsorted(places, low), np.searchsorted(places, high, side="right"), dtype=np.int64)
        values = places[at]
    kept = (values - low) % wanted.step == 0
    return at[kept], (values[kept] - low) // wanted.step


def taken(places: Places, at: np.ndarray) -> np.ndarray:
    """The places of these positions."""
    return places.start + at * places.step if isinstance(places, range) else np.asarray(places[at])


def as_slice(places: np.ndarray) -> tuple[slice, np.ndarray | None]:
    """The slice that holds ascending places, and which of its elements they are, where they are not all."""
    if not len(places):
        return slice(0, 0), None
    first, last = int(places[0]), int(places[-1])
    if last - first + 1 == len(places):
        return slice(first, last + 1), None
    step = int(places[1] - first)
    if step > 0 and first + step * (len(places) - 1) == last and (np.diff(places) == step).all():
        return slice(first, last + 1, step), None
    return slice(first, last + 1), places - first


def parts_of(arguments: Any, shape: Sequence[int]) -> tuple[list[range], list[int], dict[int, np.ndarray]]:
    """An index of NumPy's as a range along each axis, the axes that it takes away, and picks within the ranges.

    Numbers, slices, `...`, and one list of places or mask an axis. Raises IndexError, TypeError.
    """
    given = list(arguments) if isinstance(arguments, tuple) else [arguments]
    if sum(one is Ellipsis for one in given) > 1 or sum(one is not Ellipsis for one in given) > len(shape):
        raise IndexError(f"{len(given)} indices are too many for {len(shape)} axes")
    if Ellipsis in [one for one in given if not isinstance(one, np.ndarray)]:
        place = next(number for number, one in enumerate(given) if one is Ellipsis)
        given[place : place + 1] = [slice(None)] * (len(shape) - len(given) + 1)
    given += [slice(None)] * (len(shape) - len(given))
    ranges, away, picks = [], [], {}
    for axis, (one, length) in enumerate(zip(given, shape, strict=True)):
        if isinstance(one, slice):
            found = range(*one.indices(length))
            if found.step < 0:
                raise IndexError("steps must be positive")
            ranges.append(found)
        elif isinstance(one, int | np.integer) and not isinstance(one, bool):
            number = int(one) + length if one < 0 else int(one)
            if not 0 <= number < length:
                raise IndexError(f"{one} is out of range for {length} elements")
            ranges.append(range(number, number + 1))
            away.append(axis)
        else:
            chosen = np.asarray(one)
            chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.int64)
            chosen = np.where(chosen < 0, chosen + length, chosen)
            if chosen.ndim != 1 or (len(chosen) and not (chosen.min() >= 0 and chosen.max() < length)):
                raise IndexError("a list of places within the array is needed")
            low = int(chosen.min()) if len(chosen) else 0
            ranges.append(range(low, int(chosen.max()) + 1 if len(chosen) else low))
            picks[axis] = chosen - low
    return ranges, away, picks
