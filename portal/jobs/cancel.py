"""Carrying out the wish that a job ends: asked of the scheduler until the job has ended."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.agent.accounts import Account, Failed
from portal.durable import iso
from portal.exchange import AnswerLostError, CallRefusedError, Refusal
from portal.jobs.deps import Deps, say
from portal.jobs.models import Attempt, Job
from portal.jobs.progress import moment_of
from portal.jobs.state import State

AGAIN = timedelta(seconds=20)
"""A request that shows no effect is repeated after this long; it is harmless to ask twice."""


def cancel_step(deps: Deps, now: datetime) -> bool:
    """Send the wishes that have not been sent; True if any was."""
    with deps.database.read() as session:
        query = (
            select(Job)
            .where(Job.cancel_requested.is_not(None), Job.state.in_((State.PENDING, State.RUNNING)))
            .options(selectinload(Job.attempts))
            .limit(100)
        )
        by_whom: dict[str, list[tuple[Account, tuple[str, str, str]]]] = {}
        for job in session.scalars(query):
            attempt = job.attempt
            if attempt is not None and attempt.cluster_job and _due(attempt, now):
                wish = (attempt.id, attempt.cluster_job, attempt.name)
                wishes = by_whom.setdefault(job.cancel_requested_by or "the portal", [])
                wishes.append((deps.account_of(job), wish))
    for by, items in by_whom.items():
        deps.still_active()
        answers = deps.agent.cancel(items, by=by)
        say("cancel", attempts=[attempt for _account, (attempt, _job, _name) in items], by=by)
        with deps.write() as session:
            for (account, (attempt_id, _job, _name)), answer in zip(items, answers, strict=True):
                if isinstance(answer, AnswerLostError | CallRefusedError):
                    deps.blame(account, answer)
                _note(session.get_one(Attempt, attempt_id), answer, now)
    return bool(by_whom)


def _note(attempt: Attempt, answer: bool | Refusal | Failed, now: datetime) -> None:
    sent: dict[str, object] = {"cancel_sent": iso(now)}
    if not isinstance(answer, bool):
        sent["cancel_refused"] = answer.message
    attempt.seen = {**attempt.seen, **sent}


def _due(attempt: Attempt, now: datetime) -> bool:
    sent = moment_of(attempt.seen.get("cancel_sent"))
    return sent is None or now - sent >= AGAIN
