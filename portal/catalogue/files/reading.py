"""Reading what is to be registered in place: files with size, time and digest, parameters, a thumbnail.

Knows no database. Everything is opened through the door, and what changes meanwhile is noticed.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from portal.catalogue.arrays.entries import ArrayEntry
from portal.catalogue.entries import FileEntry, ParameterEntry, storable_path
from portal.catalogue.files.not_followed import NotFollowed, followed, remarks_of
from portal.catalogue.files.reader import (
    Place,
    Progress,
    Reader,
    Surroundings,
    changed,
    could_hold_arrays,
    of_arrays,
    same,
)
from portal.data.parsing.children import several
from portal.data.parsing.client import Remark
from portal.errors import PortalError, UnsafeFileError
from portal.files.confined import Entry, Kind, Root, inode_of, kind_of
from portal.files.folders import FolderEntry, folder_entry, gathered, stamp_of

MOST_PARSED = 4
"""A series of planes holds the same facts in each; looking into the first few is enough."""
MOST_LISTED = 16
"""Of so many files the arrays are listed: the first of them, and the last."""
MOST_REMARKS = 100
MASTER = re.compile(r"master|\.nxs?$", re.IGNORECASE)


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


class Around(NamedTuple):
    """What lies at a place: its files, and the links that are not followed."""

    entries: list[Entry]
    not_followed: list[NotFollowed]


def list_files(root: Root, place: Place) -> list[Entry]:
    """The regular files of `place`, as `look_around` finds them."""
    return look_around(root, place).entries


def look_around(root: Root, place: Place) -> Around:
    """The regular files of `place`, with paths relative to its location; nothing of them is read.

    A folder that is one thing (Zarr) is one entry, in the place of its files.

    Where `place.links` says so, symbolic links to files of the folder are among them, with what they lead to;
    those to folders are passed over, since what lies there has a name of its own, and those that lead elsewhere
    are named. Raises UnsafeFileError for other links and devices, InvalidError for names that cannot be stored.
    """
    with root.open_folder(place.location) as folder:
        if place.only is not None:
            status = folder.stat(place.only)
            one = Entry(place.only, Kind.FILE, status)
            found = [folder_entry(folder, place.only) if kind_of(status) is Kind.FOLDER else one]
        else:
            found = gathered(list(folder.walk()))
        looks = [followed(folder, entry) if place.links else entry for entry in found]
    around = Around([], [])
    for look in looks:
        storable_path(look.path)
        if isinstance(look, NotFollowed):
            around.not_followed.append(look)
        elif look.kind is Kind.FILE or isinstance(look, FolderEntry):
            around.entries.append(look)
        elif look.kind is not Kind.FOLDER:
            what = "a link" if look.kind is Kind.LINK else "a device or pipe"
            raise UnsafeFileError(f"{look.path} is {what}. Only regular files can be registered.")
    return around


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
    with several(), root.open_folder(place.location) as folder:
        reader = Reader(mapping, total, progress, complete, Surroundings(root, place, folder))
        files = [reader.read(entry, parse=entry.path in parsed, listed=entry.path in listed) for entry in entries]
        reader.look_for_links(entries)
        # Those that the files lead to are files of the dataset, be they beneath a folder or not.
        names = {entry.path for entry in entries}
        further = [Entry(name, Kind.FILE, seen) for name, seen in reader.opened.items() if name not in names]
        files += [reader.read(entry, parse=False, listed=False) for entry in further]
        around = look_around(root, place)
        if complete:
            now = with_linked(root, place, around.entries, list(reader.opened))
            _check_unchanged([*entries, *further], now)
    linked = reader.linked(entries)
    return Contents(
        tuple(replace(file, linked=file.path in linked) for file in files),
        tuple(reader.parameters.values()),
        reader.thumbnail,
        reader.problem,
        tuple(reader.arrays(entries, around.not_followed)),
        tuple([*remarks_of(around.not_followed), *reader.remarks][:MOST_REMARKS]),
    )


def read_arrays(root: Root, place: Place, entries: Sequence[Entry], *, complete: bool) -> list[ArrayEntry]:
    """The arrays alone, as `read` would list them; no digests. Raises as `read` does."""
    # Those that are looked into for parameters are listed as well, wherever they stand.
    listed = _worth_listing(entries) | _worth_parsing(entries)
    with several(), root.open_folder(place.location) as folder:
        reader = Reader({}, 0, None, complete, Surroundings(root, place, folder))
        for entry in entries:
            if entry.path in listed:
                reader.list_again(entry)
        reader.look_for_links(entries)
    return reader.arrays(entries, look_around(root, place).not_followed if place.links else ())


def read_parameters(
    root: Root, place: Place, entries: Sequence[Entry], mapping: Mapping[str, Any], *, complete: bool
) -> tuple[Mapping[str, ParameterEntry], str | None]:
    """The parameters alone, by name, as `read` would find them, and the first problem in words; no digests.

    Raises as `read` does.
    """
    parsed = _worth_parsing(entries)
    with several(), root.open_folder(place.location) as folder:
        reader = Reader(mapping, 0, None, complete, Surroundings(root, place, folder))
        for entry in entries:
            if entry.path in parsed:
                reader.look_again(entry)
    return reader.parameters, reader.problem


def _worth_parsing(entries: Sequence[Entry]) -> set[str]:
    known = [entry.path for entry in entries if could_hold_arrays(entry)]
    if not known and len(entries) == 1:
        return {entries[0].path}
    # A master may come behind the files that it leads to.
    return set(known[:MOST_PARSED]) | set([path for path in known if MASTER.search(path)][:MOST_PARSED])


def _worth_listing(entries: Sequence[Entry]) -> set[str]:
    """Those of them that are looked into for arrays."""
    files = of_arrays(entries)
    return set(files if len(files) <= MOST_LISTED else [*files[: MOST_LISTED - 1], files[-1]])


def _check_unchanged(before: Sequence[Entry], after: Sequence[Entry]) -> None:
    """The names still lead to the files that were read, and none was added."""
    was, now = ({entry.path: entry.status for entry in look} for look in (before, after))
    for path in sorted(was.keys() | now.keys()):
        if path not in was or path not in now or not same(was[path], now[path]):
            raise changed(path)
