"""How somebody came in whose deed is written down. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol


class Via(StrEnum):
    """By what it is known who it was."""

    SESSION = "session"
    """A browser that is signed in."""
    TOKEN = "token"
    PASSWORD = "password"
    """Name and password, given for this deed."""
    PERSONA = "persona"
    """A demo's person, as whom anybody may come in."""
    CODE = "code"
    """A program, which its owner let in by a short code."""
    SYSTEM = "system"
    """The portal itself, or an operator on its machine."""
    NOBODY = "nobody"
    """Somebody who has not signed in."""


@dataclass(frozen=True)
class Origin:
    """How somebody came in and from where; `address` only where it was a request."""

    via: Via = Via.SYSTEM
    address: str | None = None
    token_id: int | None = None
    token_name: str | None = None


ITSELF: Final = Origin()
"""The portal, or an operator's command: no request."""


class Who(Protocol):
    """What is written down of somebody: identity's Actor."""

    @property
    def person_id(self) -> int | None: ...
    @property
    def name(self) -> str: ...
    @property
    def origin(self) -> Origin: ...
