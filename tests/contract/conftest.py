"""The backends under contract. An adapter knows how to make one, how to let it work, how to silence it."""

import importlib.util
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from alone import alone
from remote_backend import REMOTE, FarMachine

from portal.scheduler.base import JobHandle, JobReport, JobRequest, Phase, Scheduler
from portal.scheduler.factory import KINDS, make_scheduler
from portal.scheduler.local.backend import LocalScheduler
from portal.scheduler.local.fair_share import Limits
from portal.scheduler.slurm.cluster import SlurmScheduler
from portal.scheduler.slurm.commands import Answer
from portal.scheduler.slurm.config import SlurmConfig, parse
from portal.scheduler.slurm.questions import commands_of

PATIENCE_S = 180.0
# A controller and an accounting that nobody listens as.
NOBODY_LISTENS = """ClusterName=gantry
SlurmctldHost=localhost
SlurmctldPort=1
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=1
NodeName=node1
PartitionName=main Nodes=ALL
"""


class Adapter(Protocol):
    """What the suite needs of a backend: room for exactly two jobs of one CPU at a time."""

    def fresh(self) -> Scheduler:
        """Another object on the same backend, as another process would have it."""

    def turn(self) -> None:
        """Let time pass for a backend that does not work by itself."""

    def silence(self) -> None:
        """Make the backend unable to answer."""

    def close(self) -> None:
        """End everything that still runs."""


class LocalAdapter:
    """The local backend on a spool of its own."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self._scheduler = LocalScheduler(self.spool, limits=Limits(cpus=2, memory_mb=4096))

    def fresh(self) -> Scheduler:
        return LocalScheduler(self.spool)

    def turn(self) -> None:
        self._scheduler.start(datetime.now(UTC))

    def silence(self) -> None:
        (self.spool / "jobs").rename(self.spool / "jobs-away")

    def close(self) -> None:
        away = self.spool / "jobs-away"
        if away.exists():
            away.rename(self.spool / "jobs")
        end_all(self._scheduler)


def end_all(scheduler: LocalScheduler) -> None:
    """End everything that runs on a machine, and see it end."""
    for record in scheduler.spool.records():
        handle = alone(scheduler.find([(record.request.attempt, record.request.name)]))
        if handle is not None and alone(scheduler.cancel([handle])):
            deadline = time.monotonic() + PATIENCE_S
            while time.monotonic() < deadline:
                if scheduler.observe([("job", handle)]).reports["job"].phase is Phase.ENDED:
                    break
                time.sleep(0.02)


class RemoteAdapter:
    """A backend that is in no release: it stands in the factory's table for as long as it is tested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "remote"
        KINDS["remote"] = lambda: REMOTE
        self.fresh()
        self.far = FarMachine(self.folder)

    def fresh(self) -> Scheduler:
        return make_scheduler({"kind": "remote", "remote": str(self.folder)}, self.folder)

    def turn(self) -> None:
        self.far.turn()

    def silence(self) -> None:
        (self.folder / "letters").rename(self.folder / "letters-away")

    def close(self) -> None:
        del KINDS["remote"]
        end_all(self.far.machine)


class Line:
    """The way to Slurm's commands, which can be cut."""

    def __init__(self, config: SlurmConfig) -> None:
        self.config = config
        self._target = commands_of(config)

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        return self._target.run(command, stdin=stdin)

    def cut(self, folder: Path) -> None:
        (folder / "slurm.conf").write_text(NOBODY_LISTENS)
        self._target = commands_of(replace(self.config, conf=folder / "slurm.conf"))


def slurm_settings() -> SlurmConfig:
    """What GANTRY_TEST_SLURM says of the cluster at hand: words like qos=two-at-a-time pyslurm=/opt/bin/python."""
    words = dict(word.split("=", 1) for word in os.environ["GANTRY_TEST_SLURM"].split())
    return parse({"canary": False} | words)


class SlurmAdapter:
    """The Slurm of this host; the QOS that it is given lets a person run two jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = self.settings()
        self.line = Line(self.config)

    def settings(self) -> SlurmConfig:
        """Of this backend; it asks Slurm's commands for everything."""
        return replace(slurm_settings(), pyslurm=None)

    def fresh(self) -> Scheduler:
        return SlurmScheduler(self.config, self.folder, commands=self.line)

    def turn(self) -> None:
        time.sleep(0.3)

    def silence(self) -> None:
        self.line.cut(self.folder)

    def close(self) -> None:
        qos = [f"--qos={self.config.qos}"] if self.config.qos else []
        subprocess.run(["scancel", "--me", *qos], check=True)
        deadline = time.monotonic() + PATIENCE_S
        while subprocess.run(["squeue", "--me", "--noheader", *qos], capture_output=True, check=True).stdout:
            assert time.monotonic() < deadline, "jobs that cannot be ended"
            time.sleep(0.3)


class PyslurmAdapter(SlurmAdapter):
    """The same Slurm, where libslurm lists jobs and hands them over."""

    def settings(self) -> SlurmConfig:
        settings = slurm_settings()
        return settings if settings.pyslurm else replace(settings, pyslurm=Path(sys.executable))


def without_slurm() -> str:
    """Why Slurm cannot be tested here; empty if it can."""
    return (
        ""
        if "GANTRY_TEST_SLURM" in os.environ
        else "no Slurm here: tests/cluster/test_contract.py runs this on a host that has it"
    )


def without_pyslurm() -> str:
    """Why pyslurm cannot be tested here; empty if it can."""
    if without_slurm():
        return "no Slurm here: tests/cluster/release_contract.py runs this against one that pyslurm was made for"
    if slurm_settings().pyslurm is None and importlib.util.find_spec("pyslurm") is None:
        return "no pyslurm here: it is made for one release of Slurm, and there may be none for this one"
    return ""


ADAPTERS: Mapping[str, Callable[[Path], Adapter]] = {
    "local": LocalAdapter,
    "remote": RemoteAdapter,
    "slurm": SlurmAdapter,
    "pyslurm": PyslurmAdapter,
}
WHY_NOT: Mapping[str, Callable[[], str]] = {"slurm": without_slurm, "pyslurm": without_pyslurm}


class Bench:
    """A backend and the moves that the suite makes on it."""

    def __init__(self, adapter: Adapter, folder: Path) -> None:
        self.adapter = adapter
        self.folder = folder
        self.scheduler = adapter.fresh()

    def request(self, code: str = "pass", **changes: object) -> JobRequest:
        """A job that runs a line of Python."""
        attempt = str(uuid.uuid4())
        (self.folder / attempt).mkdir()
        values: dict[str, object] = {
            "attempt": attempt,
            "name": f"gantry-{uuid.uuid4()}-1",
            "person": "maya",
            "argv": (sys.executable, "-c", code),
            "folder": self.folder / attempt,
            "cpus": 1,
            "memory_mb": 256,
            "time_s": 120,
            "grace_s": 2,
        }
        return JobRequest(**(values | changes))

    def look(self, handle: JobHandle) -> JobReport:
        observation = self.scheduler.observe([("job", handle)])
        assert observation.answered, observation.message
        return observation.reports["job"]

    def until(self, handle: JobHandle, *phases: Phase) -> JobReport:
        """Wait until the job is in one of the phases."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.adapter.turn()
            report = self.look(handle)
            if report.phase in phases:
                return report
            time.sleep(0.05)
        raise AssertionError(f"the job did not become {phases} in time")


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.cluster] if name in WHY_NOT else []) for name in sorted(ADAPTERS)
    ]
)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    reason = WHY_NOT[request.param]() if request.param in WHY_NOT else ""
    if reason:
        pytest.skip(reason)
    adapter = ADAPTERS[request.param](tmp_path)
    yield Bench(adapter, tmp_path)
    adapter.close()
