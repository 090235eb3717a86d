"""Runs that have ended, written down once each, and those like one that is to come."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, object_session

from portal.catalogue.models import Dataset
from portal.form.values import as_text, is_blank
from portal.jobs.cause import Cause
from portal.jobs.models import Attempt, Job, JobInput
from portal.jobs.timing.course import MOST_RUNS, Measured, stage_seconds
from portal.jobs.timing.models import DONE, TIME_LIMIT, JobRun
from portal.jobs.timing.settings import Settings
from portal.jobtype.kind import Kind
from portal.jobtype.model import JobType

MOST_LOOKED_AT = 200
"""Runs and waits that a page looks at: the newest."""
RECENT = timedelta(days=30)
"""Waits of longer ago tell nothing of the queue now."""


@dataclass(frozen=True)
class Run:
    """A finished run, as far as estimates look at it."""

    revision: int
    input_bytes: int | None
    ran_s: float
    in_time: bool
    """False: it was ended at its time limit."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The options that it ran with."""
    variant: str = ""
    peak_bytes: int | None = None
    """The most memory that it was seen to use."""


def limits_the_work(document: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Whether options of this job type's document limit the work to a part of the data."""
    crop = document.get("crop") or {}
    names = [*crop.get("options", ()), *([crop["box"]["option"]] if crop.get("box") else [])]
    defaults = {option["name"]: option.get("default") for option in document.get("options", ())}
    usual = {name: as_text(defaults.get(name)) for name in names}
    asked = {name: as_text(options.get(name)) for name in names}
    return any(not is_blank(text) and text not in {"false", usual[name]} for name, text in asked.items())


def note_run(job: Job, attempt: Attempt, *, in_time: bool, ended: datetime) -> None:
    """Write down how long the job's present run waited and took. Twice for one attempt is once."""
    session, submission = _session_of(job), job.submission
    if job.kind is not Kind.RUN or submission.trial is not None or submission.draft or job.started is None:
        return
    if not _asked_as_submitted(job):
        return
    if session.get(JobRun, attempt.id) is not None:
        return
    revision = submission.revision
    # How long it ran is told by one clock, the scheduler's: the portal's may be another.
    said = attempt.seen.scheduler
    ran = said.ended - said.started if said.started and said.ended else ended - job.started
    ran_s = max(0.0, ran.total_seconds())
    until = job.started + timedelta(seconds=ran_s)
    session.add(
        JobRun(
            attempt_id=attempt.id,
            jobtype=revision.name,
            revision_id=revision.id,
            variant=submission.variant,
            part=limits_the_work(revision.document, job.options),
            input_bytes=input_bytes(session, job.id),
            waited_s=max(0.0, (job.started - job.waiting_since).total_seconds()),
            ran_s=ran_s,
            stages=stage_seconds(job.progress, job.started, until),
            memory_peak_bytes=attempt.memory_peak_bytes,
            outcome=DONE if in_time else TIME_LIMIT,
            started=job.started,
            ended=until,
        )
    )


def _left_a_result() -> ColumnElement[bool]:
    """Not those that left none, or none that could be taken: they may have done nothing of the work."""
    refused = Attempt.outcome.in_([Cause.MISSING_OUTPUT.value, Cause.REFUSED.value])
    return or_(Attempt.outcome.is_(None), ~refused)


def _asked_as_submitted(job: Job) -> bool:
    """Whether its last try had the processors that its resources are named for; a retry may ask for others."""
    names = "cpus", "gpus", "ranks"
    return all(job.resources.get(name) == job.submission.resources.get(name) for name in names)


def _session_of(job: Job) -> Session:
    session = object_session(job)
    if session is None:
        raise ValueError("the job was not read in an open session")
    return session


def input_bytes(session: Session, job_id: int) -> int | None:
    """The size of all that a job reads; None where it reads nothing, or some of it has left the catalogue."""
    query = (
        select(func.count(), func.count(Dataset.id), func.sum(Dataset.file_size))
        .select_from(JobInput)
        .outerjoin(Dataset, Dataset.id == JobInput.dataset_id)
        .where(JobInput.job_id == job_id)
    )
    inputs, there, size = session.execute(query).one()
    return int(size) if inputs and inputs == there else None


def measured_stages(job: Job, jobtype: JobType) -> Measured:
    """How finished runs of the job's own revision, variant and settings shared their time among stages.

    A step that is done fifty times as often has another share: runs with other settings tell nothing here.
    """
    revision, settings = job.submission.revision, Settings.of_job(jobtype, job.options)
    query = (
        select(JobRun.stages, Job.options)
        .join(Attempt, Attempt.id == JobRun.attempt_id)
        .join(Job, Job.id == Attempt.job_id)
        .where(
            JobRun.jobtype == revision.name,
            JobRun.variant == job.submission.variant,
            JobRun.part == limits_the_work(revision.document, job.options),
            JobRun.revision_id == revision.id,
            JobRun.outcome == DONE,
            _left_a_result(),
        )
        .order_by(JobRun.ended.desc())
        .limit(MOST_LOOKED_AT)
    )
    rows = [row for row in _session_of(job).execute(query) if row.stages]
    like = [row.stages for row in rows if settings.like(settings.theirs(row.options, earlier=False))]
    return Measured.of_runs(like[:MOST_RUNS])


def newest_runs(session: Session, jobtype: str, variants: Collection[str], *, part: bool) -> Sequence[Run]:
    """The newest runs of an analysis with one of these resources, of whatever revision, size and settings."""
    query = (
        select(
            JobRun.revision_id,
            JobRun.input_bytes,
            JobRun.ran_s,
            JobRun.outcome,
            JobRun.variant,
            JobRun.memory_peak_bytes,
            Job.options,
        )
        .join(Attempt, Attempt.id == JobRun.attempt_id)
        .join(Job, Job.id == Attempt.job_id)
        .where(JobRun.jobtype == jobtype, JobRun.variant.in_(variants), JobRun.part == part, _left_a_result())
        .order_by(JobRun.ended.desc())
        .limit(MOST_LOOKED_AT)
    )
    return [
        Run(
            row.revision_id,
            row.input_bytes,
            row.ran_s,
            row.outcome == DONE,
            row.options,
            row.variant,
            row.memory_peak_bytes,
        )
        for row in session.execute(query)
    ]


def newest_waits(session: Session, jobtype: str, variant: str, now: datetime) -> Sequence[float]:
    """How long jobs of this analysis, with these resources, waited of late, in seconds; the newest first."""
    query = (
        select(JobRun.waited_s)
        .where(JobRun.jobtype == jobtype, JobRun.variant == variant, JobRun.started > now - RECENT)
        .order_by(JobRun.started.desc())
        .limit(MOST_LOOKED_AT)
    )
    return list(session.scalars(query))
