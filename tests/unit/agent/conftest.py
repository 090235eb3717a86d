"""An agent that runs as a process of its own, on a spool, a scratch folder and one published job type."""

import hashlib
import json
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from portal.agent.client import AgentClient, local_command
from portal.scheduler.local.backend import LocalScheduler
from portal.scheduler.local.fair_share import Limits

JOBTYPE: dict[str, Any] = {
    "name": "lightsheet-deconvolution",
    "version": "1.0",
    "title": "Light-sheet deconvolution",
    "a key of tomorrow": True,
    "program": {"module": "lightsheet_deconvolution"},
    "image": None,
    "network": False,
    "inputs": [
        {"name": "stack", "dataset_types": ["light-sheet stack"], "min": 1, "max": 2, "files": "*.h5"},
        {"name": "psf", "dataset_types": ["point-spread function"], "min": 0, "max": 1, "files": "*"},
    ],
    "options": [
        {"name": "iterations", "type": "integer", "min": 1, "max": 100, "required": True, "default": 20},
        {"name": "sigma", "type": "float", "min": 0.1, "max": 5.0, "default": None},
        {"name": "psf", "type": "choice", "choices": ["gaussian", {"value": "given"}], "default": "gaussian"},
        {"name": "verbose", "type": "boolean", "default": False},
        {"name": "label", "type": "text", "pattern": "[a-z]+", "max_length": 5, "default": None},
        {"name": "code", "type": "text", "max_length": 2000, "required": False},
    ],
    "resources": {
        "default": "standard",
        "variants": [
            {"name": "standard", "cpus": 1, "memory_mb": 512, "time_s": 600, "gpus": 0, "ranks": 1},
            {"name": "large", "cpus": 2, "memory_mb": 256, "time_s": 60, "gpus": 0, "ranks": 1},
        ],
    },
    "outputs": [{"name": "result", "pattern": "*", "dataset_type": "light-sheet result", "required": True}],
    "success_codes": [0],
    "log_limit_bytes": 1048576,
    "grace_s": 10,
    "retry": {},
}

# Plays launch: writes down how it was called, and obeys an option.
LAUNCH = """
import argparse, json, pathlib, sys, time
parser = argparse.ArgumentParser()
for name in ('--folder', '--job-sha256', '--cluster', '--job-id'):
    parser.add_argument(name, required=True)
parser.add_argument('--enforce-memory', action='store_true', required=True)
given = parser.parse_args()
folder = pathlib.Path(given.folder)
with (folder / 'runs').open('a') as runs:
    runs.write(given.job_sha256 + '\\n')
exec(json.loads((folder / 'job.json').read_text())['options'].get('code', ''))
"""


class Facility:
    """Folders, a client, and orders that can be bent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.jobtype = JOBTYPE
        self.root = path / "data"
        self.scratch = path / "scratch"
        self.published = path / "published"
        for folder in (self.root / "heart", self.scratch, self.published, path / "results"):
            folder.mkdir(parents=True)
        (self.root / "heart" / "stack.h5").write_bytes(b"planes")
        (self.root / "heart" / "notes.txt").write_bytes(b"notes")
        (path / "launch.py").write_text(LAUNCH)
        self.revision = self.publish(JOBTYPE)
        self.scheduler = LocalScheduler(path / "spool", limits=Limits(cpus=2, memory_mb=1024))
        self.backend: dict[str, Any] = {
            "kind": "local",
            "spool": str(path / "spool"),
            "scratch": str(self.scratch),
            "launch": [sys.executable, str(path / "launch.py")],
            "jobtypes": str(self.published),
            "images": str(path / "images"),
            "roots": {"demo": str(self.root)},
            "results": str(path / "results"),
        }
        self.client = AgentClient(local_command(), self.backend, timeout_s=60)

    def publish(self, document: dict[str, Any]) -> str:
        raw = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(raw).hexdigest()
        folder = self.published / document["name"]
        folder.mkdir(exist_ok=True)
        (folder / f"{digest}.json").write_bytes(raw)
        return f"sha256:{digest}"

    def inputs(self, **changes: Any) -> dict[str, Any]:
        dataset = {
            "dataset": 12,
            "name": "Zebrafish heart, GFP",
            "type": "light-sheet stack",
            "root": "demo",
            "location": "heart",
            "files": [{"name": "stack.h5"}, {"name": "notes.txt"}],
            "parameters": {"voxel size x": {"value": 0.2, "units": "um"}},
        }
        return {"stack": [dataset | changes]}

    def item(self, **changes: Any) -> dict[str, Any]:
        attempt, submission = str(uuid.uuid4()), str(uuid.uuid4())
        name = f"gantry-{submission}-1"
        order = {
            "job": {
                "id": 42,
                "number": "J-1042",
                "submission": submission,
                "index": 0,
                "attempt": attempt,
                "try": 1,
                "name": name,
                "title": "Zebrafish heart, deconvolved",
                "person": "maya",
            },
            "jobtype": {"name": JOBTYPE["name"], "version": "1.0", "revision": self.revision},
            "inputs": self.inputs(),
            "options": {},
            "resources": {"cpus": 1, "memory_mb": 64, "time_s": 60},
        }
        return {"attempt": attempt, "name": name, "order": order | changes}

    def folder(self, item: dict[str, Any]) -> Path:
        return self.scratch / str(item["attempt"])


@pytest.fixture
def facility(tmp_path: Path) -> Facility:
    return Facility(tmp_path)
