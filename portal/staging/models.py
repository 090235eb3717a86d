"""What staff want staged, what an operator signed off, and what the stager did.

The web tier adds wishes, and what a second person says about them, and changes neither; the publisher adds what
was signed off or refused; the stager adds what it did. So a wish is nothing but a wish: what jobs can use lies in
the stager's folder.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.drafts.signoff.models import Found, Spoken
from portal.identity.models import Person
from portal.jobs.models import Job

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
    job: Mapped[Job] = relationship(Job)
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


class ImageSignoff(Spoken, Base):
    """What a second person says about a wish. Whether it counts is the publisher's to say."""

    __tablename__ = "image_signoff"
    __table_args__ = (Index("ix_image_signoff_wish", "wish_id"),)

    wish_id: Mapped[int] = mapped_column(ForeignKey("image_wish.id"))
    wish: Mapped[ImageWish] = relationship()
    answer: Mapped[ImageSignoffAnswer | None] = relationship(back_populates="signoff")


class ImageSignoffAnswer(Found, Base):
    """What the publisher found of that: one answer for each."""

    __tablename__ = "image_signoff_answer"

    signoff_id: Mapped[int] = mapped_column(ForeignKey("image_signoff.id"), unique=True)
    signoff: Mapped[ImageSignoff] = relationship(back_populates="answer")
