"""The bytes of one file to another: shared where the file system can, copied by the kernel where that can be.

Holes stay holes. The digest is of what was kept, never of what the source may have been meanwhile.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from enum import StrEnum

BLOCK = 1 << 20
NOTHING = bytes(BLOCK)
AT_ONCE = 16 << 20
"""Copied by the kernel in one call, so that a stop is heard."""
FICLONE = 0x40049409
"""ioctl_ficlone(2)."""
CANNOT_SHARE = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EISDIR}
CANNOT_COPY = CANNOT_SHARE | {errno.EBADF, errno.ETXTBSY, errno.EIO}
Went = Callable[[int], None]
"""Told the bytes that went by; it may raise, to stop."""


class Way(StrEnum):
    """How the bytes of a file came over."""

    SHARED = "shared"
    IN_KERNEL = "in kernel"
    PLAIN = "plain"


def copied(source: int, target: int, expected: int, went: Went) -> tuple[int, str, Way]:
    """Fill the empty `target` from `source`: how many bytes it has, their SHA-256, and how they came.

    At most a block more than `expected` is taken.
    """
    if _shared(source, target):
        size = os.fstat(target).st_size
        return size, _digest(target, size, went), Way.SHARED
    if not _hides_holes(source):
        found = _in_kernel(source, target, expected, went)
        if found is not None:
            return *found, Way.IN_KERNEL
    return *_plain(source, target, expected, went), Way.PLAIN


def segments(fd: int, size: int) -> Iterator[tuple[int, int, bool]]:
    """The file's parts: from, to, and whether there is something there."""
    place = 0
    while place < size:
        try:
            start = min(os.lseek(fd, place, os.SEEK_DATA), size)
            end = min(os.lseek(fd, start, os.SEEK_HOLE), size) if start < size else size
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole from here on
                yield place, size, False
            else:
                yield place, size, True
            return
        if start > place:
            yield place, start, False
        if end <= start:
            return
        yield start, end, True
        place = end


def _shared(source: int, target: int) -> bool:
    """Let both have the same blocks, until one of them is changed (ioctl_ficlone)."""
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError as error:
        if error.errno in CANNOT_SHARE:
            return False
        raise
    return True


def _hides_holes(fd: int) -> bool:
    """Whether it has fewer blocks than its size takes and its file system does not say where."""
    status = os.fstat(fd)
    if status.st_blocks * 512 >= status.st_size:
        return False
    return all(data for _start, _end, data in segments(fd, status.st_size))


def _in_kernel(source: int, target: int, expected: int, went: Went) -> tuple[int, str] | None:
    """None where the kernel cannot, before anything was copied."""
    digest, size = hashlib.sha256(), min(os.fstat(source).st_size, expected + BLOCK)
    os.ftruncate(target, size)
    begun = False
    for start, end, data in segments(source, size):
        if not data:
            _nothing(digest, end - start, went)
            continue
        place = start
        while place < end:
            try:
                got = os.copy_file_range(source, target, min(AT_ONCE, end - place), place, place)
            except OSError as error:
                if begun or error.errno not in CANNOT_COPY:
                    raise
                os.ftruncate(target, 0)
                return None
            if not got:  # it has become shorter
                os.ftruncate(target, place)
                return place, digest.hexdigest()
            begun = True
            _read(digest, target, place, place + got, went)
            place += got
    return size, digest.hexdigest()


def _plain(source: int, target: int, expected: int, went: Went) -> tuple[int, str]:
    """Block by block; one of zeros becomes a hole: a file of nothing but size fills no disk."""
    digest, size = hashlib.sha256(), min(os.fstat(source).st_size, expected + BLOCK)
    os.ftruncate(target, size)
    for start, end, data in segments(source, size):
        if not data:
            _nothing(digest, end - start, went)
            continue
        place = start
        while place < end:
            block = os.pread(source, min(BLOCK, end - place), place)
            if not block:  # it has become shorter
                os.ftruncate(target, place)
                return place, digest.hexdigest()
            digest.update(block)
            if block != NOTHING:
                _write(target, block, place)
            place += len(block)
            went(len(block))
    return size, digest.hexdigest()


def _write(target: int, block: bytes, place: int) -> None:
    left = memoryview(block)
    while left:
        done = os.pwrite(target, left, place)
        left, place = left[done:], place + done


def _digest(fd: int, size: int, went: Went) -> str:
    digest = hashlib.sha256()
    for start, end, data in segments(fd, size):
        if data:
            _read(digest, fd, start, end, went)
        else:
            _nothing(digest, end - start, went)
    return digest.hexdigest()


def _read(digest: "hashlib._Hash", fd: int, start: int, end: int, went: Went) -> None:
    while start < end:
        block = os.pread(fd, min(BLOCK, end - start), start)
        if not block:
            raise OSError(errno.EIO, "a file that was just written is shorter")
        digest.update(block)
        start += len(block)
        went(len(block))


def _nothing(digest: "hashlib._Hash", length: int, went: Went) -> None:
    """As many zeros as the hole is long."""
    while length > 0:
        part = min(BLOCK, length)
        digest.update(NOTHING[:part] if part < BLOCK else NOTHING)
        length -= part
        went(part)
