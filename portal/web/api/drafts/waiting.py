"""What waits for a second member of staff, and refusing it. A key signs in the browser alone."""

from flask import Response
from pydantic import BaseModel, Field

from portal.drafts.signoff import signing
from portal.web.api.answer import answer
from portal.web.api.drafts.blueprint import api
from portal.web.api.drafts.shapes import WishOut, wish_out
from portal.web.bounded import Body, PathId
from portal.web.context import actor, close_session, now, portal, session


class RequestPath(BaseModel):
    """Which request."""

    request: PathId


class WaitingOut(WishOut):
    """A request that one may sign off or refuse."""

    page: str = Field(description="Where it is looked at and signed with a key: a path of this portal.")


class WaitingList(BaseModel):
    """What waits, the oldest first; 100 at most."""

    items: list[WaitingOut]


class Refusal(Body):
    """Why it is refused."""

    why: str = Field(max_length=1000, description="A sentence, which who asked reads.")


@api.get("/drafts/waiting", summary="What waits for a second person", responses={200: WaitingList})
def read_waiting() -> Response:
    """The requests to publish that you may sign off. For staff; empty where no keys sign here."""
    found = signing.waiting_for(session(), actor(), portal().settings)
    items = [
        WaitingOut(
            **wish_out(session(), one, portal().settings).model_dump(), page=f"/analyses/drafts/waiting/{one.id}"
        )
        for one in found
    ]
    return answer(WaitingList(items=items))


@api.post("/drafts/waiting/<int:request>/refuse", summary="Refuse what waits", responses={200: WishOut})
def refuse(path: RequestPath, body: Refusal) -> Response:
    """Say why not. The publisher takes it down and who asked reads it; 409 where it was decided meanwhile."""
    close_session()
    settings = portal().settings
    with portal().database.write() as writing:
        wish = signing.refuse(writing, actor(), settings, path.request, body.why, now=now())
        shown = wish_out(writing, wish, settings)
    return answer(shown)
