"""Removing a folder that its owner may have filled with anything: nothing followed, one device, any depth."""

import errno
import os
import stat


def remove_tree(directory: int, name: str) -> None:
    """Remove `name` beneath the directory descriptor; gone already is no error. Raises OSError.

    Folders inside are moved up to the top before they are emptied, so that depth costs neither descriptors nor
    recursion. Another device mounted inside is an error (EXDEV or EBUSY), and stays.
    """
    top = _open_folder(directory, name)
    if top is None:
        return
    try:
        device, moved = os.fstat(top).st_dev, 0
        while names := _names(top):
            for child in names:
                moved = _empty(top, child, device, moved)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=directory)


def _empty(top: int, child: str, device: int, moved: int) -> int:
    """Remove one name of the top folder after moving its folders up; how many have been moved in all."""
    inner = _open_folder(top, child)
    if inner is None:
        return moved
    try:
        if os.fstat(inner).st_dev != device:
            raise OSError(errno.EXDEV, "another file system is mounted in the folder", child)
        for name in _names(inner):
            below = _open_folder(inner, name)
            if below is not None:
                os.close(below)
                os.rename(name, f".removing-{os.getpid()}-{moved}", src_dir_fd=inner, dst_dir_fd=top)
                moved += 1
    finally:
        os.close(inner)
    os.rmdir(child, dir_fd=top)
    return moved


def _names(fd: int) -> list[str]:
    with os.scandir(fd) as listing:
        return [entry.name for entry in listing]


def _open_folder(directory: int, name: str) -> int | None:
    """A folder, open and writable for its owner; None if it is gone, or was no folder and has been unlinked."""
    try:
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISDIR(mode):
            os.unlink(name, dir_fd=directory)
            return None
        path = f"/proc/self/fd/{handle}"
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(path, stat.S_IMODE(mode) | stat.S_IRWXU)  # noqa: PTH101 - a descriptor, not a path
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(handle)
