"""Opening HDF5 in the limited child: by the library, or in words why it cannot be."""

import builtins
import io
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, BinaryIO

import h5py
import hdf5plugin  # registers the filters that instruments use
from imagecodecs import zstd_decode

from gantry_formats.linked.complaints import part_there
from gantry_formats.linked.zstandard import refuse_damaged
from portal.data.parsing.errors import FileError
from portal.files.formats import hdf5_start

refuse_damaged(hdf5plugin.get_config().registered_filters, zstd_decode)

TRUNCATED = re.compile(r"eof = (\d+).*stored_eof = (\d+)")
PARTS = re.compile(r"(family|multi) driver should be used")
FLAGS_SINCE = 3
"""The version of the superblock that says whether a program has the file open for writing (format 3.0, II.A)."""
WRITING = 0b101


def seal() -> None:
    """From now on no library opens a file: there is no descriptor to be had, save for our own code and imports."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    usual = builtins.__import__

    def imported(*args: Any, **kwargs: Any) -> ModuleType:
        with room():
            return usual(*args, **kwargs)

    # What is imported late (numpy.ma, by a percentile) comes from our own installation.
    builtins.__import__ = imported


@contextmanager
def room() -> Iterator[None]:
    """For the one descriptor that our own code takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@dataclass(frozen=True)
class Opened:
    """An open file; `still_open`: a program writes it, or left it open."""

    file: h5py.File
    still_open: bool


def open_hdf5(file: BinaryIO) -> Opened:
    """Raises FileError in words. A file that a program still writes is read beside it (SWMR) where that can be."""
    writing = _is_written(file)
    if writing:
        try:
            # By its own descriptor and no other name: only the library's own driver reads beside a writer.
            with room():
                return Opened(h5py.File(f"/proc/self/fd/{file.fileno()}", "r", swmr=True, locking=False), True)
        except (OSError, RuntimeError):
            pass
    try:
        return Opened(h5py.File(file, "r"), writing)
    except (OSError, RuntimeError) as error:
        raise _refusal(error, writing) from error


def missing_bytes(error: BaseException | None) -> int | None:
    """How long a truncated file should be, by the library's complaint; None if it is of something else."""
    sizes = TRUNCATED.search(str(error))
    return int(sizes[2]) if sizes else None


def lengthened(file: BinaryIO, missing: int) -> h5py.File:
    """A truncated file opened as far as it goes. Raises OSError."""
    return h5py.File(_Lengthened(file, missing), "r")


def _is_written(file: BinaryIO) -> bool:
    start = hdf5_start(file)
    if start is None:
        return False
    file.seek(start)
    head = file.read(12)
    return len(head) == 12 and head[8] == FLAGS_SINCE and bool(head[11] & WRITING)


def _refusal(error: Exception, writing: bool) -> FileError:
    text = str(error)
    if parts := PARTS.search(text):
        message = f"The file leads out of itself: it is one of several parts ({parts[1]}), which are named in it."
        return FileError("unsafe", message, text)
    if writing:
        message = "The file is still open for writing, or was never closed: it cannot be read before that is done."
        return FileError("writing", message, text)
    sizes = TRUNCATED.search(text)
    if "truncated" in text and sizes:
        message = f"The file is truncated: {part_there(int(sizes[1]), int(sizes[2]))}."
        return FileError("invalid", message, text)
    if "truncated" in text or "file signature" in text:
        return FileError("invalid", "The file is truncated: its end is missing.", text)
    return FileError("invalid", "The file is damaged: it cannot be opened as HDF5.", text)


class _Lengthened(io.RawIOBase):
    """A file that seems to go on, with zeros, beyond its end."""

    def __init__(self, file: BinaryIO, more: int) -> None:
        self._file, self._size = file, min(file.seek(0, 2) + more, 1 << 62)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._file.seek(self._size + place if whence == 2 else place, 0 if whence == 2 else whence)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        got = 0
        while data := self._file.read(len(view) - got):
            view[got : got + len(data)] = data
            got += len(data)
        view[got:] = bytes(len(view) - got)
        return len(view)
