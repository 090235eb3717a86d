"""Jobs and submissions as JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from portal.jobs.batches.outlook import BatchOutlook
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.read import ClusterStatus, job_view, sentence
from portal.jobs.said import Waiting
from portal.jobs.state import State
from portal.jobs.submit.write import Accepted, WrittenSubmission
from portal.jobs.timing.progress import progress_of

JOBS_SHOWN = 500
"""Of one submission; a list of jobs gives all, page by page."""


class JobProgress(BaseModel):
    """How far a running job is."""

    stage: str
    step: int | None
    steps: int | None
    fraction: float | None = Field(
        description="Of the whole by time, 0 to 1, by finished runs or the last step's rate; null: not known. It "
        "never becomes less in one run."
    )
    seconds_left: float | None = Field(description="Of the whole; null where no one figure can be told.")
    seconds_left_least: float | None = Field(description="The interval in which it lies; null: not known.")
    seconds_left_most: float | None
    message: str


class JobInputOut(BaseModel):
    """A dataset that a job reads."""

    slot: str
    dataset: int | None = Field(description="Null if the dataset is gone.")
    name: str


class JobOut(BaseModel):
    """One run of an analysis."""

    id: int
    number: str = Field(description="The short number people use: J-1042.")
    title: str
    analysis: str
    submission: str
    batch: str | None = Field(
        description="The short number of its batch, B-17; null: it was started alone, or is of a trial."
    )
    trial: str | None = Field(
        description="The option of which its submission tries several values, a job each; GET /trials/… shows "
        "them side by side. Null: it is no trial."
    )
    draft: bool = Field(
        description="It tries a draft, an analysis that is not published; its results are in no list of datasets."
    )
    person: str = Field(description="Sign-in name of the person who asked.")
    state: str = Field(
        description="queued, held, submitting, pending, running, collecting, succeeded, failed or cancelled."
    )
    state_words: str = Field(description="The same as people see it: Waiting, Running, Saving, Done, …")
    final: bool = Field(description="Nothing will change any more by itself.")
    sentence: str = Field(description="How it is going.")
    cause: str | None = Field(description="Why it failed or waits, as a code.")
    progress: JobProgress | None
    inputs: list[JobInputOut]
    results: list[int] = Field(description="Ids of the datasets that came out.")
    warnings: int = Field(description="How many reasons to doubt the result there are; the dataset has the words.")
    leaves_dataset: bool = Field(description="False: its analysis leaves no dataset, only its log.")
    created: datetime
    changed: datetime
    started: datetime | None
    ended: datetime | None


class MomentOut(BaseModel):
    """One line of a job's history."""

    at: datetime
    words: str
    by: str
    state: str


class ResourceOut(BaseModel):
    """What was asked for and what was used, in words."""

    name: str
    asked: str
    used: str
    share: float | None


class JobDetails(JobOut):
    """A job with its history and technical details."""

    options: dict[str, Any]
    cause_words: str | None = Field(
        description="The same in words; behind “The program says” and “Its last words” stand those of the program."
    )
    last_lines: str = Field(description="The end of the log of a job that failed or leaves no dataset.")
    reported: str = Field(description="The program's last words, where it leaves no dataset that could say them.")
    waited_s: float | None
    expected_start: datetime | None = Field(description="When the cluster plans to start it, where it has a plan.")
    timeline: list[MomentOut]
    resources: list[ResourceOut]
    runner: str
    can_cancel: bool
    can_retry: bool = Field(description="Whether another try could end otherwise.")
    others: str = Field(
        description="How long jobs like this waited and took, and from how many that is known; may be empty."
    )
    advice: str = Field(description="What can be done about its time or memory, in words; may be empty.")
    more_memory_mb: int | None = Field(
        description="What POST …/retry with `memory` asks for; null: no more helps."
    )
    more_time_s: int | None = Field(description="The same with `time`.")
    exit_words: str = Field(description="How its program ended, as an exit code or signal; empty: not known.")
    tries: int
    attempt: str | None
    cluster: str | None
    cluster_job: str | None
    array_index: int | None = Field(description="Its task, where `cluster_job` is an array: Slurm says JOB_TASK.")
    node: str | None


class JobList(BaseModel):
    """A page of jobs, newest first."""

    items: list[JobOut]
    total: int
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class SubmissionOut(BaseModel):
    """One person's form on one or many datasets."""

    id: str
    number: str | None = Field(
        description="The short number of a batch, B-17, which does for its id in addresses; null: it has one "
        "job, or is a trial."
    )
    analysis: str
    version: str
    revision: str
    title: str
    person: str
    mode: str
    preset: str | None
    variant: str
    use: str | None = Field(description="For what its program is used, where its terms ask: academic, commercial.")
    experiment: int | None = Field(description="Where results are filed; null: nothing is filed.")
    options: dict[str, Any]
    created: datetime
    counts: dict[str, int] = Field(description="How many jobs are in each state.")
    final: bool = Field(description="All jobs have ended.")
    jobs: list[JobOut]


class OutlookOut(BaseModel):
    """When the last run of a submission is likely to end, in words, with what that rests on."""

    words: str = Field(description="A sentence; empty where nothing waits or runs.")
    basis: str = Field(description="What that rests on, or why it is not known.")
    least_s: float | None = Field(description="The earliest, in seconds from now; null: not known.")
    most_s: float | None = Field(description="The latest; null: not known.")


def job_out(job: Job, now: datetime, status: ClusterStatus | None) -> JobOut:
    """A job as it stands in a list. Needs nothing that a list does not load at once."""
    return JobOut(**_fields(job, now, status))


def _fields(job: Job, now: datetime, status: ClusterStatus | None) -> dict[str, Any]:
    progress = progress_of(job.progress, job.started, now) if job.state is State.RUNNING else None
    return {
        "id": job.id,
        "number": job.number,
        "title": job.title,
        "analysis": job.submission.revision.name,
        "submission": job.submission_id,
        "batch": job.submission.batch.number if job.submission.batch else None,
        "trial": job.submission.trial.option if job.submission.trial else None,
        "draft": job.submission.draft,
        "person": job.person.name,
        "state": job.state.value,
        "state_words": job.state.words,
        "final": job.state.final,
        "sentence": sentence(job, now, status=status),
        "cause": job.cause,
        "progress": None
        if progress is None
        else JobProgress(
            stage=progress.stage,
            step=progress.step,
            steps=progress.steps,
            fraction=progress.fraction,
            seconds_left=progress.left_s,
            seconds_left_least=progress.left.low if progress.left else None,
            seconds_left_most=progress.left.high if progress.left else None,
            message=progress.message,
        ),
        "inputs": [JobInputOut(slot=i.slot, dataset=i.dataset_id, name=i.dataset_name) for i in job.inputs],
        "results": [output.dataset_id for output in job.outputs if output.dataset_id is not None],
        "warnings": job.warnings,
        "leaves_dataset": job.submission.revision.leaves_dataset,
        "created": job.created,
        "changed": job.changed,
        "started": job.started,
        "ended": job.ended,
    }


def job_details(job: Job, now: datetime, status: ClusterStatus | None, *, others: str = "") -> JobDetails:
    """A job with everything. `others`: how long jobs like it waited and took."""
    view = job_view(job, now, status=status)
    return JobDetails(
        **_fields(job, now, status),
        options=job.options,
        cause_words=view.cause_words,
        last_lines=view.last_lines,
        reported=view.reported,
        waited_s=view.waited_s,
        expected_start=view.expected_start,
        timeline=[MomentOut(at=m.at, words=m.words, by=m.by, state=m.state) for m in view.timeline],
        resources=[ResourceOut(name=r.name, asked=r.asked, used=r.used, share=r.share) for r in view.resources],
        runner=view.runner,
        can_cancel=view.can_cancel,
        can_retry=view.can_retry,
        others=others,
        advice=view.advice,
        more_memory_mb=view.more_memory_mb,
        more_time_s=view.more_time_s,
        exit_words=view.exit_words,
        tries=view.tries,
        attempt=view.attempt,
        cluster=view.cluster,
        cluster_job=view.cluster_job,
        array_index=view.array_index,
        node=view.node,
    )


def submitted_out(made: WrittenSubmission, accepted: Accepted, status: ClusterStatus | None) -> SubmissionOut:
    """A submission that was just written down, as reading it again would show it."""
    now, jobtype, state = accepted.now, accepted.jobtype, accepted.state
    like = Job(state=state, created=now, waiting=Waiting(), cause=accepted.cause, cause_words=accepted.held)
    like.submission = Submission(revision=JobTypeRevision(name=jobtype.name))
    common: dict[str, Any] = {
        "analysis": jobtype.name,
        "submission": made.id,
        "batch": made.batch,
        "trial": accepted.trial.option if accepted.trial else None,
        "draft": accepted.draft,
        "person": accepted.actor.name,
        "state": state.value,
        "state_words": state.words,
        "final": state.final,
        "sentence": sentence(like, now, status=status),
        "cause": accepted.cause,
        "progress": None,
        "results": [],
        "warnings": 0,
        "leaves_dataset": bool(jobtype.outputs),
        "created": now,
        "changed": now,
        "started": None,
        "ended": None,
    }
    return SubmissionOut(
        id=made.id,
        number=made.batch,
        analysis=jobtype.name,
        version=jobtype.version,
        revision=accepted.revision.digest,
        title=made.title,
        person=accepted.actor.name,
        mode=accepted.mode,
        preset=accepted.preset,
        variant=accepted.variant,
        use=accepted.use,
        experiment=made.experiment,
        options=dict(made.options),
        created=now,
        counts={state.value: len(made.jobs)},
        final=state.final,
        jobs=[
            JobOut(
                id=job.id,
                number=job.number,
                title=job.title,
                inputs=[JobInputOut(slot=slot, dataset=given.id, name=given.name) for slot, given in job.inputs],
                **common,
            )
            for job in made.jobs[:JOBS_SHOWN]
        ],
    )


def submission_out(submission: Submission, jobs: list[JobOut], counted: Mapping[State, int]) -> SubmissionOut:
    """A submission with those of its jobs that are shown."""
    return SubmissionOut(
        id=submission.id,
        number=submission.batch.number if submission.batch else None,
        analysis=submission.revision.name,
        version=submission.revision.version,
        revision=submission.revision.digest,
        title=submission.title,
        person=submission.person.name,
        mode=submission.mode,
        preset=submission.preset,
        variant=submission.variant,
        use=submission.use,
        experiment=submission.investigation_id,
        options=submission.options,
        created=submission.created,
        counts={state.value: number for state, number in counted.items()},
        final=all(state.final for state in counted),
        jobs=jobs,
    )


def outlook_out(found: BatchOutlook | None) -> OutlookOut:
    """What is known of when all of a submission has run."""
    if found is None:
        return OutlookOut(words="", basis="", least_s=None, most_s=None)
    span = found.span
    return OutlookOut(
        words=found.words,
        basis=found.basis,
        least_s=span.low if span else None,
        most_s=span.high if span and not found.least_only else None,
    )
