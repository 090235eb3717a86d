"""Carrying out the wish that a job ends: asked of the scheduler until the job has ended."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from portal.agent.accounts import Failed
from portal.agent.asking import Account
from portal.daemon.context import Deps, log_event
from portal.identity.models import Person
from portal.jobs.models import Attempt, Job
from portal.jobs.said import Seen
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Refusal

AGAIN = timedelta(seconds=20)
"""A request that shows no effect is repeated after this long; it is harmless to ask twice."""
AT_ONCE = 500
Due = tuple[Account, tuple[str, str, str]]
"""An account, and the attempt, the job and the name that its agent is told."""


def cancel_step(deps: Deps, now: datetime) -> bool:
    """Send the wishes that have not been sent; True if any was."""
    with deps.database.read() as session:
        by_whom = _due(session, deps, now)
    for by, items in by_whom.items():
        deps.still_active()
        answers = deps.agent.cancel(items, by=by)
        attempts = [attempt for _account, (attempt, _job, _name) in items]
        log_event("cancel", attempts=attempts, by=by)
        told = dict(zip(attempts, answers, strict=True))
        with deps.write() as session:
            for (account, _item), answer in zip(items, answers, strict=True):
                if isinstance(answer, AnswerLostError | CallRefusedError):
                    deps.blame(account, answer)
            for attempt in session.scalars(select(Attempt).where(Attempt.id.in_(attempts))):
                _note(attempt, told[attempt.id], now)
    return bool(by_whom)


def _due(session: Session, deps: Deps, now: datetime) -> dict[str, list[Due]]:
    """What is to be sent now, by who wishes it. One that waits for its effect keeps no other from being sent."""
    later = aliased(Attempt)
    superseded = exists().where(later.job_id == Job.id, later.number > Attempt.number)
    query = (
        select(Attempt.id, Attempt.cluster_job, Attempt.name, Attempt.seen)
        .add_columns(Person.name.label("person"), Job.cancel_requested_by.label("by"))
        .join(Job, Attempt.job_id == Job.id)
        .join(Person, Job.person_id == Person.id)
        .where(Job.cancel_requested.is_not(None), Job.state.in_((State.PENDING, State.RUNNING)))
        .where(Attempt.cluster_job.is_not(None), ~superseded, deps.share.attempts())
        .order_by(Job.id)
    )
    hanging, by_whom = deps.agent.hanging(), defaultdict[str, list[Due]](list)
    due = ((deps.settings.account_of(row.person), row) for row in session.execute(query) if _is_due(row.seen, now))
    for account, row in islice((one for one in due if one[0] not in hanging), AT_ONCE):
        by_whom[row.by or "the portal"].append((account, (row.id, row.cluster_job, row.name)))
    return by_whom


def _note(attempt: Attempt, answer: bool | Refusal | Failed, now: datetime) -> None:
    noted = replace(attempt.seen.portal, cancel_sent=now)
    if not isinstance(answer, bool):
        noted = replace(noted, cancel_refused=answer.message)
    attempt.seen = replace(attempt.seen, portal=noted)


def _is_due(seen: Seen, now: datetime) -> bool:
    sent = seen.portal.cancel_sent
    return sent is None or now - sent >= AGAIN
