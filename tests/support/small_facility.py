"""A small facility for tests: five people, four experiments, a dataset in each."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from portal.catalogue.models import (
    Dataset,
    DatasetType,
    Facility,
    Instrument,
    InstrumentScientist,
    Investigation,
    InvestigationInstrument,
    InvestigationType,
    InvestigationUser,
    User,
)
from portal.db import Database
from portal.identity.actor import Actor, Role
from portal.identity.models import Person

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EMBARGO = timedelta(days=36525)
"""Some tests ask by the clock on the wall, which is long past NOW."""


@dataclass
class SmallFacility:
    """Who and what is in it: ids by short name, so that tests open sessions of their own."""

    actors: dict[str, Actor] = field(default_factory=dict)
    """maya (member of `private`), tom (member of `other`), ravi (scientist of the light-sheet microscope), sam
    (staff), ingest (the microscope's own account)."""
    facility: int = 0
    instruments: dict[str, int] = field(default_factory=dict)
    """lightsheet, cytometer."""
    types: dict[str, int] = field(default_factory=dict)
    """stack, cytometry."""
    investigations: dict[str, int] = field(default_factory=dict)
    """private (maya's, light-sheet), other (tom's, cytometer), public (tom's, cytometer, released yesterday),
    embargoed (tom's, cytometer, released in a hundred years)."""
    datasets: dict[str, int] = field(default_factory=dict)
    """One in each investigation, by the investigation's short name."""


TEAMS = {"private": "maya", "other": "tom", "public": "tom", "embargoed": "tom"}
TITLES = {
    "private": "Zebrafish heart",
    "other": "Blood cells",
    "public": "Reference beads",
    "embargoed": "New drug",
}


def fill_small_facility(database: Database, now: datetime = NOW) -> SmallFacility:
    """Write the small facility into an empty database."""
    made = SmallFacility()
    with database.write() as session:
        people = {
            "maya": Person(name="maya", full_name="Maya Lind", roles=[], created=now),
            "tom": Person(name="tom", full_name="Tom Okafor", roles=[], created=now),
            "ravi": Person(name="ravi", full_name="Ravi Menon", roles=[], created=now),
            "sam": Person(name="sam", full_name="Sam Weber", roles=[Role.STAFF.value], created=now),
            "ingest": Person(name="ingest", full_name="Microscope", roles=[Role.INGEST.value], created=now),
        }
        users = {name: User(name=name, full_name=person.full_name) for name, person in people.items()}
        facility = Facility(name="Test facility")
        kind = InvestigationType(facility_id=0, name="experiment")
        session.add_all([*people.values(), *users.values(), facility])
        session.flush()
        kind.facility_id = facility.id
        instruments = {
            "lightsheet": Instrument(facility=facility, name="LS1", full_name="Light-sheet microscope"),
            "cytometer": Instrument(facility=facility, name="DC1", full_name="Deformability cytometer"),
        }
        types = {
            "stack": DatasetType(facility=facility, name="light-sheet stack"),
            "cytometry": DatasetType(facility=facility, name="deformability cytometry"),
        }
        session.add_all([kind, *instruments.values(), *types.values()])
        session.add(InstrumentScientist(user=users["ravi"], instrument=instruments["lightsheet"]))
        releases = {"public": now - timedelta(days=1), "embargoed": now + EMBARGO}
        for number, (name, member) in enumerate(TEAMS.items(), 1):
            where = "lightsheet" if name == "private" else "cytometer"
            investigation = Investigation(
                facility=facility,
                type=kind,
                name=f"E{number}",
                visit_id="1",
                title=TITLES[name],
                start_date=now - timedelta(days=30),
                release_date=releases.get(name),
            )
            session.add_all(
                [
                    investigation,
                    InvestigationUser(
                        investigation=investigation, user=users[member], role="principal_investigator"
                    ),
                    InvestigationInstrument(investigation=investigation, instrument=instruments[where]),
                ]
            )
            dataset = Dataset(
                investigation=investigation,
                type=types["stack" if where == "lightsheet" else "cytometry"],
                instrument=instruments[where],
                name=f"{TITLES[name]}, first run",
                complete=True,
                start_date=now - timedelta(days=20, hours=number),
            )
            session.add(dataset)
            session.flush()
            made.investigations[name], made.datasets[name] = investigation.id, dataset.id
        made.facility = facility.id
        made.actors = {name: person.actor() for name, person in people.items()}
        made.instruments = {name: instrument.id for name, instrument in instruments.items()}
        made.types = {name: dataset_type.id for name, dataset_type in types.items()}
    return made
