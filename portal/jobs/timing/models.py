"""A row a run that ended well or at its time limit: how long it waited, ran and what it used. No names in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base

DONE, TIME_LIMIT = "done", "time"
"""How it ended: well, or at its time limit, so that it would have taken longer."""


class JobRun(Base):
    """One attempt that ran. Trials, desktops and what ended otherwise leave none."""

    __tablename__ = "job_run"
    __table_args__ = (
        Index("ix_job_run_like", "jobtype", "variant", "part", "ended"),
        Index("ix_job_run_started", "jobtype", "variant", "started"),
    )

    attempt_id: Mapped[str] = mapped_column(ForeignKey("attempt.id", ondelete="CASCADE"), primary_key=True)
    jobtype: Mapped[str] = mapped_column(String(100))
    revision_id: Mapped[int] = mapped_column(ForeignKey("job_type_revision.id"))
    variant: Mapped[str] = mapped_column(String(50))
    part: Mapped[bool] = mapped_column(default=False)
    """Whether options limited the work to a part of the data."""
    input_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """Of all its inputs; None where it has none, or one has left the catalogue."""
    waited_s: Mapped[float] = mapped_column(Float(53))
    """From the last time that it was asked for to its start."""
    ran_s: Mapped[float] = mapped_column(Float(53))
    """From its start to its end as the scheduler saw them; saving the result does not count."""
    stages: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Seconds by stage; empty where the program named none."""
    memory_peak_bytes: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(String(10))
    started: Mapped[datetime]
    ended: Mapped[datetime]
