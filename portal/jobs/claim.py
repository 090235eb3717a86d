"""Claiming queued jobs: access is checked once more, and each attempt is written down before anything is done."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from portal.agent.accounts import Account
from portal.catalogue import access
from portal.catalogue.models import Dataset, DatasetParameter, Investigation
from portal.jobs.cause import Cause, cancelled
from portal.jobs.deps import Deps
from portal.jobs.models import Attempt, Job, JobInput
from portal.jobs.order import order_item
from portal.jobs.state import State

_DATASET = selectinload(Job.inputs).selectinload(JobInput.dataset)
WHOLE = (
    selectinload(Job.submission),
    selectinload(Job.attempts),
    selectinload(Job.events),
    selectinload(Job.investigation),
    selectinload(Job.person),
    _DATASET.selectinload(Dataset.datafiles),
    _DATASET.selectinload(Dataset.type),
    _DATASET.selectinload(Dataset.parameters).selectinload(DatasetParameter.type),
)
"""What is read of jobs that are to be claimed: a few queries, however many they are."""


@dataclass(frozen=True)
class Claimed:
    """A job of ours that is SUBMITTING, as whom it runs, and what the agent is told."""

    job_id: int
    attempt_id: str
    account: Account
    item: dict[str, Any]


def claim_all(session: Session, deps: Deps, jobs: Sequence[Job], now: datetime) -> list[Claimed]:
    """Write an attempt down for each job that may go ahead; the others move to where they belong."""
    rights = _Rights(session, jobs, now)
    return [one for job in jobs if (one := _claim(deps, job, rights, now)) is not None]


def _claim(deps: Deps, job: Job, rights: "_Rights", now: datetime) -> Claimed | None:
    if job.cancel_requested is not None:
        by = job.cancel_requested_by
        job.move(State.CANCELLED, at=now, cause=Cause.CANCELLED.value, words=cancelled(by))
        return None
    objection = _objection(job, rights)
    if objection is not None:
        state, cause, text = objection
        job.move(state, at=now, cause=cause.value, words=text)
        return None
    number = len(job.attempts) + 1
    attempt = Attempt(
        id=str(uuid.uuid4()),
        number=number,
        name=f"gantry-{job.submission_id}-{number}",
        cluster=deps.scheduler.cluster,
        resources=dict(job.resources),
        created=now,
    )
    job.attempts.append(attempt)
    job.move(State.SUBMITTING, at=now)
    job.waiting, job.not_before = {"tries": job.waiting.get("tries", 0)}, None
    return Claimed(job.id, attempt.id, deps.account_of(job), order_item(job, attempt))


def _objection(job: Job, rights: "_Rights") -> tuple[State, Cause, str] | None:
    """Why the job must not go ahead any more, if so: access may have been taken away while it waited."""
    if not job.person.active:
        return State.HELD, Cause.ACCOUNT, "The account is not active. Staff can release the job."
    for given in job.inputs:
        if not rights.may_read(job, given.dataset_id):
            text = f"The dataset “{given.dataset_name}” is gone, or no longer shared with {job.person.full_name}."
            return State.FAILED, Cause.ACCESS, f"{text} Nothing was computed."
    if not rights.may_submit(job):
        return State.FAILED, Cause.ACCESS, "You can no longer run analyses in this experiment."
    return None


class _Rights:
    """What the people of these jobs may read and where they may run analyses: two questions a person."""

    def __init__(self, session: Session, jobs: Sequence[Job], now: datetime) -> None:
        self._datasets: set[tuple[int, int]] = set()
        self._targets: set[tuple[int, int]] = set()
        by_person: dict[int, list[Job]] = defaultdict(list)
        for job in jobs:
            by_person[job.person_id].append(job)
        for person_id, theirs in by_person.items():
            actor = theirs[0].person.actor()
            wanted = {given.dataset_id for job in theirs for given in job.inputs if given.dataset_id is not None}
            readable = access.allowed(actor, access.Action.READ, Dataset, now=now)
            found = session.scalars(select(Dataset.id).where(Dataset.id.in_(wanted), readable))
            self._datasets |= {(person_id, dataset_id) for dataset_id in found}
            targets = {job.investigation_id for job in theirs if job.investigation_id is not None}
            open_ = access.allowed(actor, access.Action.SUBMIT, Investigation, now=now)
            inside = session.scalars(select(Investigation.id).where(Investigation.id.in_(targets), open_))
            self._targets |= {(person_id, target) for target in inside}

    def may_read(self, job: Job, dataset_id: int | None) -> bool:
        """Whether the job's person may read this dataset."""
        return dataset_id is not None and (job.person_id, dataset_id) in self._datasets

    def may_submit(self, job: Job) -> bool:
        """Whether the job's person may run analyses in its experiment."""
        return job.investigation_id is not None and (job.person_id, job.investigation_id) in self._targets
