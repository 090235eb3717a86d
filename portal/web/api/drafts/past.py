"""What was published under a name: its history, publishing an earlier revision again, retiring it."""

from dataclasses import replace

from flask import Response
from pydantic import BaseModel, Field

from portal.drafts import publishing
from portal.drafts.past import last_audience, seen_history
from portal.drafts.revisions import RevisionWish, Wished
from portal.errors import NotFoundError
from portal.web.api.answer import answer
from portal.web.api.drafts.blueprint import AnalysisPath, Changed, Narrow, api
from portal.web.api.drafts.shapes import WishOut, wish_out
from portal.web.bounded import Body
from portal.web.context import actor, close_session, now, portal, session


class PastOut(WishOut):
    """What was done once."""

    on_offer: bool = Field(description="It is by this that the analysis is on offer.")


class PastList(BaseModel):
    """What was published and retired under a name, newest first."""

    name: str
    retired: bool
    items: list[PastOut]


class AskedAgain(Body):
    """Which revision is to be published again."""

    revision: str = Field(max_length=71, description="`sha256:…`, as its history has it.")
    changed: Changed
    narrow: Narrow = False


@api.get("/analyses/<name>/history", summary="What was published under a name", responses={200: PastList})
def read_history(path: AnalysisPath) -> Response:
    """By whom, to whom and with what changed. For staff."""
    past = seen_history(session(), actor(), path.name)
    offered = past[0] if past[0].wished is Wished.PUBLISH else None
    items = [
        PastOut(**wish_out(session(), one, portal().settings).model_dump(), on_offer=one is offered)
        for one in past
    ]
    return answer(PastList(name=path.name, retired=offered is None, items=items))


@api.post("/analyses/<name>/retire", summary="Ask to retire an analysis", responses={200: WishOut})
def ask_to_retire(path: AnalysisPath) -> Response:
    """Ask that nobody can start it any more; what ran with it stays explained."""
    seen_history(session(), actor(), path.name)
    close_session()
    with portal().database.write() as writing:
        wish = publishing.ask_to_retire(writing, actor(), path.name, now=now()).id
    return _wish(wish)


@api.post("/analyses/<name>/publish-again", summary="Ask to go back to a revision", responses={200: WishOut})
def ask_to_publish_again(path: AnalysisPath, body: AskedAgain) -> Response:
    """Ask that an earlier revision is published again, to whom it was published then.

    409 where somebody who has it now would lose it (`narrow`).
    """
    past = seen_history(session(), actor(), path.name)
    audience = last_audience(session(), path.name, body.revision)
    if audience is None or not any(one.revision.digest == body.revision for one in past):
        raise NotFoundError(f"No such revision of {path.name} was published here.")
    close_session()
    with portal().database.write() as writing:
        wish = publishing.ask_to_publish_again(
            writing,
            actor(),
            path.name,
            body.revision,
            audience=replace(audience, author=actor().name),
            changed=body.changed,
            now=now(),
            narrow=body.narrow,
        ).id
    return _wish(wish)


def _wish(number: int) -> Response:
    return answer(wish_out(session(), session().get_one(RevisionWish, number), portal().settings))
