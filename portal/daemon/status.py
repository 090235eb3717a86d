"""What the daemon tells the Facility page and the banner: written only when it changed, or as a sign of life."""

import time
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.daemon.context import Deps
from portal.daemon.health import Health, write_health
from portal.daemon.lease import write_status
from portal.jobs.models import Job
from portal.jobs.state import UNFINISHED, State
from portal.times import iso

AT_MOST_EVERY_S = 1.0
AT_LEAST_EVERY_S = 5.0
COUNTS = select(Job.state, func.count()).where(Job.state.in_(UNFINISHED)).group_by(Job.state)


class Status:
    """Remembers what was written last."""

    def __init__(self) -> None:
        self._written: tuple[dict[str, Any], dict[str, Health]] | None = None
        self._at = 0.0

    def counts(self, deps: Deps) -> dict[State, int]:
        """Unfinished jobs by state."""
        with deps.database.read() as session:
            found: dict[State, int] = dict(session.execute(COUNTS).all())
        return found

    def write(self, deps: Deps, now: datetime, clusters: Mapping[str, Health]) -> None:
        """Write it, and the health of the clusters, by name, if it is time. Raises LeaseLost."""
        age = time.monotonic() - self._at
        if self._written is not None and age < AT_MOST_EVERY_S:
            return
        status = self._status(deps)
        seen = (status, {cluster: deepcopy(health) for cluster, health in clusters.items()})
        if seen == self._written and age < AT_LEAST_EVERY_S:
            return
        with deps.database.write() as session:
            write_status(session, deps.lease, status | {"written": iso(now)})
            write_health(session, clusters)
        self._written, self._at = seen, time.monotonic()

    def _status(self, deps: Deps) -> dict[str, Any]:
        return {
            "problems": deps.troubles.sorted(),
            "counts": {state.value: count for state, count in sorted(self.counts(deps).items())},
        }
