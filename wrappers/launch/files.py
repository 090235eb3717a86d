"""Durable writing and safe removal in the attempt's folder, all beneath an open directory; no link is followed."""

import errno
import os
import stat
import time
from pathlib import Path

FILE_MODE = 0o640
DIRECTORY_MODE = 0o750
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TEMPORARY_MODE = 0o700
_DEEPEST = 200


def utc(seconds: float) -> str:
    """Return seconds since the epoch as ISO 8601 in UTC with milliseconds."""
    whole = int(seconds)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((seconds - whole) * 1000):03d}Z"


def open_folder(path: str) -> int:
    """Return a descriptor of the directory at `path`, which may not be a link. Raises OSError."""
    return os.open(path, _DIRECTORY)


def fsync_directory(folder_fd: int) -> None:
    """Make the names in a directory durable, where the file system can."""
    try:
        os.fsync(folder_fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, however small the pieces that the system takes. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def open_new(folder_fd: int, name: str) -> int:
    """Return a descriptor for writing a new file that the group may read. What lay there before is unlinked."""
    try:
        fd = os.open(name, _NEW, FILE_MODE, dir_fd=folder_fd)
    except FileExistsError:
        os.unlink(name, dir_fd=folder_fd)
        fd = os.open(name, _NEW, FILE_MODE, dir_fd=folder_fd)
    os.fchmod(fd, FILE_MODE)
    return fd


def write_aside(folder_fd: int, name: str, data: bytes) -> str:
    """Write `data` durably under a name of its own beside `name`; return that name. Raises OSError."""
    aside = f".{name}.{os.urandom(8).hex()}"
    fd = open_new(folder_fd, aside)
    try:
        write_all(fd, data)
        os.fsync(fd)
    except OSError:
        os.unlink(aside, dir_fd=folder_fd)
        raise
    finally:
        os.close(fd)
    return aside


def put_in_place(folder_fd: int, aside: str, name: str) -> None:
    """Rename `aside` to `name`, durably. A directory that a program left there is moved out of the way."""
    try:
        os.rename(aside, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
    except IsADirectoryError:
        os.rename(name, f"{aside}.found", src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
        os.rename(aside, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
    fsync_directory(folder_fd)


def make_directory(folder_fd: int, name: str, mode: int = DIRECTORY_MODE) -> None:
    """Make a directory if there is none; its setgid bit comes from the folder. Raises OSError."""
    try:
        os.mkdir(name, mode, dir_fd=folder_fd)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(name, dir_fd=folder_fd).st_mode):
            raise


def make_temporary(folder_fd: int) -> None:
    """Make an empty tmp/ for the program, for its owner only."""
    remove_tree(folder_fd, "tmp")
    os.mkdir("tmp", _TEMPORARY_MODE, dir_fd=folder_fd)


def move_aside(folder_fd: int, names: tuple[str, ...], restart: int) -> str:
    """Move what an earlier run left into a new subfolder `restart-<n>`; return the subfolder's name."""
    target = f"restart-{restart}"
    for attempt in range(2, 1000):
        try:
            os.mkdir(target, DIRECTORY_MODE, dir_fd=folder_fd)
            break
        except FileExistsError:
            target = f"restart-{restart}.{attempt}"
    target_fd = os.open(target, _DIRECTORY, dir_fd=folder_fd)
    unfinished = [name for name in os.listdir(folder_fd) if name.startswith(".result.json.")]
    try:
        for name in (*names, *unfinished):
            try:
                os.rename(name, name, src_dir_fd=folder_fd, dst_dir_fd=target_fd)
            except FileNotFoundError:
                continue
    finally:
        os.close(target_fd)
    return target


def remove_tree(folder_fd: int, name: str) -> bool:
    """Remove what is called `name`, following no link and leaving this device never. Returns whether all went."""
    try:
        status = os.lstat(name, dir_fd=folder_fd)
        if not stat.S_ISDIR(status.st_mode):
            os.unlink(name, dir_fd=folder_fd)
            return True
        return _remove_directory(folder_fd, name, os.fstat(folder_fd).st_dev, _DEEPEST)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _remove_directory(parent_fd: int, name: str, device: int, deeper: int) -> bool:
    fd = _open_for_removal(parent_fd, name)
    try:
        if os.fstat(fd).st_dev != device or deeper == 0:
            return False
        with os.scandir(fd) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        gone = True
        for child, is_directory in found:
            if is_directory:
                gone = _remove_directory(fd, child, device, deeper - 1) and gone
            else:
                os.unlink(child, dir_fd=fd)
    finally:
        os.close(fd)
    if gone:
        os.rmdir(name, dir_fd=parent_fd)
    return gone


def _open_for_removal(parent_fd: int, name: str) -> int:
    try:
        return os.open(name, _DIRECTORY, dir_fd=parent_fd)
    except PermissionError:
        # A program may have taken its own rights away. O_PATH needs none, and names exactly this directory.
        path_fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent_fd)
        try:
            Path(f"/proc/self/fd/{path_fd}").chmod(_TEMPORARY_MODE)
        finally:
            os.close(path_fd)
        return os.open(name, _DIRECTORY, dir_fd=parent_fd)


class Reserve:
    """Space held back in the folder, so that a full disk still takes the end of the log and the result."""

    NAME = ".reserve"
    BYTES = 64 * 1024

    def __init__(self, folder_fd: int) -> None:
        """Allocate the space. Raises OSError (no space)."""
        self._folder_fd = folder_fd
        fd = open_new(folder_fd, self.NAME)
        try:
            os.posix_fallocate(fd, 0, self.BYTES)
        except OSError:
            os.unlink(self.NAME, dir_fd=folder_fd)
            raise
        finally:
            os.close(fd)

    def release(self) -> None:
        """Give the space back."""
        try:
            os.unlink(self.NAME, dir_fd=self._folder_fd)
        except OSError:
            return  # the program removed it, or the folder is gone: writing the result will tell


def is_full(folder_fd: int, probe_bytes: int = 16 * 1024) -> bool:
    """Whether the folder takes no further data: tried, because quotas do not show in the free space."""
    try:
        aside = write_aside(folder_fd, "probe", bytes(probe_bytes))
        os.unlink(aside, dir_fd=folder_fd)
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return False
