"""The attempt's folder: made whole with its job spec, fenced, opened to the portal's group, removed."""

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.errors import NotFoundError
from portal.files.confined import Kind, Root, kind_of
from portal.files.durable import sync_file_system
from portal.files.removal import remove_tree
from portal.rpc.exchange import SCHEMA, RefusedError
from portal.times import iso

FOLDER_MODE = 0o2750
MAX_CLAIM_BYTES = 64 << 10
MAX_JOB_SPEC_BYTES = 64 << 20
FEW = 8
"""More folders go to the disk with all else in their file system: each alone would cost a turn of its journal."""


def opened(scratch: Path) -> Root:
    """The folder of all attempts, in which people may make theirs; that they may list it is not asked for."""
    return Root(scratch, listed=os.access(scratch, os.R_OK, effective_ids=True))


def make(scratch: Root, attempt: str, spec: bytes) -> str:
    """Make the attempt's folder with its job.json, whose SHA-256 is given; twice with the same job spec is once.

    It is not on disk before `keep`. Raises RefusedError: `fenced`, or `attempt-differs` if the folder holds
    another job spec.
    """
    if scratch.exists(attempt) or not _put(scratch, attempt, "job.json", spec, 0o440):
        with _own(scratch, attempt) as folder:
            found = _read(folder, "job.json", MAX_JOB_SPEC_BYTES)
            claim = _claim(folder)
            if found is None or (claim is not None and claim.get("by") == "fence"):
                raise RefusedError("fenced", "This attempt was given up; it cannot be submitted any more.")
            if found != spec:
                raise RefusedError("attempt-differs", "This attempt was submitted before with another job spec.")
    return hashlib.sha256(spec).hexdigest()


def keep(scratch: Root, attempts: Sequence[str]) -> None:
    """Force the folders that `make` made, job specs and all, to the disk. Raises OSError or PortalError."""
    if len(attempts) > FEW:
        with scratch.open_folder(attempts[-1]) as folder:
            sync_file_system(folder.fd)
        return
    for attempt in attempts:
        with scratch.open_folder(attempt) as folder:
            _force(folder, "job.json")
    _force_names(scratch)


def fence(scratch: Path, attempt: str) -> dict[str, Any]:
    """Take the attempt's claim, so that it can never run: `{"won": true}`, or whose claim it is."""
    claim = {
        "schema": SCHEMA,
        "by": "fence",
        "cluster": "none",
        "job_id": None,
        "array_index": None,
        "restart": 0,
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "at": iso(datetime.now(UTC)),
    }
    data = json.dumps(claim).encode() + b"\n"
    with opened(scratch) as root:
        if not root.exists(attempt):
            # A submission that arrives late must find the claim: the folder is made with it.
            _put(root, attempt, "claim", data, 0o440)
            with _own(root, attempt) as folder:
                _force(folder, "claim")
            _force_names(root)
        with _own(root, attempt) as folder:
            _publish(folder, data)
            found = _claim(folder)
            spec = _read(folder, "job.json", MAX_JOB_SPEC_BYTES)
    if found is not None and found.get("by") == "fence":
        return {"won": True}
    return {"won": False, "claim": found, "job_sha256": _digest(spec)}


def job_spec_sha256(scratch: Path, attempt: str) -> str | None:
    """The SHA-256 of the job spec in an attempt's folder; None where there is none. Raises RefusedError.

    The folder is the person's, who could have changed it. That harms nobody: launch compares the job spec with the
    digest in the batch script, which Slurm keeps, and a report with another digest than this one is not believed.
    """
    with opened(scratch) as root:
        if not root.exists(attempt):
            return None
        with _own(root, attempt) as folder:
            return _digest(_read(folder, "job.json", MAX_JOB_SPEC_BYTES))


def _digest(spec: bytes | None) -> str | None:
    return None if spec is None else hashlib.sha256(spec).hexdigest()


def _publish(folder: Root, data: bytes) -> None:
    """Publish the claim by link(2), which fails where there is one, on network file systems too."""
    if not folder.exists("claim"):
        aside = f".claim-{os.uname().nodename}-{os.getpid()}"
        try:
            _write(folder, aside, data, 0o440)
            _sync(folder, aside)
            with suppress(FileExistsError):
                os.link(aside, "claim", src_dir_fd=folder.fd, dst_dir_fd=folder.fd, follow_symlinks=False)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(aside, dir_fd=folder.fd)
    os.fsync(folder.fd)


def _put(root: Root, attempt: str, name: str, data: bytes, mode: int) -> bool:
    """Make the folder with one file in it; False if another process made it meanwhile: that one stays."""
    aside = f".{attempt}-{os.getpid()}"
    os.mkdir(aside, FOLDER_MODE & 0o777, dir_fd=root.fd)
    try:
        with root.open_folder(aside) as folder:
            _write(folder, name, data, mode)
            if stat.S_IMODE(os.fstat(folder.fd).st_mode) != FOLDER_MODE:
                # Only where needed: chmod(2) by somebody outside of the portal's group takes the set-group-ID bit
                # away that the folder has from scratch, and with it the group of all that is written into it.
                os.fchmod(folder.fd, FOLDER_MODE)
        os.rename(aside, attempt, src_dir_fd=root.fd, dst_dir_fd=root.fd)
    except BaseException as error:
        remove_tree(root.fd, aside)
        if isinstance(error, OSError) and error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            return False
        raise
    return True


def _write(folder: Root, name: str, data: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, mode, dir_fd=folder.fd), "wb", buffering=0) as file:
        written = file.write(data)
        if written != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


def _force(folder: Root, name: str) -> None:
    _sync(folder, name)
    os.fsync(folder.fd)


def _sync(folder: Root, name: str) -> None:
    with folder.open_file(name, uid=os.geteuid(), hard_links=True) as file:
        os.fsync(file.fileno())


def _force_names(root: Root) -> None:
    with suppress(OSError):  # people may not read the folder of all attempts, so they cannot force it to disk
        os.fsync(root.fd)


@contextmanager
def _own(root: Root, attempt: str) -> Iterator[Root]:
    """The attempt's folder, which must be this person's."""
    with root.open_folder(attempt) as folder:
        if os.fstat(folder.fd).st_uid != os.geteuid():
            raise RefusedError("unsafe", "The attempt's folder belongs to another account.")
        yield folder


def _read(folder: Root, name: str, most: int) -> bytes | None:
    try:
        with folder.open_file(name, uid=os.geteuid(), max_bytes=most, hard_links=True) as file:
            return file.read()
    except NotFoundError:
        return None


def _claim(folder: Root) -> dict[str, Any] | None:
    """The published claim; None if there is none or it cannot be read."""
    raw = _read(folder, "claim", MAX_CLAIM_BYTES)
    try:
        claim = json.loads(raw or b"null")
    except (ValueError, RecursionError):
        return {}
    return claim if isinstance(claim, dict) else None


def seal(scratch: Path, attempt: str) -> dict[str, int]:
    """Let the folder's group read everything in it; how many files and bytes there are.

    Links and devices are left alone, and so are files with a second name: opening those to a group could open a
    file of the person's that lies elsewhere.
    """
    files = size = 0
    with opened(scratch) as root, _own(root, attempt) as folder:
        group = os.fstat(folder.fd).st_gid
        _grant(folder.fd, group)
        for entry in folder.walk():
            handle = folder.handle(entry.path)
            try:
                status = os.fstat(handle)
                if kind_of(status) is Kind.FILE and status.st_nlink == 1:
                    files += 1
                    size += status.st_size
                    _grant(handle, group)
                elif kind_of(status) is Kind.FOLDER:
                    _grant(handle, group)
            finally:
                os.close(handle)
    return {"files": files, "bytes": size}


def _grant(handle: int, group: int) -> None:
    """The group may read a file, and enter a folder, of this person's."""
    status = os.fstat(handle)
    if status.st_uid != os.geteuid():
        return
    bits = 0o050 if kind_of(status) is Kind.FOLDER else 0o040
    path = f"/proc/self/fd/{handle}"  # chmod(2) by descriptor does not work on O_PATH ones
    if status.st_gid != group:
        os.chown(path, -1, group)
    if status.st_mode & bits != bits:
        Path(path).chmod(stat.S_IMODE(status.st_mode) | bits)


def purge(scratch: Path, attempt: str) -> dict[str, bool]:
    """Remove the folder; one that is gone already is no error."""
    with opened(scratch) as root:
        if not root.exists(attempt):
            return {"removed": False}
        with _own(root, attempt):
            pass
        remove_tree(root.fd, attempt)
    return {"removed": True}
