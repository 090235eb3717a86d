"""Browser sessions. The cookie holds 256 random bits; the database holds only their SHA-256."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.audit.who import ITSELF, Origin
from portal.identity.actor import Actor
from portal.identity.models import Person, WebSession

TOUCH_EVERY = timedelta(minutes=1)
"""`last_seen` is written at most this often, so that reading pages does not write."""


def digest(secret: str) -> str:
    """What is stored of a random secret. It needs no salt: nobody can list 2^256 values."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class SignedIn:
    """A valid session: who it is, and if `touch_session` is due."""

    actor: Actor
    expires: datetime
    touch: bool


def open_session(
    session: Session,
    person: Person,
    *,
    now: datetime,
    lifetime: timedelta,
    replaces: str | None = None,
    origin: Origin = ITSELF,
) -> str:
    """Sign `person` in and return the cookie's token.

    The token is always new; the session of the token `replaces`, which the browser came with, ends.
    """
    if replaces:
        close_session(session, replaces)
    token = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            token_hash=digest(token), person_id=person.id, created=now, last_seen=now, expires=now + lifetime
        )
    )
    session.flush()
    record(session, person.actor(origin), Action.SIGN_IN, Thing(Kind.PERSON, person.id, person.name), at=now)
    return token


def find_session(session: Session, token: str, *, now: datetime) -> SignedIn | None:
    """Who is signed in with `token`; None if unknown or expired, or the account is closed. Writes nothing."""
    found = session.scalar(
        select(WebSession).options(joinedload(WebSession.person)).where(WebSession.token_hash == digest(token))
    )
    if found is None or found.expires <= now or not found.person.active:
        return None
    return SignedIn(found.person.actor(), found.expires, touch=found.last_seen <= now - TOUCH_EVERY)


def actor_of_session(session: Session, token: str, *, now: datetime) -> Actor | None:
    """The actor who is signed in with `token`, or None."""
    found = find_session(session, token, now=now)
    return found.actor if found else None


def touch_session(session: Session, token: str, *, now: datetime) -> bool:
    """Note that the session was used; True if that was due (see TOUCH_EVERY)."""
    touched = session.execute(
        update(WebSession)
        .where(WebSession.token_hash == digest(token), WebSession.last_seen <= now - TOUCH_EVERY)
        .values(last_seen=now)
        .returning(WebSession.id)
    )
    return touched.first() is not None


def sign_out(session: Session, actor: Actor, token: str, *, now: datetime) -> None:
    """The actor's session ends; harmless if it has ended already."""
    if close_session(session, token):
        record(session, actor, Action.SIGN_OUT, Thing(Kind.PERSON, actor.person_id, actor.name), at=now)


def close_session(session: Session, token: str) -> bool:
    """End a session; False if it has ended already."""
    ended = session.execute(
        delete(WebSession).where(WebSession.token_hash == digest(token)).returning(WebSession.id)
    )
    return ended.first() is not None


def close_sessions_of(session: Session, person: Person, *, keep: str | None = None) -> None:
    """End all of a person's sessions but the one with token `keep`."""
    ending = delete(WebSession).where(WebSession.person_id == person.id)
    if keep is not None:
        ending = ending.where(WebSession.token_hash != digest(keep))
    session.execute(ending)


def forget_expired(session: Session, *, now: datetime) -> None:
    """Delete the sessions that have expired."""
    session.execute(delete(WebSession).where(WebSession.expires <= now))
