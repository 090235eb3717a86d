"""Jobs: how they are going, their logs, cancelling and running again."""

from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from portal.jobs import actions
from portal.jobs.read import cluster_status, get_job, list_jobs, log_tail
from portal.jobs.timing.estimate import beside
from portal.jobs.trials.drafts import keep as keep_results
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.api.cursor import PageQuery, decode, encode
from portal.web.api.job_shapes import JobDetails, JobList, job_details, job_out
from portal.web.api.numbers import job_id_of
from portal.web.api.parameters import Parameters
from portal.web.bounded import Body, Name, Title
from portal.web.context import actor, close_session, now, portal, session, terms

api = make_blueprint("jobs", "Runs of analyses.")


class JobPath(BaseModel):
    """Which job."""

    job: str = Field(description="Its number (J-1042) or its id (42).", max_length=40)


class JobsQuery(PageQuery):
    """Which jobs."""

    state: str | None = Field(
        None, max_length=40, description="A state (failed), or a word that people see (waiting, done)."
    )
    person: str | None = Field(None, max_length=255, description="Sign-in name of who asked.")
    text: str | None = Field(None, max_length=200, description="In title, number, input or analysis.")
    submission: str | None = Field(
        None, max_length=36, description="Only those of this submission: its id, or B-17."
    )


class LogPath(JobPath):
    """Which log."""

    stream: Literal["stdout", "stderr"]


class LogQuery(Parameters):
    """Where to start."""

    model_config = ConfigDict(extra="forbid")

    offset: int = Field(0, ge=-(2**62), le=2**62, description="Byte to start at; negative counts from the end.")


class LogOut(BaseModel):
    """A piece of a log, at most 64 KiB."""

    text: str
    offset: int
    next_offset: int = Field(description="Ask for more from here.")
    size: int
    final: bool = Field(description="The job has ended and all was read.")
    note: str = Field(description="Why there is nothing, or that the log was cut.")


Resources = Annotated[dict[Name, Annotated[int, Field(ge=0, le=10**12)]], Field(max_length=10)]


class RetryRequest(Body):
    """With what to run again."""

    resources: Literal["memory", "time"] | Resources | None = Field(
        None,
        description="More of what it ran out of, by its progress and peak, or values for memory_mb, time_s, cpus; "
        "null: as before. 409 where it would end the same way.",
    )


class RenameRequest(Body):
    """A new title."""

    title: Title


@api.get("/jobs", summary="Jobs, newest first", responses={200: JobList})
def read_jobs(query: JobsQuery) -> Response:
    """One's own, those of the experiments one is in; staff see all."""
    found = list_jobs(
        session(),
        actor(),
        state=query.state,
        person=query.person,
        text=query.text,
        submission=query.submission,
        before=decode(query.cursor, "job"),
        size=query.limit,
    )
    status = cluster_status(session())
    page = JobList(
        items=[job_out(job, now(), status) for job in found.items],
        total=found.total,
        next=encode({"job": min(job.id for job in found.items)}) if len(found.items) == query.limit else None,
    )
    return answer(page)


def _details(job_id: int) -> Response:
    close_session()
    job = get_job(session(), actor(), job_id)
    others = "" if job.state.final else beside(session(), job, actions.jobtype_of(job), now()).words
    return answer(job_details(job, now(), cluster_status(session()), others=others))


@api.get("/jobs/<job>", summary="One job", responses={200: JobDetails})
def read_job(path: JobPath) -> Response:
    """With its history, and what it asked for and used."""
    return _details(job_id_of(path.job))


@api.get("/jobs/<job>/logs/<stream>", summary="A job's log, by offset", responses={200: LogOut})
def read_log(path: LogPath, query: LogQuery) -> Response:
    """Grows while the job runs: ask again from `next_offset` until `final`."""
    piece = log_tail(
        session(),
        actor(),
        job_id_of(path.job),
        stream=path.stream,
        offset=query.offset,
        settings=portal().settings,
    )
    found = LogOut(
        text=piece.text,
        offset=piece.offset,
        next_offset=piece.next_offset,
        size=piece.size,
        final=piece.final,
        note=piece.note,
    )
    return answer(found)


@api.post("/jobs/<job>/cancel", summary="Cancel a job", responses={200: JobDetails})
def cancel_job(path: JobPath) -> Response:
    """What has not left the portal ends at once, the rest within moments. Asking twice is no error."""
    job_id = job_id_of(path.job)
    with portal().database.write() as writing:
        actions.cancel(writing, actor(), job_id, now=now())
    return _details(job_id)


@api.post("/jobs/<job>/retry", summary="Run a failed job again", responses={200: JobDetails})
def retry_job(path: JobPath, body: RetryRequest) -> Response:
    """The same job, a new try; its earlier tries stay in its history."""
    job_id = job_id_of(path.job)
    with portal().database.write() as writing:
        actions.retry(writing, actor(), job_id, now=now(), terms=terms(), resources=body.resources)
    return _details(job_id)


@api.post("/jobs/<job>/keep", summary="Keep what a draft's trial made", responses={200: JobDetails})
def keep_job(path: JobPath) -> Response:
    """Its results stand among the others in a few seconds. Twice is harmless; 409 where it left none."""
    job_id = job_id_of(path.job)
    with portal().database.write() as writing:
        keep_results(writing, actor(), job_id, now=now())
    return _details(job_id)


@api.patch("/jobs/<job>", summary="Rename a job", responses={200: JobDetails})
def rename_job(path: JobPath, body: RenameRequest) -> Response:
    """A result that is registered keeps its name."""
    job_id = job_id_of(path.job)
    with portal().database.write() as writing:
        actions.rename(writing, actor(), job_id, body.title, now=now())
    return _details(job_id)
