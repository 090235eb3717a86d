"""SUBMITTING rows that nobody is working on: after a crash, a time-out, or an answer that said "I do not know".

Ask whether the scheduler has the attempt; found: adopt it. Not found is not enough, since it may land yet: take
the attempt's claim, so that it can never run. Won: a new attempt may start. Lost: somebody runs it; adopt that.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from portal.agent.accounts import Failed
from portal.agent.client import Fenced, Taken
from portal.daemon.context import Deps, log_event
from portal.daemon.dispatch.settle import adopt_all, give_up, put_off, still_open
from portal.jobs.models import Attempt, Job
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Refusal
from portal.times import going_on

AT_ONCE = 64
Answer = Taken | Fenced | Refusal | Failed | None


def recover_step(deps: Deps, now: datetime) -> bool:
    """Settle SUBMITTING rows that are due; True if a job moved."""
    with deps.database.read() as session:
        due = or_(Job.not_before.is_(None), Job.not_before <= now)
        here = deps.share.handed_over()
        query = select(Job).where(Job.state == State.SUBMITTING, due, here).order_by(Job.id).limit(AT_ONCE)
        jobs = list(session.scalars(query))
        wanted = [(deps.account_of(job), (job.attempt.id, job.attempt.name)) for job in jobs if job.attempt]
    if not wanted:
        return False
    deps.still_active()
    clock = going_on(now)
    found = deps.agent.find(wanted)
    absent = [
        (account, attempt)
        for (account, (attempt, _name)), answer in zip(wanted, found, strict=True)
        if answer is None
    ]
    fences = deps.agent.fence(absent) if absent else []
    fenced = {attempt: answer for (_account, attempt), answer in zip(absent, fences, strict=True)}
    attempts = [attempt for _account, (attempt, _name) in wanted]
    answers = {
        attempt: fenced.get(attempt) if answer is None else answer
        for attempt, answer in zip(attempts, found, strict=True)
    }
    with deps.write() as session:
        moved = _settle(session, answers, clock())
    log_event("recovered", attempts=attempts, moved=moved)
    return moved > 0


def _settle(session: Session, answers: Mapping[str, Answer], now: datetime) -> int:
    """What becomes of the attempts that still wait for these answers; how many of their jobs moved."""
    jobs = still_open(session, answers)
    whole = selectinload(Attempt.job)
    query = select(Attempt).where(Attempt.id.in_(jobs)).order_by(Attempt.job_id)
    query = query.options(whole.selectinload(Job.attempts), whole.selectinload(Job.events))
    taken: dict[str, Taken] = {}
    moved = 0
    for attempt in session.scalars(query):
        match answers[attempt.id]:
            case Taken() as there:
                taken[attempt.id] = there
            case Fenced(won=True):
                give_up(attempt.job, attempt, now)
                moved += 1
            case Fenced(claim=claim, job_sha256=sha256) if claim and claim.get("job_id"):
                job_id, place = str(claim["job_id"]), claim.get("array_index")
                taken[attempt.id] = Taken(job_id, place, attempt.created, sha256)
            case Refusal() | AnswerLostError() | CallRefusedError() as trouble:
                put_off(attempt.job, now, trouble.message)
            case _:
                put_off(attempt.job, now, "It is not clear yet who runs it.")
    # One that was adopted was handed over before it was asked for; what a claim alone tells has no time.
    said = {jobs[attempt]: it.submitted for attempt, it in taken.items() if isinstance(answers[attempt], Taken)}
    adopt_all(session, taken, jobs, now, said)
    return moved + len(taken)
