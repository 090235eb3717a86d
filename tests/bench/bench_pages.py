"""Server time of each page at 10,000 datasets and 100,000 files on SQLite.

`python tests/bench/bench_pages.py [--datasets 10000] [--rounds 40]` prints one JSON object. It has for each page
the median and the 95th percentile of the header Server-Timing and of the processor time (which a busy machine
stretches less), in milliseconds, and the number of database statements. The data are made in a temporary
folder: 200 experiments, 40 people, a fifth of the datasets are results with provenance.
"""

import argparse
import gc
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

from sqlalchemy import event, insert, select, text

from portal.app import create_app
from portal.catalogue.models import (
    Application,
    DataCollection,
    DataCollectionDataset,
    Datafile,
    Dataset,
    DatasetParameter,
    DatasetPicture,
    DatasetType,
    Facility,
    Instrument,
    Investigation,
    InvestigationInstrument,
    InvestigationType,
    InvestigationUser,
    ParameterType,
    User,
)
from portal.catalogue.models import Job as Run
from portal.catalogue.models.searchable import fold
from portal.config import load_settings
from portal.db import Database
from portal.identity.actor import Role
from portal.identity.models import Person
from portal.identity.sessions import open_session
from portal.jobs.models import Job, JobInput, JobOutput
from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import load_folders, shipped_folder
from portal.migrations import upgrade
from portal.web.signed_in import COOKIE

NOW = datetime.now(UTC)
EXPERIMENTS, PEOPLE, FILES, PARAMETERS, JOBS = 200, 40, 10, 8, 1500
TYPES = ["light-sheet stack", "deformability cytometry", "tomography scan"]
RESULT = "light-sheet result"


def main() -> int:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gantry-bench-") as folder:
        settings = load_settings({}, var=Path(folder))
        for path in settings.folders():
            path.mkdir(parents=True, exist_ok=True)
        upgrade(settings.database)
        database = Database(settings.database)
        fill(database, given.datasets, random.Random(4), settings)
        report = measure(create_app(settings, database=database), database, given.rounds)
        database.dispose()
    json.dump(report, sys.stdout, indent=1)
    print()
    return 0


def fill(database: Database, number: int, chance: random.Random, settings: Any) -> None:
    """A facility of that size, with multi-row inserts; jobs through the service."""
    with database.write() as session:
        facility = Facility(name="Large facility")
        kind = InvestigationType(facility=facility, name="proposal")
        types = [DatasetType(facility=facility, name=name) for name in [*TYPES, RESULT]]
        instruments = [Instrument(facility=facility, name=f"I{i}", full_name=f"Instrument {i}") for i in range(6)]
        quantities = [
            ParameterType(facility=facility, name=f"quantity {i}", units="um", value_type="NUMERIC")
            for i in range(PARAMETERS)
        ]
        application = Application(facility=facility, name="lightsheet-deconvolution", version="1.0")
        session.add_all([facility, kind, *types, *instruments, *quantities, application])
        session.flush()
        people = [Person(name=f"p{i}", full_name=f"Person {i}", roles=[], created=NOW) for i in range(PEOPLE)]
        people[0].roles = [Role.STAFF.value]
        users = [User(name=person.name, full_name=person.full_name) for person in people]
        experiments = [
            Investigation(
                facility_id=facility.id,
                type_id=kind.id,
                name=f"E{i}",
                visit_id="1",
                title=f"Experiment {i} on hearts",
                start_date=NOW - timedelta(days=i),
                release_date=NOW - timedelta(days=1) if i % 20 == 0 else None,
            )
            for i in range(EXPERIMENTS)
        ]
        session.add_all([*people, *users, *experiments])
        session.flush()
        for i, experiment in enumerate(experiments):
            used = InvestigationInstrument(investigation_id=experiment.id, instrument_id=instruments[i % 6].id)
            members = {users[1], *chance.sample(users, 3)} if i % 4 == 0 else set(chance.sample(users[2:], 4))
            session.add(used)
            for user in members:
                session.add(InvestigationUser(investigation_id=experiment.id, user_id=user.id, role="member"))
        session.flush()
        _datasets(session, number, experiments, types, instruments, quantities, application, chance)
    with database.write() as session:
        _jobs(session, settings)
        session.execute(text("ANALYZE"))


def _datasets(
    session: Any, number: int, experiments: Any, types: Any, instruments: Any, quantities: Any, application: Any,
    chance: random.Random,
) -> None:  # fmt: skip
    rows, files, values, pictures = [], [], [], []
    for i in range(1, number + 1):
        experiment, start = experiments[i % EXPERIMENTS], NOW - timedelta(minutes=7 * i)
        result = i % 5 == 0
        name = f"Sample {i} of the heart, {chance.choice(['GFP', 'mCherry', 'DAPI'])}"
        rows.append(
            {
                "id": i, "investigation_id": experiment.id, "name": name,
                "type_id": types[3 if result else i % 3].id, "complete": True, "start_date": start, "date": start,
                "file_count": FILES, "file_size": 10**8,
                "location": f"{'results' if result else 'raw'}:{i}", "search_text": fold(name),
                "instrument_id": None if result else instruments[i % 6].id,
            }
        )  # fmt: skip
        files += [
            {"dataset_id": i, "name": f"f{n}.h5", "location": f"f{n}.h5", "file_size": 10**7} for n in range(FILES)
        ]
        values += [{"dataset_id": i, "type_id": q.id, "numeric_value": chance.random()} for q in quantities]
        pictures.append(
            {"dataset_id": i, "name": "t", "role": "thumbnail", "path": f"{i}/t.png", "width": 256, "height": 256,
             "caption": "", "position": 0}
        )  # fmt: skip
    known = {column.key for column in Dataset.__table__.columns}
    rows = [{key: value for key, value in row.items() if key in known} for row in rows]
    filled = ((Dataset, rows), (Datafile, files), (DatasetParameter, values), (DatasetPicture, pictures))
    for table, many in filled:
        session.execute(insert(table), many)
    for i in range(5, number + 1, 5):
        pair = [DataCollection(), DataCollection()]
        session.add_all(pair)
        session.flush()
        session.add_all(
            [
                DataCollectionDataset(data_collection_id=pair[0].id, dataset_id=i - 1),
                DataCollectionDataset(data_collection_id=pair[1].id, dataset_id=i),
                Run(
                    application_id=application.id,
                    input_data_collection_id=pair[0].id,
                    output_data_collection_id=pair[1].id,
                    arguments="{}",
                ),
            ]
        )


def _jobs(session: Any, settings: Any) -> None:
    """Jobs of person 1, most of them done, with their inputs and results."""
    person = session.scalars(select(Person).where(Person.name == "p1")).one()
    stack = session.scalars(
        select(Dataset)
        .join(DatasetType)
        .join(InvestigationUser, InvestigationUser.investigation_id == Dataset.investigation_id)
        .join(User)
        .where(DatasetType.name == TYPES[0], User.name == "p1")
        .limit(1)
    ).one()
    jobtypes = load_folders([shipped_folder()])
    request = SubmitRequest("lightsheet-deconvolution", {"stack": [stack.id]})
    made = submit(session, person.actor(), request, jobtypes=jobtypes, settings=settings, now=NOW)
    template = session.get_one(Job, made.jobs[0].id)
    for i in range(1, JOBS):
        session.add(
            Job(
                submission_id=made.id, person_id=person.id, index=i, title=f"Sample {i}, deconvolved",
                state=State.SUCCEEDED if i < JOBS - 12 else State.QUEUED, options=template.options,
                investigation_id=template.investigation_id, resources=template.resources,
                created=NOW - timedelta(minutes=JOBS - i), changed=NOW, started=NOW, ended=NOW,
                inputs=[JobInput(slot="stack", position=0, dataset_id=stack.id, dataset_name=stack.name)],
            )
        )  # fmt: skip
    session.flush()


def measure(app: Any, database: Database, rounds: int) -> dict[str, Any]:
    """Every page, as an ordinary person and some as staff."""
    with database.write() as session:
        tokens = {
            name: open_session(
                session,
                session.scalars(select(Person).where(Person.name == name)).one(),
                now=NOW,
                lifetime=timedelta(hours=1),
            )
            for name in ("p0", "p1")
        }
        job = session.scalars(select(Job).order_by(Job.id).limit(1)).one()
        dataset, batch, number = job.inputs[0].dataset_id, job.submission.key, job.number
        experiment = job.investigation_id
        assert session.scalar(select(JobOutput.id).limit(1)) is None
    pages = {
        "home": "/",
        "data": "/data",
        "data, a word": "/data?q=mcherry",
        "data, a type": "/data?type=tomography+scan",
        "data, page 20": "/data?page=20",
        "experiments": "/experiments",
        "experiment": f"/experiments/{experiment}",
        "dataset": f"/datasets/{dataset}",
        "analyses": "/analyses",
        "analyses that fit": f"/analyses?dataset={dataset}",
        "form": f"/analyses/lightsheet-deconvolution/start?dataset={dataset}",
        "jobs": "/jobs",
        "jobs, a word": "/jobs?q=deconvolved",
        "jobs, a word that none has": "/jobs?q=nowhere",
        "job": f"/jobs/{number}",
        "batch of 1,500": f"/batches/{batch}",
        "account": "/me",
    }
    asked = [(name, "p1", address) for name, address in pages.items()]
    asked += [("home, staff", "p0", "/"), ("data, staff", "p0", "/data"), ("facility, staff", "p0", "/facility")]
    gc.collect()
    gc.freeze()  # as portal.web.gunicorn does in each worker
    report: dict[str, Any] = {"load": os.getloadavg()[0], "pages": {}}
    for name, person, address in asked:
        report["pages"][name] = _page(app, database, tokens[person], address, rounds)
    report["load"] = [report["load"], os.getloadavg()[0]]
    return report


def _page(app: Any, database: Database, token: str, address: str, rounds: int) -> dict[str, Any]:
    client = app.test_client()
    client.set_cookie(COOKIE, token)
    statements = 0

    def count(*_arguments: Any) -> None:
        nonlocal statements
        statements += 1

    client.get(address)
    event.listen(database.engine, "before_cursor_execute", count)
    answer = client.get(address)
    event.remove(database.engine, "before_cursor_execute", count)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    times, processor = [], []
    for _ in range(rounds):
        begun = time.process_time()
        answer = client.get(address)
        processor.append((time.process_time() - begun) * 1000)
        times.append(float(answer.headers["Server-Timing"].rpartition("=")[2]))
    return {
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": _p95(times),
        "cpu_median_ms": round(statistics.median(processor), 1),
        "cpu_p95_ms": _p95(processor),
        "statements": statements,
        "bytes": len(answer.data),
    }


def _p95(times: list[float]) -> float:
    return round(sorted(times)[min(len(times) - 1, int(len(times) * 0.95))], 1)


if __name__ == "__main__":
    sys.exit(main())
