"""What an operator meant: the number that was typed is of a request, and the digits are of what was read."""

import re
from typing import TYPE_CHECKING, TypeVar

from portal.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Request = TypeVar("Request")

DIGITS = 12
"""So many are shown, and so many at least are asked for."""
BEFORE = "sha256:"


def short(digest: str) -> str:
    """The digest as tables and sentences show it."""
    return digest[: len(BEFORE) + DIGITS]


def request_of(session: "Session", kind: type[Request], number: int, lists: str) -> Request:
    """The request with this number. `lists`: the command that shows them. Raises NotFoundError."""
    from portal.db import is_id

    found = session.get(kind, number) if is_id(number) else None
    if found is None:
        raise NotFoundError(f"There is no request with the number {number}. `{lists}` lists what waits.")
    return found


def check_meant(number: int, digest: str, typed: str, *, nothing: str) -> None:
    """That what was typed begins this digest: the number alone could be mistyped.

    `nothing`: what did not happen, as a sentence. Raises InvalidError where it is no beginning of a digest, or too
    short to be meant; ConflictError where it is of something else.
    """
    digits = typed.strip().lower().removeprefix(BEFORE)
    if not re.fullmatch(rf"[0-9a-f]{{{DIGITS},64}}", digits):
        raise InvalidError(
            f"“{typed}” is not the beginning of a digest: type {DIGITS} of its digits or more, as they are shown, "
            f"with {BEFORE} before them or without. {nothing}"
        )
    if not digest.startswith(BEFORE + digits):
        raise ConflictError(f"Request {number} is of {short(digest)}, not of what begins with {digits}. {nothing}")
