"""People with local accounts: making them, and checking their passwords.

Failed tries are counted in the database, so that all web processes count together. A try is written down before
the password is looked at: guesses that arrive at once count too.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, undefer

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.audit.who import Origin, Via
from portal.db import Database
from portal.errors import ConflictError, InvalidError, LimitError, NotFoundError, SignInNeededError
from portal.identity.actor import NOBODY, PORTAL_ITSELF, Actor, Role
from portal.identity.models import Person, SignInAttempt
from portal.identity.sessions import close_sessions_of

# OWASP's smallest recommended argon2id setting (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

SHORTEST_PASSWORD = 8  # NIST SP 800-63B, 5.1.1
LONGEST_PASSWORD = 1024

WINDOW = timedelta(minutes=15)
TRIES_OF_NAME_AT_ADDRESS = 5
TRIES_OF_ADDRESS = 30
TRIES_OF_NAME = 100
"""Higher than the others: somebody who guesses from many places must not lock the owner out at once."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,254}")


def create_person(
    session: Session,
    name: str,
    full_name: str,
    *,
    now: datetime,
    password: str | None = None,
    roles: Iterable[Role] = (),
    email: str | None = None,
    blurb: str | None = None,
    by: Actor = PORTAL_ITSELF,
) -> Person:
    """A new person, made by an operator or the portal; without a password she signs in elsewhere.

    Raises InvalidError or ConflictError.
    """
    if not _NAME.fullmatch(name):
        raise InvalidError(
            "This name cannot be used.",
            fields={"name": "Letters, digits and . _ @ + - only, a letter or digit first."},
        )
    if session.scalar(select(Person.id).where(Person.name == name)) is not None:
        raise ConflictError(f"There is somebody called {name} already.")
    person = Person(
        name=name,
        full_name=full_name,
        email=email,
        blurb=blurb,
        roles=sorted(role.value for role in roles),
        password_hash=None if password is None else _hash_new(password, "password"),
        created=now,
    )
    session.add(person)
    session.flush()
    record(session, by, Action.PERSON_MADE, thing_of(person), at=now, details={"roles": list(person.roles)})
    return person


def thing_of(person: Person) -> Thing:
    """A person as what something is done to."""
    return Thing(Kind.PERSON, person.id, person.name)


def get_person(session: Session, name: str) -> Person:
    """The person with this sign-in name. Raises NotFoundError."""
    person = session.scalar(select(Person).where(Person.name == name))
    if person is None:
        raise NotFoundError(f"There is nobody called {name}.")
    return person


def list_personas(session: Session) -> list[Person]:
    """The demo's people: those with a line about themselves."""
    chosen = select(Person).where(Person.blurb.is_not(None), Person.active).order_by(Person.id)
    return list(session.scalars(chosen))


def set_password(session: Session, person: Person, password: str, *, now: datetime, by: Actor) -> None:
    """An operator gives somebody a password; all her sessions end. Raises InvalidError."""
    person.password_hash = _hash_new(password, "password")
    close_sessions_of(session, person)
    record(session, by, Action.PASSWORD_SET, thing_of(person), at=now)


def change_password(
    database: Database,
    actor: Actor,
    *,
    current: str,
    new: str,
    address: str,
    now: datetime,
    keep: str | None = None,
) -> None:
    """Change one's own password; all sessions but the one with token `keep` end.

    Raises InvalidError with `fields` (current, new), or LimitError after too many wrong tries.
    """
    hashed = _hash_new(new, "new")
    try:
        authenticate(database, actor.name, current, address=address, now=now)
    except SignInNeededError as error:
        raise InvalidError("The password was not changed.", fields={"current": "This is not right."}) from error
    with database.write() as session:
        person = get_person(session, actor.name)
        person.password_hash = hashed
        close_sessions_of(session, person, keep=keep)
        record(session, actor, Action.PASSWORD_CHANGED, thing_of(person), at=now)


def authenticate(database: Database, name: str, password: str, *, address: str, now: datetime) -> Person:
    """The person with this name and password.

    Raises SignInNeededError (the same for an unknown name, a wrong password and a closed account, after the same
    work) or LimitError. It takes the database because the try must be kept though it raises, and because no
    transaction may stay open during the hashing.
    """
    name, address = storable(name, 255), storable(address, 64)
    with database.write() as session:
        refuse_guessing(session, name, address, now)
        session.add(SignInAttempt(name=name, address=address, at=now))
        wanted = select(Person).where(Person.name == name, Person.active)
        person = session.scalar(wanted.options(undefer(Person.password_hash)))
    stored = person.password_hash if person is not None else None
    right = _verify(stored or _hash_of_nobody(), password)
    if person is None or stored is None or not right:
        _note_failure(database, name, address, now)
        raise SignInNeededError("The name or the password is not right.")
    with database.write() as session:
        session.execute(delete(SignInAttempt).where(SignInAttempt.name == name, SignInAttempt.address == address))
        if HASHER.check_needs_rehash(stored):
            person = session.merge(person)
            person.password_hash = HASHER.hash(_bytes(password))
    return person


def _note_failure(database: Database, name: str, address: str, now: datetime) -> None:
    """Write down at whose account somebody failed. Of a name that nobody has, nothing: it may be a password."""
    with database.write() as session:
        person = session.scalar(select(Person).where(Person.name == name))
        tried = thing_of(person) if person is not None else Thing(Kind.PERSON, None, "")
        somebody = replace(NOBODY, origin=Origin(Via.NOBODY, address))
        record(session, somebody, Action.SIGN_IN_FAILED, tried, at=now)


def forget_tries(session: Session, *, now: datetime) -> None:
    """Delete the tries that no longer count."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - WINDOW))


def refuse_guessing(session: Session, name: str, address: str, now: datetime) -> None:
    """Raise LimitError if there were too many tries with this name or from this address."""
    by_name, by_address = SignInAttempt.name == name, SignInAttempt.address == address
    limits = (
        ((by_name, by_address), TRIES_OF_NAME_AT_ADDRESS),
        ((by_address,), TRIES_OF_ADDRESS),
        ((by_name,), TRIES_OF_NAME),
    )
    for conditions, most in limits:
        recent = select(func.count()).where(SignInAttempt.at > now - WINDOW, *conditions)
        if (session.scalar(recent) or 0) >= most:
            minutes = int(WINDOW.total_seconds() // 60)
            raise LimitError(
                f"There were too many failed tries to sign in. Wait {minutes} minutes, then try again.",
                detail=f"more than {most} tries for {name!r} from {address}",
            )


def full_names(session: Session, names: Iterable[str]) -> dict[str, str]:
    """What the people with these sign-in names are called; names that nobody has are left out."""
    wanted = set(names)
    if not wanted:
        return {}
    rows = session.execute(select(Person.name, Person.full_name).where(Person.name.in_(wanted)))
    return {row.name: row.full_name for row in rows}


def _hash_new(password: str, field: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidError(
            "This password cannot be used.",
            fields={field: f"At least {SHORTEST_PASSWORD} characters, at most {LONGEST_PASSWORD}."},
        )
    return HASHER.hash(_bytes(password))


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _verify(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, _bytes(password[:LONGEST_PASSWORD])) and len(password) <= LONGEST_PASSWORD
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hash_of_nobody() -> str:
    """What is verified when there is nothing to verify, so that an unknown name takes as long as a known one."""
    return HASHER.hash("nobody has this password")


def storable(text: str, length: int) -> str:
    """`text` as a column of `length` can hold it: NUL and lone surrogates are refused there."""
    return text.replace("\0", "?").encode("utf-8", "replace").decode("utf-8")[:length]
