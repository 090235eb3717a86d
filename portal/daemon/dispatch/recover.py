"""SUBMITTING rows that nobody is working on: after a crash, a time-out, or an answer that said "I do not know".

Ask whether the scheduler has the attempt; found: adopt it. Not found is not enough, since it may land yet: take
the attempt's claim, so that it can never run. Won: a new attempt may start. Lost: somebody runs it; adopt that.
"""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.agent.accounts import Failed
from portal.agent.client import Fenced, Taken
from portal.daemon.context import Deps, say
from portal.daemon.dispatch.settle import adopt, give_up, put_off
from portal.jobs.models import Attempt, Job
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Refusal

AT_ONCE = 64


def recover_step(deps: Deps, now: datetime) -> bool:
    """Settle SUBMITTING rows that are due; True if a job moved."""
    with deps.database.read() as session:
        due = or_(Job.not_before.is_(None), Job.not_before <= now)
        query = select(Job).where(Job.state == State.SUBMITTING, due).order_by(Job.id).limit(AT_ONCE)
        jobs = list(session.scalars(query))
        wanted = [(deps.account_of(job), (job.attempt.id, job.attempt.name)) for job in jobs if job.attempt]
    if not wanted:
        return False
    deps.still_active()
    found = deps.agent.find(wanted)
    absent = [
        (account, attempt)
        for (account, (attempt, _name)), answer in zip(wanted, found, strict=True)
        if answer is None
    ]
    fences = deps.agent.fence(absent) if absent else []
    fenced = {attempt: answer for (_account, attempt), answer in zip(absent, fences, strict=True)}
    attempts = [attempt for _account, (attempt, _name) in wanted]
    with deps.write() as session:
        moved = [
            _settle(session, attempt, answer, fenced.get(attempt), now)
            for attempt, answer in zip(attempts, found, strict=True)
        ]
    say("recovered", attempts=attempts, moved=sum(moved))
    return any(moved)


def _settle(
    session: Session,
    attempt_id: str,
    found: Taken | Refusal | Failed | None,
    fence: Fenced | Refusal | Failed | None,
    now: datetime,
) -> bool:
    attempt = session.get_one(Attempt, attempt_id)
    job = attempt.job
    if job.state is not State.SUBMITTING or job.attempt is not attempt:
        return False
    match found or fence:
        case Taken() as taken:
            adopt(job, attempt, taken, now)
        case Fenced(won=True):
            give_up(job, attempt, now)
        case Fenced(claim=claim, job_sha256=sha256) if claim and claim.get("job_id"):
            taken = Taken(str(claim["job_id"]), claim.get("array_index"), attempt.created, sha256)
            adopt(job, attempt, taken, now)
        case Refusal() | AnswerLostError() | CallRefusedError() as trouble:
            put_off(job, now, trouble.message)
            return False
        case _:
            put_off(job, now, "It is not clear yet who runs it.")
            return False
    return True
