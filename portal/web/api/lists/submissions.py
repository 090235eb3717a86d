"""Starting many different analyses in one request, for scripts that would otherwise ask five hundred times."""

from flask import Response
from pydantic import BaseModel, Field, field_validator

from portal.jobs.submit.many import MAX_KEY, MOST_FORMS, check_list, submit_list
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.api.parameters import Parameters
from portal.web.api.submissions import CheckedOut, SubmissionRequest, checked_out
from portal.web.bounded import Body
from portal.web.context import actor, close_session, now, portal, session

api = make_blueprint("submission-lists", "Starting many analyses at once.")


MOST_IN_LIST = 5000
"""Datasets of all forms of a list together: what one transaction looks up."""


class SubmissionList(Body):
    """Forms to be started, all or none."""

    forms: list[SubmissionRequest] = Field(min_length=1, max_length=MOST_FORMS)

    @field_validator("forms")
    @classmethod
    def _not_too_many(cls, forms: list[SubmissionRequest]) -> list[SubmissionRequest]:
        named = sum(len(ids) for form in forms for ids in form.inputs.values())
        if named > MOST_IN_LIST:
            raise ValueError(
                f"the forms of a list may name {MOST_IN_LIST:,} datasets together; these name {named:,}"
            )
        return forms


class ListHeader(Parameters):
    """Makes a repetition of the whole list harmless."""

    key: str | None = Field(
        None,
        alias="Idempotency-Key",
        max_length=MAX_KEY,
        description="The same key with the same forms gives the first submissions again, with another form 409.",
    )


class Started(BaseModel):
    """A submission of the list."""

    id: str
    title: str
    jobs: list[str] = Field(description="The numbers of its jobs.")


class StartedList(BaseModel):
    """What was started, in the order of the forms."""

    items: list[Started]


@api.post("/submission-lists", summary="Start many analyses", responses={201: StartedList, 200: StartedList})
def create_submission_list(header: ListHeader, body: SubmissionList) -> Response:
    """Each form becomes a submission of its own. All are started, or, where one cannot be, none.

    201 and what was made; 200 where the Idempotency-Key was used for the same list before.
    """
    requests = [form.asked() for form in body.forms]
    close_session()
    with portal().database.write() as writing:
        made = submit_list(
            writing,
            actor(),
            requests,
            key=header.key,
            jobtypes=portal().jobtypes,
            settings=portal().settings,
            now=now(),
        )
    items = [Started(id=one.id, title=one.title, jobs=[job.number for job in one.jobs]) for one in made]
    return answer(StartedList(items=items), 201 if made[-1].fresh else 200)


class CheckedList(BaseModel):
    """What each form would make, in their order."""

    items: list[CheckedOut]


@api.post("/submission-lists/check", summary="Check many starts and start nothing", responses={200: CheckedList})
def check_submission_list(header: ListHeader, body: SubmissionList) -> Response:
    """All that starting them checks, with the same errors."""
    found = check_list(
        session(),
        actor(),
        [form.asked() for form in body.forms],
        key=header.key,
        jobtypes=portal().jobtypes,
        settings=portal().settings,
        now=now(),
    )
    return answer(CheckedList(items=[checked_out(one) for one in found]))
