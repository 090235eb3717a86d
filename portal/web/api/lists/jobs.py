"""What is asked of many jobs in one request: each by itself, and what became of each."""

from collections.abc import Callable
from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from portal.db import LARGEST_ID
from portal.errors import PortalError
from portal.jobs import actions
from portal.jobs.models import Job
from portal.jobs.several import Became, each_of
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.api.numbers import job_id_of
from portal.web.context import actor, close_session, now, portal, terms
from portal.web.errors import status_of

api = make_blueprint("job-lists", "Cancelling and running again, many at once.")

MOST_JOBS = 500
Id = Field(ge=0, le=LARGEST_ID)


class JobListRequest(BaseModel):
    """Which jobs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    jobs: list[Annotated[str, StringConstraints(min_length=1, max_length=40)] | Annotated[int, Id]] = Field(
        min_length=1,
        max_length=MOST_JOBS,
        description="Numbers (J-1042) or ids (42); one named twice counts once.",
    )
    dry_run: bool = Field(False, description="Check it all and change nothing.")


class RetryListRequest(JobListRequest):
    """Which jobs, and with what."""

    resources: Literal["memory", "time"] | None = Field(None, description="Twice as much of it; null: as before.")


class BecameOut(BaseModel):
    """What became of one of the jobs."""

    job: str = Field(description="As it was named.")
    done: bool
    number: str | None = Field(description="Null where it was not done.")
    title: str | None
    state: str | None
    state_words: str | None
    status: int = Field(description="The HTTP status that it alone would have had.")
    detail: str | None = Field(description="Why it was not done, in a sentence; null where it was.")


class BecameList(BaseModel):
    """What became of each, in the order in which they were named."""

    items: list[BecameOut]


@api.post("/job-lists/cancel", summary="Cancel many jobs", responses={200: BecameList})
def cancel_jobs(body: JobListRequest) -> Response:
    """Each by itself: one that cannot be cancelled harms no other, and its item says why.

    Where only one is named, the answer is that of its own address: 404, 403 or 409.
    """
    return _each(body, lambda writing, job: actions.cancel(writing, actor(), job, now=now()))


@api.post("/job-lists/retry", summary="Run many jobs again", responses={200: BecameList})
def retry_jobs(body: RetryListRequest) -> Response:
    """As `/job-lists/cancel`, for what failed or was cancelled."""
    return _each(
        body,
        lambda writing, job: actions.retry(
            writing, actor(), job, now=now(), terms=terms(), resources=body.resources
        ),
    )


def _each(body: JobListRequest, act: Callable[[Session, int], Job]) -> Response:
    close_session()
    named = {_place(word): str(word) for word in reversed(body.jobs)}
    with portal().database.write() as writing:
        found = each_of(writing, actor(), list(dict.fromkeys(map(_place, body.jobs))), act, undo=body.dry_run)
    if len(found) == 1 and found[0].error is not None:
        raise found[0].error
    return answer(BecameList(items=[_out(named[one.asked], one) for one in found]))


def _place(word: str | int) -> int | str:
    """The job's id, so that J-1042 and 42 are one; a word that is no job stays a word."""
    if isinstance(word, int):
        return word
    try:
        return job_id_of(word)
    except PortalError:
        return word


def _out(word: str, one: Became) -> BecameOut:
    done = one.state is not None
    return BecameOut(
        job=word,
        done=done,
        number=one.number if done else None,
        title=one.title if done else None,
        state=one.state.value if one.state else None,
        state_words=one.state.words if one.state else None,
        status=status_of(one.error) if one.error else 200,
        detail=one.error.message if one.error else None,
    )
