"""What staff want staged, what an operator signed off, and what the stager did.

The web tier adds wishes and changes none; the publisher adds what an operator signed off or refused; the stager
adds what it did. So a wish is nothing but a wish: what jobs can use lies in the stager's folder.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.identity.models import Person

LONGEST_NAME = 100
DIGEST = 71
"""Characters of `sha256:<hex>`."""


class ImageWish(Base):
    """That the image which a job made is staged under a name."""

    __tablename__ = "image_wish"
    __table_args__ = (Index("ix_image_wish_job", "job_id"), Index("ix_image_wish_person", "person_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    digest: Mapped[str] = mapped_column(String(DIGEST))
    """Of the file that is meant: another one is not staged."""
    at: Mapped[datetime]
    person: Mapped[Person] = relationship()
    approval: Mapped[ImageApproval | None] = relationship(back_populates="wish")
    deed: Mapped[ImageDeed | None] = relationship(back_populates="wish")


class ImageApproval(Base):
    """Who signed a wish off. The publisher alone writes it."""

    __tablename__ = "image_approval"

    id: Mapped[int] = mapped_column(primary_key=True)
    wish_id: Mapped[int] = mapped_column(ForeignKey("image_wish.id"), unique=True)
    by: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime]
    wish: Mapped[ImageWish] = relationship(back_populates="approval")


class ImageDeed(Base):
    """What became of a wish: one deed for each, so that of two who act one is the first."""

    __tablename__ = "image_deed"

    id: Mapped[int] = mapped_column(primary_key=True)
    wish_id: Mapped[int] = mapped_column(ForeignKey("image_wish.id"), unique=True)
    done: Mapped[bool]
    words: Mapped[str] = mapped_column(Text)
    """Why it was not staged; empty where it was."""
    size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes of what was staged."""
    by: Mapped[str] = mapped_column(String(255))
    """Who signed it off, or refused it; empty where the stager itself refused."""
    at: Mapped[datetime]
    wish: Mapped[ImageWish] = relationship(back_populates="deed")
