"""How much waits for somebody's key: what the bell in the header of her pages counts."""

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.drafts.revisions import RevisionDeed, RevisionWish
from portal.drafts.signoff.models import Signoff, SignoffAnswer, SignoffKey
from portal.drafts.signoff.signing import signable, with_keys
from portal.identity.actor import Actor

MOST = 100


def unsigned(session: Session, actor: Actor, settings: Settings) -> list[RevisionWish]:
    """What waits for this person to sign or refuse it, the oldest first; nothing for who has no key that counts.

    What she said something about is not asked for again, unless the publisher found that it does not count.
    """
    if not has_key(session, actor, settings):
        return []
    return list(session.scalars(_open(actor, settings).limit(MOST)))


def count_unsigned(session: Session, actor: Actor, settings: Settings) -> int:
    """How many they are, MOST at most: one statement more for staff, where keys sign."""
    if not has_key(session, actor, settings):
        return 0
    some = _open(actor, settings).with_only_columns(RevisionWish.id).order_by(None).limit(MOST)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def has_key(session: Session, actor: Actor, settings: Settings) -> bool:
    """Whether this person has a key that counts, where keys sign."""
    if not actor.staff or not with_keys(settings):
        return False
    key = select(SignoffKey.id).where(SignoffKey.person_id == actor.person_id, SignoffKey.withdrawn.is_(None))
    return session.scalar(key.limit(1)) is not None


def _open(actor: Actor, settings: Settings) -> Select[RevisionWish]:
    said = (
        select(Signoff.wish_id)
        .outerjoin(SignoffAnswer, SignoffAnswer.signoff_id == Signoff.id)
        .where(Signoff.person_id == actor.person_id, or_(SignoffAnswer.id.is_(None), SignoffAnswer.counts))
    )
    query = signable(actor, settings).where(RevisionWish.id.not_in(select(RevisionDeed.wish_id)))
    return query.where(RevisionWish.id.not_in(said)).order_by(RevisionWish.id)
