"""Copying an output: every file through the door, hashed as it is copied, refused if it changes meanwhile."""

import ctypes
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from portal.errors import UnsafeFileError
from portal.files.confined import Entry, Kind, Root, check_file
from portal.files.granting import let_read
from portal.rpc.exchange import RefusedError
from portal.store.cloning import BLOCK, copied
from portal.store.telling import Telling

MANIFEST = ".gantry-manifest.json"
MANY = 64
"""With more files they are made durable by one call for all, which a disk does in the time of a few."""
FILE_MODE = 0o440
FOLDER_MODE = 0o550
WORKING_MODE = 0o750


@dataclass(frozen=True)
class StoredFile:
    """One file of a result: its path in the dataset, bytes, SHA-256 in hexadecimal, time in nanoseconds."""

    name: str
    size: int
    sha256: str
    mtime_ns: int

    def document(self) -> dict[str, Any]:
        """As it stands in answers and manifests."""
        return asdict(self)


def chosen(
    output: Root,
    wanted: Callable[[str], bool],
    *,
    uid: int | None,
    max_files: int,
    telling: Telling,
) -> list[Entry]:
    """The regular files beneath output/ that are wanted, each checked.

    Raises PortalError for anything among the wanted names that is no regular file of the expected owner: a result
    must not silently lack what its program put there.
    """
    found = []
    for entry in output.walk(max_entries=max_files * 2 + 1000):
        if entry.kind is Kind.FOLDER or not wanted(entry.path):
            continue
        check_name(entry.path)
        check_file(entry.status, f"output/{entry.path}", uid=uid)
        found.append(entry)
        telling.look()
        if len(found) > max_files:
            raise RefusedError("limit", f"The output holds more than {max_files:,} files.")
    return found


def check_name(path: str) -> None:
    """Refuse a name that no catalogue or page could show as it is, or that the store needs itself."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UnsafeFileError(f"output/{path!a} has a name that is not text in UTF-8.") from None
    if any(ord(character) < 32 or ord(character) == 127 for character in path):
        raise UnsafeFileError(f"output/{path!a} has a name with control characters.")
    if MANIFEST in path.split("/"):
        raise UnsafeFileError(f"output/{path} has the name under which the store writes down what a result holds.")


def copy_all(
    output: Root,
    entries: Sequence[Entry],
    target: Path,
    *,
    uid: int | None,
    max_bytes: int,
    telling: Telling,
) -> list[StoredFile]:
    """Copy the entries beneath `target`, which exists and is empty. Files are synced and read-only afterwards."""
    kept, total = [], 0
    telling.begin(len(entries), sum(entry.status.st_size for entry in entries))
    for entry in entries:
        place = target / entry.path
        place.parent.mkdir(mode=WORKING_MODE, parents=True, exist_ok=True)
        with output.open_file(entry.path, uid=uid) as source:
            before = os.fstat(source.fileno())
            if _identity(before) != _identity(entry.status):
                raise _changed(entry.path)
            if total + before.st_size > max_bytes:
                raise RefusedError("limit", f"The output is larger than {max_bytes} bytes.")
            size, digest = _copy(source.fileno(), place, before.st_size, telling, sync=len(entries) <= MANY)
            if size != before.st_size or _identity(os.fstat(source.fileno())) != _identity(before):
                raise _changed(entry.path)
        os.utime(place, ns=(before.st_mtime_ns, before.st_mtime_ns))
        total += size
        kept.append(StoredFile(entry.path, size, digest, before.st_mtime_ns))
        telling.file()
    if len(entries) > MANY:
        _sync_all(target)
    return kept


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _changed(path: str) -> RefusedError:
    return RefusedError("output-changed", f"The file output/{path} changed while it was copied.", retry=True)


def _copy(source: int, place: Path, expected: int, telling: Telling, *, sync: bool) -> tuple[int, str]:
    """Copy one file, at most a block more than it should have; its size and digest."""
    fd = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        size, digest, _way = copied(source, fd, expected, telling.went)
        os.fchmod(fd, FILE_MODE)
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)
    return size, digest


def _sync_all(folder: Path) -> None:
    """Make all durable that was written to the file system of a folder (syncfs(2))."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(fd):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(fd)


def hash_file(root: Root, name: str) -> tuple[int, str]:
    """Size and SHA-256 of a file beneath a result's folder."""
    digest, size = hashlib.sha256(), 0
    with root.open_file(name) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def seal(target: Path, *, reader: int | None = None, group: int | None = None) -> None:
    """Make every folder below `target` read-only and durable, innermost first; `target` itself stays writable.

    A folder that cannot be written cannot be renamed to another place by its ordinary owner. `reader` is a uid
    that may read all of it, `group` a gid; with neither, owner and the folder's own group alone.
    """
    for folder, _, names in os.walk(target, topdown=False):
        if reader is not None or group is not None:
            _let_read_files(Path(folder), names, reader, group)
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if Path(folder) != target:
                os.fchmod(fd, FOLDER_MODE)
            if reader is not None or group is not None:
                let_read(fd, person=reader, group=group)
            os.fsync(fd)
        finally:
            os.close(fd)


def _let_read_files(folder: Path, names: Sequence[str], reader: int | None, group: int | None) -> None:
    for name in names:
        fd = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            let_read(fd, person=reader, group=group)
        finally:
            os.close(fd)
