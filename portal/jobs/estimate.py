"""What a run costs at most and how long it is likely to wait: figures for whoever is about to ask for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.jobs.cluster import snapshots
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.state import TO_BEGIN
from portal.jobs.status import Cluster, ClusterStatus
from portal.jobtype.model import Variant
from portal.scheduler.survey import Snapshot

ENOUGH_TO_SAY = 5
"""Fewer jobs than this say nothing of the next one."""
RECENT = timedelta(days=30)
MOST_LOOKED_AT = 200
SLOW = 0.9
"""The share of jobs that waited no longer than the wait that is told."""


@dataclass(frozen=True)
class Cost:
    """The most that jobs can use, in hours of one processor and of one GPU."""

    cpu_hours: float
    gpu_hours: float


def most_cost(variant: Variant, jobs: int) -> Cost:
    """What this many jobs use if each takes all its time."""
    hours = variant.time_s * jobs / 3600
    return Cost(variant.cpus * hours, variant.gpus * hours)


class Basis(StrEnum):
    """What a likely wait is told from."""

    RECENT_JOBS = "recent-jobs"
    """Jobs of the same type: `seconds`."""
    QUEUE = "queue"
    """The portal's queue: `before`."""
    CLUSTER_QUEUE = "cluster-queue"
    """The queue of the cluster, others' jobs too: `before`."""
    ALL_IN_USE = "all-in-use"
    """Nothing waits, and no processor is free."""
    FREE = "free"
    """Nothing waits, and a processor is free."""
    UNKNOWN = "unknown"
    """What the cluster has was not seen yet, or does not say."""


@dataclass(frozen=True)
class Wait:
    """How long a job is likely to wait: `seconds`, or the number of jobs `before` it, as the basis has it."""

    basis: Basis
    seconds: float | None = None
    before: int | None = None


def likely_wait(session: Session, jobtype: str, status: ClusterStatus, now: datetime) -> Wait:
    """How long nine of ten such jobs waited in the last 30 days, else how the queue looks."""
    recent = (
        select(Job.created, Job.started)
        .join(Submission, Submission.id == Job.submission_id)
        .join(JobTypeRevision, JobTypeRevision.id == Submission.revision_id)
        .where(JobTypeRevision.name == jobtype, Job.started.is_not(None), Job.created > now - RECENT)
        .order_by(Job.id.desc())
        .limit(MOST_LOOKED_AT)
    )
    rows = session.execute(recent)
    waits = sorted((started - created).total_seconds() for created, started in rows if started is not None)
    if len(waits) >= ENOUGH_TO_SAY:
        return Wait(Basis.RECENT_JOBS, seconds=waits[min(len(waits) - 1, int(len(waits) * SLOW))])
    cluster = status.going_to(jobtype)
    waiting = cluster.waiting if cluster else None
    if waiting is None:
        waiting = sum(status.counts.get(state.value, 0) for state in TO_BEGIN)
    if waiting:
        return Wait(Basis.QUEUE, before=waiting)
    return _as_the_cluster_is(_its_snapshot(session, cluster))


def _its_snapshot(session: Session, cluster: Cluster | None) -> Snapshot | None:
    """What this cluster has; while none is known by name, the newest that was seen."""
    found = snapshots(session)
    return found.get(cluster.name) if cluster else next(iter(found.values()), None)


def _as_the_cluster_is(snapshot: Snapshot | None) -> Wait:
    """The wait while nothing of the portal's waits: others use the cluster too."""
    if snapshot is None:
        return Wait(Basis.UNKNOWN)
    others = sum(partition.waiting or 0 for partition in snapshot.partitions)
    if others:
        return Wait(Basis.CLUSTER_QUEUE, before=others)
    cpus, used = snapshot.totals.get("cpus"), snapshot.totals.get("used_cpus")
    if not cpus or used is None:
        return Wait(Basis.UNKNOWN)
    return Wait(Basis.ALL_IN_USE if used >= cpus else Basis.FREE)
