"""An image that staff had made, signed off or refused by an operator. Staging it is the stager's own work."""

from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.db import Database
from portal.errors import ConflictError, NotFoundError
from portal.identity.actor import PORTAL_ITSELF
from portal.jobs.models import Job
from portal.publisher.wire import Answer
from portal.staging.models import ImageApproval, ImageDeed, ImageWish

STAGE = "stage"
Wish = Row[str, str, int]


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
