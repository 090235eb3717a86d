"""What the daemon tells the Facility page and the banner: written only when it changed, or as a sign of life."""

import time
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import words
from portal.daemon.context import Deps
from portal.daemon.health import Health, write_health
from portal.daemon.lease import write_status
from portal.daemon.share import ALL, Share, latest_attempt
from portal.jobs.models import Attempt, Job
from portal.jobs.state import AT_SCHEDULER, TO_BEGIN, State
from portal.times import iso

AT_MOST_EVERY_S = 1.0
AT_LEAST_EVERY_S = 5.0


class Status:
    """Remembers what was written last. `clusters`: as they are set, each with its share of the jobs.

    `per_person`: how many jobs of one person may be at each at once, where that is to be told.
    """

    def __init__(self, clusters: Mapping[str, Share], per_person: Mapping[str, int] | None = None) -> None:
        self._shares = clusters
        self._per_person = per_person or {}
        self._written: tuple[dict[str, Any], dict[str, Health]] | None = None
        self._at = 0.0
        self._without: dict[str, Health] = {}

    def write(self, deps: Deps, now: datetime, clusters: Mapping[str, Health]) -> None:
        """Write it, and the health of the clusters, by name, if it is time. Raises LeaseLost."""
        age = time.monotonic() - self._at
        if self._written is not None and age < AT_MOST_EVERY_S:
            return
        status, everywhere = self._status(deps), {**self._unset(deps, clusters, now), **clusters}
        seen = (status, {cluster: health.copy() for cluster, health in everywhere.items()})
        if seen == self._written and age < AT_LEAST_EVERY_S:
            return
        with deps.database.write() as session:
            write_status(session, deps.lease, status | {"written": iso(now)})
            write_health(session, seen[1])
        self._written, self._at = seen, time.monotonic()

    def _unset(self, deps: Deps, clusters: Collection[str], now: datetime) -> dict[str, Health]:
        """The clusters that are set no more and still have jobs: of those nobody can tell what becomes of them."""
        if all(share.cluster is None for share in self._shares.values()):
            return {}  # the only cluster has all jobs
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
        with deps.database.read() as session:
            counts = ALL.counts(session)
            clusters = [self._set(session, name, share, counts) for name, share in self._shares.items()]
        return {
            "clusters": clusters,
            "problems": deps.troubles.sorted(),
            "counts": {state.value: count for state, count in sorted(counts.items())},
        }

    def _set(self, session: Session, name: str, share: Share, counts: Mapping[State, int]) -> dict[str, Any]:
        """What pages need to know of a cluster that is set: which jobs go there, and how many wait for it."""
        theirs = counts if share.cluster is None else share.counts(session)
        return {
            "name": name,
            "jobtypes": [] if share.rest else sorted(share.jobtypes),
            "waiting": sum(theirs.get(state, 0) for state in TO_BEGIN),
            "per_person": self._per_person.get(name),
        }
