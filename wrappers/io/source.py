"""Arrays in files, read block by block so that a large file needs little memory."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gantry_formats.kinds import Format, other_kind
from gantry_formats.linked import LinkError
from gantry_formats.linked.complaints import ARE_THERE, fault_in_words
from wrappers.errors import BadInput
from wrappers.io.chunk_grid import Place, common, size_of

BLOCK_BYTES = 64 * 2**20
MOST_UNPACKED = 2 * 2**30
"""Bytes of a chunk, tile or strip when it is unpacked; a few bytes in a file may claim any size."""
NUMERIC_KINDS = "biufc"
_ALL = 1 << 62
_UNPACKING = "its stored bytes cannot be unpacked"
_SIGNS_OF_UNPACKING = ("filter returned failure", "filter pipeline failed", "_decode returned", "inflate()")


@dataclass(frozen=True)
class Partly:
    """An array that is not there whole: in what is missing its format has one value, the fill value, by rule.

    `words` says what is missing, as a clause, and `fill` that value; empty where it is not known. `places(most)`:
    where it is there, in parts of about `most` values, at most `values` together; None where nothing of it is.
    """

    words: str
    values: int
    places: Callable[[int], Iterable[Place]] | None = None
    fill: str = "0"
    meant: bool = False
    """The format leaves out what holds nothing but the fill value: it counts as any other does."""

    @property
    def remark(self) -> str:
        """What is missing, and what is read in its place, as a clause."""
        return f"{self.words}: {f'the fill value {self.fill}'.strip()} stands there"

    def remark_on(self, places: Iterable[Place]) -> str:
        """The same with how many of the values at these places are concerned; empty where none is."""
        wanted = list(places)
        there = [] if self.places is None else list(self.places(_ALL))
        total = sum(size_of(one) for one in wanted)
        missing = total - sum(common(one, part) for one in wanted for part in there)
        return f"{self.remark}, in {missing:,} of the {total:,} values taken" if missing else ""


@dataclass(frozen=True)
class ArraySource:
    """One numeric array of a file: known by name, shape and type, read on demand.

    `axes` names the axes by one letter each where the format says so (Z, Y, X, C, T, S for colour samples).
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[tuple[slice, ...]], np.ndarray]
    chunks: tuple[int, ...] | None = None
    axes: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    axis_names: tuple[str, ...] = ()
    """The file's own names of the axes that are not known."""
    partly: Partly | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Which of several views of a sample it is (gantry_formats.arrays.Described)."""

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes_to_read(self) -> int:
        """Bytes of all its blocks."""
        there = self.size if self.partly is None or self.partly.meant else self.partly.values
        return min(self.size, there) * self.dtype.itemsize

    def everything(self) -> np.ndarray:
        """Return the whole array."""
        return self.read(tuple(slice(0, length) for length in self.shape))

    def blocks(self, limit: int = BLOCK_BYTES) -> Iterator[tuple[Place, np.ndarray]]:
        """Yield all of it that is there or counts, once each, in blocks of at most `limit` bytes or a chunk."""
        for place in self.places(limit):
            yield place, self.read(place)

    def places(self, limit: int = BLOCK_BYTES) -> Iterator[Place]:
        """Yield where its blocks lie."""
        if self.partly is None or self.partly.places is None or self.partly.meant:
            yield from block_places(self.shape, self.dtype.itemsize, self.chunks, limit)
            return
        for place in self.partly.places(max(1, limit // max(1, self.dtype.itemsize))):
            if size_of(place) * self.dtype.itemsize <= limit:
                yield place
            else:
                yield from self._within(place, self.chunks, limit)  # of which a single item is larger

    def pieces(self, place: Place) -> Iterator[Place]:
        """Yield where its chunks lie in a block; its planes, where it is not stored in chunks."""
        planes = (1,) * (len(self.shape) - 2) + self.shape[-2:]
        return self._within(place, self.chunks or planes, 1)

    def _within(self, place: Place, chunks: tuple[int, ...] | None, limit: int) -> Iterator[Place]:
        starts = [part.start for part in place]
        shape = tuple(part.stop - part.start for part in place)
        for inner in block_places(shape, self.dtype.itemsize, chunks, limit):
            yield tuple(
                slice(start + part.start, start + part.stop) for start, part in zip(starts, inner, strict=True)
            )


def fill_in_words(value: Any) -> str:
    """Return a fill value, as a library or a document of JSON has it, to be read."""
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None:
        return "0"
    return f"{plain:g}" if isinstance(plain, float) else str(plain)[:40]


def block_places(
    shape: tuple[int, ...], itemsize: int, chunks: tuple[int, ...] | None, limit: int
) -> Iterator[tuple[slice, ...]]:
    """Yield the places of blocks that tile `shape`, whole chunks each, so that no chunk is decompressed twice."""
    block = list(chunks or (1,) * len(shape))
    for axis in reversed(range(len(shape))):
        whole = -(-shape[axis] // block[axis])
        room = limit // max(1, itemsize * math.prod(block))
        block[axis] *= max(1, min(whole, room))
    steps = (range(0, length, step) for length, step in zip(shape, block, strict=True))
    for starts in itertools.product(*steps):
        yield tuple(
            slice(start, min(start + step, length))
            for start, step, length in zip(starts, block, shape, strict=True)
        )


class DamagedError(BadInput):
    """Something of a file cannot be read, while the file itself can: `reason` says what, and why, as a clause."""

    def __init__(self, name: str, kind: str, reason: str) -> None:
        said = f" ({reason})" if reason else ""
        if reason.endswith(ARE_THERE):
            super().__init__(f"{name} is damaged: {reason}. Copy it again.")
        else:
            super().__init__(f"{name} cannot be read as {kind}; it may be incomplete or damaged{said}.")
        self.reason = reason or "its stored bytes cannot be read"


@dataclass(frozen=True)
class LeftOut:
    """Something in a file that is no array to be read, and why, in words."""

    name: str
    why: str


def corner_of(place: tuple[slice, ...]) -> str:
    """Return where a block begins and ends, for a sentence: "0…3, 0…40", counted from 0."""
    return ", ".join(f"{part.start}…{part.stop - 1}" for part in place)


@contextmanager
def readable(path: Path, kind: str, place: str = "") -> Iterator[None]:
    """Turn a format library's complaint about a damaged file into one sentence that names the file.

    `place`: what of it is read, to be named, too.
    """
    try:
        yield
    except LinkError as error:
        raise BadInput(f"{path.name} leads to what is not read: {error.message}.") from error
    except FileNotFoundError as error:
        raise BadInput(f"{path.name} is not there any more.") from error
    except PermissionError as error:
        raise BadInput(f"{path.name} may not be read by you.") from error
    except (OSError, ValueError, KeyError, IndexError, EOFError, RuntimeError, zlib.error) as error:
        if path.is_file() and not path.stat().st_size:
            raise BadInput(f"{path.name} is empty: it holds not one byte.") from error
        if other := _other_kind(path, kind):
            raise BadInput(f"{path.name} is no {kind} file: {other}.") from error
        reason = _UNPACKING if _is_of_unpacking(error) else _reason(error, kind)
        reason = ": ".join([one for one in (place, reason) if one])[:160].rstrip(".")
        raise DamagedError(path.name, kind, reason) from error


def _reason(error: Exception, kind: str) -> str:
    if kind == "HDF5":
        return fault_in_words(error)
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _is_of_unpacking(error: Exception) -> bool:
    """Whether a library says in its own words that stored bytes do not unpack."""
    words = str(error)
    of_codec = type(error).__module__.partition(".")[0] == "imagecodecs"
    return of_codec or isinstance(error, zlib.error) or any(sign in words for sign in _SIGNS_OF_UNPACKING)


_FORMATS: Mapping[str, Format] = {"HDF5": "hdf5", "TIFF": "tiff", "MRC": "mrc"}


def _other_kind(path: Path, kind: str) -> str:
    """What a file is whose name says another kind, as a clause; empty where it is what it is called, or none."""
    try:
        with path.open("rb") as file:
            expected = _FORMATS.get(kind)
            return other_kind(file, expected) if expected else ""
    except OSError:
        return ""
