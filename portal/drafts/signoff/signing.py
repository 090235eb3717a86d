"""What waits for a second person, and what she says: signed with her key, or refused with a reason.

Saying writes a row and nothing else. Whether it counts is the publisher's to say, which checks the signature.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.config import Settings
from portal.config.publisher import Signs
from portal.db import is_id
from portal.drafts.revisions import LONGEST_CHANGED, DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.drafts.service import check_staff
from portal.drafts.signoff.models import Signoff, SignoffAnswer
from portal.drafts.signoff.webauthn import Assertion, packed
from portal.errors import ConflictError, InvalidError, LimitError
from portal.identity.actor import Actor
from portal.identity.missing import not_found
from portal.words import one_line

MOST_UNANSWERED: Final = 20
"""Of one person, which the publisher has not looked at."""


def with_keys(settings: Settings) -> bool:
    """Whether somebody signs off in the browser here, with a key."""
    return settings.signs is Signs.STAFF or (settings.signs is Signs.ONESELF and not settings.signs_itself)


def signed_fields(given: Assertion) -> dict[str, str]:
    """What her key answered, as the columns of what is said have it."""
    return {
        "credential": packed(given.credential),
        "client_data": packed(given.client_data),
        "authenticator_data": packed(given.authenticator_data),
        "signature": packed(given.signature),
    }


def reason(why: str) -> str:
    """Why something is refused, as it is kept. Raises InvalidError."""
    words = one_line(why, LONGEST_CHANGED + 1)
    if not words or len(words) > LONGEST_CHANGED:
        told = f"Say in a sentence of up to {LONGEST_CHANGED} characters why not: who asked reads it."
        raise InvalidError(told, fields={"why": told})
    return words


def waiting_for(session: Session, actor: Actor, settings: Settings) -> Sequence[RevisionWish]:
    """The wishes to publish that this person could sign off, the oldest first. Raises ForbiddenError."""
    check_staff(actor)
    if not with_keys(settings):
        return ()
    acted = select(RevisionDeed.wish_id)
    query = signable(actor, settings).where(RevisionWish.id.not_in(acted))
    return session.scalars(query.order_by(RevisionWish.id).limit(100)).all()


def wish_for(session: Session, actor: Actor, settings: Settings, wish_id: int) -> RevisionWish:
    """One of these, or one that this person said something about and that is decided by now.

    Raises ForbiddenError, and NotFoundError where it is neither.
    """
    check_staff(actor)
    found = None
    if with_keys(settings) and is_id(wish_id):
        found = session.scalars(signable(actor, settings).where(RevisionWish.id == wish_id)).first()
    if found is None or (found.deed is not None and not _said_something(session, actor, wish_id)):
        raise not_found(actor)
    return found


def _waiting(session: Session, actor: Actor, settings: Settings, wish_id: int) -> RevisionWish:
    """The wish, which must still wait. Raises ConflictError, and what `wish_for` raises."""
    wish = wish_for(session, actor, settings, wish_id)
    if wish.deed is not None:
        raise ConflictError("This was decided meanwhile. What you said was not added.")
    return wish


def said_of(session: Session, wish_id: int) -> Sequence[Signoff]:
    """What was said about a wish, the newest first, each with what the publisher found of it."""
    query = select(Signoff).where(Signoff.wish_id == wish_id).order_by(Signoff.id.desc()).limit(20)
    return session.scalars(query.options(joinedload(Signoff.answer), joinedload(Signoff.person))).all()


def sign(
    session: Session, actor: Actor, settings: Settings, wish_id: int, given: Assertion, *, now: datetime
) -> None:
    """Write down what her key signed. Raises ConflictError, LimitError, and what `wish_for` raises."""
    wish = _waiting(session, actor, settings, wish_id)
    said = Signoff(wish_id=wish.id, person_id=actor.person_id, approves=True, at=now, **signed_fields(given))
    _say(session, actor, wish, said, now)


def refuse(
    session: Session, actor: Actor, settings: Settings, wish_id: int, why: str, *, now: datetime
) -> RevisionWish:
    """Write down that she refuses it. Raises InvalidError, ConflictError, LimitError, as `wish_for`."""
    wish = _waiting(session, actor, settings, wish_id)
    words = reason(why)
    if actor.person_id == wish.person_id:
        raise ConflictError("It was you who asked. Somebody else of the staff can refuse it.")
    said = Signoff(wish_id=wish.id, person_id=actor.person_id, approves=False, words=words, at=now)
    _say(session, actor, wish, said, now)
    return wish


def _say(session: Session, actor: Actor, wish: RevisionWish, said: Signoff, now: datetime) -> None:
    answered = select(SignoffAnswer.signoff_id)
    unanswered = select(func.count()).where(
        Signoff.person_id == actor.person_id, Signoff.wish_id == wish.id, Signoff.id.not_in(answered)
    )
    if (session.scalar(unanswered) or 0) >= MOST_UNANSWERED:
        raise LimitError("The publisher has not looked at what you said before. Nothing was added.")
    session.add(said)
    thing = Thing(Kind.ANALYSIS, wish.revision.name, wish.revision.name)
    details = {"request": wish.id, "revision": wish.revision.digest, "approves": said.approves, "why": said.words}
    record(session, actor, Action.ANALYSIS_SECOND_OPINION, thing, at=now, details=details)


def _said_something(session: Session, actor: Actor, wish_id: int) -> bool:
    mine = select(Signoff.id).where(Signoff.wish_id == wish_id, Signoff.person_id == actor.person_id)
    return session.scalar(mine.limit(1)) is not None


def signable(actor: Actor, settings: Settings) -> Select[RevisionWish]:
    """The wishes to publish of which this person may say something, decided or not."""
    query = select(RevisionWish).join(RevisionWish.revision).where(RevisionWish.wished == Wished.PUBLISH)
    if settings.signs is Signs.STAFF:
        query = query.where(RevisionWish.person_id != actor.person_id, DraftRevision.author_id != actor.person_id)
    else:
        query = query.where(RevisionWish.person_id == actor.person_id)
    return query.options(joinedload(RevisionWish.person), joinedload(RevisionWish.revision))
