"""Who asks: the one thing about a person that services and the catalogue's access filter look at."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from portal.audit.who import ITSELF, Origin


class Role(StrEnum):
    """What a person may do beyond her own experiments."""

    STAFF = "staff"
    """Sees everything, registers job types, watches the facility."""
    INGEST = "ingest"
    """May register data; an instrument's own account."""


def known_roles(words: Iterable[str]) -> frozenset[Role]:
    """The roles that stand in a person's row; words of another version of the portal are none."""
    known = {role.value for role in Role}
    return frozenset(Role(word) for word in words if word in known)


@dataclass(frozen=True)
class Actor:
    """A signed-in person, or nobody. `name` is the sign-in name and the catalogue's User.name."""

    person_id: int | None = None
    name: str = ""
    full_name: str = ""
    roles: frozenset[Role] = field(default_factory=frozenset)
    origin: Origin = field(default=ITSELF, compare=False)
    """How she came in, for what is written down of her deeds; it gives no right."""

    @property
    def staff(self) -> bool:
        """True for the facility's staff."""
        return Role.STAFF in self.roles

    @property
    def may_ingest(self) -> bool:
        """True for those who may register data in place."""
        return self.staff or Role.INGEST in self.roles

    @property
    def signed_in(self) -> bool:
        """False for a visitor who has not signed in."""
        return self.person_id is not None


NOBODY = Actor()
PORTAL_ITSELF: Final = Actor(name="gantry")
"""Who does what no person asked for."""
