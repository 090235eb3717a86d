"""A registered file, open for somebody who may read it, and still the file that was registered."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.orm import Session, joinedload

from portal.catalogue.access import visible
from portal.catalogue.models import Datafile
from portal.config import Settings
from portal.data.registered import path_of, root_of
from portal.errors import UnsafeFileError
from portal.files.confined import Root
from portal.identity.actor import Actor
from portal.identity.missing import check_id, not_found


@dataclass(frozen=True)
class OpenDatafile:
    """An open file and its entry. Close `file`."""

    datafile: Datafile
    file: BinaryIO


def open_datafile(
    session: Session,
    actor: Actor,
    dataset_id: int,
    file_id: int,
    *,
    settings: Settings,
    now: datetime | None = None,
) -> OpenDatafile:
    """A file of a dataset, opened through the door.

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
        file = root.open_file(path_of(found.dataset, found))
    try:
        if found.dataset.complete:
            check_unchanged(found, os.fstat(file.fileno()))
    except BaseException:
        file.close()
        raise
    return OpenDatafile(found, file)


def check_unchanged(datafile: Datafile, status: os.stat_result) -> None:
    """Return if size and modification time are those of the catalogue. Raises UnsafeFileError."""
    same_size = datafile.file_size is None or datafile.file_size == status.st_size
    same_time = datafile.mtime_ns is None or datafile.mtime_ns == status.st_mtime_ns
    if same_size and same_time:
        return
    raise UnsafeFileError(
        f"{datafile.name} was changed after it was registered, so it is not handed out. "
        "Ask whoever measured it, or the facility's staff.",
        detail=f"size {status.st_size}, registered {datafile.file_size}; "
        f"mtime {status.st_mtime_ns} ns, registered {datafile.mtime_ns}",
    )
