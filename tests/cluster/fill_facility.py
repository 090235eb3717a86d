"""Runs on the lab's portal, as its root: people with passwords, experiments, and datasets with real files.

`fill_facility.py PASSWORD COUNT`: what is there already stays. Prints the datasets' ids by experiment as JSON.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.ensure import ensure_dataset_type, ensure_facility, ensure_user
from portal.catalogue.models import Datafile, Dataset, Investigation, InvestigationType, InvestigationUser
from portal.config import load_settings
from portal.db import Database
from portal.identity.actor import Role
from portal.identity.models import Person
from portal.identity.people import create_person

PEOPLE = {
    "maya": "Maya Lind",
    "tom": "Tom Okafor",
    "ines": "Inês Duarte",
    "ravi": "Ravi Menon",
    "sam": "Sam Keller",
}
TEAMS = {"Zebrafish heart": ["maya"], "Blood cells": ["maya", "tom"], "Beetle": ["ines"], "Seeds": ["ravi"]}
TYPE = "light-sheet stack"
FILE_BYTES = 1234


def main() -> None:
    """Fill, and print what there is."""
    password, count = sys.argv[1], int(sys.argv[2])
    settings = load_settings()
    database = Database(os.environ["GANTRY_DATABASE_URL"])
    with database.write() as session:
        _people(session, password)
        found = {title: _experiment(session, title) for title in TEAMS}
        root = settings.roots["data"].path
        made = {title: _datasets(session, one, root, count) for title, one in found.items()}
    print(json.dumps(made))


def _people(session: Session, password: str) -> None:
    for name, full_name in PEOPLE.items():
        if session.scalar(select(Person.id).where(Person.name == name)) is None:
            roles = [Role.STAFF] if name == "sam" else []
            create_person(session, name, full_name, password=password, roles=roles, now=datetime.now(UTC))
        ensure_user(session, name, full_name=full_name)


def _experiment(session: Session, title: str) -> Investigation:
    found = session.scalar(select(Investigation).where(Investigation.title == title))
    if found is not None:
        return found
    facility = ensure_facility(session, "Gantry's lab")
    kind = session.scalar(select(InvestigationType).where(InvestigationType.name == "experiment"))
    if kind is None:
        kind = InvestigationType(facility_id=facility.id, name="experiment")
        session.add(kind)
    name = title.lower().replace(" ", "-")
    made = Investigation(facility=facility, type=kind, name=name, visit_id="1", title=title)
    session.add(made)
    for member in TEAMS[title]:
        user = ensure_user(session, member, full_name=PEOPLE[member])
        session.add(InvestigationUser(investigation=made, user=user, role="principal_investigator"))
    session.flush()
    return made


def _datasets(session: Session, experiment: Investigation, root: Path, count: int) -> list[int]:
    """The ids of `count` datasets, each a folder with one file."""
    type_id = ensure_dataset_type(session, experiment.facility_id, TYPE).id
    raw = select(Dataset).where(Dataset.investigation_id == experiment.id, Dataset.location.startswith("data:"))
    there = list(session.scalars(raw.order_by(Dataset.id)))
    for number in range(len(there), count):
        folder = root / experiment.name / f"{number:05}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.raw").write_bytes(bytes(FILE_BYTES))
        status = (folder / "a.raw").stat()
        dataset = Dataset(
            investigation_id=experiment.id,
            type_id=type_id,
            name=f"{experiment.title} {number:05}",
            location=f"data:{folder.relative_to(root)}",
            complete=True,
            file_count=1,
            file_size=status.st_size,
        )
        dataset.datafiles.append(
            Datafile(name="a.raw", location="a.raw", file_size=status.st_size, mtime_ns=status.st_mtime_ns)
        )
        session.add(dataset)
        there.append(dataset)
    session.flush()
    return [dataset.id for dataset in there]


main()
