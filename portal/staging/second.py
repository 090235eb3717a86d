"""Images that wait for a second person, and what she says: signed with her key, or refused with a reason.

Saying writes a row and nothing else. Whether it counts is the publisher's to say, which checks the signature.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.catalogue.access import visible
from portal.catalogue.models import Datafile
from portal.config import Settings
from portal.config.publisher import Signs
from portal.db import is_id
from portal.documents import canonical_json
from portal.drafts.service import check_staff
from portal.drafts.signoff.count import MOST, has_key
from portal.drafts.signoff.signing import MOST_UNANSWERED, reason, signed_fields, with_keys
from portal.drafts.signoff.webauthn import Assertion
from portal.errors import ConflictError, LimitError
from portal.identity.actor import Actor
from portal.identity.missing import not_found
from portal.jobs.models import Job, JobOutput, Submission
from portal.staging.models import ImageApproval, ImageDeed, ImageSignoff, ImageSignoffAnswer, ImageWish
from portal.times import iso

MOST_SHOWN: Final = 100
LATE: Final = "This was decided meanwhile. What you said was not added."


def statement(wish: ImageWish, signer: str) -> str:
    """What a key signs: everything about the wish that must not change afterwards. `signer`: her sign-in name."""
    document: dict[str, Any] = {
        "gantry": "image sign-off 1",
        "request": wish.id,
        "asked_at": iso(wish.at),
        "asked_by": wish.person.name,
        "stage": wish.name,
        "image": wish.digest,
        "made_by": Job.number_of(wish.job_id),
        "signed_by": signer,
    }
    return canonical_json(document).decode()


def challenge(wish: ImageWish, signer: str) -> bytes:
    """What the browser hands to the key: the SHA-256 of the statement in UTF-8."""
    return sha256(statement(wish, signer).encode()).digest()


def waiting_for(session: Session, actor: Actor, settings: Settings) -> Sequence[ImageWish]:
    """The images that this person could sign off, the oldest first. Raises ForbiddenError."""
    check_staff(actor)
    if not with_keys(settings):
        return ()
    query = _signable(actor, settings).where(_undecided())
    return session.scalars(query.order_by(ImageWish.id).limit(MOST_SHOWN)).all()


def unsigned(session: Session, actor: Actor, settings: Settings) -> list[ImageWish]:
    """What waits for this person's key, as `portal.drafts.signoff.count` has it of what is to be published."""
    if not has_key(session, actor, settings):
        return []
    return list(session.scalars(_open(actor, settings).order_by(ImageWish.id).limit(MOST)))


def count_unsigned(session: Session, actor: Actor, settings: Settings) -> int:
    """How many they are, MOST at most."""
    if not has_key(session, actor, settings):
        return 0
    some = _open(actor, settings).with_only_columns(ImageWish.id).limit(MOST)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def wish_for(session: Session, actor: Actor, settings: Settings, wish_id: int) -> ImageWish:
    """One of these, or one that this person said something about and that is decided by now.

    Raises ForbiddenError, and NotFoundError where it is neither.
    """
    check_staff(actor)
    found = None
    if with_keys(settings) and is_id(wish_id):
        found = session.scalars(_signable(actor, settings).where(ImageWish.id == wish_id)).first()
    if found is None or (_decided(found) and not _said_something(session, actor, wish_id)):
        raise not_found(actor)
    return found


def size_of(session: Session, actor: Actor, wish: ImageWish) -> int | None:
    """Bytes of the image, as the catalogue has it where this person may read it; else None."""
    filed = select(JobOutput.dataset_id).where(JobOutput.job_id == wish.job_id)
    query = visible(actor, Datafile).where(Datafile.dataset_id.in_(filed), Datafile.checksum == wish.digest)
    file = session.scalars(query.limit(1)).first()
    return None if file is None else file.file_size


def said_of(session: Session, wish_id: int) -> Sequence[ImageSignoff]:
    """What was said about a wish, the newest first, each with what the publisher found of it."""
    query = select(ImageSignoff).where(ImageSignoff.wish_id == wish_id).order_by(ImageSignoff.id.desc()).limit(20)
    return session.scalars(query.options(joinedload(ImageSignoff.answer), joinedload(ImageSignoff.person))).all()


def sign(
    session: Session, actor: Actor, settings: Settings, wish_id: int, given: Assertion, *, now: datetime
) -> None:
    """Write down what her key signed. Raises ConflictError, LimitError, and what `wish_for` raises."""
    wish = _waiting(session, actor, settings, wish_id)
    said = ImageSignoff(wish_id=wish.id, person_id=actor.person_id, approves=True, at=now, **signed_fields(given))
    _say(session, actor, wish, said, now)


def refuse(
    session: Session, actor: Actor, settings: Settings, wish_id: int, why: str, *, now: datetime
) -> ImageWish:
    """Write down that she refuses it. Raises InvalidError, ConflictError, LimitError, as `wish_for`."""
    wish = _waiting(session, actor, settings, wish_id)
    words = reason(why)
    if actor.person_id == wish.person_id:
        raise ConflictError("It was you who asked. Somebody else of the staff can refuse it.")
    said = ImageSignoff(wish_id=wish.id, person_id=actor.person_id, approves=False, words=words, at=now)
    _say(session, actor, wish, said, now)
    return wish


def _waiting(session: Session, actor: Actor, settings: Settings, wish_id: int) -> ImageWish:
    wish = wish_for(session, actor, settings, wish_id)
    if _decided(wish):
        raise ConflictError(LATE)
    return wish


def _say(session: Session, actor: Actor, wish: ImageWish, said: ImageSignoff, now: datetime) -> None:
    answered = select(ImageSignoffAnswer.signoff_id)
    unanswered = select(func.count()).where(
        ImageSignoff.person_id == actor.person_id,
        ImageSignoff.wish_id == wish.id,
        ImageSignoff.id.not_in(answered),
    )
    if (session.scalar(unanswered) or 0) >= MOST_UNANSWERED:
        raise LimitError("The publisher has not looked at what you said before. Nothing was added.")
    session.add(said)
    details = {"request": wish.id, "name": wish.name, "digest": wish.digest}
    thing = Thing(Kind.JOB, wish.job_id, Job.number_of(wish.job_id))
    told = details | {"approves": said.approves, "why": said.words or ""}
    record(session, actor, Action.IMAGE_SECOND_OPINION, thing, at=now, details=told)


def _decided(wish: ImageWish) -> bool:
    return wish.deed is not None or wish.approval is not None


def _undecided() -> Any:
    done = exists().where(ImageDeed.wish_id == ImageWish.id)
    signed = exists().where(ImageApproval.wish_id == ImageWish.id)
    return ~done & ~signed


def _said_something(session: Session, actor: Actor, wish_id: int) -> bool:
    mine = select(ImageSignoff.id).where(
        ImageSignoff.wish_id == wish_id, ImageSignoff.person_id == actor.person_id
    )
    return session.scalar(mine.limit(1)) is not None


def _signable(actor: Actor, settings: Settings) -> Select[ImageWish]:
    whose = ImageWish.person_id != actor.person_id
    if settings.signs is not Signs.STAFF:
        whose = ImageWish.person_id == actor.person_id
    options = (
        joinedload(ImageWish.deed),
        joinedload(ImageWish.approval),
        joinedload(ImageWish.person),
        joinedload(ImageWish.job).joinedload(Job.submission).joinedload(Submission.revision),
    )
    return select(ImageWish).where(whose).options(*options)


def _open(actor: Actor, settings: Settings) -> Select[ImageWish]:
    said = (
        select(ImageSignoff.wish_id)
        .outerjoin(ImageSignoffAnswer, ImageSignoffAnswer.signoff_id == ImageSignoff.id)
        .where(
            ImageSignoff.person_id == actor.person_id,
            or_(ImageSignoffAnswer.id.is_(None), ImageSignoffAnswer.counts),
        )
    )
    return _signable(actor, settings).where(_undecided(), ImageWish.id.not_in(said))
