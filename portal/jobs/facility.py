"""What staff look at first: the queue, the cluster, what has not moved for long, and why jobs failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal.identity.actor import Actor
from portal.jobs.access import loaded, visible_jobs
from portal.jobs.cluster import snapshots
from portal.jobs.models import Job
from portal.jobs.state import UNFINISHED, State
from portal.scheduler.survey import Snapshot

HANDED_OVER = timedelta(minutes=5)
SAVING = timedelta(minutes=15)
CANCELLING = timedelta(minutes=5)
WAITING = timedelta(hours=24)
"""How long a job may be about this before it counts as stuck."""
MOST_STUCK = 20
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Failures:
    """Jobs that failed for one cause in the last week."""

    cause: str | None
    """A code of jobs/cause.py; None: not known."""
    number: int
    people: int
    latest: datetime
    example: int
    """A job's id."""


@dataclass(frozen=True)
class Facility:
    """All that a person may see of it."""

    queue: Mapping[State, int]
    """Unfinished jobs by state; a state without any is left out."""
    snapshots: Mapping[str, Snapshot]
    """What the daemon last saw of each cluster, by name; none before it has seen it."""
    stuck: Sequence[Job]
    failures: Sequence[Failures]


def facility(session: Session, actor: Actor, now: datetime) -> Facility:
    """The facility at a glance, four questions to the database."""
    return Facility(
        queue=unfinished(session, actor),
        snapshots=snapshots(session),
        stuck=stuck_jobs(session, actor, now),
        failures=failures_by_cause(session, actor, now),
    )


def unfinished(session: Session, actor: Actor) -> dict[State, int]:
    """How many visible jobs are in each state that is no end."""
    some = visible_jobs(actor).where(Job.state.in_(UNFINISHED)).subquery()
    found: dict[State, int] = dict(
        session.execute(select(some.c.state, func.count()).group_by(some.c.state)).all()
    )
    return found


def stuck_jobs(session: Session, actor: Actor, now: datetime) -> Sequence[Job]:
    """Unfinished jobs that have not moved for longer than they should, longest first; 20 at most."""
    slow = or_(
        and_(Job.state == State.SUBMITTING, Job.changed < now - HANDED_OVER),
        and_(Job.state == State.COLLECTING, Job.changed < now - SAVING),
        and_(Job.cancel_requested < now - CANCELLING, Job.state.in_(UNFINISHED)),
        and_(Job.state.in_((State.QUEUED, State.PENDING)), Job.changed < now - WAITING),
        Job.state == State.HELD,
        and_(Job.state == State.RUNNING, Job.absent_since.is_not(None)),
    )
    query = loaded(visible_jobs(actor).where(slow).order_by(Job.changed)).limit(MOST_STUCK)
    return session.scalars(query).all()


def failures_by_cause(session: Session, actor: Actor, now: datetime) -> Sequence[Failures]:
    """What failed in the last seven days, the most frequent cause first."""
    some = visible_jobs(actor).where(Job.state == State.FAILED, Job.ended > now - WEEK).subquery()
    query = (
        select(
            some.c.cause,
            func.count(),
            func.count(func.distinct(some.c.person_id)),
            func.max(some.c.ended),
            func.max(some.c.id),
        )
        .group_by(some.c.cause)
        .order_by(func.count().desc())
    )
    return [Failures(*row) for row in session.execute(query)]
