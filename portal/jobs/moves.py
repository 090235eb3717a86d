"""`Job.move` for many jobs at once: the same table, the same changes, the same events, in two statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, case, func, insert, literal, select, update
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
    happened: Mapping[int, datetime] | None = None,
    **values: Any,
) -> None:
    """Move these jobs, which the transaction has locked, and write the events down.

    `happened`: when it was, of the jobs (few) of which that is known. `values`: columns that change with it. What
    the session has loaded of them must be read anew. Raises ConflictError if the table does not allow the move, or
    one of them is not in the state `before`.
    """
    if not ids:
        return
    move = Move(before, after, at, by, cause, words)
    if not move.allowed():
        raise ConflictError(f"Jobs that are {before.value} cannot all become {after.value}.")
    theirs = Job.id.in_(ids)
    when = _when(move, happened or {})
    began = {"started": func.coalesce(Job.started, when)} if move.begins else {}
    result = session.execute(
        update(Job)
        .where(theirs, Job.state == before)
        .values(**move.of_job(when) | began | values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != len(ids):
        raise ConflictError(f"{len(ids) - result.rowcount} of {len(ids)} jobs are not {before.value} any more.")
    columns = JobEvent.__table__.c
    told = {name: literal(value, columns[name].type) for name, value in move.of_event().items()}
    rows = select(Job.id, when, *told.values()).where(theirs).order_by(Job.id)
    into = [JobEvent.job_id, JobEvent.at, *(columns[name] for name in told)]
    session.execute(insert(JobEvent).from_select(into, rows))


def _when(move: Move, happened: Mapping[int, datetime]) -> ColumnElement[datetime]:
    """`Move.when` of each job, after its latest event."""
    kind = JobEvent.__table__.c.at.type
    moment: ColumnElement[datetime] = literal(move.at, kind)
    if happened:
        known = {job: literal(min(said, move.at), kind) for job, said in happened.items()}
        moment = case(known, value=Job.id, else_=moment)
    latest = select(func.max(JobEvent.at)).where(JobEvent.job_id == Job.id).correlate(Job).scalar_subquery()
    return case((latest > moment, latest), else_=moment)
