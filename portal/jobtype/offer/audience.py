"""To whom a job type is published: herself, an instrument's scientists, experiments' teams, everyone. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST = 100
"""Instruments or experiments that one job type names."""


class To(StrEnum):
    """The kinds of audiences. A word, once used, keeps its meaning: it stands in published notes."""

    MYSELF = "myself"
    INSTRUMENTS = "instruments"
    EXPERIMENTS = "experiments"
    EVERYONE = "everyone"


@dataclass(frozen=True)
class Audience:
    """Who may start it. Whoever registered it always may; staff may, unless it is for herself alone."""

    to: To
    author: str = ""
    """The sign-in name of who registered it."""
    ids: tuple[int, ...] = ()
    """The catalogue's ids of the instruments or experiments that are meant."""

    def document(self) -> dict[str, Any]:
        """The same as JSON types."""
        return {"to": self.to.value, "author": self.author, "ids": list(self.ids)}

    def covers(self, other: "Audience") -> bool:
        """Whether this leaves it to everybody who has it by the other one; False where that cannot be told.

        Who registers such things is of the staff, who have whatever is not for somebody alone.
        """
        if self.to is To.EVERYONE:
            return True
        if other.to is To.MYSELF:
            return self.to is not To.MYSELF or self.author == other.author
        return self.to is other.to and set(self.ids) >= set(other.ids)

    @staticmethod
    def of(document: object) -> "Audience":
        """From what `document` gave. Raises ValueError for anything else: nobody is meant by a note in doubt."""
        if not isinstance(document, Mapping) or set(document) != {"to", "author", "ids"}:
            raise ValueError("an audience has the keys to, author and ids")
        to, author, ids = To(document["to"]), document["author"], document["ids"]
        if not isinstance(author, str) or not isinstance(ids, list) or len(ids) > MOST:
            raise ValueError(f"an audience has an author and up to {MOST} ids")
        if not all(type(one) is int and one > 0 for one in ids):
            raise ValueError("an id is a whole number")
        if bool(ids) != (to in (To.INSTRUMENTS, To.EXPERIMENTS)):
            raise ValueError(f"published to {to.value}, which ids do not fit")
        return Audience(to, author, tuple(ids))


EVERYONE = Audience(To.EVERYONE)
