"""`Job.move` for many jobs at once: the same table, the same changes, the same events, in two statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, func, insert, literal, select, update
from sqlalchemy.orm import Session

from portal.errors import ConflictError
from portal.jobs.models import PORTAL, Job, JobEvent
from portal.jobs.state import Move, State


def move_all(
    session: Session,
    ids: Sequence[int],
    before: State,
    after: State,
    *,
    at: datetime,
    by: str = PORTAL,
    cause: str | None = None,
    words: str | None = None,
    **values: Any,
) -> None:
    """Move these jobs, which the transaction has locked, and write the events down.

    `values`: columns that change with it. What the session has loaded of them must be read anew. Raises
    ConflictError if the table does not allow the move, or one of them is not in the state `before`.
    """
    if not ids:
        return
    move = Move(before, after, at, by, cause, words)
    if not move.allowed():
        raise ConflictError(f"Jobs that are {before.value} cannot all become {after.value}.")
    theirs = Job.id.in_(ids)
    began = {"started": func.coalesce(Job.started, at)} if move.begins else {}
    result = session.execute(
        update(Job)
        .where(theirs, Job.state == before)
        .values(**move.of_job() | began | values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != len(ids):
        raise ConflictError(f"{len(ids) - result.rowcount} of {len(ids)} jobs are not {before.value} any more.")
    columns = JobEvent.__table__.c
    told = {name: literal(value, columns[name].type) for name, value in move.of_event().items()}
    rows = select(Job.id, *told.values()).where(theirs).order_by(Job.id)
    session.execute(insert(JobEvent).from_select([JobEvent.job_id, *(columns[name] for name in told)], rows))
