"""Drafts: listed, made, read, saved, shared and thrown away."""

from flask import Response
from pydantic import Field

from portal.drafts import service
from portal.drafts.models import Draft
from portal.errors import InvalidError
from portal.web.api.answer import answer
from portal.web.api.blueprint import PREFIX
from portal.web.api.drafts.blueprint import DraftPath, Text, Version, api
from portal.web.api.drafts.shapes import DraftDetails, DraftList, draft_details, drafts_out
from portal.web.bounded import Body, PathId, Title
from portal.web.context import actor, close_session, now, portal, session
from portal.web.views.drafts.begin import Begun, copied, titled

ONE_OF = "Give one of text, copy and title."


class NewDraft(Body):
    """With what a draft begins: a text, an analysis of which it is a copy, or a title."""

    text: Text | None = Field(None, description="The whole YAML, sound or not.")
    copy_of: str | None = Field(
        None,
        alias="copy",
        max_length=100,
        description="The name of an analysis on offer; the copy gets a name that is free.",
    )
    title: Title | None = Field(None, description="What stands on its card.")
    pasted: str | None = Field(
        None,
        max_length=20_000,
        description="With `title`: the command that works in a terminal, or a batch script. Nothing of it is run.",
    )

    def begun(self) -> Begun:
        """The text. Raises InvalidError, NotFoundError."""
        given = [one for one in (self.text, self.copy_of, self.title) if one is not None]
        if len(given) != 1:
            raise InvalidError(ONE_OF, fields={"text": ONE_OF})
        if self.pasted is not None and self.title is None:
            raise InvalidError("A command is pasted under a title.", fields={"title": "This is needed."})
        if self.copy_of is not None:
            return copied(portal(), self.copy_of)
        if self.text is not None:
            return Begun(self.text)
        return titled(portal(), actor(), self.title or "", self.pasted or "")


class DraftText(Body):
    """What a draft is to be."""

    text: Text
    version: Version


class DraftVersion(Body):
    """Which version is meant."""

    version: Version


class ReaderName(Body):
    """Who."""

    person: str = Field(max_length=255, description="Sign-in name of somebody of the staff.")


class ReaderPath(DraftPath):
    """Who sees a draft no longer."""

    person: PathId


@api.get("/drafts", summary="Drafts that I may see", responses={200: DraftList})
def read_drafts() -> Response:
    """One's own and those whose author named one. 403 for others than staff."""
    return answer(drafts_out(session(), actor(), service.drafts_of(session(), actor())))


@api.post("/drafts", summary="Begin a draft", responses={201: DraftDetails})
def create_draft(body: NewDraft) -> Response:
    """Of a text, as a copy, or with a title and perhaps a pasted command. Nothing runs by that."""
    service.check_staff(actor())
    begun = body.begun()
    with portal().database.write() as writing:
        made = service.create(writing, actor(), begun.text, now=now(), based_on=begun.based_on).id
    response = _shown(made, 201, told=begun.told)
    response.headers["Location"] = f"{PREFIX}/drafts/{made}"
    return response


@api.get("/drafts/<int:draft>", summary="One draft", responses={200: DraftDetails})
def read_draft(path: DraftPath) -> Response:
    """Its text and version, how far that is, what is wrong with it, and what was asked and answered."""
    return _shown(path.draft)


@api.put("/drafts/<int:draft>", summary="Save a draft", responses={200: DraftDetails})
def save_draft(path: DraftPath, body: DraftText) -> Response:
    """409 where somebody saved since `version`: nothing is saved over it, and `fields` says what is newest."""
    with portal().database.write() as writing:
        service.save(writing, actor(), path.draft, body.text, body.version, now=now())
    return _shown(path.draft)


@api.post("/drafts/<int:draft>/undo", summary="Undo the last change", responses={200: DraftDetails})
def undo_draft(path: DraftPath, body: DraftVersion) -> Response:
    """As it was before; once more goes further back. It is a new version."""
    with portal().database.write() as writing:
        service.undo(writing, actor(), path.draft, body.version, now=now())
    return _shown(path.draft)


@api.delete("/drafts/<int:draft>", summary="Throw a draft away", responses={204: None})
def throw_draft_away(path: DraftPath) -> Response:
    """Off every list. What was published of it stays."""
    with portal().database.write() as writing:
        service.throw_away(writing, actor(), path.draft, now=now())
    return Response(status=204)


@api.post("/drafts/<int:draft>/take-back", summary="Take it back", responses={200: DraftDetails})
def take_draft_back(path: DraftPath) -> Response:
    """A draft that was thrown away stands in the lists again; the last 20 are kept."""
    with portal().database.write() as writing:
        service.take_back(writing, actor(), path.draft, now=now())
    return _shown(path.draft)


@api.post("/drafts/<int:draft>/readers", summary="Share a draft", responses={200: DraftDetails})
def share_draft(path: DraftPath, body: ReaderName) -> Response:
    """Somebody of the staff sees it, changes it and tries it from now on. Its author alone does this."""
    with portal().database.write() as writing:
        service.name_reader(writing, actor(), path.draft, body.person, now=now())
    return _shown(path.draft)


@api.delete(
    "/drafts/<int:draft>/readers/<int:person>", summary="Share it no longer", responses={200: DraftDetails}
)
def unshare_draft(path: ReaderPath) -> Response:
    """By the person's number, as `readers` has it."""
    with portal().database.write() as writing:
        service.forget_reader(writing, actor(), path.draft, path.person, now=now())
    return _shown(path.draft)


def _shown(number: int, status: int = 200, *, told: tuple[str, ...] = ()) -> Response:
    close_session()
    draft: Draft = service.draft_for(session(), actor(), number)
    return answer(draft_details(session(), actor(), draft, portal().settings, told=told), status)
