"""To whom somebody may publish: the instruments that there are, the experiments that she sees."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Instrument, Investigation
from portal.db import is_id
from portal.drafts.service import check_staff
from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.jobtype.offer.audience import MOST, Audience, To
from portal.level import level

NAMED: Final = (To.INSTRUMENTS, To.EXPERIMENTS)
"""Whom numbers name."""


def audience_for(session: Session, actor: Actor, to: str, ids: Sequence[int] = ()) -> Audience:
    """The audience of what she publishes. `ids`: of instruments or of experiments, where such are meant.

    Raises ForbiddenError for others than staff, and InvalidError where it is not clear who is meant, naming the
    first number of which there is none, or none that she sees.
    """
    check_staff(actor)
    try:
        kind = To(to)
    except ValueError:
        raise _wrong("to", f"Say to whom it is published: {', '.join(one.value for one in To)}.") from None
    if kind not in NAMED:
        if ids:
            raise _wrong("to", f"Published to {kind.value}, it takes no instruments or {level().many}.")
        return Audience(kind, actor.name)
    chosen = tuple(dict.fromkeys(ids))
    if not chosen or len(chosen) > MOST:
        many = "instruments" if kind is To.INSTRUMENTS else level().many
        raise _wrong(kind.value, f"Name 1 to {MOST} {many}.")
    real = [one for one in chosen if is_id(one)]
    if kind is To.INSTRUMENTS:
        known = set(session.scalars(select(Instrument.id).where(Instrument.id.in_(real))))
    else:
        query = visible(actor, Investigation).where(Investigation.id.in_(real))
        known = set(session.scalars(query.with_only_columns(Investigation.id)))
    missing = [one for one in chosen if one not in known]
    if missing:
        what = "instrument" if kind is To.INSTRUMENTS else level().one
        raise _wrong(kind.value, f"There is no {what} with the number {missing[0]}, or you do not see it.")
    return Audience(kind, actor.name, chosen)


def _wrong(field: str, told: str) -> InvalidError:
    return InvalidError(told, fields={field: told})
