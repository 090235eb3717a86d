"""A small analysis, and a person with a stack to run it on."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_cluster import FakeCluster
from small_facility import SmallFacility
from sqlalchemy import select

from portal.catalogue.models import Dataset
from portal.config import Settings
from portal.daemon import lease
from portal.daemon.context import Deps, Health
from portal.daemon.dispatch.step import dispatch_step
from portal.daemon.reconcile.step import reconcile_step
from portal.db import Database
from portal.identity.actor import Actor
from portal.jobs.actions import release, retry, retry_cancelled, retry_failed
from portal.jobs.models import Job
from portal.jobs.submit.again import Terms
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import JobTypes, parse_text
from portal.jobtype.model import JobType

QUEUEING = (retry, retry_failed, retry_cancelled, release)
"""Verbs that are asked on which terms."""

ANALYSIS = """
name: count
version: "1.0"
title: Count
summary: Counts things.
category: Tests
contact: staff
program:
  command: [python3, -c, "print(1)"]
inputs:
  - {name: stack, label: Stack, dataset_types: [light-sheet stack]}
options:
  - {name: sigma, label: Sigma, type: float, default: 1.0, min: 0, max: 10}
resources:
  default: small
  variants:
    - {name: small, label: Small, cpus: 1, memory_mb: 1024, time_s: 60}
    - {name: large, label: Large, cpus: 2, memory_mb: 4096, time_s: 90}
result_title: "{input}, counted"
outputs:
  - {name: counts, pattern: "*", dataset_type: counts}
"""


INPUTS = "inputs:\n  - {name: stack, label: Stack, dataset_types: [light-sheet stack]}\n"
OUTPUTS = '\n  - {name: counts, pattern: "*", dataset_type: counts}'
SIMULATE = (
    ANALYSIS.replace("name: count\n", "name: simulate\n").replace(INPUTS, "").replace("{input}", "{analysis}")
)
CHECK = ANALYSIS.replace("name: count\n", "name: check\n").replace(OUTPUTS, " []")
NOTIFY = SIMULATE.replace("name: simulate\n", "name: notify\n").replace(OUTPUTS, " []")


@pytest.fixture
def jobtypes() -> JobTypes:
    """`count`; `simulate` takes no dataset, `check` leaves none, `notify` does neither."""
    found: dict[str, JobType] = {}
    for text in (ANALYSIS, SIMULATE, CHECK, NOTIFY):
        jobtype, problems = parse_text(text, Path("analysis.yaml"))
        assert jobtype is not None, problems
        found[jobtype.name] = jobtype
    return JobTypes(found)


@dataclass
class Desk:
    """Somebody who submits: short verbs for the tests."""

    database: Database
    facility: SmallFacility
    jobtypes: JobTypes
    settings: Settings
    now: datetime

    def actor(self, name: str = "maya") -> Actor:
        return self.facility.actors[name]

    def request(self, *ids: int, **changes: Any) -> SubmitRequest:
        chosen = list(ids) or [self.facility.datasets["private"]]
        values: dict[str, Any] = {"jobtype": "count", "inputs": {"stack": chosen}}
        return SubmitRequest(**(values | changes))

    def submit(self, *ids: int, person: str = "maya", **changes: Any) -> str:
        with self.database.write() as session:
            made = submit(
                session,
                self.actor(person),
                self.request(*ids, **changes),
                jobtypes=self.jobtypes,
                settings=self.settings,
                now=self.now,
            )
            return made.id

    def jobs(self) -> list[Job]:
        with self.database.read() as session:
            return list(session.scalars(select(Job).order_by(Job.id)))

    def more_stacks(self, count: int) -> list[int]:
        """Further datasets in maya's experiment."""
        with self.database.write() as session:
            first = session.get_one(Dataset, self.facility.datasets["private"])
            made = [
                Dataset(
                    investigation_id=first.investigation_id,
                    type_id=first.type_id,
                    name=f"Stack {number}",
                    complete=True,
                )
                for number in range(count)
            ]
            session.add_all(made)
            session.flush()
            return [dataset.id for dataset in made]

    def change(self, act: Callable[..., Any], person: str, *args: Any, **named: Any) -> Any:
        """One of the service's verbs in a transaction of its own."""
        if act in QUEUEING:
            named.setdefault("terms", Terms(self.jobtypes, self.settings.limits))
        with self.database.write() as session:
            return act(session, self.actor(person), *args, now=self.now, **named)


@pytest.fixture
def desk(
    database: Database, facility: SmallFacility, jobtypes: JobTypes, settings: Settings, now: datetime
) -> Desk:
    return Desk(database, facility, jobtypes, settings, now)


@dataclass
class Bench:
    """The steps on a cluster in memory, with a clock of their own."""

    desk: Desk
    cluster: FakeCluster
    deps: Deps
    now: datetime

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def dispatch(self) -> bool:
        return dispatch_step(self.deps, self.now)

    def reconcile(self) -> bool:
        return reconcile_step(self.deps, self.now)

    def job(self, index: int = 0) -> Job:
        return self.jobs()[index]

    def jobs(self) -> list[Job]:
        with self.desk.database.read() as session:
            jobs = list(session.scalars(select(Job).order_by(Job.id)))
            for job in jobs:
                _ = job.attempts, job.events, job.submission.revision, job.person
            return jobs

    def attempt(self, index: int = 0) -> str:
        found = self.job(index).attempt
        assert found is not None
        return found.id

    def write(self, name: str, content: bytes | str) -> None:
        """A file in the attempt's folder."""
        folder = self.deps.settings.scratch / self.attempt()
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def result(self, **changes: Any) -> None:
        """A result.json of the attempt, good unless changed."""
        attempt = self.job().attempt
        assert attempt is not None
        document = {
            "schema": 1,
            "attempt": attempt.id,
            "job_sha256": attempt.job_sha256,
            "claim": {"cluster": "fake", "job_id": attempt.cluster_job, "array_index": None, "restart": 0},
            "exit_code": 0,
            "signal": None,
            "reason": None,
            "runner": "environment",
            "memory_peak_bytes": 1000,
            "memory_limit_bytes": 2**30,
            "log": {},
        }
        self.write("result.json", json.dumps(document | changes))


@pytest.fixture
def bench(database: Database, facility: SmallFacility, jobtypes: JobTypes, settings: Settings) -> Bench:
    """The steps, nothing submitted yet."""
    now = datetime.now(UTC)
    desk = Desk(database, facility, jobtypes, settings, now)
    cluster = FakeCluster()
    held = lease.take(database, "test", lasts=timedelta(seconds=60))
    assert held is not None
    health = Health(answered=True, since=now)
    return Bench(desk, cluster, Deps(settings, database, cluster, cluster, None, held, health), now)
