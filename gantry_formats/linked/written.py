"""Which parts of an array of HDF5 were ever written: of others the library gives the fill value, as if read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import h5py

from gantry_formats.linked.arrays import Array
from gantry_formats.linked.elsewhere import Elsewhere
from gantry_formats.linked.virtual import Virtual

MOST_CHUNKS = 2_000_000
"""So many places of chunks are kept; an array with more of them is read as if all were written."""
NEVER_WRITTEN = "nothing was written to it"
Place = tuple[slice, ...]


@dataclass(frozen=True)
class Chunks:
    """How many chunks an array has, and how many of them were written."""

    written: int
    all: int

    @property
    def words(self) -> str:
        """What a person is to know of an array that was not written whole, as a clause."""
        missing = self.all - self.written
        return f"{missing} of its {self.all} chunks {'was' if missing == 1 else 'were'} never written"


def is_never_written(array: Array) -> bool:
    """Whether an array has a place in its file for values, and no value there."""
    if isinstance(array, Elsewhere) or not array.shape or not math.prod(array.shape):
        return False
    layout = array.id.get_create_plist().get_layout()
    if layout == h5py.h5d.CHUNKED:
        return bool(array.id.get_num_chunks() == 0)
    return bool(layout == h5py.h5d.CONTIGUOUS and array.id.get_offset() is None)


def chunks_of(array: Array) -> Chunks | None:
    """How many of its chunks were written, where some were not; None for all other arrays."""
    if isinstance(array, Elsewhere) or not array.shape or array.chunks is None:
        return None
    every = math.prod(-(-length // step) for length, step in zip(array.shape, array.chunks, strict=True))
    written = int(array.id.get_num_chunks())
    return Chunks(written, every) if 0 < written < min(every, MOST_CHUNKS) else None


@dataclass(frozen=True)
class Mapped:
    """How many values of a view come from a source, of how many, and where those are."""

    values: int
    all: int
    places: tuple[Place, ...]

    @property
    def words(self) -> str:
        """What a person is to know of a view with gaps, as a clause."""
        return f"{self.all - self.values} of its {self.all} values come from no source"


def mapped_of(array: Array) -> Mapped | None:
    """What of a view comes from a source, where some of it does not; None for others. Raises LinkError.

    Only gaps between whole items along the first axis (frames) are told.
    """
    if not isinstance(array, Virtual) or not array.shape or any(one.endless is not None for one in array.mappings):
        return None
    every, shape = math.prod(array.shape), array.shape
    values = sum(int(one.virtual.get_select_npoints()) for one in array.mappings)
    if not 0 < values < every:
        return None
    boxes: list[Place] = []
    for mapping in array.mappings:
        ranges = [part for part in mapping.places if isinstance(part, range) and part.step == 1]
        whole = len(ranges) == len(shape) and [len(part) for part in ranges[1:]] == list(shape[1:])
        if not whole:
            return None
        boxes.append(tuple(slice(part.start, part.stop) for part in ranges))
    boxes.sort(key=lambda box: box[0].start)
    apart = all(before[0].stop <= after[0].start for before, after in pairwise(boxes))
    return Mapped(values, every, tuple(boxes)) if apart else None


def written_offsets(array: Array) -> list[tuple[int, ...]]:
    """Where the chunks begin that were written, in no order; some may lie beyond an end that was moved."""
    offsets: list[tuple[int, ...]] = []

    def keep(info: Any) -> None:
        offsets.append(tuple(info.chunk_offset))

    array.id.chunk_iter(keep)
    return offsets
