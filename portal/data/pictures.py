"""A dataset's picture, open for somebody who may see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import DatasetArray, DatasetPicture
from portal.config import Settings
from portal.files.confined import Root
from portal.identity.actor import Actor
from portal.identity.missing import check_id, not_found


@dataclass(frozen=True)
class OpenPicture:
    """An open PNG and its entry. Close `file`."""

    picture: DatasetPicture
    file: BinaryIO


def open_picture(
    session: Session,
    actor: Actor,
    dataset_id: int,
    picture_id: int,
    *,
    settings: Settings,
    now: datetime | None = None,
) -> OpenPicture:
    """One picture of a dataset, from the portal's own pictures folder. Raises NotFoundError."""
    query = visible(actor, DatasetPicture, now=now).where(
        DatasetPicture.id == check_id(actor, picture_id),
        DatasetPicture.dataset_id == check_id(actor, dataset_id),
    )
    found = session.scalar(query)
    if found is None:
        raise not_found(actor)
    with Root(settings.pictures) as root:
        return OpenPicture(found, root.open_file(found.path))


def open_array_picture(
    session: Session,
    actor: Actor,
    dataset_id: int,
    array_id: int,
    number: int,
    *,
    settings: Settings,
    now: datetime | None = None,
) -> tuple[str, BinaryIO]:
    """One of an array's pictures, counted from 0: its name by its content, and it, open. Raises NotFoundError."""
    query = visible(actor, DatasetArray, now=now).where(
        DatasetArray.id == check_id(actor, array_id),
        DatasetArray.dataset_id == check_id(actor, dataset_id),
    )
    found = session.scalar(query)
    if found is None or not 0 <= number < len(found.pictures):
        raise not_found(actor)
    path = str(found.pictures[number]["path"])
    with Root(settings.pictures) as root:
        return path.rsplit("/", 1)[-1], root.open_file(path)
