"""The two ways to ask what somebody may do in the catalogue. There is no other way to read it.

The rules stand in rules.py; they compile to one SQL condition that every query carries, so that lists, counts
and single look-ups agree. Staff may do whatever has a rule.
"""

from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, String, bindparam, false, select, true
from sqlalchemy.orm import Session

from portal.catalogue.models.entity import Entity
from portal.catalogue.rules import CREATES, RULES, Action, Asker, own_investigations, team_investigations
from portal.db import UTCDateTime
from portal.errors import SignInNeededError
from portal.identity.actor import Actor

__all__ = [
    "Action",
    "allowed",
    "allowed_to_asker",
    "asker_parameters",
    "may",
    "own_investigations",
    "team_investigations",
    "visible",
]

E = TypeVar("E", bound=Entity)


def visible(actor: Actor, entity: type[E], *, now: datetime | None = None) -> Select[E]:
    """A Select of all `entity` that the actor may read at `now` (default: this moment)."""
    return select(entity).where(allowed(actor, Action.READ, entity, now=now))


def may(
    session: Session,
    actor: Actor,
    action: Action | str,
    entity: Entity | type[Entity],
    *,
    now: datetime | None = None,
) -> bool:
    """If the actor may do `action` to this stored entity; for `create`, to one of this class."""
    action = Action(action)
    kind = entity if isinstance(entity, type) else type(entity)
    if action is Action.CREATE:
        rule = CREATES.get(kind)
        return rule is not None and rule(actor)
    if isinstance(entity, type):
        raise TypeError(f"{action} is asked of one {kind.__name__}, not of all")
    condition = allowed(actor, action, kind, now=now)
    return session.scalar(select(kind.id).where(kind.id == entity.id, condition)) is not None


def allowed(
    actor: Actor, action: Action, entity: type[Entity], *, now: datetime | None = None
) -> ColumnElement[bool]:
    """The condition on `entity`'s table under which the actor may do `action`; false where there is no rule."""
    rule = RULES[action].get(entity)
    if rule is None:
        return false()
    if actor.staff:
        return true()
    return rule(Asker(actor.name if actor.signed_in else None, now or datetime.now(UTC)))


def allowed_to_asker(action: Action, entity: type[Entity], *, staff: bool) -> ColumnElement[bool]:
    """`allowed` for a statement that is built once, because building it takes longer than the database's answer.

    Who asks, and when, are parameters of the statement: it must be executed with `asker_parameters`.
    """
    rule = RULES[action].get(entity)
    if rule is None:
        return false()
    if staff:
        return true()
    return rule(Asker(bindparam("asker_name", type_=String), bindparam("asker_now", type_=UTCDateTime)))


def asker_parameters(actor: Actor, now: datetime) -> dict[str, Any]:
    """The parameters that `allowed_to_asker` leaves open. Raises SignInNeededError: it is not for visitors."""
    if not actor.signed_in:
        raise SignInNeededError("Sign in first.")
    return {"asker_name": actor.name, "asker_now": now}
