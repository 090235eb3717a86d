"""A folder of many files that is one thing: by what it is known again without reading any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

MAX_FILES = 500_000


@dataclass(frozen=True)
class FileLook:
    """A file of a folder: its path beneath it, bytes, modification time in nanoseconds."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class FolderLook:
    """All files of a folder, by path. `stamp` differs where a path, a size or a time does."""

    files: tuple[FileLook, ...]
    bytes: int
    mtime_ns: int
    """Of the file that was changed last."""
    stamp: str


def folder_look(files: Iterable[FileLook]) -> FolderLook:
    """What is compared of a folder, in whatever order its files are given."""
    by_path = tuple(sorted(files, key=lambda one: one.path))
    digest = hashlib.sha256()
    for one in by_path:
        # No path has a NUL.
        digest.update(f"{one.path}\0{one.size}\0{one.mtime_ns}\0".encode("utf-8", "surrogateescape"))
    latest = max((one.mtime_ns for one in by_path), default=0)
    return FolderLook(by_path, sum(one.size for one in by_path), latest, digest.hexdigest())
