"""Zarr folders (OME-Zarr too): each picture's finest level, and other arrays, as ArraySources read by chunk."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gantry_formats import zarr_tree
from gantry_formats.descriptions import ACQUIRED, CHANNELS, TIME_STEP
from gantry_formats.linked.blosc import refuse_cut
from gantry_formats.zarr_tree import ZarrArray
from wrappers.errors import BadInput
from wrappers.io.chunk_grid import number_of_chunks, places_of, size_of
from wrappers.io.source import (
    BLOCK_BYTES,
    MOST_UNPACKED,
    ArraySource,
    LeftOut,
    Partly,
    corner_of,
    fill_in_words,
    readable,
)


def is_zarr(path: Path) -> bool:
    """Whether it is a folder of Zarr's, by its name or what is in it."""
    named = path.suffix.lower() == zarr_tree.SUFFIX
    return path.is_dir() and (named or any((path / mark).is_file() for mark in zarr_tree.MARKS))


def survey(path: Path) -> tuple[list[ArraySource], list[LeftOut]]:
    """Return the arrays, of a pyramid its finest level; and what is left out and why. BadInput for no Zarr."""
    with readable(path, "Zarr"):
        tree = zarr_tree.survey(_Local(path))
    found: list[ArraySource] = []
    without = [LeftOut(f"/{name}", why) for name, why in tree.left_out.items()]
    for array in tree.arrays:
        why = _unreadable(array)
        if why:
            without.append(LeftOut(f"/{array.path}", why))
        else:
            with readable(path, "Zarr"):
                found.append(_source(array, path))
    if tree.more:
        without.append(LeftOut("/", f"only the first {zarr_tree.MAX_NODES} groups and arrays were looked at"))
    if not found and not without:
        raise BadInput(f"{path.name} holds no array: it is empty, or no folder of Zarr.")
    return found, without


def _source(array: ZarrArray, path: Path) -> ArraySource:
    opened: list[Any] = []

    def read(place: tuple[slice, ...]) -> np.ndarray:
        # They take half a second to load, and few files need them.
        import zarr
        from numcodecs.blosc import Blosc
        from numcodecs.registry import codec_registry
        from zarr.storage import LocalStore

        codec_registry.pop("pickle", None)  # would run what a file says that changed since it was looked at
        refuse_cut(Blosc)
        with readable(path, "Zarr", f"/{array.path} at {corner_of(place)}"):
            if not opened:
                store = LocalStore(path, read_only=True)
                version: Any = array.version
                opened.append(zarr.open_array(store, path=array.path, mode="r", zarr_format=version))
            return np.asarray(opened[0][place])

    attributes: dict[str, Any] = {f"voxel_size_{axis}_um": size for axis, size in array.sizes.items()}
    if "C" in array.labels:
        attributes[CHANNELS] = list(array.labels["C"])
    if array.time_step_s:
        attributes[TIME_STEP] = array.time_step_s
    if array.acquired:
        attributes[ACQUIRED] = array.acquired
    dtype = np.dtype(array.dtype).newbyteorder("=")
    return ArraySource(
        f"/{array.path}",
        array.shape,
        dtype,
        read,
        _chunks(array),
        array.axes,
        attributes,
        array.axis_names,
        _partly(array, path / array.path),
    )


def _partly(array: ZarrArray, folder: Path) -> Partly | None:
    """Return which chunks of an array are there, where some are not: Zarr leaves out what holds the fill value."""
    if not math.prod(array.shape):
        return None
    offsets = [offset for name in _files(folder) if (offset := array.offset_of(name)) is not None]
    every, fill = number_of_chunks(array.shape, array.chunk), fill_in_words(array.fill)
    what = "chunk" if array.chunk == array.block else "shard"
    if len(offsets) >= every:
        return None
    if not offsets:
        return Partly(f"none of its {every} {what}s is there", math.prod(array.shape), None, fill, meant=True)
    missing = every - len(offsets)
    values = sum(size_of(place) for place in places_of(offsets, array.chunk, array.shape, 0))
    return Partly(
        f"{missing} of its {every} {what}s {'is' if missing == 1 else 'are'} not there",
        values,
        partial(places_of, offsets, array.chunk, array.shape),
        fill,
        meant=True,
    )


def _files(folder: Path, above: str = "", depth: int = 0) -> Iterator[str]:
    """Yield the files of an array by their paths beneath its folder."""
    with os.scandir(folder) as listing:
        entries = list(listing)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if depth <= zarr_tree.MAX_DIMENSIONS:
                yield from _files(folder / entry.name, f"{above}{entry.name}/", depth + 1)
        else:
            yield f"{above}{entry.name}"


def _chunks(array: ZarrArray) -> tuple[int, ...] | None:
    """Return what is read at once; None for an array of no extent."""
    if not math.prod(array.shape):
        return None
    return tuple(min(block, length) for block, length in zip(array.block, array.shape, strict=True))


def _unreadable(array: ZarrArray) -> str:
    if array.unknown_codec:
        return f"its compression {array.unknown_codec} is not supported"
    if array.block_bytes > max(MOST_UNPACKED, BLOCK_BYTES):
        return f"it is stored in chunks of {array.block_bytes >> 20} MiB, which are not unpacked here"
    return "" if array.shape else "it is a single value"


class _Local:
    """A folder of this machine, as `zarr_tree` looks into it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def document(self, path: str) -> bytes | None:
        file = self._path / path
        if not file.is_file():
            return None
        if file.stat().st_size > zarr_tree.MAX_DOCUMENT_BYTES:
            raise ValueError(f"{file.name} is larger than {zarr_tree.MAX_DOCUMENT_BYTES} bytes")
        return file.read_bytes()

    def folders(self, path: str) -> list[str]:
        with os.scandir(self._path / path) as listing:
            return sorted(entry.name for entry in listing if entry.is_dir(follow_symlinks=False))
