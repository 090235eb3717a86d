"""A demo as a process of its own, as a person starts it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DEMO = [sys.executable, "-m", "portal.demo"]
STARTED = "Ctrl-C ends it."
START_S = 400.0
LONG = pytest.mark.timeout(900)  # the whole facility is made anew, on whatever machine this is


def environment() -> dict[str, str]:
    """Ours, without settings of a portal that somebody may have in her shell."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GANTRY_")}


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *words], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=800
    )


@dataclass
class Started:
    """A demo that runs, and what it has said so far."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8")

    def wait_for(self, words: str) -> None:
        end = time.monotonic() + START_S
        while words not in self.said:
            assert self.process.poll() is None and time.monotonic() < end, self.said
            time.sleep(0.1)

    def end(self) -> int:
        """Ctrl-C, which a terminal sends to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


@contextmanager
def started(var: Path, log: Path) -> Iterator[Started]:
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*DEMO, "--var", var, "--port", "0"],
            cwd=ROOT,
            env=environment(),
            stderr=stream,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield Started(process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        _end_jobs(var)


def _end_jobs(var: Path) -> None:
    """Jobs outlive the demo on purpose; a test leaves none behind."""
    for path in var.glob("spool/jobs/*/supervisor.json"):
        if not (path.parent / "ending.json").exists():
            try:
                os.kill(json.loads(path.read_text("utf-8"))["identity"]["pid"], signal.SIGKILL)
            except ProcessLookupError:
                continue
