"""What the daemon last saw of the scheduler and of itself: the Facility page and the banner on every page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import words
from portal.db import DatabaseClock
from portal.jobs.models import DAEMON, DaemonLease
from portal.jobs.progress import moment_of

LEASE = select(
    DaemonLease.expires, DaemonLease.holder, DaemonLease.beat, DaemonLease.status, DatabaseClock().label("now")
).where(DaemonLease.name == DAEMON)


@dataclass(frozen=True)
class ClusterStatus:
    """`answered` None: nobody has asked yet."""

    daemon_alive: bool
    daemon: str
    beat: datetime | None
    answered: bool | None
    since: datetime | None
    """Since when the scheduler has answered, or not."""
    message: str
    counts: dict[str, int]
    """Unfinished jobs by state."""
    problems: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """True if jobs go ahead."""
        return self.daemon_alive and self.answered is not False and not self.problems

    @property
    def banner(self) -> str:
        """Sentence 7 of the house's tone; empty when all is well."""
        if not self.daemon_alive:
            since = f" since {words.clock(self.beat)}" if self.beat else ""
            return f"Jobs have not been looked after{since}. Nothing is lost; what runs goes on."
        if self.answered is False:
            since = f" since {words.clock(self.since)}" if self.since else ""
            return f"The cluster has not answered{since}. Nothing is lost; your job may be running."
        return ""


def cluster_status(session: Session) -> ClusterStatus:
    """The status as of the last beat, `daemon_alive` by the database's clock."""
    row = session.connection().execute(LEASE).one_or_none()
    if row is None:
        return ClusterStatus(False, "", None, None, None, "", {}, ())
    seen = row.status
    return ClusterStatus(
        daemon_alive=row.expires > row.now,
        daemon=row.holder,
        beat=row.beat,
        answered=seen.get("answered"),
        since=moment_of(seen.get("since")),
        message=str(seen.get("message") or ""),
        counts=dict(seen.get("counts", {})),
        problems=tuple(seen.get("problems", ())),
    )
