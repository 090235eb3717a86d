"""The example picture of a draft: which there are to choose from, which was chosen."""

from flask import Response
from pydantic import BaseModel, Field

from portal.drafts import pictures, publishing, service
from portal.drafts.pictures import ExamplePicture
from portal.drafts.publishing import Stage
from portal.errors import InvalidError
from portal.jobtype.written.check import check
from portal.web.api.answer import answer
from portal.web.api.blueprint import PREFIX
from portal.web.api.drafts.blueprint import DraftPath, api
from portal.web.bounded import Body, Id
from portal.web.context import actor, close_session, now, portal, session
from portal.web.files.sending import send_picture
from portal.web.views.drafts.example import not_there

PICTURE = {"image/png": {"schema": {"type": "string", "format": "binary"}}}


class KeptPictureOut(BaseModel):
    """A picture that is kept with a revision."""

    sha256: str
    width: int
    height: int


class OfferedPictureOut(BaseModel):
    """A picture that a trial of this very text made."""

    id: int = Field(description="By which it is chosen.")
    dataset: int = Field(description="The trial's result.")
    name: str
    width: int
    height: int
    url: str


class ExampleOut(BaseModel):
    """The example picture of the text as it is now."""

    chosen: KeptPictureOut | None = Field(description="Its bytes: GET …/example.png.")
    of_earlier: bool = Field(description="The chosen one was made by an earlier revision.")
    may_change: bool = Field(description="A run of this very text succeeded, and it is not published yet.")
    offered: list[OfferedPictureOut] = Field(description=f"{pictures.MOST_OFFERED} at most, the newest first.")
    earlier: KeptPictureOut | None = Field(description="What an earlier revision was published with.")


class ChosenPicture(Body):
    """Which is to be the example picture; none of both: none."""

    picture: Id | None = Field(None, description="One of those that are offered.")
    earlier: bool = Field(False, description="That of the earlier revision.")


@api.get("/drafts/<int:draft>/example", summary="The example picture of a draft", responses={200: ExampleOut})
def read_example(path: DraftPath) -> Response:
    """The one that was chosen for the text as it is now, and those from which to choose."""
    return answer(_shown(path.draft))


@api.put("/drafts/<int:draft>/example", summary="Choose the example picture", responses={200: ExampleOut})
def choose_example(path: DraftPath, body: ChosenPicture) -> Response:
    """Keep one with the text as it is now, in place of another one. Whoever can start the analysis sees it.

    404 where it is none of those that are offered; 409 where no run of this very text succeeded, or where it is
    published or asked to be.
    """
    if body.picture is not None and body.earlier:
        told = "Give a picture or earlier, not both."
        raise InvalidError(told, fields={"picture": told})
    close_session()
    with portal().database.write() as writing:
        if body.earlier:
            pictures.take_earlier(writing, actor(), path.draft)
        elif body.picture is not None:
            pictures.choose(writing, actor(), path.draft, body.picture, settings=portal().settings, now=now())
        else:
            pictures.leave_out(writing, actor(), path.draft)
    return answer(_shown(path.draft))


@api.get(
    "/drafts/<int:draft>/example.png",
    summary="The bytes of a draft's example picture",
    responses={200: {"description": "A PNG picture.", "content": PICTURE}},
)
def read_example_picture(path: DraftPath) -> Response:
    """As lists will show it. 404 where none was chosen for the text as it is now."""
    jobtype = check(service.draft_for(session(), actor(), path.draft).text).jobtype
    found = pictures.example_of(session(), jobtype.revision, whole=True) if jobtype is not None else None
    if found is None:
        raise not_there(actor())
    return send_picture(found.png, found.sha256)


def _shown(draft: int) -> ExampleOut:
    found = publishing.standing(session(), actor(), draft)
    jobtype, may_change = found.jobtype, found.stage is Stage.TRIED
    if jobtype is None:
        return ExampleOut(chosen=None, of_earlier=False, may_change=False, offered=[], earlier=None)
    row = pictures.example_of(session(), jobtype.revision)
    offered = pictures.offered(session(), actor(), jobtype) if may_change else ()
    return ExampleOut(
        chosen=_kept(row),
        of_earlier=row is not None and pictures.is_earlier(session(), row),
        may_change=may_change,
        offered=[
            OfferedPictureOut(
                id=one.id,
                dataset=one.dataset_id,
                name=one.name,
                width=one.width,
                height=one.height,
                url=f"{PREFIX}/datasets/{one.dataset_id}/pictures/{one.id}",
            )
            for one in offered
        ],
        earlier=_kept(pictures.earlier(session(), actor(), jobtype)) if may_change else None,
    )


def _kept(row: ExamplePicture | None) -> KeptPictureOut | None:
    return KeptPictureOut(sha256=row.sha256, width=row.width, height=row.height) if row is not None else None
