"""Looking into the files of a dataset one by one, and collecting what they say together.

Everything is opened through the door; what changes while it is read is a ConflictError.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from gantry_formats.linked.links import led_to
from portal.catalogue.arrays.entries import ArrayEntry, Looked, clause, entries_of
from portal.catalogue.entries import FileEntry, ParameterEntry
from portal.catalogue.files.digest import sha256_of
from portal.catalogue.files.not_followed import MOST_NAMED, NotFollowed
from portal.catalogue.folders import read_folder
from portal.catalogue.mapping import over_files, parameters_of, places_of
from portal.data.parsing.beside import Beside
from portal.data.parsing.client import MOST_PICTURES as OF_FILE
from portal.data.parsing.client import Remark, inspect, known_unusable, listing, look_through
from portal.data.parsing.listed import Listing
from portal.errors import ConflictError, InvalidError, LimitError, PortalError
from portal.files.confined import Entry, Kind, Root, inode_of, kind_of
from portal.files.folders import FolderEntry
from portal.files.formats import (
    format_of,
    is_named_as_array,
    is_named_as_hdf5,
    kind_in_words,
    microscope_format,
)

Progress = Callable[[int, int], None]
"""Called with bytes read so far and bytes in all."""

MOST_PICTURES = 48
"""Of a dataset's arrays."""
TEXTS = ("it is text", "it is XML")
NOT_LISTED = "its arrays take too much to be listed"
MOST_LOOKED_AT = 50
"""HDF5 files of a folder that are looked through for links alone, beside those that another leads to."""
SYMBOLIC_LINK, HARD_LINK = "symbolic link", "hard link"


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
class Surroundings:
    """What may be opened beside a file: its folder, and what that is called."""

    root: Root
    place: Place
    folder: Root

    def of(self, name: str) -> Beside:
        """What the parser may ask for beside the file of this name."""
        roots = dict.fromkeys((self.root.path, self.root.path.resolve()))
        folders = [str(root / self.place.location) for root in roots]
        return Beside(self.folder, name, folders, links=self.place.links)

    def open(self, name: str) -> BinaryIO:
        """A file, open for reading. Raises UnsafeFileError."""
        return self.folder.open_file(name, hard_links=self.place.links, links=self.place.links)


class Reader:
    """Collects parameters, arrays, the first thumbnail, the first problem and remarks over a dataset's files."""

    def __init__(
        self,
        mapping: Mapping[str, Any],
        total: int,
        progress: Progress | None,
        complete: bool,
        beside: Surroundings,
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
        """The file's size, times and digest; what it says is collected, with `listed` its arrays alone."""
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
        if self.complete and not same(before, after, entry.status):
            raise changed(entry.path)
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
            if self.complete and not same(before, os.fstat(file.fileno()), entry.status):
                raise changed(entry.path)

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
            if not same(self.opened.setdefault(name, status), status) and self.complete:
                raise changed(name)

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

    def arrays(self, entries: Sequence[Entry], not_followed: Sequence[NotFollowed]) -> list[ArrayEntry]:
        """The arrays that were listed; those of a file that another leads to are that one's.

        In the place of a link that is not followed may belong one more, a plane of a volume: it is left out.
        """
        linked = self.linked(entries)
        lost = [Looked(one.path, None, one.words) for one in not_followed if is_named_as_array(one.path)]
        looked = [one for one in self.looked if one.file not in linked] + lost[:MOST_NAMED]
        files = [path for path in of_arrays(entries) if path not in linked]
        return entries_of(looked, files + [one.file for one in lost[:MOST_NAMED]])

    def list_again(self, entry: Entry) -> None:
        """Collect the file's arrays, and nothing else of it. Raises ConflictError if it changes meanwhile."""
        if isinstance(entry, FolderEntry):
            self._look_into_folder(entry.path, listed=True)
            return
        with self.beside.open(entry.path) as file:
            before = os.fstat(file.fileno())
            self._list(entry.path, file)
            if self.complete and not same(before, os.fstat(file.fileno()), entry.status):
                raise changed(entry.path)

    def _digest(self, file: BinaryIO, size: int) -> str:
        def tell(count: int) -> None:
            self.done += count
            if self.progress is not None:
                self.progress(self.done, max(self.total, self.done))

        digest = sha256_of(file, size, tell)
        file.seek(0)
        return digest

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
                self.looked.append(_not_listed(path, file, error))
            return
        self._remark(path, seen.remarks, beside)
        if listed:
            self._keep(path, seen.listing, NOT_LISTED)
        for entry in parameters_of(self.mapping, seen.values):
            found = replace(entry, source=replace(entry.source, file=entry.source.file or path))
            self.said.setdefault(entry.name, []).append(found)
        if seen.problem and self.complete and self.problem is None:
            self.problem = f"{path}: {seen.problem}"
        if self.thumbnail is None:
            self.thumbnail = seen.thumbnail

    def _list(self, path: str, file: BinaryIO) -> None:
        try:
            found = listing(file, beside=self.beside.of(path), pictures=min(self.pictures_left, OF_FILE))
        except (InvalidError, LimitError) as error:
            self.looked.append(_not_listed(path, file, error))
            return
        self._keep(path, found)

    def _keep(self, path: str, found: Listing | None, problem: str = "") -> None:
        self.looked.append(Looked(path, found, problem if found is None else ""))
        if found is not None:
            self.pictures_left -= sum(len(array.pictures) for array in (*found.arrays, *found.together))


def could_hold_arrays(entry: Entry) -> bool:
    """Whether its name says so."""
    return isinstance(entry, FolderEntry) or is_named_as_array(entry.path)


def of_arrays(entries: Sequence[Entry]) -> list[str]:
    """The files that could hold arrays."""
    known = [entry.path for entry in entries if could_hold_arrays(entry)]
    return known or [entry.path for entry in entries][:1] * (len(entries) == 1)


def _is_of_another_kind(path: str, file: BinaryIO | Root) -> bool:
    """Whether neither name nor bytes say that arrays are in it: a table, a microscope's own file. All is well."""
    if isinstance(file, Root) or is_named_as_array(path) or not file.seek(0, 2):
        return False
    return format_of(file) == "other"


def _not_listed(path: str, file: BinaryIO | Root, error: PortalError) -> Looked:
    return Looked(path, None, _why_not_listed(path, file, error.message), known_unusable(error))


def _why_not_listed(path: str, file: BinaryIO | Root, message: str) -> str:
    """Why nothing is listed of a file, as a clause; of one of another kind, what it is."""
    if isinstance(file, Root) or not _is_of_another_kind(path, file):
        return clause(message)
    kind = kind_in_words(file)
    named = microscope_format(path)
    if kind in TEXTS and not named:
        return f"{kind}, which analyses of texts and tables take; none that needs arrays does"
    if named and named in kind:
        return f"{kind}; it can be converted to OME-TIFF or OME-Zarr, which analyses read"
    return f"{kind}, though its name says {named}" if named else kind


def same(*looks: os.stat_result) -> bool:
    """Whether all are of one file that has not changed."""
    return len({(look.st_ino, look.st_size, look.st_mtime_ns) for look in looks}) == 1


def changed(path: str) -> ConflictError:
    """What to raise of a file that changed while it was read."""
    return ConflictError(
        f"{path} changed while it was read, so nothing was registered. If it is still being written, register it "
        "as incomplete; otherwise try again."
    )
