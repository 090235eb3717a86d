"""Whose job is handed over next: people take turns, and the database stops counting where the batch is full."""

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from portal.daemon.share import ALL, Share
from portal.jobs.models import Job
from portal.jobs.state import AT_SCHEDULER, State


def ready(now: datetime, share: Share = ALL) -> Select[Job]:
    """The queued jobs of `share` that need not wait out a pause."""
    due = or_(Job.not_before.is_(None), Job.not_before <= now)
    return select(Job).where(Job.state == State.QUEUED, due, *_if_any(share, share.jobs))


def at_scheduler(session: Session, share: Share = ALL) -> dict[int, int]:
    """How many jobs of each person are at the scheduler; who has none is left out."""
    found: dict[int, int] = dict(session.execute(_there(share)).all())
    return found


def _there(share: Share) -> Select[int, int]:
    counted = select(Job.person_id, func.count().label("jobs")).where(Job.state.in_(AT_SCHEDULER))
    return counted.where(*_if_any(share, share.handed_over)).group_by(Job.person_id)


def _if_any(share: Share, condition: Callable[[], ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """The condition of a share; none where one cluster has all."""
    return [condition()] if share != ALL else []


def next_in_turn(
    session: Session,
    now: datetime,
    *,
    running_limit: int,
    batch: int,
    left_out: Collection[int] = (),
    share: Share = ALL,
) -> list[int]:
    """The ids of at most `batch` jobs: whoever has the fewest at the scheduler goes first, the older job of two.

    Nobody gets more than `running_limit` there. Those who are `left_out` wait, whatever they have.
    """
    there = _there(share).subquery()
    place = func.row_number().over(partition_by=Job.person_id, order_by=Job.id).label("place")
    queue = (
        ready(now, share)
        .with_only_columns(Job.id, Job.person_id, place)
        .where(Job.person_id.not_in(left_out))
        .subquery()
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
