"""The table of terms that people accepted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class AcceptedTerms(Base):
    """Who accepted which text, when, and for which analysis. Never changed, and never taken back."""

    __tablename__ = "accepted_terms"
    __table_args__ = (UniqueConstraint("person_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(71))
    """`sha256:<hex>` of the terms as they were shown."""
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    """As it was; empty where the terms stand at `link` alone."""
    link: Mapped[str] = mapped_column(String(500))
    use: Mapped[str] = mapped_column(String(20))
    """For what the program may be used by them: academic, commercial, either."""
    analysis: Mapped[str] = mapped_column(String(100))
    """The name of the job type of which they were when they were accepted."""
    accepted: Mapped[datetime]
