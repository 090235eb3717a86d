"""The images that analyses can use, and asking that one is staged which one's own job made."""

from datetime import datetime

from flask import Response
from pydantic import BaseModel, Field

from portal.drafts.service import check_staff
from portal.errors import PortalError
from portal.jobs.read import get_job
from portal.staging import second
from portal.staging.asking import MadeImage, ask_to_stage, made_by, proposed, wishes_of
from portal.staging.models import LONGEST_NAME, ImageWish
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.api.jobs import JobPath
from portal.web.api.numbers import job_id_of
from portal.web.bounded import Body, PathId
from portal.web.context import actor, close_session, now, portal, session

api = make_blueprint("images", "Software images: what is staged, and images that staff had made.")


class ImageOut(BaseModel):
    """An image that an analysis can name."""

    name: str
    digest: str
    size: int = Field(description="Bytes.")
    built: str | None = Field(description="When it was made; null: not known.")


class ImageList(BaseModel):
    """The staged images by name; those that were withdrawn or cannot be read are left out."""

    items: list[ImageOut]


class StagingOut(BaseModel):
    """What was asked for the image of a job, and what became of it."""

    request: int
    name: str
    digest: str
    at: datetime
    state: str = Field(description="waiting (to be signed off), signed, staged or refused.")
    by: str = Field(description="Who signed it off or refused it; empty where nobody did.")
    why: str = Field(description="Why it was refused; empty where it was not.")


class MadeImageOut(BaseModel):
    """The image that one's own job made."""

    job: str
    digest: str | None = Field(description="null: there is none, or none yet.")
    size: int | None
    proposed: str = Field(description="A name that no other image has.")
    requests: list[StagingOut] = Field(description="What was asked, the newest first.")


class WaitingImageOut(StagingOut):
    """An image that one may sign off or refuse."""

    person: str = Field(description="Who asks.")
    job: str
    page: str = Field(description="Where it is looked at and signed with a key: a path of this portal.")


class WaitingImages(BaseModel):
    """What waits, the oldest first; 100 at most."""

    items: list[WaitingImageOut]


class RequestPath(BaseModel):
    """Which request."""

    request: PathId


class Refusal(Body):
    """Why it is refused."""

    why: str = Field(max_length=1000, description="A sentence, which who asked reads.")


class AskedName(Body):
    """Under which name it is to be staged."""

    name: str = Field(max_length=LONGEST_NAME)


@api.get("/images", summary="The staged images", responses={200: ImageList})
def read_images() -> Response:
    """What drafts can name as their image. For staff."""
    check_staff(actor())
    places, items = portal().images, []
    for name in places.names():
        try:
            found = places.read(name)
        except (PortalError, OSError):
            continue
        if found is not None and found.manifest.withdrawn is None:
            image = found.manifest
            items.append(ImageOut(name=name, digest=image.digest, size=image.size, built=image.built))
    return answer(ImageList(items=items))


@api.get("/jobs/<job>/image", summary="The image that a job made", responses={200: MadeImageOut})
def read_image(path: JobPath) -> Response:
    """Of one's own job that makes images, with what was asked for it. For staff."""
    job = get_job(session(), actor(), job_id_of(path.job))
    check_staff(actor())
    made = made_by(session(), actor(), job)
    return answer(
        MadeImageOut(
            job=job.number,
            digest=made.digest if made else None,
            size=made.size if made else None,
            proposed=_proposed(made),
            requests=[_shown(one) for one in wishes_of(session(), job.id)]
            if job.person_id == actor().person_id
            else [],
        )
    )


@api.post("/jobs/<job>/image", summary="Ask that a job's image is staged", responses={200: StagingOut})
def ask_for_image(path: JobPath, body: AskedName) -> Response:
    """Under a name that is free; the same once more gives the same request. 409 where the job left no image."""
    job = job_id_of(path.job)
    close_session()
    with portal().database.write() as writing:
        wish = ask_to_stage(writing, actor(), job, body.name.strip(), portal().images.names(), now=now())
        shown = _shown(wish)
    return answer(shown)


@api.get("/images/waiting", summary="Images that wait for a second person", responses={200: WaitingImages})
def read_waiting_images() -> Response:
    """The images that you may sign off. For staff; empty where no keys sign here."""
    found = second.waiting_for(session(), actor(), portal().settings)
    items = [
        WaitingImageOut(
            **_shown(one).model_dump(),
            person=one.person.full_name or one.person.name,
            job=one.job.number,
            page=f"/images/waiting/{one.id}",
        )
        for one in found
    ]
    return answer(WaitingImages(items=items))


@api.post("/images/waiting/<int:request>/refuse", summary="Refuse an image", responses={200: StagingOut})
def refuse_image(path: RequestPath, body: Refusal) -> Response:
    """Say why not. The publisher takes it down and who asked reads it; 409 where it was decided meanwhile."""
    close_session()
    with portal().database.write() as writing:
        wish = second.refuse(writing, actor(), portal().settings, path.request, body.why, now=now())
        shown = _shown(wish)
    return answer(shown)


def _proposed(made: MadeImage | None) -> str:
    return proposed(made.job.options.get("called"), portal().images.names()) if made else ""


def _shown(wish: ImageWish) -> StagingOut:
    deed, approval = wish.deed, wish.approval
    state = "signed" if approval is not None or portal().settings.stages_at_once else "waiting"
    if deed is not None:
        state = "staged" if deed.done else "refused"
    by = deed.by if deed is not None else approval.by if approval is not None else ""
    return StagingOut(
        request=wish.id,
        name=wish.name,
        digest=wish.digest,
        at=wish.at,
        state=state,
        by=by,
        why=deed.words if deed is not None else "",
    )
