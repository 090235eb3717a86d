"""Keys that sign off: enrolled and withdrawn by an operator. The publisher alone writes them."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, load_only

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.config import Settings
from portal.db import Database
from portal.drafts.signoff.keys import offers
from portal.drafts.signoff.models import SignoffKey, SignoffKeyOffer
from portal.drafts.signoff.webauthn import MadeKey, Party, made_key, packed, unpacked
from portal.errors import ConflictError, InvalidError, NotFoundError
from portal.identity.actor import PORTAL_ITSELF, Role
from portal.identity.models import Person
from portal.publisher.wire import KeyAnswer


def enrol(database: Database, settings: Settings, person: str, code: str, *, by: str, now: datetime) -> KeyAnswer:
    """Have a key that a person made sign off from now on, known by the code that she reads out.

    Raises NotFoundError, and ConflictError where she is not of the staff or the key is known already.
    """
    with database.write() as session:
        owner = _person(session, person)
        offer, made = _offered(session, settings, owner, code, now)
        credential = packed(made.credential)
        if session.scalar(select(SignoffKey.id).where(SignoffKey.credential == credential)) is not None:
            raise ConflictError("This key was enrolled before. If it is withdrawn, a new one is made instead.")
        key = SignoffKey(
            person_id=owner.id,
            label=offer.label,
            code=made.code(owner.name),
            credential=credential,
            public_key=packed(made.public_key),
            counter=made.counter,
            enrolled=now,
            enrolled_by=by,
        )
        session.add(key)
        session.flush()
        return _told(session, Action.SIGNOFF_KEY_ENROLLED, key, owner, by=by, now=now)


def withdraw(database: Database, number: int, *, by: str, now: datetime) -> KeyAnswer:
    """Have a key sign off nothing any more. Raises NotFoundError, ConflictError."""
    with database.write() as session:
        key = session.get(SignoffKey, number)
        if key is None:
            raise NotFoundError(f"There is no key with the number {number}.")
        if key.withdrawn is not None:
            raise ConflictError(f"Key {number} is withdrawn already.")
        key.withdrawn, key.withdrawn_by = now, by
        owner = session.scalars(_people().where(Person.id == key.person_id)).one()
        return _told(session, Action.SIGNOFF_KEY_WITHDRAWN, key, owner, by=by, now=now)


def _people() -> Select[Person]:
    """No more of a person than the publisher's role may see."""
    return select(Person).options(load_only(Person.name, Person.full_name, Person.roles, Person.active))


def _person(session: Session, name: str) -> Person:
    found = session.scalars(_people().where(Person.name == name)).first()
    if found is None:
        raise NotFoundError(f"There is nobody called {name}.")
    if not found.active or Role.STAFF not in found.actor().roles:
        raise ConflictError(f"{name} is not of the staff. Nothing was enrolled.")
    return found


def _offered(
    session: Session, settings: Settings, owner: Person, code: str, now: datetime
) -> tuple[SignoffKeyOffer, MadeKey]:
    """The key of that code, worked out anew from what lies there. Raises NotFoundError."""
    meant = code.upper().replace("-", "").replace(" ", "")
    for offer in offers(session, owner.id, now=now):
        try:
            party = Party(settings.signoff_origin)
            made = made_key(unpacked(offer.client_data), unpacked(offer.attestation), party)
        except InvalidError:
            continue
        if made.code(owner.name).replace("-", "") == meant:
            return offer, made
    raise NotFoundError(f"No key of {owner.name} with the code {code} waits. Nothing was enrolled.")


def _told(
    session: Session, action: Action, key: SignoffKey, owner: Person, *, by: str, now: datetime
) -> KeyAnswer:
    details = {"key": key.id, "code": key.code, "label": key.label, "by": by}
    record(session, PORTAL_ITSELF, action, Thing(Kind.PERSON, owner.id, owner.name), at=now, details=details)
    return KeyAnswer(key.id, owner.name, key.label, key.code)
