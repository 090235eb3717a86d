"""Drafts of job types: the text as it was written, whose it is, and whom its author named."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.identity.models import Person

LONGEST_NAME = 200
REVISION = 71
"""Characters of `sha256:<hex>`."""


class Draft(Base):
    """A job type in the making. Its text is kept as it was written, sound or not."""

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_author", "author_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    """What lists call it: the title in its text, as far as that can be read."""
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    """How often it was saved, from 1: who saves says which version she had before her."""
    based_on: Mapped[str | None] = mapped_column(String(REVISION))
    """The revision of which it began as a copy."""
    created: Mapped[datetime]
    changed: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    deleted: Mapped[datetime | None]
    """Since when it is in no list; its author can take that back."""
    author: Mapped[Person] = relationship(foreign_keys=[author_id])
    changed_by: Mapped[Person] = relationship(foreign_keys=[changed_by_id])
    readers: Mapped[list[DraftReader]] = relationship(back_populates="draft", cascade="all, delete-orphan")


class DraftReader(Base):
    """Somebody of the staff whom the author named: she sees the draft, changes it and tries it."""

    __tablename__ = "draft_reader"
    __table_args__ = (UniqueConstraint("draft_id", "person_id"), Index("ix_draft_reader_person", "person_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    since: Mapped[datetime]
    draft: Mapped[Draft] = relationship(back_populates="readers")
    person: Mapped[Person] = relationship()


class DraftBefore(Base):
    """The text that an older version of a draft had: for Undo, and to tell who changed what."""

    __tablename__ = "draft_before"
    __table_args__ = (UniqueConstraint("draft_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id", ondelete="CASCADE"))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    undone: Mapped[bool]
    """Undo has gone back to it or past it: the next one goes to the version before."""
