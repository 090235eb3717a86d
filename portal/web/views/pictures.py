"""Thumbnails of many datasets with one query."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import url_for
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Dataset, DatasetPicture
from portal.identity.actor import Actor


@dataclass(frozen=True)
class Picture:
    """Where an image is and how large, so that pages do not jump while it loads."""

    url: str
    width: int
    height: int
    caption: str = ""


def picture_of(row: DatasetPicture) -> Picture:
    """The view of one stored picture. The address changes with the picture, so that browsers may keep it."""
    version = row.path.rsplit("/", 1)[-1][:12]
    url = url_for("datasets.picture", dataset_id=row.dataset_id, picture_id=row.id, v=version)
    return Picture(url, row.width, row.height, row.caption)


def thumbnails(session: Session, actor: Actor, dataset_ids: Iterable[int | None]) -> dict[int, Picture]:
    """The picture that stands for each dataset, by its id; datasets without one, or not visible, are left out."""
    wanted = {dataset_id for dataset_id in dataset_ids if dataset_id is not None}
    if not wanted:
        return {}
    readable = visible(actor, Dataset).where(Dataset.id.in_(wanted)).with_only_columns(Dataset.id)
    return _first(session, DatasetPicture.dataset_id.in_(readable))


def thumbnails_of(session: Session, datasets: Iterable[Dataset]) -> dict[int, Picture]:
    """The same for datasets that a service has handed out, so that nobody need ask again if they are visible."""
    ids = [dataset.id for dataset in datasets]
    return _first(session, DatasetPicture.dataset_id.in_(ids)) if ids else {}


def _first(session: Session, condition: ColumnElement[bool]) -> dict[int, Picture]:
    # The thumbnail first; where an analysis made none, its first preview stands in.
    order = (DatasetPicture.dataset_id, DatasetPicture.role != "thumbnail", DatasetPicture.position)
    found: dict[int, Picture] = {}
    for row in session.scalars(select(DatasetPicture).where(condition).order_by(*order)):
        found.setdefault(row.dataset_id, picture_of(row))
    return found
