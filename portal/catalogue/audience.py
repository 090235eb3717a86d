"""Who sees an experiment, to compare experiments: a result of data from several goes where the fewest see it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from portal.catalogue.models import (
    InstrumentScientist,
    Investigation,
    InvestigationGroup,
    InvestigationInstrument,
    InvestigationUser,
    UserGroup,
)

NAMED = select(InvestigationUser.investigation_id, InvestigationUser.user_id)
GROUPED = select(InvestigationGroup.investigation_id, UserGroup.user_id).join(
    UserGroup, UserGroup.grouping_id == InvestigationGroup.grouping_id
)
MEASURED = select(InvestigationInstrument.investigation_id, InstrumentScientist.user_id).join(
    InstrumentScientist, InstrumentScientist.instrument_id == InvestigationInstrument.instrument_id
)
RELEASED = select(Investigation.id, Investigation.release_date).where(
    Investigation.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True)
class Audience:
    """Who sees an experiment besides the facility's staff, as `rules.py` has it."""

    public: bool
    people: frozenset[int]
    """Users of the catalogue: the team, its groups' members, the instruments' scientists."""
    release: datetime | None
    """When everybody will see it; None where that is not set."""

    def same_as(self, other: "Audience") -> bool:
        """Whether the same people see both, today."""
        return (self.public, self.people) == (other.public, other.people)

    def within(self, other: "Audience") -> bool:
        """Whether all who see this one, now or once it is released, see the other too."""
        if other.public:
            return True
        if self.public or not self.people <= other.people:
            return False
        return self.release is None or (other.release is not None and other.release <= self.release)

    @property
    def width(self) -> tuple[bool, int, float]:
        """Less is narrower. Of those that as many see, the one that is released later."""
        release = -self.release.timestamp() if self.release is not None else float("-inf")
        return self.public, len(self.people), release


def audiences_of(connection: Connection, experiments: Collection[int], *, now: datetime) -> dict[int, Audience]:
    """Who sees each of these experiments. What is asked for was found visible before: nobody is named."""
    people: dict[int, set[int]] = {number: set() for number in experiments}
    for query in (NAMED, GROUPED, MEASURED):
        column = query.selected_columns[0]
        for experiment, user in connection.execute(query.where(column.in_(list(experiments)))):
            people[experiment].add(user)
    rows = connection.execute(RELEASED, {"ids": list(experiments)})
    return {
        number: Audience(release is not None and release <= now, frozenset(people[number]), release)
        for number, release in rows
    }


def narrowest(experiments: Iterable[int], audiences: Mapping[int, Audience]) -> int:
    """The experiment that the fewest see; of equals the first. `audiences` may lack it where there is one only."""
    several: Sequence[int] = list(dict.fromkeys(experiments))
    return several[0] if len(several) == 1 else min(several, key=lambda number: audiences[number].width)
