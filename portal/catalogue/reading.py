"""Reading what is to be registered in place: files with size, time and digest, parameters, a thumbnail.

Knows no database. Everything is opened through the door, and what changes meanwhile is noticed.
"""

import hashlib
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from gantry_formats.linked.links import led_to
from portal.catalogue.arrays.entries import ArrayEntry, Looked, clause, entries_of
from portal.catalogue.entries import FileEntry, ParameterEntry, storable_path
from portal.catalogue.folders import read_folder
from portal.catalogue.mapping import over_files, parameters_of, places_of
from portal.data.parsing.beside import Beside
from portal.data.parsing.client import MOST_PICTURES as OF_FILE
from portal.data.parsing.client import Remark, inspect, listing, look_through
from portal.data.parsing.listed import Listing
from portal.errors import ConflictError, InvalidError, LimitError, PortalError, UnsafeFileError
from portal.files.confined import Entry, Kind, Root, inode_of, kind_of
from portal.files.folders import FolderEntry, folder_entry, gathered, stamp_of
from portal.files.formats import format_of, is_named_as_array, is_named_as_hdf5

Progress = Callable[[int, int], None]
"""Called with bytes read so far and bytes in all."""

MOST_PARSED = 4
"""A series of planes holds the same facts in each; looking into the first few is enough."""
MOST_LISTED = 16
"""Of so many files the arrays are listed: the first of them, and the last."""
MOST_PICTURES = 48
"""Of a dataset's arrays."""
NOT_LISTED = "its arrays take too much to be listed"
MOST_LOOKED_AT = 50
"""HDF5 files of a folder that are looked through for links alone, beside those that another leads to."""
MOST_REMARKS = 100
MASTER = re.compile(r"master|\.nxs?$", re.IGNORECASE)
CHUNK = 4 << 20
SYMBOLIC_LINK, HARD_LINK = "symbolic link", "hard link"


@dataclass(frozen=True)
class FileLook:
    """What is compared of a file: by size and time a change is noticed, by the inode another file in its place."""

    path: str
    size: int | None
    mtime_ns: int | None
    inode: int | None = field(compare=False)
    stamp: str | None = None
    """Of a folder that is one entry."""


def look_of(entry: Entry) -> FileLook:
    """What is compared of a file that is there."""
    status = entry.status
    return FileLook(entry.path, status.st_size, status.st_mtime_ns, inode_of(status), stamp_of(entry))


@dataclass(frozen=True)
class Place:
    """A file or folder beneath a root: `location` is the folder that files are relative to."""

    root: str
    location: str
    only: str | None
    """The name of the one file, or None for a whole folder."""
    links: bool = False
    """Whether symbolic and hard links that stay in the folder count: where people cannot write."""


@dataclass(frozen=True)
class Contents:
    """What was read."""

    files: tuple[FileEntry, ...]
    parameters: tuple[ParameterEntry, ...]
    thumbnail: bytes | None
    problem: str | None
    arrays: tuple[ArrayEntry, ...] = ()
    remarks: tuple[Remark, ...] = ()
    """What sound files do not give, each with the file that it is about."""

    @property
    def looks(self) -> list[FileLook]:
        """The files as `look_of` gives them."""
        return [
            FileLook(file.path, file.size, file.mtime_ns, file.inode, file.folder.stamp if file.folder else None)
            for file in self.files
        ]


def list_files(root: Root, place: Place) -> list[Entry]:
    """The regular files of `place`, with paths relative to its location; nothing of them is read.

    A folder that is one thing (Zarr) is one entry, in the place of its files.

    Where `place.links` says so, symbolic links to files of the folder are among them, with what they lead to;
    those to folders are passed over, since what lies there has a name of its own. Raises UnsafeFileError for other
    links and devices, InvalidError for names that cannot be stored.
    """
    with root.open_folder(place.location) as folder:
        if place.only is not None:
            status = folder.stat(place.only)
            one = Entry(place.only, Kind.FILE, status)
            found = [folder_entry(folder, place.only) if kind_of(status) is Kind.FOLDER else one]
        else:
            found = gathered(list(folder.walk()))
        listed = [_resolved(folder, entry) if place.links else entry for entry in found]
    for entry in listed:
        storable_path(entry.path)
        if entry.kind not in (Kind.FILE, Kind.FOLDER):
            what = "a link" if entry.kind is Kind.LINK else "a device or pipe"
            raise UnsafeFileError(f"{entry.path} is {what}. Only regular files can be registered.")
    return [entry for entry in listed if entry.kind is Kind.FILE or isinstance(entry, FolderEntry)]


def _resolved(folder: Root, entry: Entry) -> Entry:
    """A link as what it leads to. Raises UnsafeFileError where that is out of the folder, NotFoundError."""
    if entry.kind is not Kind.LINK:
        return entry
    status = folder.stat(entry.path, links=True)
    return Entry(entry.path, kind_of(status), status)


def with_linked(root: Root, place: Place, entries: Sequence[Entry], names: Collection[str]) -> list[Entry]:
    """The entries, and those of the names that are none and are there: files that one of them leads to."""
    known = {entry.path for entry in entries}
    found = list(entries)
    with root.open_folder(place.location) as folder:
        for name in sorted(set(names) - known):
            try:
                found.append(Entry(name, Kind.FILE, folder.stat(name, links=place.links)))
            except PortalError:
                continue
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
    parsed, listed = _worth_parsing(entries), _worth_listing(entries)
    with root.open_folder(place.location) as folder:
        reader = _Reader(mapping, total, progress, complete, _Beside(root, place, folder))
        files = [reader.read(entry, parse=entry.path in parsed, listed=entry.path in listed) for entry in entries]
        reader.look_for_links(entries)
        # Those that the files lead to are files of the dataset, be they beneath a folder or not.
        names = {entry.path for entry in entries}
        further = [Entry(name, Kind.FILE, seen) for name, seen in reader.opened.items() if name not in names]
        files += [reader.read(entry, parse=False, listed=False) for entry in further]
        if complete:
            now = with_linked(root, place, list_files(root, place), list(reader.opened))
            _check_unchanged([*entries, *further], now)
    linked = reader.linked(entries)
    return Contents(
        tuple(replace(file, linked=file.path in linked) for file in files),
        tuple(reader.parameters.values()),
        reader.thumbnail,
        reader.problem,
        tuple(reader.arrays(entries)),
        tuple(reader.remarks[:MOST_REMARKS]),
    )


def read_arrays(root: Root, place: Place, entries: Sequence[Entry], *, complete: bool) -> list[ArrayEntry]:
    """The arrays alone, as `read` would list them; no digests. Raises as `read` does."""
    # Those that are looked into for parameters are listed as well, wherever they stand.
    listed = _worth_listing(entries) | _worth_parsing(entries)
    with root.open_folder(place.location) as folder:
        reader = _Reader({}, 0, None, complete, _Beside(root, place, folder))
        for entry in entries:
            if entry.path in listed:
                reader.list_again(entry)
        reader.look_for_links(entries)
    return reader.arrays(entries)


def read_parameters(
    root: Root, place: Place, entries: Sequence[Entry], mapping: Mapping[str, Any], *, complete: bool
) -> tuple[Mapping[str, ParameterEntry], str | None]:
    """The parameters alone, by name, as `read` would find them, and the first problem in words; no digests.

    Raises as `read` does.
    """
    parsed = _worth_parsing(entries)
    with root.open_folder(place.location) as folder:
        reader = _Reader(mapping, 0, None, complete, _Beside(root, place, folder))
        for entry in entries:
            if entry.path in parsed:
                reader.look_again(entry)
    return reader.parameters, reader.problem


def _worth_parsing(entries: Sequence[Entry]) -> set[str]:
    known = [entry.path for entry in entries if _could_hold_arrays(entry)]
    if not known and len(entries) == 1:
        return {entries[0].path}
    # A master may come behind the files that it leads to.
    return set(known[:MOST_PARSED]) | set([path for path in known if MASTER.search(path)][:MOST_PARSED])


@dataclass(frozen=True)
class _Beside:
    """What may be opened beside a file: its folder, and what that is called."""

    root: Root
    place: Place
    folder: Root

    def of(self, name: str) -> Beside:
        roots = dict.fromkeys((self.root.path, self.root.path.resolve()))
        folders = [str(root / self.place.location) for root in roots]
        return Beside(self.folder, name, folders, links=self.place.links)

    def open(self, name: str) -> BinaryIO:
        return self.folder.open_file(name, hard_links=self.place.links, links=self.place.links)


def _could_hold_arrays(entry: Entry) -> bool:
    return isinstance(entry, FolderEntry) or is_named_as_array(entry.path)


def _of_arrays(entries: Sequence[Entry]) -> list[str]:
    """The files that could hold arrays."""
    known = [entry.path for entry in entries if _could_hold_arrays(entry)]
    return known or [entry.path for entry in entries][:1] * (len(entries) == 1)


def _worth_listing(entries: Sequence[Entry]) -> set[str]:
    """Those of them that are looked into for arrays."""
    files = _of_arrays(entries)
    return set(files if len(files) <= MOST_LISTED else [*files[: MOST_LISTED - 1], files[-1]])


class _Reader:
    """Collects parameters, arrays, the first thumbnail, the first problem and remarks over a dataset's files."""

    def __init__(
        self,
        mapping: Mapping[str, Any],
        total: int,
        progress: Progress | None,
        complete: bool,
        beside: _Beside,
    ) -> None:
        self.mapping, self.total, self.progress, self.complete = mapping, total, progress, complete
        self.beside = beside
        self.opened: dict[str, os.stat_result] = {}
        """What the files lead to, as it was when it was opened."""
        self.remarks: list[Remark] = []
        self._led: dict[str, set[str]] = {}
        """Which files each that was looked into leads to."""
        self.done = 0
        self.said: dict[str, list[ParameterEntry]] = {}
        self.thumbnail: bytes | None = None
        self.problem: str | None = None
        self.looked: list[Looked] = []
        self.pictures_left = MOST_PICTURES

    @property
    def parameters(self) -> dict[str, ParameterEntry]:
        """What the files say together, by name."""
        return {name: over_files(said) for name, said in self.said.items()}

    def read(self, entry: Entry, *, parse: bool, listed: bool) -> FileEntry:
        if isinstance(entry, FolderEntry):
            return self._read_folder(entry, parse=parse or listed)
        with self.beside.open(entry.path) as file:
            before = os.fstat(file.fileno())
            digest = self._digest(file, before.st_size) if self.complete else None
            if parse:
                self._look_into(entry.path, file, listed=True)
            elif listed:
                self._list(entry.path, file)
            after = os.fstat(file.fileno())
        if self.complete and not _same(before, after, entry.status):
            raise _changed(entry.path)
        alias = self._alias(entry.path, after)
        return FileEntry(entry.path, after.st_size, after.st_mtime_ns, digest, inode_of(after), alias=alias)

    def _read_folder(self, entry: FolderEntry, *, parse: bool) -> FileEntry:
        links = self.beside.place.links
        digest = self._digest if self.complete else None
        found = read_folder(self.beside.folder, entry, digest, hard_links=links)
        if parse:
            self._look_into_folder(entry.path, listed=True)
        return replace(found, alias=HARD_LINK if links and entry.hard_linked else None)

    def _look_into_folder(self, path: str, *, listed: bool) -> None:
        with self.beside.folder.open_folder(path) as folder:
            self._look_into(path, folder, listed=listed)

    def _alias(self, path: str, status: os.stat_result) -> str | None:
        folder = self.beside.folder
        if not self.beside.place.links:
            return None
        own = folder.stat(path) if folder.is_plain(path) else None
        if own is None or kind_of(own) is Kind.LINK:
            return SYMBOLIC_LINK
        return HARD_LINK if status.st_nlink > 1 else None

    def look_again(self, entry: Entry) -> None:
        """Collect what the file says, and nothing else of it. Raises ConflictError if it changes meanwhile."""
        if isinstance(entry, FolderEntry):
            self._look_into_folder(entry.path, listed=False)
            return
        with self.beside.open(entry.path) as file:
            before = os.fstat(file.fileno())
            self._look_into(entry.path, file)
            if self.complete and not _same(before, os.fstat(file.fileno()), entry.status):
                raise _changed(entry.path)

    def look_for_links(self, entries: Sequence[Entry]) -> None:
        """List the links of HDF5 files that were neither looked into nor led to, of as many as is reasonable."""
        left = [
            entry.path
            for entry in entries
            if is_named_as_hdf5(entry.path) and entry.path not in self._led and entry.path not in self.opened
        ]
        for path in left[:MOST_LOOKED_AT]:
            beside = self.beside.of(path)
            with suppress(InvalidError, LimitError), self.beside.open(path) as file:
                self._remark(path, look_through(file, beside), beside)
        if len(left) > MOST_LOOKED_AT:
            words = f"{len(left) - MOST_LOOKED_AT} more files were not looked into: they may link to others"
            self.remarks.append(Remark("", "", words))

    def _remark(self, path: str, remarks: Sequence[Remark], beside: Beside) -> None:
        self._led[path] = set(beside.opened) - {path}
        # What is said of a file that several lead to is said once.
        self.remarks += [
            one for said in remarks if (one := replace(said, file=said.file or path)) not in self.remarks
        ]
        for name, status in beside.opened.items():
            if not _same(self.opened.setdefault(name, status), status) and self.complete:
                raise _changed(name)

    def linked(self, entries: Sequence[Entry]) -> set[str]:
        """The names that add nothing: of files that others lead to, and further names of one file.

        Of files that lead to each other the first leads.
        """
        there = {entry.path: entry.status for entry in entries if entry.kind is Kind.FILE}
        first: dict[tuple[int, int], str] = {}
        names = {
            path: first.setdefault((status.st_dev, status.st_ino), path)
            for path, status in [*there.items(), *self.opened.items()]
        }
        edges: dict[str, set[str]] = {}
        for path in sorted(self._led):
            edges.setdefault(names.get(path, path), set()).update(names.get(led, led) for led in self._led[path])
        found = led_to(edges)
        return found | {path for path, name in names.items() if name != path or name in found}

    def arrays(self, entries: Sequence[Entry]) -> list[ArrayEntry]:
        """The arrays that were listed; those of a file that another leads to are that one's."""
        linked = self.linked(entries)
        looked = [one for one in self.looked if one.file not in linked]
        return entries_of(looked, [path for path in _of_arrays(entries) if path not in linked])

    def list_again(self, entry: Entry) -> None:
        """Collect the file's arrays, and nothing else of it. Raises ConflictError if it changes meanwhile."""
        if isinstance(entry, FolderEntry):
            self._look_into_folder(entry.path, listed=True)
            return
        with self.beside.open(entry.path) as file:
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

    def _look_into(self, path: str, file: BinaryIO | Root, *, listed: bool = False) -> None:
        beside = self.beside.of(path)
        pictures = min(self.pictures_left, OF_FILE) if listed else None
        try:
            alone = isinstance(file, Root)
            seen = inspect(file, places_of(self.mapping), beside=None if alone else beside, pictures=pictures)
        except (InvalidError, LimitError) as error:
            # A file that is still being written need not be readable yet.
            if self.complete and self.problem is None and not _is_of_another_kind(path, file):
                self.problem = f"{path}: {error.message}"
            if listed:
                self.looked.append(Looked(path, None, clause(error.message)))
            return
        self._remark(path, seen.remarks, beside)
        if listed:
            self._keep(path, seen.listing, NOT_LISTED)
        for entry in parameters_of(self.mapping, seen.values):
            found = replace(entry, source=replace(entry.source, file=path))
            self.said.setdefault(entry.name, []).append(found)
        if seen.problem and self.problem is None:
            self.problem = f"{path}: {seen.problem}"
        if self.thumbnail is None:
            self.thumbnail = seen.thumbnail

    def _list(self, path: str, file: BinaryIO) -> None:
        try:
            found = listing(file, beside=self.beside.of(path), pictures=min(self.pictures_left, OF_FILE))
        except (InvalidError, LimitError) as error:
            self._keep(path, None, clause(error.message))
            return
        self._keep(path, found)

    def _keep(self, path: str, found: Listing | None, problem: str = "") -> None:
        self.looked.append(Looked(path, found, problem if found is None else ""))
        if found is not None:
            self.pictures_left -= sum(len(array.pictures) for array in (*found.arrays, *found.together))


def _is_of_another_kind(path: str, file: BinaryIO | Root) -> bool:
    """Whether neither name nor bytes say that arrays are in it: a table, a microscope's own file. All is well."""
    if isinstance(file, Root) or is_named_as_array(path) or not file.seek(0, 2):
        return False
    return format_of(file) == "other"


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
