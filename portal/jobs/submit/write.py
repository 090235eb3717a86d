"""The rows of submissions, written in four statements however many there are, and what came of it.

A fifth gives those of several jobs their short numbers.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, bindparam, insert, literal, select
from sqlalchemy.engine import Connection

from portal.db import UTCDateTime
from portal.form import InputDataset, Planned
from portal.form.sized import sized
from portal.identity.actor import Actor
from portal.jobs.batches.models import Batch, number_of
from portal.jobs.cause import Cause
from portal.jobs.models import Job, JobEvent, JobInput, Submission
from portal.jobs.state import State
from portal.jobtype.model import JobType
from portal.trials.trial import Trial

# Built once: building a statement takes longer than the database needs to carry it out.
# With RETURNING, SQLAlchemy puts many rows into one statement.
SUBMISSIONS = insert(Submission).returning(Submission.id)
JOBS = insert(Job).returning(Job.submission_id, Job.index, Job.id)
BATCHES = insert(Batch).returning(Batch.id, Batch.submission_id)
INPUTS = insert(JobInput).returning(JobInput.id)
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
    .where(Job.submission_id.in_(bindparam("submissions", expanding=True)))
    .order_by(Job.id),
)


@dataclass(frozen=True)
class Revision:
    """The row of a job type as it is now: its id, and the digest that identifies the revision."""

    id: int
    digest: str


@dataclass(frozen=True)
class Accepted:
    """A form that was found good: what all jobs of its submission have in common."""

    actor: Actor
    jobtype: JobType
    revision: Revision
    title: str
    mode: str
    preset: str | None
    variant: str
    held: str | None
    """The words under which the jobs are held; None: they go ahead."""
    now: datetime
    trial: Trial | None = None
    """What is tried; None: it is no trial."""
    draft: bool = False
    """It tries a revision that is not published."""
    use: str | None = None
    """For what its person uses the program, where she says so."""
    accepts: bool = False
    """The form accepts the terms of its analysis, for the first time."""
    warnings: tuple[str, ...] = ()
    """What is known of its datasets that may spoil it, in words."""

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
    experiment: int | None
    """None: nothing of it is filed."""


@dataclass(frozen=True)
class NewSubmission:
    """A submission to be written, with the idempotency key and the digest of what was asked under it."""

    accepted: Accepted
    jobs: Sequence[NewJob]
    key: str | None
    digest: str | None

    @property
    def options(self) -> Mapping[str, Any]:
        """The first job's typed values."""
        return self.jobs[0].planned.options

    @property
    def resources(self) -> dict[str, int | str]:
        """What each job's first attempt asks for, and the kind of node where it needs one."""
        jobtype = self.accepted.jobtype
        planned = [(job.planned.options, job.planned.inputs) for job in self.jobs]
        variant = sized(jobtype, jobtype.variant(self.accepted.variant), planned)
        asked: dict[str, int | str] = dict(variant.request(jobtype.grace_s))
        return asked | ({"constraint": variant.constraint} if variant.constraint else {})


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
class WrittenSubmission:
    """What asking led to. `accepted` is None where an idempotency key led to an earlier submission."""

    id: str
    title: str
    jobs: tuple[SubmittedJob, ...]
    options: Mapping[str, Any]
    """The first job's typed values."""
    accepted: Accepted | None = None
    experiment: int | None = None
    """The first job's, where it was written down just now."""
    batch: str | None = None
    """The short number, B-17, of several jobs; None for one job, and for a trial."""

    @property
    def key(self) -> str:
        """What stands in its address: its short number, or else its id."""
        return self.batch or self.id

    @property
    def fresh(self) -> bool:
        """True if it was written down just now."""
        return self.accepted is not None


def write_all(connection: Connection, submissions: Sequence[NewSubmission]) -> list[WrittenSubmission]:
    """Write submissions of one person and moment, their jobs, what they read and how their history begins."""
    if not submissions:
        return []
    new = {str(uuid.uuid4()): one for one in submissions}
    connection.execute(SUBMISSIONS, [_submission(key, one) for key, one in new.items()])
    rows = connection.execute(JOBS, [row for key, one in new.items() for row in _jobs(key, one)])
    ids = {(submission, index): job for submission, index, job in rows}
    batches = _number(connection, new)
    made = []
    for key, one in new.items():
        jobs = tuple(SubmittedJob(ids[key, i], job.title, _given(job)) for i, job in enumerate(one.jobs))
        experiment = one.jobs[0].experiment
        made.append(
            WrittenSubmission(
                key, one.accepted.title, jobs, one.options, one.accepted, experiment, batches.get(key)
            )
        )
    inputs = [row for one in made for job in one.jobs for row in _inputs(job)]
    if inputs:
        connection.execute(INPUTS, inputs)
    _begin_history(connection, new)
    return made


def _number(connection: Connection, new: Mapping[str, NewSubmission]) -> Mapping[str, str]:
    """The short numbers of those that have several jobs."""
    several = [key for key, one in new.items() if len(one.jobs) > 1 and one.accepted.trial is None]
    if not several:
        return {}
    rows = connection.execute(BATCHES, [{"submission_id": key} for key in several])
    return {submission: number_of(number) for number, submission in rows}


def _begin_history(connection: Connection, new: Mapping[str, NewSubmission]) -> None:
    alike: dict[str | None, list[str]] = {}
    for key, one in new.items():
        alike.setdefault(one.accepted.held, []).append(key)
    for keys in alike.values():
        accepted = new[keys[0]].accepted
        event = {
            "at": accepted.now,
            "to_state": accepted.state.value,
            "by": accepted.actor.full_name or accepted.actor.name,
            "cause": accepted.cause,
            "words": accepted.held,
        }
        connection.execute(EVENTS, {**event, "submissions": keys})


def _submission(key: str, new: NewSubmission) -> dict[str, Any]:
    accepted = new.accepted
    return {
        "id": key,
        "person_id": accepted.actor.person_id,
        "revision_id": accepted.revision.id,
        "investigation_id": new.jobs[0].experiment,
        "title": accepted.title,
        "options": new.options,
        "variant": accepted.variant,
        "resources": new.resources,
        "mode": accepted.mode,
        "preset": accepted.preset,
        "idempotency_key": new.key,
        "request_digest": new.digest,
        "created": accepted.now,
        "trial": accepted.trial,
        "draft": accepted.draft,
        "use": accepted.use,
    }


def _jobs(key: str, new: NewSubmission) -> Iterator[dict[str, Any]]:
    accepted = new.accepted
    common = {
        "submission_id": key,
        "person_id": accepted.actor.person_id,
        "kind": accepted.jobtype.kind,
        "state": accepted.state,
        "cause": accepted.cause,
        "cause_words": accepted.held,
        "resources": new.resources,
        "created": accepted.now,
        "changed": accepted.now,
    }
    for index, job in enumerate(new.jobs):
        own = {"index": index, "title": job.title, "options": job.planned.options}
        yield {**common, **own, "investigation_id": job.experiment}


def _given(job: NewJob) -> tuple[tuple[str, InputDataset], ...]:
    return tuple((slot, dataset) for slot, given in job.planned.inputs.items() for dataset in given)


def _inputs(job: SubmittedJob) -> list[dict[str, Any]]:
    counted: dict[str, int] = {}
    rows = []
    for slot, dataset in job.inputs:
        position = counted[slot] = counted.get(slot, -1) + 1
        row = {"job_id": job.id, "slot": slot, "position": position}
        rows.append({**row, "dataset_id": dataset.id, "dataset_name": dataset.name})
    return rows
