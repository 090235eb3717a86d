"""Handing claimed jobs to their people's agents, and writing down what was answered, an account at a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal import failpoints
from portal.agent.accounts import AccountRefusedError, Failed
from portal.agent.client import Submitted
from portal.daemon.context import Deps, log_event
from portal.daemon.dispatch.claim import Claimed
from portal.daemon.dispatch.settle import adopt_all, put_off, still_open
from portal.jobs.cause import Cause
from portal.jobs.models import Attempt, Job
from portal.jobs.said import PortalNoted, Seen, Waiting
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Refusal

REFUSED = {"input": Cause.INPUT, "image": Cause.IMAGE, "licence": Cause.LICENCE}
"""What an agent's refusal is about, by the first word of its code; for all others the job was not accepted."""
Answer = Submitted | Refusal | Failed
MOST_STAMPED = 500
"""Of more that are handed over at once, all are stamped when that was written down."""


def hand_over(deps: Deps, claimed: Sequence[Claimed], clock: Callable[[], datetime]) -> None:
    """Call the agents. What one account's has answered is kept at once, whatever becomes of the others."""
    deps.still_active()
    for answers in deps.agent.submit_by_account([(one.account, one.item) for one in claimed]):
        failpoints.reach("dispatch-submitted")
        _note_health(deps, claimed, answers)
        _record(deps, {claimed[place].attempt_id: answer for place, answer in answers.items()}, clock)
        failpoints.reach("dispatch-recorded")


def _note_health(deps: Deps, claimed: Sequence[Claimed], answers: Mapping[int, Answer]) -> None:
    for place, answer in answers.items():
        if isinstance(answer, AnswerLostError):
            jobs = [claimed[place].job_id for place in answers]
            log_event("answer-lost", jobs=jobs, message=answer.message, detail=answer.detail)
        else:
            failed = answer if isinstance(answer, CallRefusedError) else None
            deps.blame(claimed[place].account, failed)
        return  # all items of an account fare alike where anything is wrong with its agent


def _record(deps: Deps, answers: Mapping[str, Answer], clock: Callable[[], datetime]) -> None:
    with deps.write() as session:
        now = clock()
        jobs = still_open(session, answers)
        taken = {one: answer for one, answer in answers.items() if one in jobs and isinstance(answer, Submitted)}
        # Written down when all of an account's are answered; it may have started long before.
        said = {jobs[one]: it.submitted for one, it in taken.items()} if len(taken) <= MOST_STAMPED else None
        adopt_all(session, taken, jobs, now, said)
        whole = selectinload(Attempt.job)
        query = select(Attempt).where(Attempt.id.in_(jobs.keys() - taken.keys()))
        query = query.options(whole.selectinload(Job.attempts), whole.selectinload(Job.events))
        for attempt in session.scalars(query) if len(taken) < len(jobs) else ():
            _take(attempt.job, attempt, answers[attempt.id], now)


def _take(job: Job, attempt: Attempt, answer: Answer, now: datetime) -> None:
    """What becomes of a job of which the agent does not say that the scheduler has it."""
    match answer:
        case AnswerLostError():
            # An answer that is lost each time is asked for ever more rarely.
            tries = max(1, job.waiting.tries)
            job.waiting = Waiting("It is being checked whether the scheduler has it.", tries=tries)
        case AccountRefusedError() | Refusal(code="account"):
            attempt.outcome, attempt.ended, attempt.seen = Cause.ACCOUNT.value, now, _refused(answer.detail)
            words = f"{answer.message} Nothing was computed. Staff can release the job."
            job.move(State.HELD, at=now, cause=Cause.ACCOUNT.value, words=words)
            job.waiting = Waiting()
        case CallRefusedError(message=message):
            # The agent did nothing at all: back into the queue, later.
            waiting = job.waiting
            attempt.outcome, attempt.ended = Cause.AWAY.value, now
            job.move(State.QUEUED, at=now, cause=Cause.AWAY.value, words=message)
            job.waiting = waiting
            put_off(job, now, message)
        case Refusal(retry=True):
            # The agent does not know whether the backend has it: settled by find and fence.
            put_off(job, now, answer.message)
        case Refusal():
            cause = REFUSED.get(answer.code.partition("-")[0], Cause.SUBMISSION)
            attempt.outcome, attempt.ended, attempt.seen = cause.value, now, _refused(answer.detail)
            job.move(State.FAILED, at=now, cause=cause.value, words=f"{answer.message} Nothing was computed.")


def _refused(detail: str | None) -> Seen:
    return Seen(portal=PortalNoted(detail=detail))
