"""What staff look at first: the queue, the cluster, what has not moved for long, and why jobs failed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from portal.identity.actor import Actor
from portal.jobs.access import read_jobs, visible_jobs
from portal.jobs.cause import Cause
from portal.jobs.clusters.snapshots import snapshots
from portal.jobs.models import Job, JobEvent, JobTypeRevision, Submission
from portal.jobs.state import UNFINISHED, State
from portal.scheduler.survey import Snapshot

HANDED_OVER = timedelta(minutes=5)
SAVING = timedelta(minutes=15)
CANCELLING = timedelta(minutes=5)
WAITING = timedelta(hours=24)
"""How long a job may be about this before it counts as stuck."""
MOST_STUCK = 20
WEEK = timedelta(days=7)


MOST_KINDS = 50
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Failures:
    """What failed of one analysis for one cause, by when it did: what runs again has failed all the same."""

    analysis: str
    """The job type's name."""
    cause: str
    """A code of jobs/cause.py."""
    number: int
    people: int
    latest: datetime
    example: int
    """The job that failed last."""
    words: str
    """What was said of it."""
    draft: bool = False
    """They tried a draft: that tells nothing of what is on offer under the same name."""


class Stuck(StrEnum):
    """Why something does not move."""

    HELD = "held"
    WAITING = "waiting"
    HANDED_OVER = "handed over"
    SAVING = "saving"
    CANCELLING = "cancelling"
    ABSENT = "absent"


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


def _reasons(now: datetime) -> Mapping[Stuck, ColumnElement[bool]]:
    """The condition on jobs for each reason not to move; the first that holds is told."""
    return {
        Stuck.CANCELLING: and_(Job.cancel_requested < now - CANCELLING, Job.state.in_(UNFINISHED)),
        Stuck.HELD: Job.state == State.HELD,
        Stuck.HANDED_OVER: and_(Job.state == State.SUBMITTING, Job.changed < now - HANDED_OVER),
        Stuck.SAVING: and_(Job.state == State.COLLECTING, Job.changed < now - SAVING),
        Stuck.WAITING: and_(Job.state.in_((State.QUEUED, State.PENDING)), Job.changed < now - WAITING),
        Stuck.ABSENT: and_(Job.state == State.RUNNING, Job.absent_since.is_not(None)),
    }


def stuck_jobs(session: Session, actor: Actor, now: datetime) -> Sequence[Job]:
    """Unfinished jobs that have not moved for longer than they should, longest first; 20 at most."""
    # Named states are found by the index; the conditions alone would read every job.
    slow = and_(Job.state.in_(UNFINISHED), or_(*_reasons(now).values()))
    query = visible_jobs(actor).where(slow).order_by(Job.changed).limit(MOST_STUCK)
    return read_jobs(session, actor, query)


def stuck_counts(session: Session, actor: Actor, now: datetime) -> Mapping[Stuck, int]:
    """How many do not move, by why: one question."""
    reasons = _reasons(now)
    why = case(*((condition, literal(reason.value)) for reason, condition in reasons.items()), else_=literal(""))
    some = visible_jobs(actor).where(Job.state.in_(UNFINISHED)).with_only_columns(why.label("why")).subquery()
    rows = session.execute(select(some.c.why, func.count()).where(some.c.why != "").group_by(some.c.why))
    found = {row[0]: row[1] for row in rows}
    return {reason: found[reason.value] for reason in Stuck if reason.value in found}


def failures_by_cause(
    session: Session, actor: Actor, now: datetime, *, within: timedelta = WEEK, causes: Collection[str] = ()
) -> Sequence[Failures]:
    """What failed since then, of each analysis for each cause, the most frequent first; also what was tried again.

    `causes`: these alone; none: all of them.
    """
    jobs = visible_jobs(actor).with_only_columns(Job.id, Job.person_id, Job.submission_id).subquery()
    put_back = and_(
        JobEvent.to_state == State.QUEUED.value,
        JobEvent.from_state.in_((State.RUNNING.value, State.PENDING.value)),
        JobEvent.cause != Cause.AWAY.value,
    )
    failed = or_(JobEvent.to_state == State.FAILED.value, put_back)
    query = (
        select(
            JobTypeRevision.name,
            JobEvent.cause,
            func.count(),
            func.count(func.distinct(jobs.c.person_id)),
            func.max(JobEvent.id),
            Submission.draft,
        )
        .join(jobs, jobs.c.id == JobEvent.job_id)
        .join(Submission, Submission.id == jobs.c.submission_id)
        .join(JobTypeRevision, JobTypeRevision.id == Submission.revision_id)
        .where(JobEvent.cause.is_not(None), JobEvent.at > now - within, failed)
        .group_by(JobTypeRevision.name, JobEvent.cause, Submission.draft)
        .order_by(func.count().desc(), func.max(JobEvent.id).desc())
        .limit(MOST_KINDS)
    )
    if causes:
        query = query.where(JobEvent.cause.in_(causes))
    rows = session.execute(query).all()
    latest = select(JobEvent.id, JobEvent.at, JobEvent.job_id, JobEvent.words).where(
        JobEvent.id.in_([row[4] for row in rows])
    )
    last = {row.id: row for row in session.execute(latest)} if rows else {}
    return [
        Failures(name, cause or "", number, people, last[one].at, last[one].job_id, last[one].words or "", draft)
        for name, cause, number, people, one, draft in rows
    ]
