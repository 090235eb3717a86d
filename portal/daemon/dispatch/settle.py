"""What becomes of an attempt once it is known whether the scheduler has it."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from portal.agent.client import Taken
from portal.daemon.context import backoff
from portal.jobs.cause import Cause, cancelled
from portal.jobs.models import Attempt, Job
from portal.jobs.moves import move_all
from portal.jobs.said import Waiting
from portal.jobs.state import State

FENCED = "fenced"


def still_open(session: Session, attempts: Collection[str]) -> dict[str, int]:
    """Those of the attempts whose job still waits for the answer about them, with their jobs, which are locked."""
    later = aliased(Attempt)
    superseded = exists().where(later.job_id == Job.id, later.number > Attempt.number)
    query = (
        select(Attempt.id, Job.id.label("job_id"))
        .join(Job, Attempt.job_id == Job.id)
        .where(Attempt.id.in_(attempts), Job.state == State.SUBMITTING, ~superseded)
        .order_by(Job.id)  # as everybody locks many jobs: in the same order, nobody waits for each other
        .with_for_update(of=Job)
    )
    return {row.id: row.job_id for row in session.execute(query)}


def adopt_all(
    session: Session,
    taken: Mapping[str, Taken],
    jobs: Mapping[str, int],
    now: datetime,
    happened: Mapping[int, datetime] | None = None,
) -> None:
    """The scheduler has these attempts, whose SUBMITTING jobs, by attempt, are locked: three statements.

    What identifies each there is kept. `happened`: when it took them, by job, where that is known and long ago.
    """
    if not taken:
        return
    table = cast(Table, Attempt.__table__)
    change = (
        update(table)
        .where(table.c.id == bindparam("attempt"))
        .values(
            cluster_job=bindparam("job"),
            array_index=bindparam("place"),
            submitted=bindparam("at"),
            job_sha256=func.coalesce(bindparam("sha256"), table.c.job_sha256),
        )
    )
    rows = [
        {
            "attempt": attempt,
            "job": it.job_id,
            "place": it.array_index,
            "at": it.submitted,
            "sha256": it.job_sha256,
        }
        for attempt, it in taken.items()
    ]
    session.connection().execute(change, rows)
    ids = [jobs[attempt] for attempt in taken]
    move_all(session, ids, State.SUBMITTING, State.PENDING, at=now, happened=happened, waiting=Waiting())


def give_up(job: Job, attempt: Attempt, now: datetime) -> None:
    """The portal has the attempt's claim, so it can never run: back into the queue, or to the end wished for."""
    attempt.fenced, attempt.ended, attempt.outcome = now, now, FENCED
    if job.cancel_requested is not None:
        words = cancelled(job.cancel_requested_by)
        job.move(State.CANCELLED, at=now, cause=Cause.CANCELLED.value, words=words)
        return
    waiting = job.waiting
    again = "The scheduler did not take it; it is tried again."
    job.move(State.QUEUED, at=now, cause=Cause.AWAY.value, words=again)
    job.waiting = replace(waiting, tries=waiting.tries + 1)
    job.not_before = now + backoff(waiting.tries - 1) if waiting.tries else None


def put_off(job: Job, now: datetime, message: str) -> None:
    """Something does not answer now: say so on the job, and try again later."""
    tries = job.waiting.tries
    job.waiting = Waiting(f"{message} It is tried again by itself.", tries=tries + 1)
    job.not_before = now + backoff(tries)
