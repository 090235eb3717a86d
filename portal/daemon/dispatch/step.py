"""From QUEUED to PENDING: write the attempt down, commit, and only then act.

The effect's name (the attempt) is committed before the effect, the effect's result after it. What happens in
between, a crash or a lost answer, leaves SUBMITTING rows, which `recover` settles.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import takewhile

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload

from portal import failpoints
from portal.catalogue.models import Dataset
from portal.daemon.context import Deps, log_event
from portal.daemon.dispatch import turns
from portal.daemon.dispatch.claim import claim_all
from portal.daemon.dispatch.recover import recover_step
from portal.daemon.dispatch.submit import hand_over
from portal.identity.models import Person
from portal.jobs.cause import Cause
from portal.jobs.models import Job, JobInput
from portal.jobs.said import Waiting
from portal.jobs.state import State
from portal.jobs.submit.quota import held_words, releasable, waiting_words
from portal.jobs.submit.submit import unfinished_of
from portal.times import going_on

HANGING = "The cluster does not answer for this account. It is handed over when it does."
MOST_FILES = 50_000
"""Input files of the jobs of one batch: their list goes to the agent (a job with more goes alone)."""


def dispatch_step(deps: Deps, now: datetime) -> bool:
    """Settle what is uncertain, then hand queued jobs over; True if there is more to do at once."""
    recovered = recover_step(deps, now)
    with deps.database.read() as session:
        if not _anything(session, deps, now):
            return recovered
    clock = going_on(now)
    with deps.write() as session:
        _release_held(session, deps, now)
        claimed = claim_all(session, deps, _choose(session, deps, now), clock())
    if not claimed:
        return recovered
    failpoints.reach("dispatch-claimed")
    log_event("dispatch", jobs=[one.job_id for one in claimed])
    hand_over(deps, claimed, clock)
    return True


def _anything(session: Session, deps: Deps, now: datetime) -> bool:
    """A cheap look, many times a second: is there a job to hand over or to release?"""
    if session.scalar(turns.ready(now, deps.share).with_only_columns(Job.id).limit(1)) is not None:
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
        query = query.options(selectinload(Job.events))
        for job in session.scalars(query.with_for_update(skip_locked=True)):
            job.move(State.QUEUED, at=now, words=held_words(unfinished=unfinished, queued_limit=limit))
            job.cause = job.cause_words = None


def _choose(session: Session, deps: Deps, now: datetime) -> Sequence[int]:
    """The next jobs, people taking turns; those who wait for themselves or their account are told so."""
    limit = deps.settings.limits.running_per_person or deps.scheduler.running_per_person
    hanging = _who_hangs(session, deps, now)
    full = {
        person for person, count in turns.at_scheduler(session, deps.share).items() if count >= limit
    } - hanging
    _say_who_waits(session, deps, now, full, waiting_words(running_limit=limit, cluster=deps.share.cluster))
    _say_who_waits(session, deps, now, hanging, HANGING)
    batch = deps.scheduler.batch_size
    chosen = turns.next_in_turn(session, now, running_limit=limit, batch=batch, left_out=hanging, share=deps.share)
    return _that_fit(session, chosen)


def _that_fit(session: Session, ids: Sequence[int]) -> Sequence[int]:
    """As many of these jobs, from the first, as have no more input files than one batch takes."""
    counted = (
        select(JobInput.job_id, func.coalesce(func.sum(Dataset.file_count), 0))
        .join(Dataset, JobInput.dataset_id == Dataset.id)
        .where(JobInput.job_id.in_(ids))
        .group_by(JobInput.job_id)
    )
    files: dict[int, int] = dict(session.execute(counted).all())
    total = 0

    def fits(job_id: int) -> bool:
        nonlocal total
        total += int(files.get(job_id, 0))
        return total <= MOST_FILES

    return list(takewhile(fits, ids)) or list(ids[:1])


def _who_hangs(session: Session, deps: Deps, now: datetime) -> set[int]:
    """The people whose account has not answered: their jobs wait, and nobody waits for them."""
    accounts = deps.agent.hanging()
    if not accounts:
        return set()
    queued = turns.ready(now, deps.share).with_only_columns(Job.person_id)
    people = session.execute(select(Person.id, Person.name).where(Person.id.in_(queued)))
    return {person_id for person_id, name in people if deps.settings.account_of(name) in accounts}


def _say_who_waits(session: Session, deps: Deps, now: datetime, people: Collection[int], reason: str) -> None:
    """Tell the queued jobs of these people why they wait; written once a job."""
    if not people:
        return
    rows = session.execute(
        turns.ready(now, deps.share)
        .with_only_columns(Job.id, Job.waiting)
        .where(Job.person_id.in_(people))
        .limit(1000)
    )
    silent = [job_id for job_id, waiting in rows if waiting.reason != reason]
    if silent:
        # One may have been cancelled since, and one that somebody changes just now is told the next time.
        still = select(Job.id).where(Job.id.in_(silent), Job.state == State.QUEUED)
        free = session.scalars(still.with_for_update(skip_locked=True)).all()
        session.execute(update(Job).where(Job.id.in_(free)).values(waiting=Waiting(reason)))
