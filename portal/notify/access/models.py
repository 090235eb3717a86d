"""Who asked for access to what, and who is asked about it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.models import Investigation
from portal.db import Base
from portal.identity.models import Person

LONGEST_NUMBER = 100
LONGEST_NOTE = 500
YES, NO = "yes", "no"


class AccessRequest(Base):
    """Somebody wants to see the experiment with a number. Whether there is one, nobody has looked up yet."""

    __tablename__ = "access_request"
    __table_args__ = (
        Index("ix_access_request_person_at", "person_id", "at"),
        Index(
            "ix_access_request_new",
            "id",
            postgresql_where=text("passed_on IS NULL"),
            sqlite_where=text("passed_on IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    number: Mapped[str] = mapped_column(String(LONGEST_NUMBER))
    """As it was typed, on one line."""
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE))
    at: Mapped[datetime]
    passed_on: Mapped[datetime | None]
    """When the daemon has asked those who lead such an experiment, if there are any."""
    person: Mapped[Person] = relationship()
    questions: Mapped[list[AccessQuestion]] = relationship(back_populates="request", cascade="all, delete-orphan")


class AccessQuestion(Base):
    """The question to one of those who lead an experiment: shall this person see it?"""

    __tablename__ = "access_question"
    __table_args__ = (
        UniqueConstraint("request_id", "investigation_id", "person_id"),
        Index(
            "ix_access_question_open",
            "person_id",
            postgresql_where=text("answered IS NULL"),
            sqlite_where=text("answered IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id", ondelete="CASCADE"))
    investigation_id: Mapped[int] = mapped_column(ForeignKey("icat_investigation.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    """Who is asked."""
    at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(String(3))
    """`yes` or `no`; None: not yet, or another one who leads it has answered."""
    answered: Mapped[datetime | None]
    """When this question was settled, by whomever."""
    request: Mapped[AccessRequest] = relationship(back_populates="questions")
    investigation: Mapped[Investigation] = relationship()
    person: Mapped[Person] = relationship()
