"""What every ICAT entity has: an id, and who made and changed it when."""

from datetime import UTC, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column


def _now() -> datetime:
    return datetime.now(UTC)


class Entity:
    """Mixin with ICAT's id, createId, createTime, modId and modTime."""

    id: Mapped[int] = mapped_column(primary_key=True)
    create_id: Mapped[str] = mapped_column(String(255), default="")
    create_time: Mapped[datetime] = mapped_column(default=_now)
    mod_id: Mapped[str] = mapped_column(String(255), default="")
    mod_time: Mapped[datetime] = mapped_column(default=_now, onupdate=_now)
