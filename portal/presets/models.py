"""The table of presets that people keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.models import Investigation
from portal.db import Base
from portal.identity.models import Person

LONGEST_NAME = 60
LONGEST_NOTE = 200


def _alone(name: str, of: str, *columns: str) -> Index:
    """One name once, in the place where people look for it."""
    there = text(f"deleted IS NULL AND {of}")
    return Index(name, "analysis", *columns, "folded", unique=True, postgresql_where=there, sqlite_where=there)


class SavedPreset(Base):
    """Values of options that somebody keeps. Datasets, sizes of jobs and where they run are no part of it."""

    __tablename__ = "saved_preset"
    __table_args__ = (
        _alone("ux_saved_preset_own", "investigation_id IS NULL AND NOT facility", "person_id"),
        _alone("ux_saved_preset_team", "investigation_id IS NOT NULL", "investigation_id"),
        _alone("ux_saved_preset_facility", "facility"),
        Index("ix_saved_preset_person", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis: Mapped[str] = mapped_column(String(100))
    """The name of the job type."""
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    investigation_id: Mapped[int | None] = mapped_column(ForeignKey("icat_investigation.id", ondelete="CASCADE"))
    """The experiment whose team has it; None: it is its person's own, or the facility's."""
    facility: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Everybody has it."""
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    folded: Mapped[str] = mapped_column(String(3 * LONGEST_NAME))
    """The name without its case, by which it is found."""
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    options: Mapped[dict[str, Any]]
    """Typed values by option, as the validator took them."""
    revision: Mapped[str] = mapped_column(String(71))
    """Of the analysis, of which these values are."""
    created: Mapped[datetime]
    changed: Mapped[datetime]
    deleted: Mapped[datetime | None]
    """Since when nobody has it; who took it off can take that back."""
    person: Mapped[Person] = relationship()
    investigation: Mapped[Investigation | None] = relationship()
