"""Runs the node's programs on orders written here, and checks what every run must leave.

A conftest imports the fixtures from here. A run is `python -m wrappers.NAME`, short of the imports
(kept_ready.py); test_links.py, the flows and the cluster start the programs whole.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from kept_ready import Ready
from program_ending import Ending

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "jobtypes" / "schema"


RunProgram = Callable[..., Ending]


OURS_ANEW = """
import sys
for name in [name for name in sys.modules if name.partition(".")[0] in ("wrappers", "gantry_formats")]:
    del sys.modules[name]
"""
"""A module of ours may note when its program began: only other people's libraries are there before that."""


@cache
def ready(module: str) -> Ready:
    """A process with the libraries that a program imports."""
    return Ready(sys.executable, f"import wrappers.{module}\n{OURS_ANEW}", os.environ | {"PYTHONPATH": str(ROOT)})


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
        program = f"import runpy; runpy.run_module('wrappers.{module}', run_name='__main__', alter_sys=True)"
        done = ready(module).run(program, environment=environment, cwd=folder)
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
