"""What does not exist and what is not shared: one answer for both, so that neither tells of the other."""

from portal.db import is_id
from portal.errors import NotFoundError
from portal.identity.actor import Actor


def not_found(actor: Actor, what: str = "", *, hidden: str = "not shared with you") -> NotFoundError:
    """The one sentence; `what` names it where several things were asked for, `hidden` says how else it may be."""
    sentence = f"{what}: not found, or {hidden}." if what else f"Not found, or {hidden}."
    who = f"Signed in: {actor.full_name or actor.name}." if actor.signed_in else "You are not signed in."
    return NotFoundError(f"{sentence} {who}")


def check_id(actor: Actor, number: int) -> int:
    """`number` if a row can have it as its id. Raises NotFoundError."""
    if not is_id(number):
        raise not_found(actor)
    return number
