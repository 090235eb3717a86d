"""The table of what was done. It is added to, and nothing else: triggers refuse a change, see revision 0009."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class AuditRecord(Base):
    """Somebody did something to something. No foreign keys: what was done outlives whoever and whatever it was."""

    __tablename__ = "audit_record"
    __table_args__ = (
        Index("ix_audit_record_person", "person_id", "at"),
        Index("ix_audit_record_object", "object_kind", "object_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(40))
    """A word of `Action`."""
    person_id: Mapped[int | None]
    """None: the portal, an operator, or somebody who is not signed in; `via` tells which."""
    person_name: Mapped[str] = mapped_column(String(255))
    """The sign-in name as it was then; of an operator the name of the account."""
    via: Mapped[str] = mapped_column(String(16))
    """A word of `Via`."""
    token_id: Mapped[int | None]
    token_name: Mapped[str | None] = mapped_column(String(100))
    address: Mapped[str | None] = mapped_column(String(64))
    """From where the request came."""
    object_kind: Mapped[str] = mapped_column(String(20))
    """A word of `Kind`."""
    object_id: Mapped[str | None] = mapped_column(String(64))
    object_words: Mapped[str] = mapped_column(String(255))
    """What it was called then."""
    details: Mapped[dict[str, Any]]
    """What else there is to say, at most 4 KiB; never a password, a token or another secret."""
