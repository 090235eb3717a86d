"""A submission's rows, written in four statements however many jobs it has, and what came of it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, bindparam, insert, literal, select
from sqlalchemy.engine import Connection

from portal.db import UTCDateTime
from portal.form import InputDataset, Planned
from portal.identity.actor import Actor
from portal.jobs.cause import Cause
from portal.jobs.models import Job, JobEvent, JobInput, Submission
from portal.jobs.state import State
from portal.jobtype.model import JobType

# Built once: building a statement takes longer than the database needs to carry it out.
SUBMISSION = insert(Submission)
JOBS = insert(Job).returning(Job.index, Job.id)
INPUTS = insert(JobInput).returning(JobInput.id)  # with RETURNING, SQLAlchemy puts many rows into a statement
EVENTS = insert(JobEvent).from_select(
    ["job_id", "at", "from_state", "to_state", "by", "cause", "words"],
    select(
        Job.id,
        bindparam("at", type_=UTCDateTime),
        literal(""),
        bindparam("to_state", type_=String),
        bindparam("by", type_=String),
        bindparam("cause", type_=String),
        bindparam("words", type_=Text),
    )
    .where(Job.submission_id == bindparam("submission"))
    .order_by(Job.index),
)


@dataclass(frozen=True)
class Accepted:
    """A form that was found good: what all jobs of its submission have in common."""

    actor: Actor
    jobtype: JobType
    revision: int
    """The id of the job type's snapshot."""
    digest: str
    """Of the job type's document: what identifies the revision."""
    title: str
    mode: str
    preset: str | None
    variant: str
    held: str | None
    """The words under which the jobs are held; None: they go ahead."""
    now: datetime

    @property
    def state(self) -> State:
        """The state in which the jobs begin."""
        return State.HELD if self.held else State.QUEUED

    @property
    def cause(self) -> str | None:
        """Why they wait, as a code."""
        return Cause.QUOTA.value if self.held else None


@dataclass(frozen=True)
class NewJob:
    """One job to be written: what the validator made of it, and the experiment in which its results are filed."""

    planned: Planned
    title: str
    experiment: int


@dataclass(frozen=True)
class SubmittedJob:
    """A job of a submission. `inputs`: slot and dataset; empty for a job that was there before."""

    id: int
    title: str
    inputs: tuple[tuple[str, InputDataset], ...] = ()

    @property
    def number(self) -> str:
        """The short number people use: J-1042."""
        return Job.number_of(self.id)


@dataclass(frozen=True)
class Submitted:
    """What asking led to. `accepted` is None where an idempotency key led to an earlier submission."""

    id: str
    title: str
    jobs: tuple[SubmittedJob, ...]
    options: Mapping[str, Any]
    """The first job's typed values."""
    accepted: Accepted | None = None

    @property
    def fresh(self) -> bool:
        """True if it was written down just now."""
        return self.accepted is not None


def write(
    connection: Connection, accepted: Accepted, jobs: Sequence[NewJob], *, key: str | None, digest: str | None
) -> Submitted:
    """Write the submission, its jobs, what they read and how their history begins."""
    submission = str(uuid.uuid4())
    resources = dict(accepted.jobtype.variant(accepted.variant).request(accepted.jobtype.grace_s))
    options = jobs[0].planned.options
    row = {
        "id": submission,
        "person_id": accepted.actor.person_id,
        "revision_id": accepted.revision,
        "investigation_id": jobs[0].experiment,
        "title": accepted.title,
        "options": options,
        "variant": accepted.variant,
        "resources": resources,
        "mode": accepted.mode,
        "preset": accepted.preset,
        "idempotency_key": key,
        "request_digest": digest,
        "created": accepted.now,
    }
    connection.execute(SUBMISSION, row)
    rows = [_job(accepted, submission, resources, index, new) for index, new in enumerate(jobs)]
    ids = dict(connection.execute(JOBS, rows).all())
    made = tuple(SubmittedJob(ids[index], new.title, _given(new)) for index, new in enumerate(jobs))
    inputs = [row for job in made for row in _inputs(job)]
    if inputs:
        connection.execute(INPUTS, inputs)
    first = {
        "at": accepted.now,
        "to_state": accepted.state.value,
        "by": accepted.actor.full_name or accepted.actor.name,
    }
    connection.execute(
        EVENTS, {**first, "cause": accepted.cause, "words": accepted.held, "submission": submission}
    )
    return Submitted(submission, accepted.title, made, options, accepted)


def _job(
    accepted: Accepted, submission: str, resources: Mapping[str, int], index: int, new: NewJob
) -> dict[str, Any]:
    return {
        "submission_id": submission,
        "person_id": accepted.actor.person_id,
        "index": index,
        "title": new.title,
        "state": accepted.state,
        "cause": accepted.cause,
        "cause_words": accepted.held,
        "options": new.planned.options,
        "investigation_id": new.experiment,
        "resources": resources,
        "created": accepted.now,
        "changed": accepted.now,
    }


def _given(new: NewJob) -> tuple[tuple[str, InputDataset], ...]:
    return tuple((slot, dataset) for slot, given in new.planned.inputs.items() for dataset in given)


def _inputs(job: SubmittedJob) -> list[dict[str, Any]]:
    counted: dict[str, int] = {}
    rows = []
    for slot, dataset in job.inputs:
        position = counted[slot] = counted.get(slot, -1) + 1
        row = {"job_id": job.id, "slot": slot, "position": position}
        rows.append({**row, "dataset_id": dataset.id, "dataset_name": dataset.name})
    return rows
