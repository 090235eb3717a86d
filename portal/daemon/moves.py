"""`Job.move` for many jobs at once, where the move says nothing but itself: on the way to the scheduler."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, insert, literal, select, update
from sqlalchemy.orm import Session

from portal.errors import ConflictError
from portal.jobs.models import PORTAL, Job, JobEvent
from portal.jobs.state import State, may_move

PLAIN = frozenset({State.SUBMITTING, State.PENDING})
"""The states that change no more of a job than that it has them."""


def move_all(
    session: Session, ids: Sequence[int], before: State, after: State, *, at: datetime, **values: Any
) -> None:
    """Move these jobs, which the transaction has locked, and write the events down: two statements.

    `values`: columns that change with it. Raises ConflictError if the table does not allow the move, or one of
    them is not in the state `before`.
    """
    if after not in PLAIN or not may_move(before, after):
        raise ConflictError(f"Jobs that are {before.value} cannot all become {after.value}.")
    theirs = Job.id.in_(ids)
    result = session.execute(
        update(Job)
        .where(theirs, Job.state == before)
        .values(state=after, changed=at, cause=None, cause_words=None, **values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != len(ids):
        raise ConflictError(f"{len(ids) - result.rowcount} of {len(ids)} jobs are not {before.value} any more.")
    columns = {
        JobEvent.job_id: Job.id,
        JobEvent.at: literal(at, JobEvent.at.type),
        JobEvent.from_state: literal(before.value),
        JobEvent.to_state: literal(after.value),
        JobEvent.by: literal(PORTAL),
    }
    rows = select(*columns.values()).where(theirs).order_by(Job.id)
    session.execute(insert(JobEvent).from_select(list(columns), rows))
