"""A folder that is one entry, handed out as one file: a ZIP archive that is made while it is sent."""

import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from gantry_formats.folder_stamp import FileLook, FolderLook
from portal.catalogue.models import Datafile
from portal.errors import UnsafeFileError
from portal.files.confined import Root
from portal.files.folders import look_at

CHUNK = 1 << 20
LARGE = 1 << 31
EARLIEST, LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)
"""ZIP knows no other years."""


@dataclass(frozen=True)
class OpenFolder:
    """An open folder and its entry. Close it, or read it to its end."""

    datafile: Datafile
    folder: Root
    look: FolderLook

    def close(self) -> None:
        """Give the folder back."""
        self.folder.close()

    def zipped(self) -> Iterator[bytes]:
        """The folder as an archive in which it keeps its name. Raises UnsafeFileError where a file has changed."""
        name = (self.datafile.location or self.datafile.name).rpartition("/")[2]
        sink = _Sink()
        try:
            # Not packed: chunks are already.
            with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                for one in self.look.files:
                    yield from self._file(archive, sink, f"{name}/{one.path}", one)
            yield sink.taken()
        finally:
            self.close()

    def _file(self, archive: zipfile.ZipFile, sink: "_Sink", name: str, one: FileLook) -> Iterator[bytes]:
        moment = datetime.fromtimestamp(one.mtime_ns / 1e9, UTC).timetuple()[:6]
        info = zipfile.ZipInfo(name, min(max(moment, EARLIEST), LATEST))
        info.external_attr = 0o644 << 16
        with self.folder.open_file(one.path, hard_links=self.datafile.alias is not None) as file:
            status = os.fstat(file.fileno())
            if (status.st_size, status.st_mtime_ns) != (one.size, one.mtime_ns):
                raise UnsafeFileError(f"{name} was changed while it was sent.")
            with archive.open(info, "w", force_zip64=one.size >= LARGE) as target:
                left = one.size
                while left and (data := file.read(min(CHUNK, left))):
                    target.write(data)
                    left -= len(data)
                    yield sink.taken()


def open_folder(datafile: Datafile, root: Root, relative: str) -> OpenFolder:
    """The folder, if all in it is what was registered. Raises UnsafeFileError."""
    folder = root.open_folder(relative)
    try:
        look = look_at(folder, "")
        if datafile.dataset.complete and look.stamp != datafile.folder_stamp:
            raise UnsafeFileError(
                f"{datafile.name} was changed after it was registered, so it is not handed out. "
                "Ask whoever measured it, or the facility's staff.",
                detail=f"{len(look.files)} files, registered {datafile.folder_files}",
            )
    except BaseException:
        folder.close()
        raise
    return OpenFolder(datafile, folder, look)


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
