"""Revisions of drafts that somebody wants tried, published or retired, what was wished, what the publisher did.

The web tier adds revisions and wishes and changes neither; the publisher alone adds deeds. So a wish is nothing
but a wish: what may run lies in the publisher's folder, and these rows only tell of it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from secrets import token_hex
from typing import Any

from sqlalchemy import Enum, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.drafts.models import REVISION
from portal.identity.models import Person

LONGEST_CHANGED = 500


class Wished(StrEnum):
    """What somebody wants done with a revision."""

    TRY = "try"
    """To run it as herself, on what she may see."""
    PUBLISH = "publish"
    RETIRE = "retire"


class DraftRevision(Base):
    """The text of a draft as it was when it was to be tried or published: it is never changed."""

    __tablename__ = "draft_revision"
    __table_args__ = (UniqueConstraint("author_id", "digest"), Index("ix_draft_revision_name", "name"))

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("draft.id", ondelete="SET NULL"))
    """Of which it was one; None once that is gone."""
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(REVISION))
    """`sha256:<hex>` of the canonical document."""
    text: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime]
    author: Mapped[Person] = relationship()


class RevisionWish(Base):
    """What one person wants done with one revision."""

    __tablename__ = "revision_wish"
    __table_args__ = (Index("ix_revision_wish_revision", "revision_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("draft_revision.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    wished: Mapped[Wished] = mapped_column(
        Enum(Wished, native_enum=False, length=10, values_callable=lambda kinds: [one.value for one in kinds])
    )
    audience: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """To whom it is to be published; empty for other wishes."""
    changed: Mapped[str] = mapped_column(String(LONGEST_CHANGED), default="")
    """What changed, in a sentence."""
    nonce: Mapped[str] = mapped_column(String(32), default=lambda: token_hex(16), server_default="")
    """Of this wish alone, so that what somebody signs for it fits no other; empty of those from before."""
    at: Mapped[datetime]
    revision: Mapped[DraftRevision] = relationship()
    person: Mapped[Person] = relationship()
    deed: Mapped[RevisionDeed | None] = relationship(back_populates="wish")


class RevisionDeed(Base):
    """What the publisher did about a wish: one deed for each, so that of two publishers one is the first."""

    __tablename__ = "revision_deed"

    id: Mapped[int] = mapped_column(primary_key=True)
    wish_id: Mapped[int] = mapped_column(ForeignKey("revision_wish.id"), unique=True)
    done: Mapped[bool]
    words: Mapped[str] = mapped_column(Text)
    """Why it was not done; empty where it was."""
    by: Mapped[str] = mapped_column(String(255))
    """Who signed it off."""
    at: Mapped[datetime]
    wish: Mapped[RevisionWish] = relationship(back_populates="deed")
