"""Folders that are one thing to people, such as those of Zarr: known, looked at and pinned as a whole.

Standard library only: whoever registers, hands over or hands out such a folder asks here.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from gantry_formats.folder_stamp import MAX_FILES, FileLook, FolderLook, folder_look
from gantry_formats.zarr_tree import MARKS, SUFFIX
from portal.errors import LimitError, UnsafeFileError
from portal.files.confined import Entry, Kind, Root


@dataclass(frozen=True)
class FolderEntry(Entry):
    """A folder in the place of all its files. `status` has their size together, and the time of the latest."""

    look: FolderLook
    hard_linked: bool = False
    """Whether a file in it has a second name."""


def is_one_thing(root: Root, relative: str) -> bool:
    """Whether a folder is one of Zarr: by its name, or by what lies in it."""
    if _named_so(relative):
        return True
    with root.open_folder(relative) as folder:
        return any(folder.exists(mark) for mark in MARKS)


def stamp_of(entry: Entry) -> str | None:
    """By what a folder that is one entry is known again; None for a file."""
    return entry.look.stamp if isinstance(entry, FolderEntry) else None


def look_at(root: Root, relative: str) -> FolderLook:
    """All files of a folder. Raises UnsafeFileError (links, devices), LimitError (too many)."""
    with root.open_folder(relative) as folder:
        return _look(list(folder.walk(max_entries=2 * MAX_FILES)), relative)


def folder_entry(root: Root, relative: str) -> FolderEntry:
    """The folder as one entry. Raises as `look_at` does."""
    with root.open_folder(relative) as folder:
        return _entry(relative, root.stat(relative), list(folder.walk(max_entries=2 * MAX_FILES)))


def _entry(path: str, own: os.stat_result, beneath: Sequence[Entry]) -> FolderEntry:
    look = _look(beneath, path)
    hard_linked = any(one.kind is Kind.FILE and one.status.st_nlink > 1 for one in beneath)
    return FolderEntry(path, Kind.FOLDER, _status(own, look), look, hard_linked)


def gathered(entries: Sequence[Entry]) -> list[Entry]:
    """What a walk found, files alone, with an entry for each outermost folder that is one thing.

    Raises as `look_at` does.
    """
    folders = {entry.path: entry for entry in entries if entry.kind is Kind.FOLDER}
    marked = {str(PurePosixPath(entry.path).parent) for entry in entries if entry.path.rpartition("/")[2] in MARKS}
    whole = {path for path in folders if _named_so(path) or path in marked}
    within: dict[str, list[Entry]] = {}
    found: list[Entry] = []
    for entry in entries:
        above = next((str(one) for one in reversed(PurePosixPath(entry.path).parents) if str(one) in whole), None)
        if above is not None:
            within.setdefault(above, []).append(entry)
        elif entry.path in whole:
            within.setdefault(entry.path, [])
        elif entry.kind is not Kind.FOLDER:
            found.append(entry)
    for path, inner in within.items():
        beneath = [Entry(entry.path[len(path) + 1 :], entry.kind, entry.status) for entry in inner]
        found.append(_entry(path, folders[path].status, beneath))
    return sorted(found, key=lambda entry: entry.path)


def _named_so(path: str) -> bool:
    return path.lower().endswith(SUFFIX) and PurePosixPath(path).stem != ""


def _look(entries: Sequence[Entry], name: str) -> FolderLook:
    files = [entry for entry in entries if entry.kind is not Kind.FOLDER]
    strange = next((entry for entry in files if entry.kind is not Kind.FILE), None)
    if strange is not None:
        what = "a link" if strange.kind is Kind.LINK else "a device or pipe"
        raise UnsafeFileError(f"{name}/{strange.path} is {what}. Only regular files can be registered.")
    if len(files) > MAX_FILES:
        raise LimitError(f"{name} has more than {MAX_FILES} files.")
    return folder_look(FileLook(entry.path, entry.status.st_size, entry.status.st_mtime_ns) for entry in files)


def _status(own: os.stat_result, look: FolderLook) -> os.stat_result:
    """The folder's own, with size and time of what is in it."""
    seconds = look.mtime_ns // 10**9
    plain = (own.st_mode, own.st_ino, own.st_dev, 1, own.st_uid, own.st_gid, look.bytes, seconds, seconds, seconds)
    return os.stat_result(plain, {"st_mtime_ns": look.mtime_ns, "st_mtime": look.mtime_ns / 1e9})
