"""A ZIP archive that is made while it is sent: no more of it is kept than a piece and the names that are in it."""

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

CHUNK = 1 << 20
LARGE = 1 << 31
EARLIEST, LATEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)
"""ZIP knows no other years."""


class Zipping:
    """Files are put in one after another; what each call gives is sent on. Nothing is packed: data are already."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED, allowZip64=True)

    def file(self, name: str, file: BinaryIO, size: int, mtime_ns: int) -> Iterator[bytes]:
        """A file of that size, of which no more is read."""
        moment = datetime.fromtimestamp(mtime_ns / 1e9, UTC)
        with self._archive.open(_entry(name, moment), "w", force_zip64=size >= LARGE) as target:
            left = size
            while left and (data := file.read(min(CHUNK, left))):
                target.write(data)
                left -= len(data)
                yield self._sink.taken()

    def words(self, name: str, content: bytes, moment: datetime) -> bytes:
        """A small file that is at hand."""
        self._archive.writestr(_entry(name, moment.astimezone(UTC)), content)
        return self._sink.taken()

    def end(self) -> bytes:
        """The archive's list of what is in it."""
        self._archive.close()
        return self._sink.taken()


def _entry(name: str, moment: datetime) -> zipfile.ZipInfo:
    at = min(max(moment, EARLIEST), LATEST)
    info = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.external_attr = 0o644 << 16
    return info


class _Sink:
    """Where an archive is written: what has come is taken from it, and nothing is kept."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take it."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing to flush."""

    def close(self) -> None:
        """There is nothing to close."""

    def taken(self) -> bytes:
        """What has come since it was last asked."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
