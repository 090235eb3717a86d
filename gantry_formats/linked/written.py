"""Which parts of an array of HDF5 were ever written: of others the library gives the fill value, as if read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import h5py

from gantry_formats.linked.arrays import Array
from gantry_formats.linked.elsewhere import Elsewhere

MOST_CHUNKS = 2_000_000
"""So many places of chunks are kept; an array with more of them is read as if all were written."""
NEVER_WRITTEN = "nothing was written to it"


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


def written_offsets(array: Array) -> list[tuple[int, ...]]:
    """Where the chunks begin that were written, in no order; some may lie beyond an end that was moved."""
    offsets: list[tuple[int, ...]] = []

    def keep(info: Any) -> None:
        offsets.append(tuple(info.chunk_offset))

    array.id.chunk_iter(keep)
    return offsets
