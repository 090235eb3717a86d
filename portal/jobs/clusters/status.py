"""What the daemon last saw of the clusters and of itself: the Facility page and the banner on every page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from portal import words
from portal.db import DatabaseClock
from portal.jobs.clusters.rows import DAEMON, ClusterHealth, DaemonLease

# One question: the one lease, beside each cluster (or beside none, before the first was asked).
SEEN = (
    select(
        DaemonLease.expires, DaemonLease.beat, DaemonLease.status,
        DatabaseClock().label("now"), ClusterHealth.cluster, ClusterHealth.answered, ClusterHealth.since,
        ClusterHealth.message, ClusterHealth.problems,
    )
    .outerjoin_from(DaemonLease, ClusterHealth, true())
    .where(DaemonLease.name == DAEMON)
    .order_by(ClusterHealth.cluster)
)  # fmt: skip


@dataclass(frozen=True)
class Cluster:
    """How one cluster is. `answered` None: nobody has asked yet."""

    name: str
    answered: bool | None
    since: datetime | None
    """Since when it has answered, or not."""
    message: str
    problems: Sequence[str]
    jobtypes: frozenset[str] = frozenset()
    """The job types that are named for it. The first has also those that are named for none."""
    waiting: int | None = None
    """Jobs of the portal that wait to begin there; None: not told."""
    per_person: int | None = None
    """How many jobs of one person may be there at once; None: not told."""
    forgotten: bool = False
    """It is set no more, and has jobs: it will not answer again by itself."""


@dataclass(frozen=True)
class ClusterStatus:
    """The daemon, and all clusters together."""

    daemon_alive: bool
    beat: datetime | None
    counts: dict[str, int]
    """Unfinished jobs by state."""
    troubles: Sequence[str]
    """What is wrong with the daemon's own parts."""
    clusters: Sequence[Cluster]
    """As they are set, the first first; then those that are set no more."""

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

    def named(self, name: str) -> Cluster | None:
        """The cluster of this name, if anything is known of it."""
        return next((cluster for cluster in self.clusters if cluster.name == name), None)

    def going_to(self, jobtype: str) -> Cluster | None:
        """Where a job of this type that waits in the portal will go; None: not known yet."""
        places = [cluster for cluster in self.clusters if not cluster.forgotten]
        return next((one for one in places if jobtype in one.jobtypes), next(iter(places), None))

    def banner_of(self, cluster: Cluster | None) -> str:
        """The same for a job that is at this cluster or will go there; None: where is not known."""
        if not self.daemon_alive:
            return self.banner
        if cluster is None:
            return self.banner if len(self.silent) == len(self.clusters) else ""
        return self._silence(cluster) if cluster.answered is False else ""

    def called(self, cluster: Cluster) -> str:
        """What it is called in a sentence: by its name where there are several."""
        return "the cluster" if len(self.clusters) == 1 else f"the cluster {cluster.name}"

    def _silence(self, cluster: Cluster) -> str:
        if cluster.forgotten:
            return f"The cluster {cluster.name} is not in the portal's settings any more; its jobs wait for it."
        since = f" since {words.clock(cluster.since)}" if cluster.since else ""
        there = "your job" if len(self.clusters) == 1 else "jobs there"
        return f"T{self.called(cluster)[1:]} has not answered{since}. Nothing is lost; {there} may be running."


def cluster_status(session: Session) -> ClusterStatus:
    """The status as of the last beat, `daemon_alive` by the database's clock."""
    rows = session.connection().execute(SEEN).all()
    if not rows:
        return ClusterStatus(False, None, {}, (), ())
    lease, said = rows[0], rows[0].status
    return ClusterStatus(
        daemon_alive=lease.expires > lease.now,
        beat=lease.beat,
        counts=dict(said.get("counts", {})),
        troubles=tuple(said.get("problems", ())),
        clusters=tuple(_clusters(rows, said.get("clusters"))),
    )


def _clusters(rows: Sequence[Any], settings: Sequence[Mapping[str, Any]] | None) -> Iterator[Cluster]:
    """The rows that are a cluster's, in the order of the settings; None: a daemon that does not tell them yet."""
    told = {one["name"]: one for one in settings or ()}
    order = {name: place for place, name in enumerate(told)}
    for row in sorted(rows, key=lambda row: order.get(row.cluster, len(order))):
        if row.cluster is not None:
            its = told.get(row.cluster, {})
            yield Cluster(
                row.cluster,
                row.answered,
                row.since,
                row.message or "",
                tuple(row.problems),
                frozenset(its.get("jobtypes", ())),
                its.get("waiting"),
                its.get("per_person"),
                forgotten=settings is not None and not its,
            )
