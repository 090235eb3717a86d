"""The backends under contract. An adapter knows how to make one, how to let it work, how to silence it."""

import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from portal.scheduler.base import JobHandle, JobReport, JobRequest, Phase, Scheduler
from portal.scheduler.local import LocalScheduler
from portal.scheduler.local_order import Limits

PATIENCE_S = 120.0


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
        self._scheduler.step(datetime.now(UTC))

    def silence(self) -> None:
        (self.spool / "jobs").rename(self.spool / "jobs-away")

    def close(self) -> None:
        away = self.spool / "jobs-away"
        if away.exists():
            away.rename(self.spool / "jobs")
        for record in self._scheduler.spool.records():
            handle = self._scheduler.find(record.request.attempt, record.request.name)
            if handle is not None and self._scheduler.cancel(handle):
                deadline = time.monotonic() + PATIENCE_S
                while time.monotonic() < deadline:
                    report = self._scheduler.observe([("job", handle)]).reports["job"]
                    if report.phase is Phase.ENDED:
                        break
                    time.sleep(0.02)


ADAPTERS: Mapping[str, Callable[[Path], Adapter]] = {"local": LocalAdapter}


class Bench:
    """A backend and the moves that the suite makes on it."""

    def __init__(self, adapter: Adapter, folder: Path) -> None:
        self.adapter = adapter
        self.folder = folder
        self.scheduler = adapter.fresh()

    def request(self, code: str = "pass", **changes: object) -> JobRequest:
        """A job that runs a line of Python."""
        values: dict[str, object] = {
            "attempt": str(uuid.uuid4()),
            "name": f"gantry-{uuid.uuid4()}-1",
            "person": "maya",
            "argv": (sys.executable, "-c", code),
            "folder": self.folder,
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


@pytest.fixture(params=sorted(ADAPTERS))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    adapter = ADAPTERS[request.param](tmp_path)
    yield Bench(adapter, tmp_path)
    adapter.close()
