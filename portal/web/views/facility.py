"""What staff look at first: the queue, what has not moved for long, and why jobs failed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal.identity.actor import Actor
from portal.jobs import words
from portal.jobs.access import loaded, visible_jobs
from portal.jobs.models import Job
from portal.jobs.state import FINAL, State
from portal.jobs.status import ClusterStatus

HANDED_OVER = timedelta(minutes=5)
SAVING = timedelta(minutes=15)
CANCELLING = timedelta(minutes=5)
WAITING = timedelta(hours=24)


@dataclass(frozen=True)
class StateNumber:
    """Unfinished jobs in one state that people see."""

    state: str
    number: int


@dataclass(frozen=True)
class Use:
    """How much of what the scheduler hands out is in use: in words, and as 0…1."""

    name: str
    used: str
    total: str
    fraction: float


@dataclass(frozen=True)
class Overview:
    """The queue now and the last day."""

    queue: tuple[StateNumber, ...]
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Failures:
    """Jobs that failed for one cause in the last week."""

    cause: str
    number: int
    people: int
    latest: datetime
    example: int
    """A job's id."""


def overview(session: Session, actor: Actor, status: ClusterStatus) -> Overview:
    """The queue by state, and what is in use."""
    some = visible_jobs(actor).where(Job.state.not_in(FINAL)).subquery()
    by_word: dict[str, int] = {}
    for state, number in session.execute(select(some.c.state, func.count()).group_by(some.c.state)):
        by_word[state.words] = by_word.get(state.words, 0) + number
    queue = tuple(StateNumber(word, by_word.get(word, 0)) for word in ("Waiting", "On hold", "Running", "Saving"))
    return Overview(queue, tuple(_uses(status.slots)))


def _uses(slots: Mapping[str, Any]) -> Iterator[Use]:
    kinds = (("Processors", "cpus", str), ("Memory", "memory_mb", words.memory), ("GPUs", "gpus", str))
    for name, key, shown in kinds:
        total, used = slots.get(key), slots.get(f"used_{key}", 0)
        if total:
            yield Use(name, shown(used), shown(total), min(1.0, used / total))


def stuck_jobs(session: Session, actor: Actor, now: datetime) -> Sequence[Job]:
    """Unfinished jobs that have not moved for longer than they should, longest first; 20 at most."""
    slow = or_(
        and_(Job.state == State.SUBMITTING, Job.changed < now - HANDED_OVER),
        and_(Job.state == State.COLLECTING, Job.changed < now - SAVING),
        and_(Job.cancel_requested < now - CANCELLING, Job.state.not_in(FINAL)),
        and_(Job.state.in_((State.QUEUED, State.PENDING)), Job.changed < now - WAITING),
        Job.state == State.HELD,
        and_(Job.state == State.RUNNING, Job.absent_since.is_not(None)),
    )
    query = loaded(visible_jobs(actor).where(slow).order_by(Job.changed)).limit(20)
    return session.scalars(query).all()


def failures_by_cause(session: Session, actor: Actor, now: datetime) -> list[Failures]:
    """What failed in the last seven days, the most frequent cause first."""
    week = now - timedelta(days=7)
    some = visible_jobs(actor).where(Job.state == State.FAILED, Job.ended > week).subquery()
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
    return [
        Failures(cause or "not known", number, people, latest, example)
        for cause, number, people, latest, example in session.execute(query)
    ]
