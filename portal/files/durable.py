"""Files that appear whole or not at all.

Standard library only: the agent, the store and the supervisors use this as well as the portal.
"""

import ctypes
import json
import os
from pathlib import Path
from typing import Any

from portal.documents import canonical_json

_libc = ctypes.CDLL(None, use_errno=True)


def write_whole(path: Path, data: bytes, *, mode: int = 0o640) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new one, also after a power cut."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(fd, mode)
            os.fsync(fd)
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_json(path: Path, document: object, *, mode: int = 0o640) -> None:
    """`write_whole` of a document in canonical JSON."""
    write_whole(path, canonical_json(document), mode=mode)


def read_json(path: Path, *, max_bytes: int = 1 << 20) -> dict[str, Any] | None:
    """The JSON object in `path`; None if there is no such file or no whole object in it."""
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(max_bytes + 1))
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def sync_directory(path: Path) -> None:
    """Make the names in a directory survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file_system(fd: int) -> None:
    """Make everything in the file system of an open file survive a power cut, by syncfs(2). Raises OSError."""
    if _libc.syncfs(fd) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
