"""A folder that is one entry, handed out as one file: a ZIP archive that is made while it is sent."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from gantry_formats.folder_stamp import FileLook, FolderLook
from portal.catalogue.models import Datafile
from portal.data.zipping import Zipping
from portal.errors import UnsafeFileError
from portal.files.confined import Root
from portal.files.folders import look_at


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
        archive = Zipping()
        try:
            yield from self.put_in(archive, name)
            yield archive.end()
        finally:
            self.close()

    def put_in(self, archive: Zipping, name: str) -> Iterator[bytes]:
        """All its files, beneath that name. Raises UnsafeFileError where one has changed."""
        for one in self.look.files:
            yield from self._file(archive, f"{name}/{one.path}", one)

    def _file(self, archive: Zipping, name: str, one: FileLook) -> Iterator[bytes]:
        with self.folder.open_file(one.path, hard_links=self.datafile.alias is not None) as file:
            status = os.fstat(file.fileno())
            if (status.st_size, status.st_mtime_ns) != (one.size, one.mtime_ns):
                raise UnsafeFileError(f"{name} was changed while it was sent.")
            yield from archive.file(name, file, one.size, one.mtime_ns)


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
