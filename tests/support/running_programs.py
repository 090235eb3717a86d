"""Runs the node's programs as `launch` does, on orders written here, and checks what every run must leave.

A conftest imports the fixtures from here.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from program_ending import Ending

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "jobtypes" / "schema"


RunProgram = Callable[..., Ending]


@pytest.fixture
def run_program(tmp_path: Path) -> RunProgram:
    """Return run(module, {slot: [path, …]}, options, parameters=…, cpus=…, memory_mb=…, container=…)."""
    number = [0]

    def run(
        module: str,
        inputs: Mapping[str, Sequence[Path]],
        options: Mapping[str, Any] | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        cpus: int = 1,
        memory_mb: int = 1024,
        container: bool = False,
    ) -> Ending:
        number[0] += 1
        folder = tmp_path / f"attempt-{number[0]}"
        (folder / "output").mkdir(parents=True)
        slots = {
            slot: [
                {
                    "dataset": 1,
                    "name": "a dataset",
                    "type": "a type",
                    "root": "/",
                    "location": "here",
                    "files": [_file(Path(path), container) for path in paths],
                    "parameters": dict(parameters or {}),
                }
            ]
            for slot, paths in inputs.items()
        }
        order = {
            "schema": 1,
            "job": {"id": 1, "title": "A <title> & more"},
            "inputs": slots,
            "options": dict(options or {}),
            "resources": {"cpus": cpus, "memory_mb": memory_mb, "time_s": 600},
        }
        (folder / "job.json").write_text(json.dumps(order), encoding="utf-8")
        environment = os.environ | {"GANTRY_JOB": str(folder / "job.json"), "PYTHONPATH": str(ROOT)}
        environment |= {"GANTRY_CONTAINER": "1", "GANTRY_FOLDER": str(folder)} if container else {}
        done = subprocess.run(
            [sys.executable, "-m", f"wrappers.{module}"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.stdout == ""
        ending = Ending(done.returncode, done.stderr, folder)
        if ending.code == 0:
            _check_testimony(ending)
        return ending

    return run


def _file(path: Path, container: bool) -> dict[str, Any]:
    # In a container only `target` exists, outside only `path`: the other one must not be opened.
    nowhere = "/nonexistent/file"
    return {
        "name": path.name,
        "path": nowhere if container else str(path),
        "target": str(path) if container else nowhere,
        "size": path.stat().st_size,
        "mtime_ns": path.stat().st_mtime_ns,
    }


def _check_testimony(ending: Ending) -> None:
    assert ending.words == ""
    jsonschema.validate(ending.metadata, json.loads((SCHEMAS / "metadata.schema.json").read_text()))
    event = json.loads((SCHEMAS / "event.schema.json").read_text())
    for line in ending.events:
        jsonschema.validate(line, event)
    assert ending.events[-1]["step"] == ending.events[-1]["steps"]
    assert ending.events[-1]["fraction"] == 1
    previews = ending.metadata["previews"]
    assert sum(preview["role"] == "thumbnail" for preview in previews) == 1
    for preview in previews:
        assert (ending.output / preview["file"]).read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def refused() -> Callable[[Ending, str], None]:
    """Return a check that a program ended with exit code 2 and one sentence that contains the given words."""

    def check(ending: Ending, words: str) -> None:
        assert ending.code == 2, ending.words
        assert ending.words.count("\n") == 1
        assert ending.words.endswith(".\n")
        assert words in ending.words
        assert not (ending.output / "metadata.json").exists()

    return check
