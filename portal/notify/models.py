"""A notice a row, and how far the jobs' events have been looked through for notices."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Enum, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.jobs.models import Job, JobEvent, Submission

JOBS = "jobs"
"""The name of the one mark there is: of the jobs' events."""


class About(StrEnum):
    """What a notice tells."""

    DONE = "done"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"
    """By somebody else."""
    BATCH = "batch"
    """All of a batch has ended."""


class Notice(Base):
    """Something that a person has not been told yet, or has read."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("event_id", "person_id"),
        Index("ix_notice_person", "person_id", "id"),
        # What the header of every page counts.
        Index(
            "ix_notice_new",
            "person_id",
            postgresql_where=text("read IS NULL"),
            sqlite_where=text("read IS NULL"),
        ),
        Index("ix_notice_submission", "submission_id", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("job_event.id"))
    """The event that it tells of; of a batch the last one."""
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    """None where it is about a batch."""
    about: Mapped[About] = mapped_column(
        Enum(About, native_enum=False, length=20, values_callable=lambda kinds: [k.value for k in kinds])
    )
    at: Mapped[datetime]
    counts: Mapped[dict[str, Any]]
    """Of a batch: how many jobs ended in which state; else empty."""
    read: Mapped[datetime | None] = mapped_column(index=True)
    event: Mapped[JobEvent] = relationship(lambda: JobEvent)
    job: Mapped[Job | None] = relationship(lambda: Job)
    submission: Mapped[Submission] = relationship(lambda: Submission)


class NoticeMark(Base):
    """Up to which event all has been looked through, and how far the next mark may go once it is safe."""

    __tablename__ = "notice_mark"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    event_id: Mapped[int]
    """Nothing up to this event is looked at again."""
    ahead_id: Mapped[int | None]
    """The mark goes there when every transaction older than `ahead_transaction` has ended."""
    ahead_transaction: Mapped[int | None] = mapped_column(BigInteger)
