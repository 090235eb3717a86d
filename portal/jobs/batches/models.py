"""The short number of a batch."""

from __future__ import annotations

import re

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import LARGEST_ID, Base

_WRITTEN = re.compile(r"[Bb]-([1-9][0-9]{0,14})")


class Batch(Base):
    """Gives a submission of several jobs its number; one of a single job has none, nor has a trial."""

    __tablename__ = "batch"
    # A number that people have written down never comes to mean another batch.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(36), ForeignKey("submission.id"), unique=True)

    @property
    def number(self) -> str:
        """The short number people use: B-17."""
        return number_of(self.id)


def number_of(batch_id: int) -> str:
    """The short number of the batch with this id."""
    return f"B-{batch_id}"


def id_of(text: str) -> int | None:
    """The id of the batch whose number a text is; None for anything else."""
    found = _WRITTEN.fullmatch(text)
    number = int(found[1]) if found else None
    return number if number is not None and number <= LARGEST_ID else None
