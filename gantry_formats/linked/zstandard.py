"""Zstandard in HDF5, read so that damage is seen.

The filter that hdf5plugin brings ignores what its decoder says: a chunk that does not unpack becomes whatever lay
in the memory, or ends the process. The decoder here refuses it, as those of the other filters do.
"""

from __future__ import annotations

import atexit
import ctypes
from collections.abc import Callable
from typing import Any

import h5py

MAGIC = b"\x28\xb5\x2f\xfd"
MOST_UNPACKED = 2**32
"""Bytes of a chunk: what HDF5 can hold. A few bytes in a file may claim any size."""
_REVERSE = 0x0100
_PLUGIN = "zstd"
_kept: list[Any] = []
"""What the library has the addresses of."""

_Function = ctypes.CFUNCTYPE(
    ctypes.c_size_t,
    ctypes.c_uint,
    ctypes.c_size_t,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.POINTER(ctypes.c_size_t),
    ctypes.POINTER(ctypes.c_void_p),
)
"""H5Z_func_t: flags, number of values, values, bytes, size of the buffer, the buffer. Made: bytes; 0: none."""


class _Class(ctypes.Structure):
    """H5Z_class2_t."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("id", ctypes.c_int),
        ("encoder_present", ctypes.c_uint),
        ("decoder_present", ctypes.c_uint),
        ("name", ctypes.c_char_p),
        ("can_apply", ctypes.c_void_p),
        ("set_local", ctypes.c_void_p),
        ("filter", _Function),
    )


def refuse_damaged(registered: dict[str, str], decode: Callable[[bytes], bytes | bytearray]) -> None:
    """From now on a chunk in Zstandard that does not unpack is a failure of its filter, in this process.

    `registered`: the files of hdf5plugin's filters by name, as `hdf5plugin.get_config().registered_filters` has
    them; without one for Zstandard nothing changes. `decode` unpacks a frame, or raises. What is written goes
    through hdf5plugin's own filter, as before.
    """
    if _kept or _PLUGIN not in registered:
        return
    library = ctypes.CDLL(registered[_PLUGIN])
    library.H5PLget_plugin_info.restype = ctypes.POINTER(_Class)
    usual = library.H5PLget_plugin_info()
    function = _Function(_checked(usual.contents.filter, decode))
    checked = _Class.from_buffer_copy(usual.contents)
    checked.filter = function
    _kept.extend((library, usual, function, checked))
    h5py.h5z.register_filter(ctypes.addressof(checked))
    # The library may write once more when the interpreter is gone already.
    atexit.register(h5py.h5z.register_filter, ctypes.addressof(usual.contents))


def _checked(usual: Any, decode: Callable[[bytes], bytes | bytearray]) -> Callable[..., int]:
    memory = ctypes.CDLL(None)
    memory.malloc.restype, memory.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    memory.free.restype, memory.free.argtypes = None, [ctypes.c_void_p]

    def run(flags: int, *asked: Any) -> int:
        if not flags & _REVERSE:
            return int(usual(flags, *asked))
        _many, _values, stored, size, buffer = asked
        try:
            packed = ctypes.string_at(buffer[0], stored)
            if claimed(packed) > MOST_UNPACKED:
                return 0
            unpacked = bytes(decode(packed))
        except Exception:  # a decoder has errors of its own, and none may go through the library
            return 0
        made = memory.malloc(max(1, len(unpacked)))
        if not made:
            return 0
        ctypes.memmove(made, unpacked, len(unpacked))
        memory.free(buffer[0])
        buffer[0], size[0] = made, len(unpacked)
        return len(unpacked)

    return run


def claimed(frame: bytes) -> int:
    """The bytes that a frame says it unpacks to, 0 where it does not (RFC 8878, 3.1.1.1). Raises ValueError."""
    if frame[:4] != MAGIC or len(frame) < 6:
        raise ValueError("no frame of Zstandard")
    kind = frame[4]
    single = kind >> 5 & 1
    start = 5 + (1 - single) + (0, 1, 2, 4)[kind & 3]
    length = (single, 2, 4, 8)[kind >> 6]
    said = int.from_bytes(frame[start : start + length], "little")
    return said + 256 if length == 2 else said
