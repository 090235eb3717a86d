"""Whose job is handed over next: people take turns, and the database stops counting where the batch is full."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from portal.jobs.models import Job
from portal.jobs.state import AT_SCHEDULER, State


def ready(now: datetime) -> Select[Job]:
    """The queued jobs that need not wait out a pause."""
    due = or_(Job.not_before.is_(None), Job.not_before <= now)
    return select(Job).where(Job.state == State.QUEUED, due)


def at_scheduler(session: Session) -> dict[int, int]:
    """How many jobs of each person are at the scheduler; who has none is left out."""
    counted = select(Job.person_id, func.count()).where(Job.state.in_(AT_SCHEDULER)).group_by(Job.person_id)
    found: dict[int, int] = dict(session.execute(counted).all())
    return found


def next_in_turn(
    session: Session, now: datetime, *, running_limit: int, batch: int, left_out: Collection[int] = ()
) -> list[int]:
    """The ids of at most `batch` jobs: whoever has the fewest at the scheduler goes first, the older job of two.

    Nobody gets more than `running_limit` there. Those who are `left_out` wait, whatever they have.
    """
    there = (
        select(Job.person_id, func.count().label("jobs"))
        .where(Job.state.in_(AT_SCHEDULER))
        .group_by(Job.person_id)
        .subquery()
    )
    place = func.row_number().over(partition_by=Job.person_id, order_by=Job.id).label("place")
    queue = (
        ready(now).with_only_columns(Job.id, Job.person_id, place).where(Job.person_id.not_in(left_out)).subquery()
    )
    turn = func.coalesce(there.c.jobs, 0) + queue.c.place
    query = (
        select(queue.c.id)
        .outerjoin(there, there.c.person_id == queue.c.person_id)
        # A bound that does not differ from person to person lets PostgreSQL stop counting early.
        .where(queue.c.place <= min(batch, running_limit), turn <= running_limit)
        .order_by(turn, queue.c.id)
        .limit(batch)
    )
    return list(session.scalars(query))
