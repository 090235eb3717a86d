"""Claiming queued jobs: access is checked once more, and each attempt is written down before anything is done."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from portal.agent.asking import Account
from portal.catalogue import access
from portal.catalogue.models import Dataset, Investigation
from portal.daemon.context import Deps
from portal.daemon.dispatch.arrays import names_of
from portal.daemon.dispatch.jobspec import job_spec_item
from portal.daemon.dispatch.queue import MOST_LISTED, QueuedJob, lock_queued
from portal.jobs.cause import Cause, cancelled
from portal.jobs.models import Attempt, Job
from portal.jobs.moves import move_all
from portal.jobs.said import Waiting
from portal.jobs.state import State
from portal.level import level
from portal.portions import portions


@dataclass(frozen=True)
class Claimed:
    """A job of ours that is SUBMITTING, as whom it runs, and what the agent is told."""

    job_id: int
    attempt_id: str
    account: Account
    item: dict[str, Any]


def claim_all(session: Session, deps: Deps, ids: Sequence[int], now: datetime) -> list[Claimed]:
    """Write an attempt down for each job that may go ahead; the others move to where they belong."""
    jobs = lock_queued(session, ids)
    rights = _Rights(session, jobs, now)
    going = [job for job in jobs if not _stopped(session, job, rights, now)]
    if not going:
        return []
    settings = deps.settings
    names = names_of(going, join=deps.scheduler.joins)
    made = [str(uuid.uuid4()) for _job in going]
    rows = [
        {
            "id": attempt,
            "job_id": job.id,
            "number": job.attempts + 1,
            "name": naming.name,
            "cluster": deps.scheduler.cluster,
            "resources": job.resources,
            "created": now,
        }
        for job, naming, attempt in zip(going, names, made, strict=True)
    ]
    session.execute(insert(cast(Table, Attempt.__table__)), rows)
    for put_off, some in _by_put_off(going).items():
        left = Waiting(tries=put_off)
        move_all(session, some, State.QUEUED, State.SUBMITTING, at=now, waiting=left, not_before=None)
    return [
        Claimed(job.id, attempt, settings.account_of(job.person.name), job_spec_item(job, attempt, naming))
        for job, naming, attempt in zip(going, names, made, strict=True)
    ]


def _by_put_off(jobs: Sequence[QueuedJob]) -> dict[int, list[int]]:
    """The jobs by how often they were put off, which is kept; all but always never."""
    found: dict[int, list[int]] = defaultdict(list)
    for job in jobs:
        found[job.put_off].append(job.id)
    return found


def _stopped(session: Session, job: QueuedJob, rights: "_Rights", now: datetime) -> bool:
    """Whether the job does not go ahead; it is then where it belongs."""
    objection = _objection(job, rights)
    if objection is None:
        return False
    state, cause, words = objection
    session.get_one(Job, job.id).move(state, at=now, cause=cause.value, words=words)
    return True


def _objection(job: QueuedJob, rights: "_Rights") -> tuple[State, Cause, str] | None:
    """Why the job must not go ahead any more, if so: access may have been taken away while it waited."""
    if job.cancelled:
        return State.CANCELLED, Cause.CANCELLED, cancelled(job.cancelled_by)
    if not job.person.active:
        return State.HELD, Cause.ACCOUNT, "The account is not active. Staff can release the job."
    for given in job.inputs:
        if not rights.may_read(job, given.id):
            text = f"The dataset “{given.name}” is gone, or no longer shared with {job.person.full_name}."
            return State.FAILED, Cause.ACCESS, f"{text} Nothing was computed."
    if not rights.may_submit(job):
        return State.FAILED, Cause.ACCESS, f"You can no longer run analyses in this {level().one}."
    return None


class _Rights:
    """What the people of these jobs may read and where they may run analyses: two questions a person."""

    def __init__(self, session: Session, jobs: Sequence[QueuedJob], now: datetime) -> None:
        self._datasets: set[tuple[int, int]] = set()
        self._targets: set[tuple[int, int]] = set()
        by_person: dict[int, list[QueuedJob]] = defaultdict(list)
        for job in jobs:
            by_person[job.person.id].append(job)
        for person_id, theirs in by_person.items():
            actor = theirs[0].person.actor()
            wanted = {given.id for job in theirs for given in job.inputs if given.id is not None}
            readable = access.allowed(actor, access.Action.READ, Dataset, now=now)
            for some in portions(sorted(wanted), MOST_LISTED):
                found = session.scalars(select(Dataset.id).where(Dataset.id.in_(some), readable))
                self._datasets |= {(person_id, dataset_id) for dataset_id in found}
            targets = {job.investigation for job in theirs if job.investigation is not None}
            open_ = access.allowed(actor, access.Action.SUBMIT, Investigation, now=now)
            inside = session.scalars(select(Investigation.id).where(Investigation.id.in_(targets), open_))
            self._targets |= {(person_id, target) for target in inside}

    def may_read(self, job: QueuedJob, dataset_id: int | None) -> bool:
        """Whether the job's person may read this dataset."""
        return dataset_id is not None and (job.person.id, dataset_id) in self._datasets

    def may_submit(self, job: QueuedJob) -> bool:
        """Whether the job's person may run analyses in its experiment; one that files nothing needs none."""
        if job.investigation is None:
            return job.files_nothing
        return (job.person.id, job.investigation) in self._targets
