"""Starting analyses: one form on one or many datasets, exactly once by an Idempotency-Key."""

from collections.abc import Callable
from typing import Annotated

from flask import Response
from pydantic import BaseModel, Field, RootModel, field_validator
from sqlalchemy.orm import Session

from portal.jobs.actions import cancel_all, retry_failed
from portal.jobs.batches.outlook import batch_outlook
from portal.jobs.batches.rename import rename_batch
from portal.jobs.read import ClusterStatus, cluster_status, counts, get_submission, list_jobs
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import Checked, check_all, submit
from portal.jobs.submit.write import WrittenSubmission
from portal.web.api.answer import answer
from portal.web.api.blueprint import PREFIX, make_blueprint
from portal.web.api.job_shapes import (
    JOBS_SHOWN,
    OutlookOut,
    SubmissionOut,
    job_out,
    outlook_out,
    submission_out,
    submitted_out,
)
from portal.web.api.parameters import Parameters
from portal.web.api.prefer import applied, wanted_return
from portal.web.api.trials import TrialRequest
from portal.web.bounded import MOST_SLOTS, Body, Digest, Id, Ids, Name, Options, Title
from portal.web.context import actor, close_session, now, portal, session, terms
from portal.web.views.paging import MOST_DATASETS

api = make_blueprint("submissions", "Starting analyses.")


class FormValues(Body):
    """A filled-in form. Options are JSON values or the same as text, as a browser would send them."""

    inputs: Annotated[dict[Name, Ids], Field(max_length=MOST_SLOTS)] = Field(
        default_factory=dict,
        description="Ids of datasets by slot, at most 1,000 together; none for an analysis that takes none.",
    )
    options: Options = Field(default_factory=dict)
    preset: Title | None = Field(None, description="Values for the options that are not given.")
    variant: Title | None = Field(None, description="Resource request; null: the analysis's default.")
    mode: Name = Field("each", description="`each`: a job a dataset; `all`: one job over all.")
    experiment: Id | None = Field(
        None,
        description="Where the result is filed, for an analysis that takes no dataset: an experiment in which you "
        "may run analyses. Optional where it leaves no dataset either. An analysis that takes datasets files its "
        "result in their experiment and refuses this.",
    )

    @field_validator("inputs")
    @classmethod
    def _not_too_many(cls, inputs: dict[str, list[int]]) -> dict[str, list[int]]:
        if sum(map(len, inputs.values())) > MOST_DATASETS:
            raise ValueError(f"at most {MOST_DATASETS:,} datasets at once")
        return inputs


class Agreeing(Body):
    """What is said of the terms of a program, where an analysis has such."""

    accept_terms: Digest | None = Field(
        None,
        description="The digest of the terms that you accept, as the form's `terms` has it; asked once. With "
        "other terms than those that stand there now nothing is started.",
    )
    use: Name | None = Field(
        None, description="For what you use it, where its terms say for what it may be used: academic, commercial."
    )


class SubmissionRequest(FormValues, Agreeing):
    """A form to be started."""

    analysis: Name
    title: Title | None = Field(None, description="Name of the result; null: as the analysis names it.")
    trial: TrialRequest | None = Field(
        None,
        description="Try several values of one option on one dataset instead: a job each, whose results stand in "
        "no list of datasets. GET /trials/… shows them side by side.",
    )

    def asked(self, key: str | None = None) -> SubmitRequest:
        """What the service is asked."""
        return SubmitRequest(
            jobtype=self.analysis,
            inputs=self.inputs,
            options=self.options,
            variant=self.variant,
            title=self.title,
            mode=self.mode,
            preset=self.preset,
            idempotency_key=key,
            experiment=self.experiment,
            trial=self.trial.asked() if self.trial else None,
            accepts=self.accept_terms,
            use=self.use,
        )


class IdempotencyHeader(Parameters):
    """Makes a repetition harmless."""

    key: str | None = Field(
        None,
        alias="Idempotency-Key",
        max_length=200,
        description="The same key with the same body gives the first submission again, with another body 409.",
    )


class SubmissionHeader(IdempotencyHeader):
    """The same, and how much of an answer is wanted."""

    prefer: str | None = Field(
        None,
        alias="Prefer",
        max_length=1000,
        description="`return=minimal` (RFC 7240): the answer is only an id, a title and the number of jobs.",
    )


class Receipt(BaseModel):
    """What `Prefer: return=minimal` gives; the rest is at `Location`."""

    id: str
    title: str
    count: int = Field(description="How many jobs it has.")


class SubmissionAnswer(RootModel[SubmissionOut | Receipt]):
    """The submission and its jobs, or the receipt where that was preferred."""


class SubmissionPath(BaseModel):
    """Which submission."""

    submission: str = Field(max_length=36, description="Its id, or a batch's short number: B-17.")


@api.post("/submissions", summary="Start an analysis", responses={201: SubmissionAnswer, 200: SubmissionAnswer})
def create_submission(header: SubmissionHeader, body: SubmissionRequest) -> Response:
    """201 and what was made; 200 and the first submission where the Idempotency-Key was used for the same."""
    returned = wanted_return(header.prefer)
    status = cluster_status(session()) if returned != "minimal" else None
    close_session()
    with portal().database.write() as writing:
        made = submit(
            writing,
            actor(),
            body.asked(header.key),
            jobtypes=portal().jobtypes,
            settings=portal().settings,
            now=now(),
        )
    response = answer(_made(made, returned, status), 201 if made.fresh else 200)
    response.headers["Location"] = f"{PREFIX}/submissions/{made.id}"
    return applied(response, returned)


def _made(made: WrittenSubmission, returned: str | None, status: ClusterStatus | None) -> SubmissionOut | Receipt:
    if returned == "minimal":
        return Receipt(id=made.id, title=made.title, count=len(made.jobs))
    return (
        shown_submission(made.id, session())
        if made.accepted is None
        else submitted_out(made, made.accepted, status)
    )


class CheckedOut(BaseModel):
    """What a form would make."""

    title: str
    count: int = Field(description="How many jobs.")
    held: str | None = Field(description="Why they would wait for others of yours; null: they would go ahead.")
    earlier: list[str] | None = Field(
        description="Numbers of the jobs that the Idempotency-Key made before and would give again; null: none."
    )
    warnings: list[str] = Field(description="What is known that may spoil it: datasets registered as damaged.")


def checked_out(found: Checked) -> CheckedOut:
    """As JSON."""
    earlier = [job.number for job in found.earlier.jobs] if found.earlier else None
    return CheckedOut(
        title=found.title, count=found.jobs, held=found.held, earlier=earlier, warnings=list(found.warnings)
    )


@api.post("/submissions/check", summary="Check a start and start nothing", responses={200: CheckedOut})
def check_submission(header: IdempotencyHeader, body: SubmissionRequest) -> Response:
    """All that starting it checks: values, files, access, limits, title, variant, key; with the same errors."""
    (found,) = check_all(
        session(),
        actor(),
        [body.asked(header.key)],
        jobtypes=portal().jobtypes,
        settings=portal().settings,
        now=now(),
    )
    return answer(checked_out(found))


@api.get("/submissions/<submission>", summary="One submission", responses={200: SubmissionOut})
def read_submission(path: SubmissionPath) -> Response:
    """With its jobs (at most 500; /jobs?submission=… lists all) and how many are in each state."""
    return answer(shown_submission(path.submission, session()))


@api.get("/submissions/<submission>/outlook", summary="When it is likely done", responses={200: OutlookOut})
def read_outlook(path: SubmissionPath) -> Response:
    """When the last of its runs is likely to end, by finished runs like them; else why that is not known."""
    submission = get_submission(session(), actor(), path.submission)
    found = batch_outlook(session(), actor(), submission, status=cluster_status(session()), now=now())
    return answer(outlook_out(found))


@api.post(
    "/submissions/<submission>/retry-failed", summary="Run what failed again", responses={200: SubmissionOut}
)
def retry_submission(path: SubmissionPath) -> Response:
    """Only the failed jobs, each with more of what it ran out of; not those that would end the same way."""
    return _changed(path.submission, _retry)


@api.post(
    "/submissions/<submission>/retry-failed/check",
    summary="Check that and start nothing",
    responses={200: SubmissionOut},
)
def check_retry(path: SubmissionPath) -> Response:
    """The submission as it would be, with the same errors."""
    return _changed(path.submission, _retry, undo=True)


class SubmissionName(Body):
    """What it is to be called."""

    title: Title = Field(description="One line of 1 to 255 characters.")


@api.patch("/submissions/<submission>", summary="Rename a batch", responses={200: SubmissionOut})
def rename_submission(path: SubmissionPath, body: SubmissionName) -> Response:
    """Its jobs and results keep their names."""
    return _changed(path.submission, _rename(body.title))


@api.patch(
    "/submissions/<submission>/check", summary="Check that and rename nothing", responses={200: SubmissionOut}
)
def check_rename(path: SubmissionPath, body: SubmissionName) -> Response:
    """The submission as it would be, with the same errors."""
    return _changed(path.submission, _rename(body.title), undo=True)


@api.post("/submissions/<submission>/cancel", summary="Cancel all of it", responses={200: SubmissionOut})
def cancel_submission(path: SubmissionPath) -> Response:
    """Every job that has not ended; what is done stays. Asking twice is no error."""
    return _changed(path.submission, _cancel)


@api.post(
    "/submissions/<submission>/cancel/check",
    summary="Check that and cancel nothing",
    responses={200: SubmissionOut},
)
def check_cancel(path: SubmissionPath) -> Response:
    """The submission as it would be, with the same errors."""
    return _changed(path.submission, _cancel, undo=True)


def _retry(writing: Session, key: str) -> None:
    retry_failed(writing, actor(), key, now=now(), terms=terms())


def _rename(title: str) -> Callable[[Session, str], None]:
    def rename(writing: Session, key: str) -> None:
        rename_batch(writing, actor(), key, title, now=now())

    return rename


def _cancel(writing: Session, key: str) -> None:
    cancel_all(writing, actor(), key, now=now())


def _changed(key: str, change: Callable[[Session, str], None], *, undo: bool = False) -> Response:
    """What became of the submission; with `undo` what would have, and nothing is kept."""
    close_session()
    with portal().database.write() as writing:
        change(writing, key)
        if undo:
            writing.flush()
            would_be = shown_submission(key, writing)
            writing.rollback()
            return answer(would_be)
    return answer(shown_submission(key, session()))


def shown_submission(key: str, reading: Session) -> SubmissionOut:
    """A submission with the first of its jobs. Raises NotFoundError."""
    submission = get_submission(reading, actor(), key)
    jobs = list_jobs(reading, actor(), submission=key, size=JOBS_SHOWN).items
    status = cluster_status(reading)
    shown = [job_out(job, now(), status) for job in jobs]
    return submission_out(submission, shown, counts(reading, actor(), submission))
