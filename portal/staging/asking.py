"""Asking that an image is staged: one's own job made it, and the name is free. Asking writes a wish, no more."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.catalogue.access import visible
from portal.catalogue.models import Datafile
from portal.drafts.service import check_staff
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError
from portal.form.recipe import MODULE
from portal.identity.actor import Actor, Role
from portal.images.made.taking import IMAGE
from portal.images.manifest import DIGEST, NAME
from portal.jobs.models import Job, JobOutput, JobTypeRevision, Submission
from portal.jobs.read import get_job
from portal.jobs.state import State
from portal.staging.models import ImageDeed, ImageWish

MOST_WAITING: Final = 10
"""Of one person."""
NAME_WORDS: Final = (
    "Small letters, digits, dots, hyphens and underscores, beginning with a letter or digit, 100 at most."
)


@dataclass(frozen=True)
class MadeImage:
    """The image that a job made, as the catalogue has it."""

    job: Job
    digest: str
    size: int | None


def makes_images(job: Job) -> bool:
    """Whether the analysis that it ran is one that makes images."""
    program = job.submission.revision.document.get("program")
    return isinstance(program, dict) and program.get("module") == MODULE


def made_by(session: Session, actor: Actor, job: Job) -> MadeImage | None:
    """The image that can be asked for: of one's own job that ended well, which one may still read; else None."""
    mine = actor.person_id is not None and job.person_id == actor.person_id and Role.STAFF in actor.roles
    if not mine or job.state is not State.SUCCEEDED or not makes_images(job):
        return None
    filed = select(JobOutput.dataset_id).where(JobOutput.job_id == job.id)
    query = visible(actor, Datafile).where(Datafile.dataset_id.in_(filed), Datafile.name == IMAGE)
    file = session.scalars(query.limit(1)).first()
    if file is None or not DIGEST.fullmatch(file.checksum or ""):
        return None
    return MadeImage(job, str(file.checksum), file.file_size)


def proposed(called: object, taken: Collection[str]) -> str:
    """A name for an image that is called so, which no other has."""
    text = called if isinstance(called, str) else ""
    word = re.sub(r"[^a-z0-9]+", "-", text.lower())[:60].strip("-") or "image"
    names = [word, *(f"{word}-{number}" for number in range(2, 1000))]
    return next((name for name in names if name not in taken), word)


def ask_to_stage(
    session: Session, actor: Actor, job_id: int, name: str, taken: Collection[str], *, now: datetime
) -> ImageWish:
    """Ask that the image of a job is staged under a name; the same again gives the same wish.

    `taken`: names of images that are staged. Raises NotFoundError, ForbiddenError, InvalidError, LimitError, and
    ConflictError where the job made no image that could be staged.
    """
    job = get_job(session, actor, job_id)
    check_staff(actor)
    if job.person_id != actor.person_id:
        raise ForbiddenError(f"Only {job.person.full_name}, who started the job, can ask for its image.")
    found = made_by(session, actor, job)
    if found is None:
        raise ConflictError("This job left no image that could be staged. Nothing was asked.")
    for wish in wishes_of(session, job.id):
        if wish.name == name and (wish.deed is None or wish.deed.done):
            return wish
    _check_name(name, taken)
    if len(_waiting_of(session, actor)) >= MOST_WAITING:
        raise LimitError(f"{MOST_WAITING} of your images wait to be staged already. Nothing was added.")
    wish = ImageWish(person_id=actor.person_id, job_id=job.id, name=name, digest=found.digest, at=now)
    session.add(wish)
    session.flush()
    details = {"request": wish.id, "name": name, "digest": found.digest}
    record(session, actor, Action.IMAGE_ASKED, Thing(Kind.JOB, job.id, job.number), at=now, details=details)
    return wish


def wishes_of(session: Session, job_id: int) -> Sequence[ImageWish]:
    """What was asked of a job's image, the newest first, with what came of it."""
    query = _whole().where(ImageWish.job_id == job_id)
    return session.scalars(query.order_by(ImageWish.id.desc()).limit(20)).all()


def waiting(session: Session) -> Sequence[ImageWish]:
    """What nothing came of yet, the oldest first."""
    undone = ~exists().where(ImageDeed.wish_id == ImageWish.id)
    return session.scalars(_whole().where(undone).order_by(ImageWish.id)).all()


def latest_jobs(session: Session, actor: Actor, analyses: Collection[str]) -> Sequence[Job]:
    """One's own last jobs of these analyses, as far as they ended well or are not over. For the editor."""
    if not analyses or actor.person_id is None:
        return ()
    ended_badly = (State.FAILED, State.CANCELLED)
    query = (
        select(Job)
        .join(Job.submission)
        .join(Submission.revision)
        .where(
            Job.person_id == actor.person_id,
            JobTypeRevision.name.in_(analyses),
            Job.state.not_in(ended_badly),
        )
    )
    return session.scalars(query.order_by(Job.id.desc()).limit(5)).all()


def _check_name(name: str, taken: Collection[str]) -> None:
    told = ""
    if not NAME.fullmatch(name) or name.endswith(".sif"):
        told = f"This cannot be the name of an image. {NAME_WORDS}"
    elif name in taken:
        told = f"An image has the name {name} already. Choose another name."
    if told:
        raise InvalidError(told, fields={"name": told})


def _waiting_of(session: Session, actor: Actor) -> list[ImageWish]:
    return [one for one in waiting(session) if one.person_id == actor.person_id]


def _whole() -> Select[ImageWish]:
    options = (joinedload(ImageWish.deed), joinedload(ImageWish.approval), joinedload(ImageWish.person))
    return select(ImageWish).options(*options)
