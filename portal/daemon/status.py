"""What the daemon tells the Facility page and the banner: written only when it changed, or as a sign of life."""

import time
from collections.abc import Collection, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal import words
from portal.daemon.context import Deps
from portal.daemon.health import Health, write_health
from portal.daemon.lease import write_status
from portal.daemon.share import latest_attempt
from portal.jobs.models import Attempt, Job
from portal.jobs.state import AT_SCHEDULER, UNFINISHED, State
from portal.times import iso

AT_MOST_EVERY_S = 1.0
AT_LEAST_EVERY_S = 5.0
COUNTS = select(Job.state, func.count()).where(Job.state.in_(UNFINISHED)).group_by(Job.state)


class Status:
    """Remembers what was written last. `clusters`: as they are set, each with the job types named for it."""

    def __init__(self, clusters: Mapping[str, Collection[str]]) -> None:
        self._settings = [{"name": name, "jobtypes": sorted(jobtypes)} for name, jobtypes in clusters.items()]
        self._written: tuple[dict[str, Any], dict[str, Health]] | None = None
        self._at = 0.0
        self._without: dict[str, Health] = {}

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
        status, everywhere = self._status(deps), {**self._unset(deps, clusters, now), **clusters}
        seen = (status, {cluster: deepcopy(health) for cluster, health in everywhere.items()})
        if seen == self._written and age < AT_LEAST_EVERY_S:
            return
        with deps.database.write() as session:
            write_status(session, deps.lease, status | {"written": iso(now)})
            write_health(session, everywhere)
        self._written, self._at = seen, time.monotonic()

    def _unset(self, deps: Deps, clusters: Collection[str], now: datetime) -> dict[str, Health]:
        """The clusters that are set no more and still have jobs: of those nobody can tell what becomes of them."""
        if deps.share.cluster is None:
            return {}
        query = (
            select(Attempt.cluster, func.count())
            .join(Job, Attempt.job_id == Job.id)
            .where(Job.state.in_(AT_SCHEDULER), latest_attempt(), Attempt.cluster.not_in(clusters))
            .group_by(Attempt.cluster)
        )
        with deps.database.read() as session:
            counted: dict[str, int] = dict(session.execute(query).all())
        found = {}
        for name, jobs in counted.items():
            before = self._without.get(name)
            text = f"The cluster {name} is not in the settings any more, and has {words.count(jobs, 'job')}."
            found[name] = Health(before.problems if before else {}, False, before.since if before else now)
            found[name].trouble("settings", text)
        self._without = found
        return found

    def _status(self, deps: Deps) -> dict[str, Any]:
        return {
            "clusters": self._settings,
            "problems": deps.troubles.sorted(),
            "counts": {state.value: count for state, count in sorted(self.counts(deps).items())},
        }
