"""The door: every byte that a person could have written is opened through a `Root`.

Beneath the descriptor of a directory, by openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS where the kernel
has it, else component by component without following links. A file is looked at before it is opened (O_PATH),
so that no FIFO can block and no device can act, and what was looked at is what is opened. Standard library only.
Refusals are PortalErrors: UnsafeFileError (not what it claims to be), NotFoundError, ForbiddenError, LimitError.
"""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NoReturn, Self

from portal.errors import ForbiddenError, LimitError, NotFoundError, PortalError, UnavailableError, UnsafeFileError
from portal.files.openat2 import has_openat2, open_beneath, open_by_components

MAX_PATH = 4096
MAX_DEPTH = 64


class Kind(StrEnum):
    """What a name stands for. Links are never followed."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True)
class Entry:
    """One name found by `walk`: its path relative to the root, and what it is."""

    path: str
    kind: Kind
    status: os.stat_result


class Root:
    """A directory beneath which files may be opened. Close it, or use it in a `with`."""

    def __init__(self, path: str | os.PathLike[str], *, openat2: bool = True, listed: bool = True) -> None:
        """`path` is an operator's: links in it are followed. `openat2` False: walk component by component.

        `listed` False: it need not be readable itself, only what lies in it (a drop box: mode 1733).
        """
        self.path = Path(path)
        self._openat2 = openat2 and has_openat2()
        try:
            self.fd = os.open(path, (os.O_RDONLY if listed else os.O_PATH) | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            _refuse(error, str(path))

    def open_file(
        self,
        relative: str,
        *,
        uid: int | None = None,
        max_bytes: int | None = None,
        hard_links: bool = False,
        links: bool = False,
    ) -> BinaryIO:
        """A regular file, open for reading and not blocking.

        `uid`: whose it must be. `max_bytes`: larger is a LimitError. `hard_links`: whether it may have other names
        (which another person may have made, to have their file opened in this one's place). `links`: whether
        symbolic links are followed that stay beneath this root; never without openat2.
        """
        return os.fdopen(self._open_file(relative, uid, max_bytes, hard_links, links), "rb")

    def status_opened(self, relative: str, *, hard_links: bool = False, links: bool = False) -> os.stat_result:
        """What a regular file is, as `open_file` would open it: it was opened, so it may be read."""
        fd = self._open_file(relative, None, None, hard_links, links)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def _open_file(
        self, relative: str, uid: int | None, max_bytes: int | None, hard_links: bool, links: bool = False
    ) -> int:
        handle = self._open(relative, os.O_PATH, links=links)
        try:
            check_file(os.fstat(handle), relative, uid=uid, max_bytes=max_bytes, hard_links=hard_links)
            # The name in /proc leads to the inode that was looked at, whatever has the path now.
            return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            _refuse(error, relative)
        finally:
            os.close(handle)

    def open_folder(self, relative: str) -> "Root":
        """A folder beneath this one, as a root of its own."""
        fd = self._open(relative, os.O_RDONLY | os.O_DIRECTORY)
        made = object.__new__(Root)
        made.path, made.fd, made._openat2 = self.path / relative, fd, self._openat2
        return made

    def handle(self, relative: str) -> int:
        """A descriptor that names a thing without opening it (O_PATH); of a link, the link itself. Close it."""
        return self._open(relative, os.O_PATH)

    def stat(self, relative: str, *, links: bool = False) -> os.stat_result:
        """What a name is; of a link, the link itself, or with `links` what it leads to beneath this root."""
        handle = self._open(relative, os.O_PATH, links=links)
        try:
            return os.fstat(handle)
        finally:
            os.close(handle)

    def link_text(self, relative: str) -> bytes:
        """What a symbolic link itself says; nothing of what it leads to is asked. Raises UnsafeFileError."""
        handle = self._open(relative, os.O_PATH)
        try:
            return os.readlink(b"", dir_fd=handle)
        except OSError as error:
            raise UnsafeFileError(f"{relative} is no link any more.") from error
        finally:
            os.close(handle)

    def resolved(self, relative: str) -> Path:
        """The absolute path of the file that a name leads to by symbolic links beneath this root."""
        handle = self._open(relative, os.O_PATH, links=True)
        try:
            return Path(f"/proc/self/fd/{handle}").readlink()
        finally:
            os.close(handle)

    def is_plain(self, relative: str) -> bool:
        """Whether a name is reached without a symbolic link on the way; it may be one itself."""
        try:
            self.stat(relative)
        except UnsafeFileError:
            return False
        return True

    def exists(self, relative: str) -> bool:
        """Whether there is anything of that name (a link too)."""
        try:
            self.stat(relative)
        except NotFoundError:
            return False
        return True

    def walk(self, relative: str = "", *, max_entries: int = 1_000_000) -> Iterator[Entry]:
        """Everything beneath a folder, sorted, folders before what is in them; links are named, not followed.

        Raises LimitError where there are more entries, or folders are nested deeper than 64.
        """
        for seen, entry in enumerate(self._walk(relative, 0)):
            if seen >= max_entries:
                raise LimitError(f"There are more than {max_entries} files in {relative or 'the folder'}.")
            yield entry

    def folders(self, *, most: int = 1_000_000) -> list[str]:
        """The names of the folders that lie in it, sorted; links are left out. Raises LimitError."""
        names: list[str] = []
        with os.scandir(self.fd) as listing:
            for seen, entry in enumerate(listing):
                if seen >= most:
                    raise LimitError(f"There are more than {most} files in a folder.")
                if entry.is_dir(follow_symlinks=False):
                    names.append(entry.name)
        return sorted(names)

    def _walk(self, relative: str, depth: int) -> Iterator[Entry]:
        if depth > MAX_DEPTH:
            raise LimitError(f"Folders are nested deeper than {MAX_DEPTH}: {relative}.")
        fd = self._open(relative, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with os.scandir(fd) as listing:
                names = sorted(entry.name for entry in listing)
            for name in names:
                path = f"{relative}/{name}" if relative not in ("", ".") else name
                try:
                    status = os.stat(name, dir_fd=fd, follow_symlinks=False)
                except FileNotFoundError:
                    continue  # it has gone since it was listed
                kind = kind_of(status)
                yield Entry(path, kind, status)
                if kind is Kind.FOLDER:
                    yield from self._walk(path, depth + 1)
        finally:
            os.close(fd)

    def _open(self, relative: str, flags: int, *, links: bool = False) -> int:
        parts = components(relative)
        links = links and self._openat2
        flags |= os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW)
        try:
            if self._openat2:
                return open_beneath(self.fd, "/".join(parts) or ".", flags, links=links)
            return open_by_components(self.fd, parts, flags)
        except OSError as error:
            _refuse(error, relative, links=links)

    def close(self) -> None:
        """Give the descriptor back."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_file(
    root: str | os.PathLike[str],
    relative: str,
    *,
    uid: int | None = None,
    max_bytes: int | None = None,
    hard_links: bool = False,
) -> BinaryIO:
    """`Root.open_file` for a single file."""
    with Root(root) as opened:
        return opened.open_file(relative, uid=uid, max_bytes=max_bytes, hard_links=hard_links)


def components(relative: str) -> list[str]:
    """The parts of a relative path; none for the root itself. What could lead out is an UnsafeFileError."""
    try:
        usable = "\0" not in relative and len(os.fsencode(relative)) <= MAX_PATH
    except UnicodeEncodeError:  # halves of characters that stand for no byte
        usable = False
    if not usable:
        raise UnsafeFileError("The path is not a usable name.", detail=repr(relative[:200]))
    if relative.startswith("/"):
        raise UnsafeFileError(f"The path {relative} must be relative.")
    parts = [part for part in relative.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UnsafeFileError(f"The path {relative} leads out of its folder.")
    return parts


def check_file(
    status: os.stat_result,
    name: str,
    *,
    uid: int | None = None,
    max_bytes: int | None = None,
    hard_links: bool = False,
) -> None:
    """Refuse what is no regular file, is another's, has another name, or is too large."""
    kind = kind_of(status)
    if kind is not Kind.FILE:
        what = {Kind.LINK: "a link", Kind.FOLDER: "a folder"}.get(kind, "a device or pipe")
        raise UnsafeFileError(f"{name} is {what}, not a regular file.")
    if uid is not None and status.st_uid != uid:
        raise UnsafeFileError(f"{name} belongs to another user than expected.", detail=f"uid {status.st_uid}")
    if status.st_nlink > 1 and not hard_links:
        raise UnsafeFileError(f"{name} has a second name (a hard link) and may be another's file.")
    if max_bytes is not None and status.st_size > max_bytes:
        raise LimitError(f"{name} is larger than {max_bytes} bytes.", detail=f"{status.st_size} bytes")


def inode_of(status: os.stat_result) -> int:
    """Which file it is on its file system, as a number that a database takes (63 bits)."""
    return status.st_ino & (2**63 - 1)


def kind_of(status: os.stat_result) -> Kind:
    """What a stat result is about."""
    if stat.S_ISREG(status.st_mode):
        return Kind.FILE
    if stat.S_ISDIR(status.st_mode):
        return Kind.FOLDER
    return Kind.LINK if stat.S_ISLNK(status.st_mode) else Kind.OTHER


_CIRCLE = "leads through symbolic links in a circle, or through too many"
_LEADS = {
    errno.ELOOP: "leads through a symbolic link, which is not followed",
    errno.EXDEV: "leads out of its folder",
    errno.ENOTDIR: "leads through a symbolic link or a file in the place of a folder",
}


def _refuse(error: OSError, name: str, *, links: bool = False) -> NoReturn:
    raise refusal_of(error, name, links=links) from error


def refusal_of(error: OSError, name: str, *, links: bool = False) -> PortalError:
    """The refusal that says for people what the operating system said by number; `links`: those were followed."""
    match error.errno:
        case errno.ENOENT:
            return NotFoundError(f"{name} does not exist.")
        case errno.EACCES | errno.EPERM:
            return ForbiddenError(f"{name} may not be read by this account.")
        case errno.ELOOP | errno.EXDEV | errno.ENOTDIR:
            circle = links and error.errno == errno.ELOOP
            return UnsafeFileError(f"{name} {_CIRCLE if circle else _LEADS[error.errno]}.", detail=error.strerror)
        case errno.ENAMETOOLONG | errno.EINVAL:
            return UnsafeFileError(f"{name} is not a usable name.", detail=error.strerror)
        case _:
            return UnavailableError(
                f"{name} cannot be read now.", detail=f"{error.strerror} (errno {error.errno})"
            )
