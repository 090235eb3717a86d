"""From QUEUED to PENDING: write the attempt down, commit, and only then act.

The effect's name (the attempt) is committed before the effect, the effect's result after it. What happens in
between, a crash or a lost answer, leaves SUBMITTING rows, which `recover` settles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session, selectinload

from portal import failpoints
from portal.agent.client import Submitted
from portal.catalogue import access
from portal.catalogue.models import Dataset, DatasetParameter
from portal.errors import PortalError
from portal.exchange import AnswerLostError, CallRefusedError, Refusal
from portal.jobs.adopt import adopt, put_off
from portal.jobs.cause import Cause, cancelled
from portal.jobs.deps import Deps, say
from portal.jobs.models import Attempt, Job, JobInput
from portal.jobs.order import order_item
from portal.jobs.quota import held_words, releasable, startable, waiting_words
from portal.jobs.recover import recover_step
from portal.jobs.state import AT_SCHEDULER, State
from portal.jobs.submission import unfinished_of

BATCH = 32
"""Jobs handed over at once: enough to be quick, few enough that the first does not wait for the last."""


@dataclass(frozen=True)
class Claimed:
    """A job of ours that is SUBMITTING, and what the agent is told."""

    job_id: int
    attempt_id: str
    item: dict[str, Any]


def dispatch_step(deps: Deps, now: datetime) -> bool:
    """Settle what is uncertain, then hand queued jobs over; True if there is more to do at once."""
    recovered = recover_step(deps, now)
    with deps.database.read() as session:
        if not _anything(session, now):
            return recovered
    with deps.write() as session:
        _release_held(session, deps, now)
        claimed = [one for job in _choose(session, deps, now) if (one := _claim(session, deps, job, now))]
    if not claimed:
        return recovered
    failpoints.reach("dispatch-claimed")
    say("dispatch", jobs=[one.job_id for one in claimed])
    _hand_over(deps, claimed, now)
    return True


def _ready(now: datetime) -> Select[Job]:
    due = or_(Job.not_before.is_(None), Job.not_before <= now)
    return select(Job).where(Job.state == State.QUEUED, due)


def _anything(session: Session, now: datetime) -> bool:
    """A cheap look, many times a second: is there a job to hand over or to release?"""
    if session.scalar(_ready(now).with_only_columns(Job.id).limit(1)) is not None:
        return True
    held = select(Job.id).where(Job.state == State.HELD, Job.cause == Cause.QUOTA.value).limit(1)
    return session.scalar(held) is not None


def _release_held(session: Session, deps: Deps, now: datetime) -> None:
    """Let held jobs go ahead into the room that their person has again."""
    limit = deps.settings.limits.queued_per_person
    held = (Job.state == State.HELD) & (Job.cause == Cause.QUOTA.value)
    for person_id in session.scalars(select(Job.person_id).where(held).distinct()):
        unfinished, _held = unfinished_of(session, person_id)
        room = releasable(unfinished=unfinished, queued_limit=limit)
        query = select(Job).where(held, Job.person_id == person_id).order_by(Job.id).limit(room)
        for job in session.scalars(query.with_for_update(skip_locked=True)):
            job.move(State.QUEUED, at=now, words=held_words(unfinished=unfinished, queued_limit=limit))
            job.cause = job.cause_words = None


def _choose(session: Session, deps: Deps, now: datetime) -> Sequence[Job]:
    """The next jobs, people taking turns: whoever has the fewest at the scheduler goes first."""
    limit = deps.settings.limits.running_per_person
    at_scheduler: dict[int, int] = dict(
        session.execute(
            select(Job.person_id, func.count()).where(Job.state.in_(AT_SCHEDULER)).group_by(Job.person_id)
        ).all()
    )
    turn = func.row_number().over(partition_by=Job.person_id, order_by=Job.id).label("turn")
    ranked = _ready(now).with_only_columns(Job.id, Job.person_id, turn).subquery()
    rows = session.execute(select(ranked).where(ranked.c.turn <= limit)).all()
    chosen = []
    for job_id, person_id, place in rows:
        already = at_scheduler.get(person_id, 0)
        if place <= startable(at_scheduler=already, running_limit=limit):
            chosen.append((already + place, job_id))
    _say_who_waits(session, now, at_scheduler, limit)
    ids = [job_id for _turn, job_id in sorted(chosen)[:BATCH]]
    query = select(Job).where(Job.id.in_(ids)).options(*_whole())
    found = {job.id: job for job in session.scalars(query.with_for_update(of=Job, skip_locked=True))}
    return [found[job_id] for job_id in ids if job_id in found]


def _whole() -> Sequence[Any]:
    dataset = selectinload(Job.inputs).selectinload(JobInput.dataset)
    return (
        selectinload(Job.submission),
        selectinload(Job.attempts),
        dataset.selectinload(Dataset.datafiles),
        dataset.selectinload(Dataset.parameters).selectinload(DatasetParameter.type),
    )


def _say_who_waits(session: Session, now: datetime, at_scheduler: dict[int, int], limit: int) -> None:
    """Tell the queued jobs of people who have reached their limit why they wait; written once a job."""
    full = [person for person, count in at_scheduler.items() if count >= limit]
    reason = waiting_words(running_limit=limit)
    if not full:
        return
    rows = session.execute(
        _ready(now).with_only_columns(Job.id, Job.waiting).where(Job.person_id.in_(full)).limit(1000)
    )
    silent = [job_id for job_id, waiting in rows if waiting.get("reason") != reason]
    if silent:
        session.execute(update(Job).where(Job.id.in_(silent)).values(waiting={"reason": reason}))


def _claim(session: Session, deps: Deps, job: Job, now: datetime) -> Claimed | None:
    """Check access again and write the attempt down; None if the job cannot go ahead."""
    if job.cancel_requested is not None:
        by = job.cancel_requested_by
        job.move(State.CANCELLED, at=now, cause=Cause.CANCELLED.value, words=cancelled(by))
        return None
    objection = _objection(session, job, now)
    if objection is not None:
        state, cause, text = objection
        job.move(state, at=now, cause=cause.value, words=text)
        return None
    number = len(job.attempts) + 1
    attempt = Attempt(
        number=number,
        name=f"gantry-{job.submission_id}-{number}",
        cluster=deps.scheduler.cluster,
        resources=dict(job.resources),
        created=now,
    )
    job.attempts.append(attempt)
    job.move(State.SUBMITTING, at=now)
    job.waiting, job.not_before = {"tries": job.waiting.get("tries", 0)}, None
    session.flush()
    return Claimed(job.id, attempt.id, order_item(job, attempt))


def _objection(session: Session, job: Job, now: datetime) -> tuple[State, Cause, str] | None:
    """Why the job must not go ahead any more, if so: access may have been taken away while it waited."""
    actor = job.person.actor()
    if not job.person.active:
        return State.HELD, Cause.ACCOUNT, "The account is not active. Staff can release the job."
    for given in job.inputs:
        dataset = given.dataset
        if dataset is None or not access.may(session, actor, access.Action.READ, dataset, now=now):
            text = f"The dataset “{given.dataset_name}” is gone, or no longer shared with {job.person.full_name}."
            return State.FAILED, Cause.ACCESS, f"{text} Nothing was computed."
    target = job.investigation
    if target is None or not access.may(session, actor, access.Action.SUBMIT, target, now=now):
        return State.FAILED, Cause.ACCESS, "You can no longer run analyses in this experiment."
    return None


def _hand_over(deps: Deps, claimed: Sequence[Claimed], now: datetime) -> None:
    """Call the agent and write down what it said."""
    deps.still_active()
    try:
        answers = deps.agent.submit([one.item for one in claimed])
    except AnswerLostError as error:
        _uncertain(deps, claimed, now, error)
        return
    except CallRefusedError as error:
        deps.health.trouble("agent", error.message)
        _not_accepted_now(deps, claimed, now, error)
        return
    deps.health.trouble("agent", None)
    failpoints.reach("dispatch-submitted")
    with deps.write() as session:
        for one, answer in zip(claimed, answers, strict=True):
            record_answer(session, one.attempt_id, answer, now)
    failpoints.reach("dispatch-recorded")


def record_answer(session: Session, attempt_id: str, answer: Submitted | Refusal, now: datetime) -> None:
    """PENDING with the ids, FAILED with the agent's words, or SUBMITTING still where it is uncertain."""
    attempt = session.get_one(Attempt, attempt_id)
    job = attempt.job
    if job.state is not State.SUBMITTING or job.attempt is not attempt:
        return
    if not isinstance(answer, Refusal):
        adopt(job, attempt, answer, now)
        return
    if answer.retry:
        # The agent does not know whether the backend has it: settled by find and fence.
        put_off(job, now, answer.message)
        return
    cause = Cause.INPUT if answer.code.startswith("input") else Cause.SUBMISSION
    attempt.outcome, attempt.ended, attempt.seen = cause.value, now, {"detail": answer.detail}
    job.move(State.FAILED, at=now, cause=cause.value, words=f"{answer.message} Nothing was computed.")


def _uncertain(deps: Deps, claimed: Sequence[Claimed], now: datetime, error: PortalError) -> None:
    say("answer-lost", jobs=[one.job_id for one in claimed], message=error.message)
    with deps.write() as session:
        for one in claimed:
            job = session.get_one(Job, one.job_id)
            job.waiting = {"reason": "It is being checked whether the scheduler has it.", "tries": 1}


def _not_accepted_now(deps: Deps, claimed: Sequence[Claimed], now: datetime, error: PortalError) -> None:
    """The agent did nothing at all: back into the queue, later."""
    with deps.write() as session:
        for one in claimed:
            attempt = session.get_one(Attempt, one.attempt_id)
            job, waiting = attempt.job, dict(attempt.job.waiting)
            attempt.outcome, attempt.ended = Cause.AWAY.value, now
            job.move(State.QUEUED, at=now, cause=Cause.AWAY.value, words=error.message)
            job.waiting = waiting
            put_off(job, now, error.message)
