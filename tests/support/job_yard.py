"""A whole portal without its web tier, in a temporary folder: real database, agent, scheduler, launch, store."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from small_facility import SmallFacility, fill_small_facility
from sqlalchemy import select, text

from portal.catalogue.models import Datafile, Dataset
from portal.config import Settings, load_settings
from portal.daemon.loop import Daemon, build
from portal.db import Database
from portal.jobs.actions import release, retry, retry_cancelled, retry_failed
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.jobs.submit.again import Terms
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import JobTypes, load_folders
from portal.migrations import upgrade
from portal.scheduler.local.spool import Spool

QUEUEING = (retry, retry_failed, retry_cancelled, release)
"""Verbs that are asked on which terms."""

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 180.0

# Notes that it ran, reads its input, writes a result with a parameter and a picture's worth of progress. Where a
# gate is named it does not end before that file is there: a test decides how long "while it runs" is.
COUNT = """
import json, os, pathlib, time
job = json.load(open(os.environ["GANTRY_JOB"]))
with open(job["options"]["ledger"], "a") as ledger:
    ledger.write(job["job"]["attempt"] + "\\n")
with open("events.jsonl", "a") as events:
    events.write(json.dumps({"stage": "counting", "step": 1, "steps": 1, "fraction": 0.5}) + "\\n")
time.sleep(job["options"].get("wait", 0))
gate = job["options"].get("gate", "")
while gate and not os.path.exists(gate):
    time.sleep(0.02)
files = [file["path"] for slot in job["inputs"].values() for dataset in slot for file in dataset["files"]]
total = sum(os.path.getsize(path) for path in files)
out = pathlib.Path("output")
out.mkdir(exist_ok=True)
(out / "count.txt").write_text(str(total))
(out / "metadata.json").write_text(json.dumps({"schema": 1, "summary": "Counted bytes",
    "parameters": [{"name": "bytes", "value": total, "units": "B"}], "previews": []}))
"""


def analysis(name: str, code: str, **changes: Any) -> dict[str, Any]:
    """A job type whose program is Python `code`; its options: `ledger`, `gate` (paths), `wait` (seconds)."""
    document: dict[str, Any] = {
        "name": name,
        "version": "1.0",
        "title": name.capitalize(),
        "summary": "A test's analysis.",
        "category": "Tests",
        "contact": "nobody",
        "program": {"command": ["python3", "-c", code]},
        "inputs": [{"name": "stack", "label": "Stack", "dataset_types": ["light-sheet stack"]}],
        "options": [
            {"name": "ledger", "label": "Ledger", "type": "text", "default": "/dev/null", "max_length": 1000},
            {"name": "wait", "label": "Wait", "type": "float", "default": 0.0, "min": 0, "max": 600},
            {"name": "gate", "label": "Gate", "type": "text", "default": "", "max_length": 1000},
        ],
        "resources": {
            "default": "small",
            "variants": [
                {"name": "small", "label": "Small", "cpus": 1, "memory_mb": 256, "time_s": 60},
                {"name": "large", "label": "Large", "cpus": 1, "memory_mb": 512, "time_s": 120},
            ],
        },
        "result_title": "{input}, " + name,
        "outputs": [{"name": "counts", "pattern": "*.txt", "dataset_type": "counts"}],
        "grace_s": 1,
    }
    return document | changes


@dataclass
class Yard:
    """The portal and short verbs to use it. Close it at the end."""

    folder: Path
    settings: Settings
    database: Database
    facility: SmallFacility
    jobtypes: JobTypes
    stack: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def ledger(self) -> Path:
        """Where programs note that they ran: one attempt a line."""
        return self.folder / "ledger.txt"

    @property
    def gate(self) -> Path:
        """Programs that were given it as an option end once it is there."""
        return self.folder / "gate"

    def stack_again(self, name: str) -> int:
        """Another dataset like the stack, with files of its own."""
        folder = self.settings.roots["demo"].path / name
        folder.mkdir()
        with self.database.write() as session:
            first = session.get_one(Dataset, self.stack)
            made = Dataset(
                investigation_id=first.investigation_id, type_id=first.type_id, name=f"Stack {name}", complete=True
            )
            session.add(made)
            session.flush()
            dataset_id = made.id
        return add_stack(self.database, dataset_id, folder)

    def starts(self) -> list[str]:
        """The attempts whose program ran, in order, as the program itself wrote them down."""
        return self.ledger.read_text().split() if self.ledger.exists() else []

    def submit(self, jobtype: str = "count", *ids: int, person: str = "maya", **changes: Any) -> str:
        """A submission on the stack (or on datasets, or with `inputs` as they are); its id."""
        options = {"ledger": str(self.ledger)} | changes.pop("options", {})
        inputs = changes.pop("inputs", {"stack": list(ids) or [self.stack]})
        request = SubmitRequest(jobtype, inputs, options, **changes)
        with self.database.write() as session:
            actor, now = self.facility.actors[person], datetime.now(UTC)
            made = submit(session, actor, request, jobtypes=self.jobtypes, settings=self.settings, now=now)
            return made.id

    def jobs(self) -> list[Job]:
        """All jobs with their attempts, outputs and events."""
        with self.database.read() as session:
            jobs = list(session.scalars(select(Job).order_by(Job.id)))
            for job in jobs:
                _ = job.attempts, job.outputs, job.events, job.inputs, job.submission.revision
            return jobs

    def job(self, index: int = 0) -> Job:
        """One of the jobs."""
        return self.jobs()[index]

    def results(self) -> list[Dataset]:
        """The datasets that jobs registered."""
        with self.database.read() as session:
            found = list(session.scalars(select(Dataset).where(Dataset.location.startswith("results:"))))
            for dataset in found:
                _ = dataset.datafiles, dataset.type, [p.type for p in dataset.parameters], dataset.pictures
            return found

    def change(self, act: Callable[..., Any], *args: Any, person: str = "maya", **named: Any) -> Any:
        """One of the service's verbs."""
        if act in QUEUEING:
            named.setdefault("terms", Terms(self.jobtypes, self.settings.limits))
        with self.database.write() as session:
            return act(session, self.facility.actors[person], *args, now=datetime.now(UTC), **named)

    def folder_of(self, job: Job) -> Path:
        """The latest attempt's folder."""
        assert job.attempt is not None
        return self.settings.scratch / job.attempt.id

    def daemon(self) -> Daemon:
        """A daemon in this process, for turns one by one."""
        return build(self.settings)

    def until(self, daemon: Daemon, done: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Turn until it is done; AssertionError with what the jobs say if it never is."""
        end = time.monotonic() + patience_s
        while not done():
            assert time.monotonic() < end, self.tell()
            if not daemon.turn(datetime.now(UTC)):
                time.sleep(0.05)

    def until_ended(self, daemon: Daemon, patience_s: float = PATIENCE_S) -> list[Job]:
        """Turn until every job has ended; the jobs."""
        self.until(daemon, lambda: all(job.state.final for job in self.jobs()), patience_s)
        return self.jobs()

    def wait(self, done: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait for what daemons in other processes do."""
        end = time.monotonic() + patience_s
        while not done():
            assert time.monotonic() < end, self.tell()
            time.sleep(0.05)

    def ended(self) -> bool:
        """Whether every job has ended."""
        return all(job.state.final for job in self.jobs())

    def tell(self) -> str:
        """What the jobs are, for a failing test."""
        lines = [f"{job.number} {job.state} {job.cause} {job.cause_words} {job.waiting}" for job in self.jobs()]
        return "\n".join([*lines, *(self._log(process) for process in self.processes)])

    def _log(self, process: subprocess.Popen[bytes]) -> str:
        path = self.folder / f"daemon-{self.processes.index(process)}.log"
        return f"{path.name} (exit {process.poll()}):\n{path.read_text()[-4000:]}"

    def start_daemon(self, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A daemon in a process of its own."""
        config = self.folder / "gantry.toml"
        config.write_text(self._toml())
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GANTRY_")}
        with (self.folder / f"daemon-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "portal.daemon"],
                cwd=REPOSITORY,
                env=clean | {"GANTRY_CONFIG": str(config)} | dict(environment or {}),
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def _toml(self) -> str:
        """The settings as a file; JSON's strings, numbers and lists are TOML's too."""
        document = json.loads(self.settings.model_dump_json())
        plain = {key: value for key, value in document.items() if not isinstance(value, dict)}
        lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
        for key, value in document.items():
            if key == "roots":
                for name, root in value.items():
                    lines += [f"[roots.{name}]", *(f"{k} = {json.dumps(v)}" for k, v in root.items())]
            elif isinstance(value, dict):
                lines += [f"[{key}]", *(f"{k} = {json.dumps(v)}" for k, v in value.items() if v is not None)]
        return "\n".join(lines) + "\n"

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """SIGSTOP, in a moment in which the process holds neither the database nor the spool that others need."""
        with Spool(self.settings.spool).locked(), self.database.write() as session:
            session.execute(text("SELECT 1"))
            process.send_signal(signal.SIGSTOP)
            self.wait(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")

    def close(self) -> None:
        """End the daemons and whatever jobs still run."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        self._end_jobs()
        self.database.dispose()

    def _end_jobs(self) -> None:
        for path in self.settings.spool.glob("jobs/*/supervisor.json"):
            if (path.parent / "ending.json").exists():
                continue
            pid = json.loads(path.read_text())["identity"]["pid"]
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def make_yard(folder: Path, *analyses: Mapping[str, Any], **settings: Any) -> Yard:
    """A portal with the analysis `count` and others, and one stack of two files in maya's experiment."""
    jobtypes, root = folder / "jobtypes", folder / "root"
    jobtypes.mkdir()
    for document in (analysis("count", COUNT), *analyses):
        (jobtypes / f"{document['name']}.yaml").write_text(yaml.safe_dump(dict(document), sort_keys=False))
    (root / "heart").mkdir(parents=True)
    values: dict[str, Any] = {
        "var": folder / "var",
        "roots": {"demo": {"path": root}},
        "jobtypes": [jobtypes],
        "local": {"slots": 2, "memory_mb": 2048},
        "daemon": {"idle_s": 0.05, "poll_s": 0.1, "late_result_s": 1.0, "lost_s": 5.0, "lease_s": 3.0},
    }
    made = load_settings({}, **(values | settings))
    for path in made.folders():
        path.mkdir(parents=True, exist_ok=True)
    upgrade(made.database)
    database = Database(made.database)
    facility = fill_small_facility(database, datetime.now(UTC))
    loaded = load_folders([jobtypes])
    assert not loaded.problems, loaded.problems
    stack = add_stack(database, facility.datasets["private"], root / "heart")
    return Yard(folder, made, database, facility, loaded, stack)


def add_stack(database: Database, dataset_id: int, folder: Path) -> int:
    """Give a dataset two real files in a folder of the root `demo`."""
    with database.write() as session:
        dataset = session.get_one(Dataset, dataset_id)
        dataset.location = f"demo:{folder.name}"
        for name, size in (("a.raw", 1000), ("b.raw", 234)):
            (folder / name).write_bytes(b"x" * size)
            status = (folder / name).stat()
            session.add(
                Datafile(
                    dataset_id=dataset_id, name=name, location=name, file_size=size, mtime_ns=status.st_mtime_ns
                )
            )
        return dataset.id


def states(job: Job) -> list[str]:
    """The states a job went through."""
    return [event.to_state for event in job.events]


GOOD = [state.value for state in (State.QUEUED, State.SUBMITTING, State.PENDING)]
