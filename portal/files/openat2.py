"""Opening a path beneath the descriptor of a directory: by openat2(2), or component by component without it.

What is opened through here, and which paths may be asked for at all, says `portal.files.confined`.
"""

import ctypes
import os
from functools import cache

SYS_OPENAT2 = 437  # the same number on every architecture, openat2(2)
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_OpenHow), ctypes.c_size_t)
_syscall.restype = ctypes.c_long


@cache
def has_openat2() -> bool:
    """Whether kernel and sandbox let this process call openat2(2)."""
    try:
        fd = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.close(open_beneath(fd, ".", os.O_PATH | os.O_CLOEXEC))
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def open_beneath(directory: int, path: str, flags: int, *, links: bool = False) -> int:
    """By openat2(2): nothing leads out of the directory, and no link is followed. Raises OSError.

    `links`: symbolic links are followed as long as they stay in the directory, on the way and at the end.
    """
    resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (0 if links else RESOLVE_NO_SYMLINKS)
    how = _OpenHow(flags, 0, resolve)
    fd: int = _syscall(SYS_OPENAT2, directory, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return fd


def open_by_components(directory: int, parts: list[str], flags: int) -> int:
    """The same without openat2: each folder on the way is opened from the one before, never through a link."""
    current = os.dup(directory)
    try:
        for part in parts[:-1]:
            step = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            following = os.open(part, step, dir_fd=current)
            os.close(current)
            current = following
        return os.open(parts[-1] if parts else ".", flags, dir_fd=current)
    finally:
        os.close(current)
