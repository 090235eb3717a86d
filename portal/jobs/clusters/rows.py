"""What the daemon writes down of itself and of the clusters, for pages to read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base

DAEMON = "daemon"
"""The lease of the one active daemon."""


class DaemonLease(Base):
    """Which daemon works. `epoch` goes up with every new holder and stands in each of its conditional UPDATEs."""

    __tablename__ = "daemon_lease"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    holder: Mapped[str] = mapped_column(String(200))
    epoch: Mapped[int]
    expires: Mapped[datetime]
    beat: Mapped[datetime]
    status: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the daemon says of itself: what is wrong with its parts, numbers of jobs. For banner and pages."""


class ClusterHealth(Base):
    """How a cluster is, as the daemon last saw it; `answered` None: it was not asked yet."""

    __tablename__ = "cluster_health"

    cluster: Mapped[str] = mapped_column(String(100), primary_key=True)
    answered: Mapped[bool | None]
    since: Mapped[datetime | None]
    """Since when it has answered, or not."""
    message: Mapped[str | None] = mapped_column(Text)
    problems: Mapped[list[str]] = mapped_column(default=list)
    """What is wrong with it, in words for staff."""


class ClusterSnapshot(Base):
    """What a cluster has and what of it is in use, as the daemon last saw it: what the Facility page shows."""

    __tablename__ = "cluster_snapshot"

    cluster: Mapped[str] = mapped_column(String(100), primary_key=True)
    at: Mapped[datetime]
    document: Mapped[dict[str, Any]]
    """A scheduler's survey."""
