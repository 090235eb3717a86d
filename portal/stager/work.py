"""What was asked and signed off, staged one after another: copied, looked through anew, kept; or refused in words.

A wish is nothing but a row that the web tier wrote, and where a result lies the daemon wrote. So everything is
looked at anew: whose job it was, by the store's own word beside the files; the file's digest, of the copy.
"""

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.catalogue.models import Dataset
from portal.catalogue.models.data import RESULTS
from portal.config import Settings
from portal.db import Database
from portal.errors import InvalidError, PortalError
from portal.files.confined import Root
from portal.files.durable import read_json
from portal.form.recipe import MODULE
from portal.identity.actor import PORTAL_ITSELF, Role
from portal.identity.models import Person
from portal.images.made import recipe
from portal.images.made.taking import IMAGE, Terms, take_from
from portal.images.manifest import Manifest
from portal.images.places import Places
from portal.images.staging import staged
from portal.jobs.models import Job, JobOutput, JobTypeRevision, Submission
from portal.jobs.state import State
from portal.staging.models import ImageApproval, ImageDeed, ImageWish
from portal.store.copying import MANIFEST

AT_ONCE: Final = 20
MOST_MANIFEST: Final = 1 << 20
FOLDER_MODE: Final = 0o755


@dataclass(frozen=True)
class Done:
    """What became of a wish. `words` is empty where it was staged."""

    wish: int
    name: str
    digest: str
    words: str = ""


@dataclass(frozen=True)
class Order:
    """A wish with what the database says of it."""

    wish: int
    name: str
    digest: str
    job: int
    person: str
    signed_by: str
    place: str
    """Of the result, beneath the folder of results."""


def look(database: Database, settings: Settings, *, now: datetime) -> list[Done]:
    """Stage or refuse what is signed off. Raises OSError where the folder cannot be written; all waits then."""
    found = []
    for wish in _ready(database, settings):
        done = _one(database, settings, wish, now=now)
        if done is not None:
            found.append(done)
    return found


def _ready(database: Database, settings: Settings) -> list[int]:
    query = select(ImageWish.id).where(ImageWish.id.not_in(select(ImageDeed.wish_id)))
    if not settings.stages_at_once:
        query = query.where(ImageWish.id.in_(select(ImageApproval.wish_id)))
    with database.read() as session:
        return list(session.scalars(query.order_by(ImageWish.id).limit(AT_ONCE)))


def _one(database: Database, settings: Settings, wish: int, *, now: datetime) -> Done | None:
    """What becomes of one wish; None where somebody else was first. No transaction is open while it is copied."""
    with alone(settings.made_images):
        name, digest, job, by, words = "", "", 0, "", ""
        size: int | None = None
        with database.read() as session:
            if session.scalar(select(ImageDeed.id).where(ImageDeed.wish_id == wish)) is not None:
                return None
            name, digest, job = session.execute(
                select(ImageWish.name, ImageWish.digest, ImageWish.job_id).where(ImageWish.id == wish)
            ).one()
            try:
                order: Order | None = _order(session, settings, wish)
            except InvalidError as error:
                order, words = None, error.message
        if order is not None:
            by = order.signed_by
            try:
                size = _staged(settings, order).size
            except PortalError as error:
                words = error.message
            except (OSError, SQLAlchemyError):
                raise
            except Exception as error:  # one file's fault must not keep all others from being staged
                words = f"It could not be read ({type(error).__name__}). Please tell an operator."
        deed = ImageDeed(wish_id=wish, done=not words, words=words, size=size, by=by, at=now)
        try:
            with database.write() as session:
                session.add(deed)
                action = Action.IMAGE_REFUSED if words else Action.IMAGE_STAGED
                details = {"request": wish, "name": name, "digest": digest, "by": by, "why": words}
                thing = Thing(Kind.JOB, job, Job.number_of(job))
                record(session, PORTAL_ITSELF, action, thing, at=now, details=details)
        except IntegrityError:  # it was refused meanwhile
            return None
    return Done(wish, name, digest, words)


def _order(session: Session, settings: Settings, wish: int) -> Order:
    """What is to be staged, by the database. Raises InvalidError where it must not be."""
    query = (
        select(
            ImageWish.name,
            ImageWish.digest,
            ImageWish.job_id,
            ImageWish.person_id,
            Person.name,
            Person.roles,
            Person.active,
            Job.person_id,
            Job.state,
            JobTypeRevision.document,
        )
        .join(Person, Person.id == ImageWish.person_id)
        .join(Job, Job.id == ImageWish.job_id)
        .join(Submission, Submission.id == Job.submission_id)
        .join(JobTypeRevision, JobTypeRevision.id == Submission.revision_id)
        .where(ImageWish.id == wish)
    )
    name, digest, job, asker, person, roles, active, owner, state, document = session.execute(query).one()
    if not active or Role.STAFF.value not in roles:
        raise InvalidError(f"{person} is not of the staff.")
    if owner != asker:
        raise InvalidError("It is somebody else's job.")
    if state is not State.SUCCEEDED or _module(document) != MODULE:
        raise InvalidError("Only what a job that makes images left, and that ended well, can be staged.")
    approved = session.scalar(select(ImageApproval.by).where(ImageApproval.wish_id == wish))
    if approved is None and not settings.stages_at_once:
        raise InvalidError("Nobody signed it off.")
    locations = session.scalars(
        select(Dataset.location).join(JobOutput, JobOutput.dataset_id == Dataset.id).where(JobOutput.job_id == job)
    ).all()
    places = [one.partition(":")[2] for one in locations if one and one.startswith(f"{RESULTS}:")]
    if len(places) != 1:
        raise InvalidError("The job's result is not there any more.")
    return Order(wish, name, digest, job, person, approved or person, places[0])


def _module(document: Mapping[str, Any]) -> object:
    program = document.get("program")
    return program.get("module") if isinstance(program, dict) else None


def _staged(settings: Settings, order: Order) -> Manifest:
    """Copy it and look it through. Raises PortalError, in words for people."""
    into = settings.made_images
    known = Places(settings.images, into).read(order.name)
    if known is not None:
        if known.folder == into and _is_of(into, known.manifest, order):
            return known.manifest  # it was staged, and this account ended before it said so
        raise InvalidError(f"An image has the name {order.name} already. Choose another name.")
    if len(staged(into)) >= settings.publisher.image_count:
        raise InvalidError(
            f"{settings.publisher.image_count} images are kept here, which is the most. An operator can make room."
        )
    # It need not be listed by this account: a result is reached by its place alone.
    with Root(settings.results, listed=False) as results:
        keeper = os.fstat(results.fd).st_uid
        with results.open_folder(order.place) as result:
            _check_whose(result, order, keeper)
            most = settings.publisher.image_mb << 20
            terms = Terms(order.name, order.person, most=most, digest=order.digest, uid=keeper, wish=order.wish)
            return take_from(result, into, terms)


def _check_whose(result: Root, order: Order, keeper: int) -> None:
    """What the store wrote beside the files when it kept them: of which job, and with which digests."""
    with result.open_file(MANIFEST, uid=keeper, max_bytes=MOST_MANIFEST) as file:
        raw = file.read(MOST_MANIFEST + 1)
    try:
        document = json.loads(raw)
        job = document["job"]
        digests = {one["name"]: one["sha256"] for one in document["files"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InvalidError("What the store wrote of this result cannot be read.") from None
    if job != order.job:
        raise InvalidError("The files are another job's.")
    if f"sha256:{digests.get(IMAGE)}" != order.digest:
        raise InvalidError("The image is not the one that was meant: its digest is another.")


def _is_of(into: Path, image: Manifest, order: Order) -> bool:
    kept = read_json(into / recipe.beside(image.file))
    return image.digest == order.digest and isinstance(kept, dict) and kept.get("wish") == order.wish


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One stager at a time does what is in the block. Raises OSError where the folder is not this account's."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise PermissionError(f"{folder} is not this account's own folder")
    if stat.S_IMODE(status.st_mode) & 0o022:
        folder.chmod(FOLDER_MODE)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder / ".lock", flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
