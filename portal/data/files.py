"""A registered file, open for somebody who may read it, and still the file that was registered."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.orm import Session, joinedload

from portal.catalogue.access import visible
from portal.catalogue.models import Datafile
from portal.config import Settings
from portal.data.folders import OpenFolder, open_folder
from portal.data.registered import path_of, root_of
from portal.errors import UnsafeFileError
from portal.files.confined import Root, inode_of
from portal.identity.actor import Actor
from portal.identity.missing import check_id, not_found


@dataclass(frozen=True)
class OpenDatafile:
    """An open file and its entry. Close `file`."""

    datafile: Datafile
    file: BinaryIO

    def close(self) -> None:
        """Give the file back."""
        self.file.close()


def open_datafile(
    session: Session,
    actor: Actor,
    dataset_id: int,
    file_id: int,
    *,
    settings: Settings,
    now: datetime | None = None,
) -> OpenDatafile | OpenFolder:
    """A file of a dataset, or a folder that is one entry, opened through the door.

    Raises NotFoundError (unknown or not shared), UnavailableError (its root is not configured), UnsafeFileError (a
    link, or changed since it was registered). A file of a dataset that is still being written may change.
    """
    query = (
        visible(actor, Datafile, now=now)
        .where(Datafile.id == check_id(actor, file_id), Datafile.dataset_id == check_id(actor, dataset_id))
        .options(joinedload(Datafile.dataset))
    )
    found = session.scalar(query)
    if found is None:
        raise not_found(actor)
    folder, _relative = root_of(found.dataset, settings)
    with Root(folder) as root:
        if found.folder_stamp is not None:
            return open_folder(found, root, path_of(found.dataset, found))
        file = _opened(root, found)
    try:
        if found.dataset.complete:
            check_unchanged(found, os.fstat(file.fileno()))
    except BaseException:
        file.close()
        raise
    return OpenDatafile(found, file)


def _opened(root: Root, datafile: Datafile) -> BinaryIO:
    """A file that was registered by way of a link is opened by way of it, as long as it stays in the dataset."""
    if datafile.alias is None:
        return root.open_file(path_of(datafile.dataset, datafile))
    _name, _colon, relative = (datafile.dataset.location or "").partition(":")
    with root.open_folder(relative) as folder:
        return folder.open_file(datafile.location or datafile.name, hard_links=True, links=True)


def check_unchanged(datafile: Datafile, status: os.stat_result) -> None:
    """Return if it is the file of the catalogue, of the same size and time. Raises UnsafeFileError."""
    same_size = datafile.file_size is None or datafile.file_size == status.st_size
    same_time = datafile.mtime_ns is None or datafile.mtime_ns == status.st_mtime_ns
    same_file = datafile.inode is None or datafile.inode == inode_of(status)
    if same_size and same_time and same_file:
        return
    raise UnsafeFileError(
        f"{datafile.name} was changed after it was registered, so it is not handed out. "
        "Ask whoever measured it, or the facility's staff.",
        detail=f"size {status.st_size}, registered {datafile.file_size}; "
        f"mtime {status.st_mtime_ns} ns, registered {datafile.mtime_ns}; "
        f"inode {inode_of(status)}, registered {datafile.inode}",
    )
