"""What the daemon tells the Facility page and the banner: written only when it changed, or as a sign of life."""

import time
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.daemon.context import Deps
from portal.daemon.lease import write_status
from portal.files.durable import iso
from portal.jobs.models import Job
from portal.jobs.state import UNFINISHED, State

AT_MOST_EVERY_S = 1.0
AT_LEAST_EVERY_S = 5.0
COUNTS = select(Job.state, func.count()).where(Job.state.in_(UNFINISHED)).group_by(Job.state)


class Status:
    """Remembers what was written last."""

    def __init__(self) -> None:
        self._written: dict[str, Any] | None = None
        self._at = 0.0

    def counts(self, deps: Deps) -> dict[State, int]:
        """Unfinished jobs by state."""
        with deps.database.read() as session:
            found: dict[State, int] = dict(session.execute(COUNTS).all())
        return found

    def write(self, deps: Deps, now: datetime) -> None:
        """Write it if it is time. Raises LeaseLost."""
        age = time.monotonic() - self._at
        if self._written is not None and age < AT_MOST_EVERY_S:
            return
        status = self._status(deps)
        if status == self._written and age < AT_LEAST_EVERY_S:
            return
        with deps.database.write() as session:
            write_status(session, deps.lease, status | {"written": iso(now)})
        self._written, self._at = status, time.monotonic()

    def _status(self, deps: Deps) -> dict[str, Any]:
        health = deps.health
        return {
            "answered": health.answered,
            "since": iso(health.since) if health.since else None,
            "message": health.message,
            "problems": sorted(health.problems.values()),
            "counts": {state.value: count for state, count in sorted(self.counts(deps).items())},
        }
