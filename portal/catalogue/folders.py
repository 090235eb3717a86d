"""Reading a folder that is one entry (Zarr): each of its files' digest, and what it says as a whole."""

import os
from collections.abc import Callable
from typing import BinaryIO

from portal.catalogue.entries import FileEntry, FolderFiles, storable_path
from portal.catalogue.files import manifest
from portal.catalogue.files.manifest import Pinned
from portal.errors import ConflictError
from portal.files.confined import Root
from portal.files.folders import FolderEntry, look_at

Digest = Callable[[BinaryIO, int], str]
"""Takes an open file and its size."""


def read_folder(root: Root, entry: FolderEntry, digest: Digest | None, *, hard_links: bool) -> FileEntry:
    """The entry of a folder beneath `root`, with its manifest; without digests where it is still being written.

    Raises ConflictError if anything in it changes meanwhile, InvalidError for names that cannot be stored,
    UnsafeFileError.
    """
    pinned: list[Pinned] = []
    with root.open_folder(entry.path) as folder:
        for one in entry.look.files:
            storable_path(one.path)
            if digest is None:
                pinned.append(Pinned(one.path, one.size, one.mtime_ns, None))
                continue
            with folder.open_file(one.path, hard_links=hard_links) as file:
                status = os.fstat(file.fileno())
                if (status.st_size, status.st_mtime_ns) != (one.size, one.mtime_ns):
                    raise _changed(f"{entry.path}/{one.path}")
                pinned.append(Pinned(one.path, one.size, one.mtime_ns, digest(file, one.size)))
    if digest is not None and look_at(root, entry.path).stamp != entry.look.stamp:
        raise _changed(entry.path)
    made = manifest.packed(pinned)
    inside = FolderFiles(len(pinned), entry.look.stamp, made.packed)
    checksum = None if digest is None else made.sha256
    return FileEntry(entry.path, entry.look.bytes, entry.look.mtime_ns, checksum, folder=inside)


def _changed(path: str) -> ConflictError:
    return ConflictError(
        f"{path} changed while it was read, so nothing was registered. If it is still being written, register it "
        "as incomplete; otherwise try again."
    )
