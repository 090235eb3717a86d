"""Where in an image file its file system lies, and that nothing else in it would be used. Nothing is mounted."""

import os
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from portal.errors import InvalidError

_HEADER: Final = struct.Struct("<32s10s3s3s16s8q")
_DESCRIPTOR: Final = struct.Struct("<i?III7q128s384s")
_PARTITION: Final = struct.Struct("<ii")
_SUPERBLOCK: Final = struct.Struct("<4sIIIIHHHHHHQQQQQQQQ")
MAGIC: Final = b"SIF_MAGIC\0"
SQUASHFS: Final = b"hsqs"
MOST_DESCRIPTORS: Final = 100
PARTITION: Final = 0x4004
DESCRIBES: Final = frozenset({0x4001, 0x4002, 0x4003, 0x4006})
"""The definition, environment and labels as texts, and JSON."""
IS_SQUASHFS, IS_PRIMARY = 1, 2
NONE: Final = (1 << 64) - 1


@dataclass(frozen=True)
class Place:
    """The file system's, in bytes."""

    offset: int
    size: int


def file_system(file: BinaryIO) -> Place:
    """The one squashfs of a SIF file. Raises InvalidError, the end of a sentence, for whatever else is in it."""
    length = os.fstat(file.fileno()).st_size
    header = _read(file, 0, _HEADER)
    total, offset = header[8], header[9]
    if header[1] != MAGIC:
        raise InvalidError("is no image of Apptainer's (SIF)")
    if not 0 < total <= MOST_DESCRIPTORS or not 0 < offset < length:
        raise InvalidError("has no usable list of what is in it")
    found = []
    for number in range(total):
        one = _read(file, offset + number * _DESCRIPTOR.size, _DESCRIPTOR)
        kind, used, begin, size, extra = one[0], one[1], one[5], one[6], one[13]
        if not used:
            continue
        if kind == PARTITION:
            if _PARTITION.unpack_from(extra) != (IS_SQUASHFS, IS_PRIMARY):
                raise InvalidError("holds another file system than its own squashfs")
            found.append(Place(begin, size))
        elif kind not in DESCRIBES:
            raise InvalidError("holds what is neither its file system nor describes it")
    if len(found) != 1:
        raise InvalidError("does not hold exactly one file system")
    (place,) = found
    if place.offset < _HEADER.size or place.size < _SUPERBLOCK.size or place.offset + place.size > length:
        raise InvalidError("ends before its file system does")
    superblock = _read(file, place.offset, _SUPERBLOCK)
    if superblock[0] != SQUASHFS:
        raise InvalidError("has a file system that is no squashfs")
    # Capabilities of files are attributes: without a table of them there are none.
    if superblock[14] != NONE:
        raise InvalidError("has files with attributes, which may give rights")
    return place


def _read(file: BinaryIO, offset: int, form: struct.Struct) -> tuple[Any, ...]:
    file.seek(offset)
    raw = file.read(form.size)
    if len(raw) < form.size:
        raise InvalidError("ends too early")
    return form.unpack(raw)
