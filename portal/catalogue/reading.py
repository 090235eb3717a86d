"""Reading what is to be registered in place: files with size, time and digest, parameters, a thumbnail.

Knows no database. Everything is opened through the door, and what changes meanwhile is noticed.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from portal.catalogue.arrays.entries import ArrayEntry, Looked, clause, entries_of
from portal.catalogue.entries import FileEntry, ParameterEntry, storable_path
from portal.catalogue.mapping import parameters_of, places_of
from portal.data.parsing.client import MOST_PICTURES as OF_FILE
from portal.data.parsing.client import inspect, listing
from portal.data.parsing.listed import Listing
from portal.errors import ConflictError, InvalidError, LimitError, UnsafeFileError
from portal.files.confined import Entry, Kind, Root
from portal.files.formats import is_named_as_array

Progress = Callable[[int, int], None]
"""Called with bytes read so far and bytes in all."""

MOST_PARSED = 4
"""A series of planes holds the same facts in each; looking into the first few is enough."""
MOST_LISTED = 16
"""Of so many files the arrays are listed: the first of them, and the last."""
MOST_PICTURES = 48
"""Of a dataset's arrays."""
NOT_LISTED = "its arrays take too much to be listed"
CHUNK = 4 << 20


@dataclass(frozen=True)
class Place:
    """A file or folder beneath a root: `location` is the folder that files are relative to."""

    root: str
    location: str
    only: str | None
    """The name of the one file, or None for a whole folder."""


@dataclass(frozen=True)
class Contents:
    """What was read."""

    files: tuple[FileEntry, ...]
    parameters: tuple[ParameterEntry, ...]
    thumbnail: bytes | None
    problem: str | None
    arrays: tuple[ArrayEntry, ...] = ()


def list_files(root: Root, place: Place) -> list[Entry]:
    """The regular files of `place`, with paths relative to its location. Nothing is opened.

    Raises UnsafeFileError for links and devices, InvalidError for names that cannot be stored.
    """
    if place.only is not None:
        path = f"{place.location}/{place.only}".lstrip("/")
        found = [Entry(place.only, Kind.FILE, root.stat(path))]
    else:
        with root.open_folder(place.location) as folder:
            found = [entry for entry in folder.walk() if entry.kind is not Kind.FOLDER]
    for entry in found:
        storable_path(entry.path)
        if entry.kind is not Kind.FILE:
            what = "a link" if entry.kind is Kind.LINK else "a device or pipe"
            raise UnsafeFileError(f"{entry.path} is {what}. Only regular files can be registered.")
    return found


def read(
    root: Root,
    place: Place,
    entries: Sequence[Entry],
    mapping: Mapping[str, Any],
    *,
    complete: bool,
    progress: Progress | None,
) -> Contents:
    """Read all files once. Of a dataset that is still being written no digests are taken.

    Raises ConflictError if a file changes while it is read, UnsafeFileError if it may not be trusted.
    """
    total = sum(entry.status.st_size for entry in entries)
    reader = _Reader(mapping, total, progress, complete)
    parsed, listed = _worth_parsing(entries), _worth_listing(entries)
    files = []
    for entry in entries:
        path = f"{place.location}/{entry.path}".lstrip("/")
        with root.open_file(path) as file:
            files.append(reader.read(entry, file, parse=entry.path in parsed, listed=entry.path in listed))
    if complete:
        _check_unchanged(entries, list_files(root, place))
    arrays = entries_of(reader.looked, _of_arrays(entries))
    return Contents(
        tuple(files), tuple(reader.parameters.values()), reader.thumbnail, reader.problem, tuple(arrays)
    )


def read_arrays(root: Root, place: Place, entries: Sequence[Entry], *, complete: bool) -> list[ArrayEntry]:
    """The arrays alone, as `read` would list them; no digests. Raises as `read` does."""
    reader = _Reader({}, 0, None, complete)
    listed = _worth_listing(entries)
    for entry in entries:
        if entry.path in listed:
            with root.open_file(f"{place.location}/{entry.path}".lstrip("/")) as file:
                reader.list_again(entry, file)
    return entries_of(reader.looked, _of_arrays(entries))


def read_parameters(
    root: Root, place: Place, entries: Sequence[Entry], mapping: Mapping[str, Any], *, complete: bool
) -> tuple[Mapping[str, ParameterEntry], str | None]:
    """The parameters alone, by name, as `read` would find them, and the first problem in words; no digests.

    Raises as `read` does.
    """
    reader = _Reader(mapping, 0, None, complete)
    parsed = _worth_parsing(entries)
    for entry in entries:
        if entry.path in parsed:
            with root.open_file(f"{place.location}/{entry.path}".lstrip("/")) as file:
                reader.look_again(entry, file)
    return reader.parameters, reader.problem


def _worth_parsing(entries: Sequence[Entry]) -> set[str]:
    known = [entry.path for entry in entries if is_named_as_array(entry.path)]
    if not known and len(entries) == 1:
        return {entries[0].path}
    return set(known[:MOST_PARSED])


def _of_arrays(entries: Sequence[Entry]) -> list[str]:
    """The files that could hold arrays."""
    known = [entry.path for entry in entries if is_named_as_array(entry.path)]
    return known or [entry.path for entry in entries][:1] * (len(entries) == 1)


def _worth_listing(entries: Sequence[Entry]) -> set[str]:
    """Those of them that are looked into for arrays."""
    files = _of_arrays(entries)
    return set(files if len(files) <= MOST_LISTED else [*files[: MOST_LISTED - 1], files[-1]])


class _Reader:
    """Collects parameters, arrays, the first thumbnail and the first problem over the files of a dataset."""

    def __init__(self, mapping: Mapping[str, Any], total: int, progress: Progress | None, complete: bool) -> None:
        self.mapping, self.total, self.progress, self.complete = mapping, total, progress, complete
        self.done = 0
        self.parameters: dict[str, ParameterEntry] = {}
        self.thumbnail: bytes | None = None
        self.problem: str | None = None
        self.looked: list[Looked] = []
        self.pictures_left = MOST_PICTURES

    def read(self, entry: Entry, file: BinaryIO, *, parse: bool, listed: bool) -> FileEntry:
        before = os.fstat(file.fileno())
        digest = self._digest(file, before.st_size) if self.complete else None
        if parse:
            self._look_into(entry.path, file, listed=True)
        elif listed:
            self._list(entry.path, file)
        after = os.fstat(file.fileno())
        if self.complete and not _same(before, after, entry.status):
            raise _changed(entry.path)
        return FileEntry(entry.path, after.st_size, after.st_mtime_ns, digest)

    def look_again(self, entry: Entry, file: BinaryIO) -> None:
        """Collect what the file says, and nothing else of it. Raises ConflictError if it changes meanwhile."""
        before = os.fstat(file.fileno())
        self._look_into(entry.path, file)
        if self.complete and not _same(before, os.fstat(file.fileno()), entry.status):
            raise _changed(entry.path)

    def list_again(self, entry: Entry, file: BinaryIO) -> None:
        """Collect the file's arrays, and nothing else of it. Raises ConflictError if it changes meanwhile."""
        before = os.fstat(file.fileno())
        self._list(entry.path, file)
        if self.complete and not _same(before, os.fstat(file.fileno()), entry.status):
            raise _changed(entry.path)

    def _digest(self, file: BinaryIO, size: int) -> str:
        """SHA-256 of the first `size` bytes: a file that grows as fast as it is read must not be read for ever."""
        digest = hashlib.sha256()
        left = size
        while data := file.read(min(CHUNK, left)):
            digest.update(data)
            left -= len(data)
            self.done += len(data)
            if self.progress is not None:
                self.progress(self.done, max(self.total, self.done))
        file.seek(0)
        return digest.hexdigest()

    def _look_into(self, path: str, file: BinaryIO, *, listed: bool = False) -> None:
        try:
            seen = inspect(
                file, places_of(self.mapping), pictures=min(self.pictures_left, OF_FILE) if listed else None
            )
        except (InvalidError, LimitError) as error:
            # A file that is still being written need not be readable yet.
            if self.complete and self.problem is None:
                self.problem = f"{path}: {error.message}"
            if listed:
                self.looked.append(Looked(path, None, clause(error.message)))
            return
        if listed:
            self._keep(path, seen.listing, NOT_LISTED)
        for entry in parameters_of(self.mapping, seen.values):
            self.parameters.setdefault(entry.name, replace(entry, source=replace(entry.source, file=path)))
        if seen.problem and self.problem is None:
            self.problem = f"{path}: {seen.problem}"
        if self.thumbnail is None:
            self.thumbnail = seen.thumbnail

    def _list(self, path: str, file: BinaryIO) -> None:
        try:
            found = listing(file, pictures=min(self.pictures_left, OF_FILE))
        except (InvalidError, LimitError) as error:
            self._keep(path, None, clause(error.message))
            return
        self._keep(path, found)

    def _keep(self, path: str, found: Listing | None, problem: str = "") -> None:
        self.looked.append(Looked(path, found, problem if found is None else ""))
        if found is not None:
            self.pictures_left -= sum(len(array.pictures) for array in (*found.arrays, *found.together))


def _check_unchanged(before: Sequence[Entry], after: Sequence[Entry]) -> None:
    """The names still lead to the files that were read, and none was added."""
    was, now = ({entry.path: entry.status for entry in look} for look in (before, after))
    for path in sorted(was.keys() | now.keys()):
        if path not in was or path not in now or not _same(was[path], now[path]):
            raise _changed(path)


def _same(*looks: os.stat_result) -> bool:
    return len({(look.st_ino, look.st_size, look.st_mtime_ns) for look in looks}) == 1


def _changed(path: str) -> ConflictError:
    return ConflictError(
        f"{path} changed while it was read, so nothing was registered. If it is still being written, register it "
        "as incomplete; otherwise try again."
    )
