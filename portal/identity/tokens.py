"""Personal tokens for the API and the command line: shown once, kept as SHA-256, with scopes and an end."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.audit.who import Origin, Via
from portal.db import is_id
from portal.errors import ForbiddenError, InvalidError, NotFoundError, SignInNeededError
from portal.identity.actor import Actor, known_roles
from portal.identity.models import ApiToken, Person
from portal.identity.sessions import TOUCH_EVERY, digest

PREFIX = "gantry_"
"""Every token starts with it, so that secret scanners find one that was published by mistake."""
LONGEST_DAYS = 366


# Columns instead of entities: every request of the API asks this.
HOLDER = (
    select(
        ApiToken.id.label("token_id"),
        ApiToken.name.label("token"),
        ApiToken.scopes,
        ApiToken.expires,
        ApiToken.last_used,
        ApiToken.revoked,
        Person.id,
        Person.name,
        Person.full_name,
        Person.roles,
        Person.active,
    )
    .join(ApiToken.person)
    .where(ApiToken.token_hash == bindparam("digest"))
)


class Scope(StrEnum):
    """What a token may be used for; never more than its owner may do."""

    READ = "read"
    SUBMIT = "submit"
    INGEST = "ingest"


def check_wish(actor: Actor | None, name: str, scopes: Iterable[str], days: int) -> list[str]:
    """The scopes, sorted, if the actor (None: somebody not known yet) may have such a token.

    Raises InvalidError with `fields` (name, scopes, days), or ForbiddenError.
    """
    wanted = {str(scope) for scope in scopes}
    fields = {}
    if not 1 <= len(name.strip()) <= 100 or "\0" in name:
        fields["name"] = "Say in 1 to 100 characters what it is for."
    if not wanted or wanted - {scope.value for scope in Scope}:
        fields["scopes"] = f"Choose at least one of {', '.join(scope.value for scope in Scope)}."
    if not 1 <= days <= LONGEST_DAYS:
        fields["days"] = f"A token is valid for 1 to {LONGEST_DAYS} days."
    if fields:
        raise InvalidError("The token was not made.", fields=fields)
    if actor is not None and Scope.INGEST in wanted and not actor.may_ingest:
        raise ForbiddenError("Registering data is for staff and for the accounts of instruments.")
    return sorted(wanted)


def create_token(
    session: Session, actor: Actor, name: str, scopes: Iterable[str], *, days: int, now: datetime
) -> tuple[ApiToken, str]:
    """A new token of the actor's and its secret, which cannot be had again.

    Raises SignInNeededError, InvalidError with `fields` (name, scopes, days), or ForbiddenError.
    """
    if actor.person_id is None:
        raise SignInNeededError("Sign in to make a token.")
    wanted = check_wish(actor, name, scopes, days)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        person_id=actor.person_id,
        name=name.strip(),
        prefix=secret[:12],
        token_hash=digest(secret),
        scopes=wanted,
        created=now,
        expires=now + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    details = {"scopes": wanted, "days": days}
    record(session, actor, Action.TOKEN_MADE, Thing(Kind.TOKEN, token.id, token.name), at=now, details=details)
    return token, secret


@dataclass(frozen=True)
class Holder:
    """Who holds a valid token, what it may be used for, and if `touch_token` is due."""

    actor: Actor
    scopes: frozenset[str]
    touch: bool


def find_token(session: Session, secret: str, *, now: datetime, address: str | None = None) -> Holder:
    """Who holds this token, and asks from `address`. Writes nothing.

    Raises SignInNeededError if it is unknown, expired or revoked.
    """
    found = session.connection().execute(HOLDER, {"digest": digest(secret)}).one_or_none()
    if found is None or not found.active:
        raise SignInNeededError("This token is not known here.")
    if found.revoked is not None:
        raise SignInNeededError(f"The token “{found.token}” was revoked.")
    if found.expires <= now:
        raise SignInNeededError(f"The token “{found.token}” expired on {found.expires:%d %B %Y}. Make a new one.")
    origin = Origin(Via.TOKEN, address, found.token_id, found.token)
    actor = Actor(found.id, found.name, found.full_name, known_roles(found.roles), origin)
    due = found.last_used is None or found.last_used <= now - TOUCH_EVERY
    return Holder(actor, frozenset(found.scopes), touch=due)


def touch_token(session: Session, secret: str, *, now: datetime) -> None:
    """Note that the token was used, at most once a minute."""
    unused = ApiToken.last_used.is_(None) | (ApiToken.last_used <= now - TOUCH_EVERY)
    session.execute(update(ApiToken).where(ApiToken.token_hash == digest(secret), unused).values(last_used=now))


def list_tokens(session: Session, actor: Actor) -> list[ApiToken]:
    """The actor's own tokens that are not revoked, newest first."""
    own = select(ApiToken).where(ApiToken.person_id == actor.person_id, ApiToken.revoked.is_(None))
    return list(session.scalars(own.order_by(ApiToken.id.desc())))


def revoke_token(session: Session, actor: Actor, token_id: int, *, now: datetime, others: bool = True) -> ApiToken:
    """End a token: one's own, or for staff anybody's unless `others` is no. Raises NotFoundError."""
    found = session.get(ApiToken, token_id) if is_id(token_id) else None
    if (
        found is None
        or actor.person_id is None
        or (found.person_id != actor.person_id and not (actor.staff and others))
    ):
        raise NotFoundError("There is no such token of yours.")
    if found.revoked is None:
        found.revoked = now
        details = {} if found.person_id == actor.person_id else {"person_id": found.person_id}
        record(
            session, actor, Action.TOKEN_REVOKED, Thing(Kind.TOKEN, found.id, found.name), at=now, details=details
        )
    return found
