"""An image that staff had made, signed off or refused: by an operator, or by a second person with her key.

Staging it is the stager's own work.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.config import Settings
from portal.db import Database
from portal.errors import ConflictError, NotFoundError
from portal.identity.actor import PORTAL_ITSELF
from portal.identity.models import Person
from portal.jobs.models import Job
from portal.publisher.second import Asked, first_that_counts
from portal.publisher.wire import Answer
from portal.staging.models import ImageApproval, ImageDeed, ImageSignoff, ImageSignoffAnswer, ImageWish
from portal.staging.second import challenge

STAGE = "stage"
AT_ONCE: Final = 20
Wish = Row[str, str, int] | tuple[str, str, int]


@dataclass(frozen=True)
class Heard:
    """What a second person said of a request, and counted. `words`: why she refused it; empty where she signed."""

    wish: int
    name: str
    digest: str
    by: str
    words: str


def look(database: Database, settings: Settings, *, now: datetime) -> list[Heard]:
    """Look at what was said and not looked at yet; what counts is written down for the stager."""
    told = ImageSignoff.id.not_in(select(ImageSignoffAnswer.signoff_id))
    with database.read() as session:
        wishes = select(ImageSignoff.wish_id).where(told).distinct().order_by(ImageSignoff.wish_id)
        ids = session.scalars(wishes.limit(AT_ONCE)).all()
    found = (_heard(database, settings, wish, now=now) for wish in ids)
    return [one for one in found if one is not None]


def _heard(database: Database, settings: Settings, wish: int, *, now: datetime) -> Heard | None:
    """What counted of one wish; None where nothing did, or an operator was first."""
    try:
        with database.write() as session:
            query = select(ImageWish).where(ImageWish.id == wish)
            # No more of a person than the publisher's role may see.
            person = joinedload(ImageWish.person).load_only(Person.name, Person.full_name)
            row = session.scalars(query.options(person)).one()
            asked = Asked(row.id, row.person_id, frozenset({row.person_id}), partial(challenge, row))
            said = first_that_counts(session, settings, asked, ImageSignoff, ImageSignoffAnswer, now=now)
            if said is None or _decided(session, wish):
                return None
            action = Action.IMAGE_REFUSED if said.why else Action.IMAGE_SIGNED_OFF
            if said.why:
                session.add(ImageDeed(wish_id=wish, done=False, words=said.why, size=None, by=said.by, at=now))
            else:
                session.add(ImageApproval(wish_id=wish, by=said.by, at=now))
            answer = _told(
                session, (row.name, row.digest, row.job_id), action, wish, by=said.by, why=said.why, now=now
            )
            return Heard(wish, answer.name, answer.revision, said.by, said.why)
    except IntegrityError:  # an operator was first; what was said is looked at in the next look
        return None


def _decided(session: Session, wish: int) -> bool:
    signed = select(ImageApproval.id).where(ImageApproval.wish_id == wish)
    done = select(ImageDeed.id).where(ImageDeed.wish_id == wish)
    return session.scalar(signed.union_all(done).limit(1)) is not None


def approve(database: Database, wish: int, *, by: str, now: datetime) -> Answer:
    """Sign a wish off. Raises NotFoundError where none of that number waits, ConflictError where it is done."""
    with database.write() as session:
        found = _waiting(session, wish)
        if session.scalar(select(ImageApproval.id).where(ImageApproval.wish_id == wish)) is not None:
            raise ConflictError(f"Request {wish} is signed off already; the stager has not ended with it.")
        session.add(ImageApproval(wish_id=wish, by=by, at=now))
        return _told(session, found, Action.IMAGE_SIGNED_OFF, wish, by=by, why="", now=now)


def refuse(database: Database, wish: int, why: str, *, by: str, now: datetime) -> Answer:
    """Refuse a wish with a reason that its person reads. Raises NotFoundError."""
    with database.write() as session:
        found = _waiting(session, wish)
        session.add(ImageDeed(wish_id=wish, done=False, words=why, size=None, by=by, at=now))
        return _told(session, found, Action.IMAGE_REFUSED, wish, by=by, why=why, now=now)


def _waiting(session: Session, wish: int) -> Wish:
    query = select(ImageWish.name, ImageWish.digest, ImageWish.job_id).where(
        ImageWish.id == wish, ImageWish.id.not_in(select(ImageDeed.wish_id))
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFoundError(f"No request with the number {wish} waits.")
    return found


def _told(session: Session, found: Wish, action: Action, wish: int, *, by: str, why: str, now: datetime) -> Answer:
    name, digest, job = found
    details = {"request": wish, "name": name, "digest": digest, "by": by, "why": why}
    record(session, PORTAL_ITSELF, action, Thing(Kind.JOB, job, Job.number_of(job)), at=now, details=details)
    return Answer(wish, STAGE, name, digest, "")
