"""Where in an array of HDF5 the stored bytes do not unpack, in the words that jobs have for it."""

import time

import h5py

from gantry_formats.linked import Array, LinkError

MOST_CHUNKS = 20_000
SEARCH_S = 5.0
"""Processor time: a place is worth no more."""


def damage_of(array: h5py.Dataset) -> str:
    """A sentence about an array that could not be read: its path, and the first chunk that does not unpack."""
    where = _first_damaged(array)
    place = f"{array.name}, {where}" if where else str(array.name)
    return f"{place}: its stored bytes cannot be unpacked, they are damaged."


def _first_damaged(array: h5py.Dataset) -> str:
    """Where the first such chunk begins and ends along each axis, counted from 0; empty where it is not found."""
    if not array.chunks or (
        isinstance(array, Array) and array.id.get_create_plist().get_layout() == h5py.h5d.VIRTUAL
    ):
        return ""
    until = time.process_time() + SEARCH_S
    try:
        many = min(int(array.id.get_num_chunks()), MOST_CHUNKS)
        for number in range(many):
            offset = array.id.get_chunk_info(number).chunk_offset
            place = tuple(
                slice(start, min(start + step, length))
                for start, step, length in zip(offset, array.chunks, array.shape, strict=True)
            )
            if not _unpacks(array, place):
                return ", ".join(f"{part.start}…{part.stop - 1}" for part in place)
            if time.process_time() > until:
                break
    except (OSError, RuntimeError, ValueError):
        return ""
    return ""


def _unpacks(array: h5py.Dataset, place: tuple[slice, ...]) -> bool:
    try:
        array[place]
    except LinkError:
        return True
    except (OSError, RuntimeError):
        return False
    return True
