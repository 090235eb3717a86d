"""The content of a dataset's files, through the one door, compared with what the catalogue knows of them."""

import os
from typing import BinaryIO

from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Datafile
from portal.catalogue.service import get_dataset, not_found
from portal.config import Settings
from portal.confined import Root
from portal.errors import NotFoundError, UnsafeFileError
from portal.identity.actor import Actor


def open_datafile(
    reading: Session, who: Actor, settings: Settings, dataset_id: int, file_id: int
) -> tuple[BinaryIO, Datafile]:
    """A file of a dataset that this person sees, open for reading.

    Raises NotFoundError, and UnsafeFileError where it is not the file that was registered.
    """
    dataset = get_dataset(reading, who, dataset_id)
    query = visible(who, Datafile).where(Datafile.id == file_id, Datafile.dataset_id == dataset_id)
    row = reading.scalar(query)
    if row is None or dataset.location is None:
        raise not_found(who)
    root, _colon, folder = dataset.location.partition(":")
    base = settings.results if dataset.is_result else settings.roots[root].path if root in settings.roots else None
    if base is None:
        raise NotFoundError("The disk that holds this file is not known to the portal any more.")
    name = row.location or row.name
    with Root(base) as top, top.open_folder(folder) as inside:
        file = inside.open_file(name)
    status = os.fstat(file.fileno())
    if row.file_size not in (None, status.st_size) or row.mtime_ns not in (None, status.st_mtime_ns):
        file.close()
        raise UnsafeFileError(f"{name} has changed since it was registered, so it is not handed out.")
    return file, row
