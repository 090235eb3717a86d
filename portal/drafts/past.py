"""What was published and retired under a name, as far as it concerns somebody: hers alone is nobody else's."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from portal.catalogue.models import Instrument, Investigation
from portal.drafts.revisions import DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.drafts.service import check_staff
from portal.errors import NotFoundError
from portal.identity.actor import Actor
from portal.jobtype.offer.audience import Audience, To
from portal.words import count

MOST_ASKED: Final = 50
"""Of what waits and what was refused: the newest."""


def history(session: Session, name: str) -> Sequence[RevisionWish]:
    """What was published and retired under a name, newest first, each with its revision and deed."""
    query = (
        select(RevisionWish)
        .join(RevisionWish.revision)
        .join(RevisionWish.deed)
        .where(DraftRevision.name == name, RevisionWish.wished != Wished.TRY, RevisionDeed.done)
    )
    whole = query.options(joinedload(RevisionWish.revision), joinedload(RevisionWish.deed))
    return session.scalars(whole.order_by(RevisionDeed.id.desc())).all()


def seen_history(session: Session, actor: Actor, name: str) -> Sequence[RevisionWish]:
    """What was done under a name, newest first. Raises NotFoundError where nothing was, ForbiddenError."""
    check_staff(actor)
    past = [one for one in history(session, name) if concerns(actor, one)]
    if not past:
        raise NotFoundError(f"Nothing was published here under the name {name}.")
    return past


def unanswered_or_refused(session: Session, actor: Actor, name: str) -> Sequence[RevisionWish]:
    """What of a name waits for the publisher or was refused, newest first, as far as it concerns this person."""
    check_staff(actor)
    query = (
        select(RevisionWish)
        .join(RevisionWish.revision)
        .outerjoin(RevisionWish.deed)
        .where(DraftRevision.name == name, RevisionWish.wished != Wished.TRY)
        .where(or_(RevisionDeed.id.is_(None), ~RevisionDeed.done))
    )
    whole = query.options(
        joinedload(RevisionWish.revision), joinedload(RevisionWish.deed), joinedload(RevisionWish.person)
    )
    found = session.scalars(whole.order_by(RevisionWish.id.desc()).limit(MOST_ASKED)).all()
    return [one for one in found if concerns(actor, one)]


def concerns(actor: Actor, wish: RevisionWish) -> bool:
    """What somebody published to herself alone is nobody else's."""
    audience = audience_of(wish)
    return wish.person_id == actor.person_id or audience is None or audience.to is not To.MYSELF


def audience_of(wish: RevisionWish) -> Audience | None:
    """To whom it was to be published; None where that was no question, or is not known."""
    try:
        return Audience.of(wish.audience)
    except ValueError:
        return None


def last_audience(session: Session, name: str, digest: str) -> Audience | None:
    """To whom a revision was published last; None where it was not."""
    for wish in history(session, name):
        if wish.wished is Wished.PUBLISH and wish.revision.digest == digest:
            return audience_of(wish)
    return None


def on_offer(session: Session, name: str) -> RevisionWish | None:
    """What a name is on offer by; None where nothing is."""
    newest = next(iter(history(session, name)), None)
    return newest if newest is not None and newest.wished is Wished.PUBLISH else None


def to_whom(session: Session, wish: RevisionWish) -> str:
    """The audience in words."""
    audience = audience_of(wish)
    if audience is None or audience.to is To.EVERYONE:
        return "everyone"
    if audience.to is To.MYSELF:
        return f"{wish.person.full_name or wish.person.name} alone"
    if audience.to is To.EXPERIMENTS:
        known = session.scalars(select(Investigation.id).where(Investigation.id.in_(audience.ids))).all()
        return f"the teams of {count(len(known), 'experiment')}"
    query = select(Instrument.full_name, Instrument.name).where(Instrument.id.in_(audience.ids))
    names = [full or name for full, name in session.execute(query)]
    return f"the scientists of {', '.join(names)}" if names else "an instrument's scientists"
