"""What is asked of the publisher for a draft, and running it as a trial."""

from typing import Annotated

from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from portal.catalogue.models import Instrument
from portal.drafts import publishing, service, trying
from portal.drafts.audiences import audience_for
from portal.drafts.narrowing import as_now
from portal.drafts.revisions import RevisionWish
from portal.jobs.submit.check import SubmitRequest
from portal.web.api.analyses import checked_form
from portal.web.api.answer import answer
from portal.web.api.blueprint import PREFIX
from portal.web.api.drafts.blueprint import Changed, DraftPath, Narrow, api
from portal.web.api.drafts.shapes import WishOut, wish_out
from portal.web.api.form_shapes import FormOut
from portal.web.api.job_shapes import SubmissionOut
from portal.web.api.submissions import Agreeing, FormValues, IdempotencyHeader, shown_submission
from portal.web.bounded import Body, Id, Title
from portal.web.context import actor, close_session, now, portal, session

Ids = Annotated[list[Id], Field(max_length=100)]


class DraftTrial(FormValues, Agreeing):
    """A form on which the draft is tried."""

    title: Title | None = Field(None, description="Name of the result; null: as the draft names it.")


class InstrumentOut(BaseModel):
    """An instrument, to whose scientists one may publish."""

    id: int
    name: str
    full_name: str


class Audiences(BaseModel):
    """To whom one may publish, beside oneself, everyone, and the teams of experiments (GET /experiments)."""

    instruments: list[InstrumentOut] = Field(description="200 at most.")


class AskedToPublish(Body):
    """To whom a draft is to be published, and what changed."""

    to: str | None = Field(
        None,
        max_length=20,
        description="myself, instruments, experiments or everyone; null: to whom it is on offer now.",
    )
    ids: Ids = Field(default_factory=list, description="Of the instruments or experiments that are meant.")
    changed: Changed
    narrow: Narrow = False
    over: bool = Field(
        False, description="It is meant that this replaces what somebody else published; without it: 409."
    )


@api.get("/drafts/audiences", summary="To whom one may publish", responses={200: Audiences})
def read_audiences() -> Response:
    """The instruments. For staff."""
    service.check_staff(actor())
    rows = session().execute(select(Instrument.id, Instrument.name, Instrument.full_name).limit(200))
    found = [InstrumentOut(id=number, name=name, full_name=full or name) for number, name, full in rows]
    return answer(Audiences(instruments=found))


@api.post("/drafts/<int:draft>/ask-to-try", summary="Ask to try a draft", responses={200: WishOut})
def ask_to_try(path: DraftPath) -> Response:
    """Ask that you may run its text as it is now. Asking again gives the same wish. 422: it is not complete."""
    close_session()
    with portal().database.write() as writing:
        wish = publishing.ask_to_try(writing, actor(), path.draft, now=now()).id
    return _wish(wish)


@api.post("/drafts/<int:draft>/form", summary="A draft's form, checked", responses={200: FormOut})
def check_draft_form(path: DraftPath, body: FormValues) -> Response:
    """As that of an analysis: with these values, and what is wrong with them. 409: the draft is not complete."""
    return answer(checked_form(trying.usable(session(), actor(), path.draft), body))


@api.post("/drafts/<int:draft>/trials", summary="Try a draft", responses={201: SubmissionOut, 200: SubmissionOut})
def try_draft(path: DraftPath, header: IdempotencyHeader, body: DraftTrial) -> Response:
    """Run it as you, on data that you may see; its results stand in no list until they are kept.

    409 where the publisher has not let you run this very text.
    """
    close_session()
    with portal().database.write() as writing:
        service.draft_for(writing, actor(), path.draft)
        asked = SubmitRequest(
            jobtype="",
            inputs=body.inputs,
            options=body.options,
            variant=body.variant,
            title=body.title,
            mode=body.mode,
            preset=body.preset,
            idempotency_key=header.key,
            experiment=body.experiment,
            accepts=body.accept_terms,
            use=body.use,
        )
        made = trying.submit_trial(writing, actor(), path.draft, asked, settings=portal().settings, now=now())
    response = answer(shown_submission(made.id, session()), 201 if made.fresh else 200)
    response.headers["Location"] = f"{PREFIX}/submissions/{made.id}"
    return response


@api.post("/drafts/<int:draft>/publish", summary="Ask to publish a draft", responses={200: WishOut})
def ask_to_publish(path: DraftPath, body: AskedToPublish) -> Response:
    """Ask that its text as it is now is published.

    409 where no run of this very text succeeded, where somebody who has it now would lose it (`narrow`), or where
    it would replace what somebody else published under its name (`over`).
    """
    close_session()
    with portal().database.write() as writing:
        if body.to is None and not body.ids:
            name = trying.usable(writing, actor(), path.draft).name
            audience = as_now(writing, actor(), name)
        else:
            service.draft_for(writing, actor(), path.draft)
            audience = audience_for(writing, actor(), body.to or "", body.ids)
        asked = publishing.ask_to_publish(
            writing, actor(), path.draft, audience, body.changed, now=now(), narrow=body.narrow, over=body.over
        )
        wish = asked.id
    return _wish(wish)


def _wish(number: int) -> Response:
    return answer(wish_out(session(), session().get_one(RevisionWish, number), portal().settings))
