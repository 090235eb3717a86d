"""Real attempts in temporary folders: a job spec is written, launch is started as a process, its files read."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest

REPOSITORY = Path(__file__).resolve().parents[4]
SCHEMAS = REPOSITORY / "jobtypes" / "schema"


def an_order(**changes: Any) -> dict[str, Any]:
    """A complete job.json that runs nothing in particular; `changes` replace top-level keys."""
    order = {
        "schema": 1,
        "job": {
            "id": 42,
            "number": "J-1042",
            "submission": "0b1f6c1e-6a43-4f0c-9d8e-0d8d51f0a001",
            "index": 0,
            "attempt": "5f2d8a3c-6a43-4f0c-9d8e-0d8d51f0a002",
            "try": 1,
            "name": "gantry-0b1f6c1e-6a43-4f0c-9d8e-0d8d51f0a001-1",
            "title": "Zebrafish heart, deconvolved",
            "person": "maya",
        },
        "jobtype": {"name": "test", "version": "1.0", "revision": "sha256:" + "0" * 64},
        "program": {"command": ["true"]},
        "inputs": {},
        "options": {},
        "resources": {
            "cpus": 1,
            "memory_mb": 2048,
            "time_s": 60,
            "gpus": 0,
            "ranks": 1,
            "grace_s": 1,
        },
        "image": None,
        "network": False,
        "outputs": [{"name": "result", "pattern": "*", "dataset_type": "light-sheet result", "required": True}],
        "success_codes": [0],
        "log_limit_bytes": 1_000_000,
    }
    return order | changes


@dataclass
class Attempt:
    """An attempt's folder, and launch as it would be started by a batch script."""

    folder: Path
    sha256: str
    environment: dict[str, str] = field(default_factory=dict)

    def argv(self, *arguments: str, job_id: str = "7") -> list[str]:
        return [
            *(sys.executable, "-m", "wrappers.launch", "--folder", str(self.folder)),
            *("--job-sha256", self.sha256, "--cluster", "local", "--job-id", job_id, *arguments),
        ]

    def start(self, *arguments: str, job_id: str = "7") -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.argv(*arguments, job_id=job_id),
            cwd=REPOSITORY,
            env={**os.environ, **self.environment},
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, job_id: str = "7") -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments, job_id=job_id)
        _, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, None, errors)

    def result(self) -> dict[str, Any]:
        """The ending, which is always valid."""
        return self.valid("result.json", "result")

    def valid(self, name: str, schema: str) -> dict[str, Any]:
        document = json.loads((self.folder / name).read_text())
        schema_document = json.loads((SCHEMAS / f"{schema}.schema.json").read_text())
        jsonschema.Draft202012Validator(schema_document).validate(document)
        assert isinstance(document, dict)
        return document

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def attempt(tmp_path: Path) -> Callable[..., Attempt]:
    """Make an attempt from changes to a job spec; `command` is short for a program."""

    def make(command: list[Any] | None = None, folder: Path | None = None, **changes: Any) -> Attempt:
        folder = folder or tmp_path / "attempt"
        folder.mkdir(mode=0o750, exist_ok=True)
        if command is not None:
            changes["program"] = {"command": command}
        resources = changes.pop("resources", {})
        order = an_order(**changes)
        order["resources"] |= resources
        raw = json.dumps(order).encode()
        (folder / "job.json").write_bytes(raw)
        (folder / "job.json").chmod(0o440)
        return Attempt(folder, hashlib.sha256(raw).hexdigest())

    return make


@pytest.fixture
def order() -> Callable[..., dict[str, Any]]:
    """Make a complete job.json; the arguments replace its top-level keys."""
    return an_order


@pytest.fixture
def schema() -> Callable[[str], dict[str, Any]]:
    """Read one of the schemas by the name of its file's first part."""

    def read(name: str) -> dict[str, Any]:
        document = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
        assert isinstance(document, dict)
        return document

    return read


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., list[Any]]:
    """Write a Python program and return the command that runs it."""

    def make(source: str, *arguments: Any) -> list[Any]:
        path = tmp_path / f"program-{len(list(tmp_path.iterdir()))}.py"
        path.write_text(source)
        return [sys.executable, str(path), *arguments]

    return make


@pytest.fixture
def wait_for() -> Callable[[Callable[[], Any]], Any]:
    """Wait until a question has a true answer, and return it; the suite's own time-out is the end of patience."""

    def wait(question: Callable[[], Any]) -> Any:
        while True:
            answer = question()
            if answer:
                return answer
            time.sleep(0.01)

    return wait


@pytest.fixture
def is_running() -> Callable[[int], bool]:
    """Whether a pid is of a process that has not ended; a zombie has."""

    def ask(pid: int) -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state not in (b"Z", b"X")

    return ask
