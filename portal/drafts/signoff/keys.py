"""Keys as their owners have them: made on their page, waiting for an operator, enrolled, withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.drafts.service import check_staff
from portal.drafts.signoff.models import LONGEST_LABEL, SignoffKey, SignoffKeyOffer
from portal.drafts.signoff.webauthn import Party, made_key, packed, unpacked
from portal.errors import ConflictError, InvalidError, LimitError
from portal.identity.actor import Actor
from portal.words import one_line

WAITS: Final = timedelta(days=7)
"""An operator enrols a key within this time; later it is made anew."""
MOST_OFFERED: Final = 10
"""Keys that one person makes within that time."""


@dataclass(frozen=True)
class Offered:
    """A key that waits for an operator."""

    label: str
    code: str
    at: datetime


def offer_key(
    session: Session, actor: Actor, label: str, brought: tuple[str, str], party: Party, *, now: datetime
) -> str:
    """Write down the key that a browser made; its code, by which an operator knows it.

    `brought`: client data and attestation, in base64url.
    Raises ForbiddenError, LimitError, InvalidError, and ConflictError where it is enrolled already.
    """
    check_staff(actor)
    words = one_line(label, LONGEST_LABEL + 1)
    if not words or len(words) > LONGEST_LABEL:
        told = f"Say in up to {LONGEST_LABEL} characters what you call this key."
        raise InvalidError(told, fields={"label": told})
    client_data, attestation = brought
    made = made_key(unpacked(client_data), unpacked(attestation), party)
    if session.scalar(select(SignoffKey.id).where(SignoffKey.credential == packed(made.credential))) is not None:
        raise ConflictError("This key is known already. Nothing was added.")
    recent = select(func.count()).where(
        SignoffKeyOffer.person_id == actor.person_id, SignoffKeyOffer.at > now - WAITS
    )
    if (session.scalar(recent) or 0) >= MOST_OFFERED:
        raise LimitError(f"You made {MOST_OFFERED} keys within a week, which is the most. Nothing was added.")
    session.add(
        SignoffKeyOffer(
            person_id=actor.person_id, label=words, client_data=client_data, attestation=attestation, at=now
        )
    )
    code, thing = made.code(actor.name), Thing(Kind.PERSON, actor.person_id, actor.name)
    record(session, actor, Action.SIGNOFF_KEY_MADE, thing, at=now, details={"code": code, "label": words})
    return code


def enrolled_of(session: Session, actor: Actor) -> Sequence[SignoffKey]:
    """A person's keys that an operator enrolled, the newest first, withdrawn ones too. Raises ForbiddenError."""
    check_staff(actor)
    mine = select(SignoffKey).where(SignoffKey.person_id == actor.person_id)
    return session.scalars(mine.order_by(SignoffKey.id.desc())).all()


def offered_of(session: Session, actor: Actor, party: Party, *, now: datetime) -> list[Offered]:
    """Her keys that wait, the newest first; what cannot be read as a key is none."""
    known = {one.code for one in enrolled_of(session, actor)}
    found = []
    for offer in offers(session, actor.person_id, now=now):
        try:
            made = made_key(unpacked(offer.client_data), unpacked(offer.attestation), party)
        except InvalidError:
            continue
        code = made.code(actor.name)
        if code not in known:
            found.append(Offered(offer.label, code, offer.at))
    return found


def offers(session: Session, person_id: int | None, *, now: datetime) -> Sequence[SignoffKeyOffer]:
    """What a person made within the time, the newest first; as many as she may make."""
    mine = select(SignoffKeyOffer).where(SignoffKeyOffer.person_id == person_id, SignoffKeyOffer.at > now - WAITS)
    return session.scalars(mine.order_by(SignoffKeyOffer.id.desc()).limit(MOST_OFFERED)).all()
