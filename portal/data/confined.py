"""The portal's readers open files here and nowhere else: the door of `files.confined`, and what HDF5 adds to it.

An HDF5 file can lead out of itself by external links, external storage and virtual datasets. `open_checked` opens
a file and has a limited child process look for them before anybody reads.
"""

import os
from typing import BinaryIO

from portal.data.parsing.client import check
from portal.files.confined import Entry, Kind, Root, check_file, components, open_file
from portal.files.openat2 import has_openat2

__all__ = ["Entry", "Kind", "Root", "check_file", "components", "has_openat2", "open_checked", "open_file"]


def open_checked(
    root: Root | str | os.PathLike[str],
    relative: str,
    *,
    uid: int | None = None,
    max_bytes: int | None = None,
    hard_links: bool = False,
) -> BinaryIO:
    """`open_file`, and nothing in it leads out if it is HDF5 (else UnsafeFileError; InvalidError if damaged)."""
    if isinstance(root, Root):
        file = root.open_file(relative, uid=uid, max_bytes=max_bytes, hard_links=hard_links)
    else:
        file = open_file(root, relative, uid=uid, max_bytes=max_bytes, hard_links=hard_links)
    try:
        check(file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file
