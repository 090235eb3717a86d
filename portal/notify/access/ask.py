"""Asking for access. It looks nothing up in the catalogue: neither its answer nor its time tells what is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.errors import InvalidError, LimitError, SignInNeededError
from portal.identity.actor import Actor
from portal.identity.models import Person
from portal.level import level
from portal.notify.access.models import LONGEST_NOTE, LONGEST_NUMBER, YES, AccessRequest
from portal.words import one_line

A_DAY: Final = 10
"""How often one person may ask in 24 hours, whatever for."""
AGAIN: Final = timedelta(days=7)
"""Asked again for the same within this time, nobody is asked twice."""
LISTED: Final = 20


@dataclass(frozen=True)
class Asked:
    """One of a person's own requests."""

    number: str
    at: datetime
    agreed: bool
    """Somebody who leads it has said yes. A no is not told: it would say that there is something."""


def ask_for_access(session: Session, actor: Actor, number: str, note: str, *, now: datetime) -> bool:
    """Write the wish down; the daemon passes it on. False if the same was asked lately: nothing is done then.

    Raises InvalidError, LimitError, SignInNeededError.
    """
    if actor.person_id is None:
        raise SignInNeededError("Sign in first.")
    number, note = _checked(number, note)
    # Two requests of one person at the same moment are counted one after the other.
    session.scalars(select(Person.id).where(Person.id == actor.person_id).with_for_update()).one()
    mine = select(AccessRequest).where(AccessRequest.person_id == actor.person_id)
    lately = mine.where(AccessRequest.at > now - timedelta(days=1)).with_only_columns(func.count())
    if (session.scalar(lately) or 0) >= A_DAY:
        raise LimitError(f"You have asked {A_DAY} times in the last 24 hours. What you asked before stays asked.")
    before = session.scalars(mine.where(AccessRequest.at > now - AGAIN).with_only_columns(AccessRequest.number))
    if number.casefold() in {one.casefold() for one in before}:
        return False
    session.add(AccessRequest(person_id=actor.person_id, number=number, note=note, at=now))
    record(session, actor, Action.ACCESS_ASKED, Thing(Kind.EXPERIMENT, None, number), at=now)
    return True


def _checked(number: str, note: str) -> tuple[str, str]:
    wrong = {}
    number, note = one_line(number, LONGEST_NUMBER + 1), one_line(note, LONGEST_NOTE + 1)
    if not number:
        wrong["number"] = f"Type the number of the {level().one}, such as LS-2431."
    elif len(number) > LONGEST_NUMBER:
        wrong["number"] = f"A number has {LONGEST_NUMBER} characters at most."
    if len(note) > LONGEST_NOTE:
        wrong["note"] = f"{LONGEST_NOTE} characters at most."
    if wrong:
        raise InvalidError("This cannot be asked yet.", fields=wrong)
    return number, note


def own_requests(session: Session, actor: Actor) -> Sequence[Asked]:
    """What the actor asked for, the newest first."""
    query = (
        select(AccessRequest)
        .where(AccessRequest.person_id == actor.person_id)
        .order_by(AccessRequest.id.desc())
        .limit(LISTED)
        .options(selectinload(AccessRequest.questions))
    )
    return [
        Asked(one.number, one.at, any(question.answer == YES for question in one.questions))
        for one in session.scalars(query)
    ]
