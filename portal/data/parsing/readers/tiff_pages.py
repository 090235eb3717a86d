"""The chain of a TIFF's pages, followed only to see whether the file holds it whole."""

import struct
from typing import BinaryIO

MOST_PAGES = 100_000
_CLASSIC, _BIG = 42, 43


def pages_before_end(file: BinaryIO) -> int | None:
    """How many pages are listed before the list leads behind the file's end; None where it does not.

    A page is a list of tags: their number, so many entries, and where the next page's list begins (TIFF 6.0,
    section 2; BigTIFF has wider numbers).
    """
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        return None
    version = struct.unpack(f"{order}H", head[2:4])[0]
    if version not in (_CLASSIC, _BIG) or (version == _BIG and len(head) < 16):
        return None
    counted, entry, offset = ("H", 12, "I") if version == _CLASSIC else ("Q", 20, "Q")
    width = struct.calcsize(f"={counted}")
    next_at = 4 if version == _CLASSIC else 8
    seen: set[int] = set()
    where = _number(head[next_at:], order, offset)
    while where and where not in seen and len(seen) < MOST_PAGES:
        tags = _number(_at(file, where, width), order, counted) if where < size else None
        if tags is None:
            return len(seen)
        end = where + width + tags * entry
        if end + struct.calcsize(f"={offset}") > size:
            return len(seen)
        seen.add(where)
        where = _number(_at(file, end, 8), order, offset)
    return None


def _at(file: BinaryIO, where: int, length: int) -> bytes:
    file.seek(where)
    return file.read(length)


def _number(raw: bytes, order: str, kind: str) -> int | None:
    width = struct.calcsize(f"={kind}")
    return int(struct.unpack(f"{order}{kind}", raw[:width])[0]) if len(raw) >= width else None
