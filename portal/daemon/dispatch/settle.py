"""What becomes of an attempt once it is known whether the scheduler has it."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, func, update
from sqlalchemy.orm import Session

from portal.agent.client import Taken
from portal.daemon.context import backoff
from portal.daemon.moves import move_all
from portal.jobs.cause import Cause, cancelled
from portal.jobs.models import Attempt, Job
from portal.jobs.state import State

FENCED = "fenced"


def adopt_all(session: Session, taken: Mapping[str, Taken], jobs: Mapping[str, int], now: datetime) -> None:
    """`adopt` for many attempts whose SUBMITTING jobs, by attempt, are locked: three statements."""
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
    move_all(session, ids, State.SUBMITTING, State.PENDING, at=now, waiting={})


def adopt(job: Job, attempt: Attempt, taken: Taken, now: datetime) -> None:
    """The scheduler has this attempt: keep what identifies it."""
    attempt.cluster_job, attempt.array_index = taken.job_id, taken.array_index
    attempt.submitted = taken.submitted
    attempt.job_sha256 = taken.job_sha256 or attempt.job_sha256
    job.waiting = {}
    job.move(State.PENDING, at=now)


def give_up(job: Job, attempt: Attempt, now: datetime) -> None:
    """The portal has the attempt's claim, so it can never run: back into the queue, or to the end wished for."""
    attempt.fenced, attempt.ended, attempt.outcome = now, now, FENCED
    if job.cancel_requested is not None:
        words = cancelled(job.cancel_requested_by)
        job.move(State.CANCELLED, at=now, cause=Cause.CANCELLED.value, words=words)
        return
    waiting = dict(job.waiting)
    again = "The scheduler did not take it; it is tried again."
    job.move(State.QUEUED, at=now, cause=Cause.AWAY.value, words=again)
    tries = int(waiting.get("tries", 0))
    job.waiting = {**waiting, "tries": tries + 1}
    job.not_before = now + backoff(tries - 1) if tries else None


def put_off(job: Job, now: datetime, message: str) -> None:
    """Something does not answer now: say so on the job, and try again later."""
    tries = int(job.waiting.get("tries", 0))
    job.waiting = {"reason": f"{message} It is tried again by itself.", "tries": tries + 1}
    job.not_before = now + backoff(tries)
