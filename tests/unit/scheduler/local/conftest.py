"""Jobs for the local backend: small stand-ins for launch, written in Python."""

import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alone import alone

from portal.scheduler.base import JobHandle, JobReport, JobRequest, Phase
from portal.scheduler.local.backend import LocalScheduler
from portal.scheduler.local.fair_share import Limits

PATIENCE_S = 180.0


def until(look: Callable[[], object]) -> object:
    """Ask again until the answer is true; a test that waits too long says for what."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


class Bench:
    """A spool with two slots, and the few moves that tests make on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scheduler = LocalScheduler(folder / "spool", limits=Limits(cpus=2, memory_mb=4096))

    def request(self, code: str, person: str = "maya", **changes: object) -> JobRequest:
        folder = self.folder / "scratch"
        folder.mkdir(exist_ok=True)
        values: dict[str, object] = {
            "attempt": str(uuid.uuid4()),
            "name": f"gantry-{uuid.uuid4()}-1",
            "person": person,
            "argv": (sys.executable, "-c", code),
            "folder": folder,
            "cpus": 1,
            "memory_mb": 256,
            "time_s": 60,
            "grace_s": 1,
        }
        return JobRequest(**(values | changes))

    def submit(self, code: str, person: str = "maya", **changes: object) -> JobHandle:
        return alone(self.scheduler.submit([self.request(code, person, **changes)]))

    def step(self) -> bool:
        return self.scheduler.start(datetime.now(UTC))

    def look(self, handle: JobHandle) -> JobReport:
        observation = self.scheduler.observe([("job", handle)])
        assert observation.answered
        return observation.reports["job"]

    def wait(self, handle: JobHandle, reached: Callable[[JobReport], bool]) -> JobReport:
        return until(lambda: report if reached(report := self.look(handle)) else None)

    def ended(self, handle: JobHandle) -> JobReport:
        return self.wait(handle, lambda report: report.phase is Phase.ENDED)

    def started(self, handle: JobHandle) -> JobReport:
        return self.wait(handle, lambda report: report.phase is not Phase.PENDING)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for record in made.scheduler.spool.records():
        if record.end is None and record.supervision is not None:
            handle = alone(made.scheduler.find([(record.request.attempt, record.request.name)]))
            alone(made.scheduler.cancel([handle]))
            made.ended(handle)
