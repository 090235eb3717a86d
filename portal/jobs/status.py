"""What the daemon last saw of the clusters and of itself: the Facility page and the banner on every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from portal import words
from portal.db import DatabaseClock
from portal.jobs.cluster_rows import DAEMON, ClusterHealth, DaemonLease

# One question: the one lease, beside each cluster (or beside none, before the first was asked).
SEEN = (
    select(
        DaemonLease.expires, DaemonLease.holder, DaemonLease.beat, DaemonLease.status,
        DatabaseClock().label("now"), ClusterHealth.cluster, ClusterHealth.answered, ClusterHealth.since,
        ClusterHealth.message, ClusterHealth.problems,
    )
    .outerjoin_from(DaemonLease, ClusterHealth, true())
    .where(DaemonLease.name == DAEMON)
    .order_by(ClusterHealth.cluster)
)  # fmt: skip


UNSET = "It is not in the portal's settings any more."
"""What is said of a cluster that has jobs and that nobody can ask."""


@dataclass(frozen=True)
class Cluster:
    """How one cluster is. `answered` None: nobody has asked yet."""

    name: str
    answered: bool | None
    since: datetime | None
    """Since when it has answered, or not."""
    message: str
    problems: Sequence[str]


@dataclass(frozen=True)
class ClusterStatus:
    """The daemon, and all clusters together."""

    daemon_alive: bool
    daemon: str
    beat: datetime | None
    counts: dict[str, int]
    """Unfinished jobs by state."""
    troubles: Sequence[str]
    """What is wrong with the daemon's own parts."""
    clusters: Sequence[Cluster]

    @property
    def answered(self) -> bool | None:
        """False if a cluster is silent, True if all that were asked answer, None if none was asked yet."""
        told = [cluster.answered for cluster in self.clusters if cluster.answered is not None]
        return all(told) if told else None

    @property
    def since(self) -> datetime | None:
        """Since when they all have answered, or the first of them has not."""
        moments = [one.since for one in self._telling if one.since]
        return (min if self.answered is False else max)(moments, default=None)

    @property
    def message(self) -> str:
        """What was said with it."""
        return " ".join(one.message for one in self._telling if one.message)

    @property
    def problems(self) -> Sequence[str]:
        """All that is wrong, in words for staff."""
        return sorted({*self.troubles, *(text for cluster in self.clusters for text in cluster.problems)})

    @property
    def _telling(self) -> Sequence[Cluster]:
        return [cluster for cluster in self.clusters if cluster.answered is self.answered]

    @property
    def banner(self) -> str:
        """What everybody must know now; empty when all is well."""
        if not self.daemon_alive:
            since = f" since {words.clock(self.beat)}" if self.beat else ""
            return f"Jobs have not been looked after{since}. Nothing is lost; what runs goes on."
        return " ".join(map(self._silence, self.silent))

    @property
    def silent(self) -> Sequence[Cluster]:
        """The clusters that do not answer."""
        return [cluster for cluster in self.clusters if cluster.answered is False]

    def forgotten(self, cluster: str) -> bool:
        """If this cluster is set no more, so that it will not answer again by itself."""
        return any(one.name == cluster and one.message == UNSET for one in self.silent)

    def banner_of(self, cluster: str | None) -> str:
        """The same for a job at this cluster; None: it is at none yet, and may well go to one that answers."""
        if not self.daemon_alive or len(self.silent) == len(self.clusters):
            return self.banner
        return " ".join(self._silence(one) for one in self.silent if one.name == cluster)

    def _silence(self, cluster: Cluster) -> str:
        if cluster.message == UNSET:
            return f"The cluster {cluster.name} is not in the portal's settings any more; its jobs wait for it."
        since = f" since {words.clock(cluster.since)}" if cluster.since else ""
        if len(self.clusters) == 1:
            return f"The cluster has not answered{since}. Nothing is lost; your job may be running."
        return f"The cluster {cluster.name} has not answered{since}. Nothing is lost; jobs there may be running."


def cluster_status(session: Session) -> ClusterStatus:
    """The status as of the last beat, `daemon_alive` by the database's clock."""
    rows = session.connection().execute(SEEN).all()
    if not rows:
        return ClusterStatus(False, "", None, {}, (), ())
    lease, said = rows[0], rows[0].status
    return ClusterStatus(
        daemon_alive=lease.expires > lease.now,
        daemon=lease.holder,
        beat=lease.beat,
        counts=dict(said.get("counts", {})),
        troubles=tuple(said.get("problems", ())),
        clusters=tuple(
            Cluster(row.cluster, row.answered, row.since, row.message or "", tuple(row.problems))
            for row in rows
            if row.cluster is not None
        ),
    )
