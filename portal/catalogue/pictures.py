"""Pictures of a dataset in the pictures folder: those that no row names any more go."""

import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.models import Dataset, DatasetArray, DatasetPicture

OURS = re.compile(r"[0-9a-f]{64}\.png")


def remove_unnamed(session: Session, number: int, folder: Path) -> None:
    """Remove those of the dataset with this id from disk. It is locked, so that nobody gives it others meanwhile.

    What has another name than pictures have stays.
    """
    session.execute(select(Dataset.id).where(Dataset.id == number).with_for_update())
    own = folder / str(number)
    if not own.is_dir():
        return
    named = set(_named(session, number))
    for path in own.iterdir():
        if OURS.fullmatch(path.name) and f"{number}/{path.name}" not in named:
            path.unlink(missing_ok=True)


def _named(session: Session, number: int) -> Iterator[str]:
    yield from session.scalars(select(DatasetPicture.path).where(DatasetPicture.dataset_id == number))
    for pictures in session.scalars(select(DatasetArray.pictures).where(DatasetArray.dataset_id == number)):
        yield from (one["path"] for one in pictures)
