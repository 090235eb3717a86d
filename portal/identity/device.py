"""Signing in a program that has no browser, by a short code that its owner types into one (RFC 8628).

The program asks, shows the short code, and asks again and again if somebody has allowed it. A signed-in person
types the code, sees what is asked, and allows or denies it. The token is made when the program fetches it, once.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.audit.who import Origin, Via
from portal.db import Database
from portal.errors import LimitError, NotFoundError, SignInNeededError
from portal.identity.actor import Actor
from portal.identity.models import ApiToken, DeviceRequest, SignInAttempt
from portal.identity.people import refuse_guessing, storable
from portal.identity.sessions import digest
from portal.identity.tokens import Scope, check_wish, create_token

LIFETIME: Final = timedelta(minutes=10)
INTERVAL_S = 3
"""The program's shortest pause between two questions."""
SLOW_DOWN_S: Final = 5
"""RFC 8628, 3.5: who asks too soon waits this much longer from then on."""
MOST_AT_ADDRESS: Final = 20
"""Requests from one address that may wait at once."""

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""RFC 8628, 6.1: no vowels, so that no words come up, and nothing that looks like something else."""
LENGTH: Final = 8

NOT_VALID: Final = "This code is not valid, or not any more. Codes live for ten minutes and work once."


class Decision(StrEnum):
    """What has become of a request."""

    WAITING = "waiting"
    ALLOWED = "allowed"
    DENIED = "denied"
    USED = "used"


class Answer(StrEnum):
    """What a program is told that asks if it may come in."""

    PENDING = "pending"
    SLOW_DOWN = "slow_down"
    DENIED = "denied"
    EXPIRED = "expired"
    """Also for a code that was never given out, and for one that was used."""
    ALLOWED = "allowed"


@dataclass(frozen=True)
class Asked:
    """The two codes of a new request; neither can be had again."""

    device_code: str
    user_code: str
    lifetime_s: int
    interval_s: int


@dataclass(frozen=True)
class Told:
    """The answer to a program; token and secret only where it is ALLOWED."""

    answer: Answer
    interval_s: int = 0
    token: ApiToken | None = None
    secret: str | None = None


def ask(session: Session, name: str, scopes: Iterable[str], *, days: int, address: str, now: datetime) -> Asked:
    """A program named `name` at `address` asks for a token. Raises InvalidError with `fields`, or LimitError."""
    wanted = check_wish(None, name, scopes, days)
    address = storable(address, 64)
    session.execute(delete(DeviceRequest).where(DeviceRequest.expires <= now))
    waiting = select(func.count()).where(DeviceRequest.address == address, _is(Decision.WAITING))
    if (session.scalar(waiting) or 0) >= MOST_AT_ADDRESS:
        raise LimitError("Too many programs at this address wait to be signed in. Try again in ten minutes.")
    device_code, user_code = secrets.token_urlsafe(32), _new_user_code(session)
    session.add(
        DeviceRequest(
            device_hash=digest(device_code),
            user_hash=digest(user_code),
            name=_shown(name),
            scopes=wanted,
            days=days,
            address=address,
            state=Decision.WAITING,
            created=now,
            expires=now + LIFETIME,
            interval_s=INTERVAL_S,
        )
    )
    session.flush()
    return Asked(device_code, spelled(user_code), int(LIFETIME.total_seconds()), INTERVAL_S)


def find(database: Database, actor: Actor, user_code: str, *, address: str, now: datetime) -> DeviceRequest:
    """The request that waits with this short code, for its owner to look at.

    Raises SignInNeededError, NotFoundError, or LimitError after too many wrong codes. It takes the database
    because a wrong code must be kept though it raises.
    """
    if actor.person_id is None:
        raise SignInNeededError("Sign in to let a program in.")
    # No sign-in name holds a colon, so these tries are nobody's failed passwords.
    guesser, address = f"device:{actor.person_id}", storable(address, 64)
    with database.write() as session:
        refuse_guessing(session, guesser, address, now)
        attempt = SignInAttempt(name=guesser, address=address, at=now)
        session.add(attempt)
        found = session.scalar(
            select(DeviceRequest).where(
                DeviceRequest.user_hash == digest(_letters(user_code)),
                DeviceRequest.expires > now,
                _is(Decision.WAITING),
            )
        )
        if found is not None:
            # Only this try is forgiven: a right code of one's own must not make guessing at others' free.
            session.flush()
            session.delete(attempt)
    if found is None:
        raise NotFoundError(NOT_VALID)
    return found


def decide(
    database: Database, actor: Actor, user_code: str, *, allow: bool, address: str, now: datetime
) -> DeviceRequest:
    """The actor lets the program with this short code in as herself, or refuses it.

    Raises as `find` does, and ForbiddenError where it asks for more than she may do.
    """
    found = find(database, actor, user_code, address=address, now=now)
    if allow:
        check_wish(actor, found.name, found.scopes, found.days)
    wish = update(DeviceRequest).where(DeviceRequest.id == found.id, _is(Decision.WAITING))
    decision = Decision.ALLOWED if allow else Decision.DENIED
    with database.write() as session:
        if not _changed(session, wish.values(state=decision, person_id=actor.person_id)):
            raise NotFoundError(NOT_VALID)
        action = Action.PROGRAM_ALLOWED if allow else Action.PROGRAM_DENIED
        details = {"scopes": list(found.scopes), "days": found.days, "asked_from": found.address}
        record(session, actor, action, Thing(Kind.PROGRAM, found.id, found.name), at=now, details=details)
    return found


def exchange(session: Session, device_code: str, *, now: datetime) -> Told:
    """What the program with this code is told; with ALLOWED its token, which is made now and handed out once."""
    found = session.scalar(select(DeviceRequest).where(DeviceRequest.device_hash == digest(device_code)))
    if found is None or found.expires <= now or found.state == Decision.USED:
        return Told(Answer.EXPIRED)
    if found.state == Decision.WAITING:
        return _still_waiting(found, now)
    origin = Origin(Via.CODE, found.address)
    actor = found.person.actor(origin) if found.person is not None and found.person.active else None
    if found.state == Decision.DENIED or actor is None or _asks_too_much(actor, found):
        return Told(Answer.DENIED)
    take = update(DeviceRequest).where(DeviceRequest.id == found.id, _is(Decision.ALLOWED))
    if not _changed(session, take.values(state=Decision.USED)):
        return Told(Answer.EXPIRED)
    token, secret = create_token(session, actor, found.name, found.scopes, days=found.days, now=now)
    return Told(Answer.ALLOWED, token=token, secret=secret)


def spelled(user_code: str) -> str:
    """A short code as it is shown: `BCDF-GHJK`. What is no code comes back as letters only."""
    letters = _letters(user_code)[:LENGTH]
    return f"{letters[:4]}-{letters[4:]}" if len(letters) > 4 else letters


def _still_waiting(found: DeviceRequest, now: datetime) -> Told:
    too_soon = found.last_asked is not None and now - found.last_asked < timedelta(seconds=found.interval_s)
    if too_soon:
        found.interval_s += SLOW_DOWN_S
    found.last_asked = now
    return Told(Answer.SLOW_DOWN if too_soon else Answer.PENDING, found.interval_s)


def _asks_too_much(actor: Actor, found: DeviceRequest) -> bool:
    return Scope.INGEST in found.scopes and not actor.may_ingest


def _new_user_code(session: Session) -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if session.scalar(select(DeviceRequest.id).where(DeviceRequest.user_hash == digest(code))) is None:
            return code


def _shown(name: str) -> str:
    """A name that a page can show as it is: nothing that turns the direction of writing or starts a line."""
    return storable("".join(c if c.isprintable() else " " for c in name.strip()), 100)


def _letters(user_code: str) -> str:
    """What was typed, without what people put between and in small letters."""
    return "".join(letter for letter in user_code[:64].upper() if letter in ALPHABET)


def _is(decision: Decision) -> ColumnElement[bool]:
    return DeviceRequest.state == decision.value


def _changed(session: Session, statement: Any) -> bool:
    """True if the one row was still as the statement expects it."""
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return bool(result.rowcount == 1)
