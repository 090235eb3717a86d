"""Time of the search over everything at a large catalogue: a word that is there, one with a slip, one that is not.

`python tests/bench/bench_search.py [--datasets 200000] [--rounds 5] [--database URL]` prints one JSON object: for
each text and person the median and the largest time of an answer in milliseconds, what was mended, what was late.
Without a URL it makes a SQLite file in a temporary folder; the database of a URL must be empty.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

from portal.app import create_app
from portal.catalogue.models import (
    Dataset,
    DatasetType,
    Facility,
    Instrument,
    Investigation,
    InvestigationInstrument,
    InvestigationType,
    InvestigationUser,
    User,
)
from portal.catalogue.models.searchable import fold
from portal.config import load_settings
from portal.db import Database
from portal.identity.actor import Role
from portal.identity.models import Person
from portal.jobtype.load import load_folders, shipped_folder
from portal.migrations import upgrade
from portal.web.views.finding.everything import Finder

NOW = datetime.now(UTC)
EXPERIMENTS, PEOPLE, VOCABULARY = 2000, 200, 3000
PARTS = ["ba", "cor", "den", "fi", "gra", "lu", "mo", "nex", "pil", "ro", "sta", "tri", "vel", "zo"]
TEXTS = {
    "a word": "zebrafish",
    "two words": "zebrafish heart",
    "a word with a slip": "zebrafsh",
    "two with slips": "zebrafsh haert",
    "a number": "MX-1234",
    "a rare word": "quokka",
    "a rare word with a slip": "quokak",
    "nothing": "xylophonist",
}


def main() -> int:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gantry-bench-") as folder:
        more = {"database_url": given.database} if given.database else {}
        settings = load_settings({}, var=Path(folder), **more)
        upgrade(settings.database)
        database = Database(settings.database)
        fill(database, given.datasets, random.Random(4))
        report = measure(create_app(settings, database=database), database, given.rounds)
        database.dispose()
    json.dump(report, sys.stdout, indent=1, ensure_ascii=False)
    print()
    return 0


def fill(database: Database, number: int, chance: random.Random) -> None:
    """That many datasets with names of made-up words, a tenth of them of zebrafish, one of a quokka."""
    words = ["".join(chance.choices(PARTS, k=chance.randint(2, 4))) for _ in range(VOCABULARY)]
    with database.write() as session:
        facility = Facility(name="Large facility")
        kind = InvestigationType(facility=facility, name="proposal")
        types = [DatasetType(facility=facility, name=name) for name in ("stack", "scan", "cytometry")]
        instruments = [Instrument(facility=facility, name=f"I{i}", full_name=f"Instrument {i}") for i in range(9)]
        session.add_all([kind, *types, *instruments])
        people = [Person(name=f"p{i}", full_name=f"Person {i}", roles=[], created=NOW) for i in range(PEOPLE)]
        people[0].roles = [Role.STAFF.value]
        users = [User(name=one.name, full_name=one.full_name) for one in people]
        session.flush()
        experiments = [
            Investigation(
                facility_id=facility.id,
                type_id=kind.id,
                name=f"MX-{i}",
                visit_id="1",
                title=f"On the {chance.choice(words)} of {chance.choice(words)}",
                start_date=NOW - timedelta(days=i),
                release_date=NOW - timedelta(days=1) if i % 20 == 0 else None,
            )
            for i in range(EXPERIMENTS)
        ]
        session.add_all([*people, *users, *experiments])
        session.flush()
        for i, experiment in enumerate(experiments):
            session.add(
                InvestigationInstrument(investigation_id=experiment.id, instrument_id=instruments[i % 9].id)
            )
            for user in {users[1], *chance.sample(users, 3)} if i % 10 == 0 else set(chance.sample(users[2:], 4)):
                session.add(InvestigationUser(investigation_id=experiment.id, user_id=user.id, role="member"))
        session.flush()
        rows = []
        for i in range(number):
            about = "zebrafish heart" if i % 10 == 0 else f"{chance.choice(words)} {chance.choice(words)}"
            name = f"{'quokka' if i == number // 2 else about} {chance.choice(words)} {i}"
            date = NOW - timedelta(minutes=7 * i)
            rows.append(
                {
                    "investigation_id": experiments[i % EXPERIMENTS].id,
                    "type_id": types[i % 3].id,
                    "instrument_id": instruments[i % 9].id,
                    "name": name,
                    "search_text": fold(name),
                    "complete": True,
                    "start_date": date,
                    "date": date,
                    "location": f"raw:{i}",
                }
            )
        for start in range(0, number, 20_000):
            session.execute(insert(Dataset), rows[start : start + 20_000])
    with database.write() as session:
        session.execute(text("ANALYZE"))


def measure(app: Any, database: Database, rounds: int) -> dict[str, Any]:
    """Each text, as staff (who see all) and as somebody in a tenth of the experiments."""
    jobtypes = load_folders([shipped_folder()]).by_name
    report: dict[str, Any] = {"load": os.getloadavg()[0], "database": database.engine.dialect.name}
    with database.read() as session:
        people = {
            label: session.scalars(select(Person).where(Person.name == name)).one().actor()
            for label, name in (("staff", "p0"), ("member", "p1"))
        }
    for label, actor in people.items():
        for kind, typed in TEXTS.items():
            times = []
            with app.test_request_context():
                for _ in range(rounds):
                    begun = time.monotonic()
                    found = Finder(database, actor, jobtypes, 5).find(typed)
                    times.append((time.monotonic() - begun) * 1000)
            report[f"{label}: {kind}"] = {
                "median_ms": round(statistics.median(times)),
                "largest_ms": round(max(times)),
                "hits": found.total,
                "mended": found.mended,
                "late": found.late,
            }
    return report


if __name__ == "__main__":
    sys.exit(main())
