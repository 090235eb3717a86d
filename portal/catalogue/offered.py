"""Which job types are on offer to whom: one that was made in the browser is its audience's alone."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.models import InstrumentScientist, User
from portal.catalogue.rules import own_investigations
from portal.identity.actor import Actor
from portal.jobtype.load import JobTypes
from portal.jobtype.offer.audience import Audience, To


def offered_to(session: Session, actor: Actor, jobtypes: JobTypes) -> JobTypes:
    """Those that this person may start. The catalogue is asked only where instruments or teams decide."""
    left_out = {name for name, one in jobtypes.audiences.items() if not _within(session, actor, one)}
    return jobtypes.only(set(jobtypes.by_name) - left_out) if left_out else jobtypes


def _within(session: Session, actor: Actor, audience: Audience) -> bool:
    if audience.to is To.EVERYONE or (actor.signed_in and actor.name == audience.author):
        return True
    if audience.to is To.MYSELF or not actor.signed_in:
        return False
    if actor.staff:
        return True
    if audience.to is To.EXPERIMENTS:
        theirs = own_investigations(actor).subquery()
        column = next(iter(theirs.c))
        return session.execute(select(column).where(column.in_(audience.ids)).limit(1)).first() is not None
    looked_after = (
        select(InstrumentScientist.id)
        .join(User, User.id == InstrumentScientist.user_id)
        .where(User.name == actor.name, InstrumentScientist.instrument_id.in_(audience.ids))
    )
    return session.scalar(looked_after.limit(1)) is not None
