"""Names of modules that outlive an upgrade: files of the previous release say them, and this release must answer.

They stand in units, in /usr/libexec, in containers' definitions, in job types that jobs in the queue name, and in
processes that go on while their files are replaced. They are read from the previous release's own files.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import previous_release
import pytest
import yaml
from previous_release import REPOSITORY, files_of_previous, plain_environment

NAME = r"(?:portal|wrappers)(?:\.[a-z_0-9]+)*"
STARTED = re.compile(rf"-m[ ,\"']+({NAME})(?!\w|\.\w)")
CALLED = re.compile(rf"\b(?:python:)?({NAME}):(\w+)")
TAKEN = re.compile(rf"^from ({NAME}) import (\w+)$", re.MULTILINE)
READ = re.compile(rf"python:({NAME})")
"""Gunicorn's settings are a module, too."""


@pytest.fixture(scope="module")
def installed() -> dict[str, str]:
    """What the previous release's roles, recipes and scripts put on hosts and into images."""
    return files_of_previous("ansible", "singularity", "run", "setup.py", "wrappers/setup.py")


@pytest.fixture(scope="module")
def code() -> dict[str, str]:
    """The previous release's own modules."""
    found = files_of_previous("portal", "wrappers")
    return {name: text for name, text in found.items() if name.endswith(".py")}


def test_what_units_and_wrappers_start_is_still_started(installed: dict[str, str]) -> None:
    names = {name for text in installed.values() for name in STARTED.findall(text)}
    assert {"portal.daemon", "portal.store", "portal.images", "wrappers.launch"} <= names
    _can_be_started(names)


def test_what_processes_start_that_go_on_is_still_started(code: dict[str, str]) -> None:
    """An upgrade replaces files beneath daemon and web tier, and restarts them last."""
    names = {name for text in code.values() for name in _said(text) if _is_program(name, code)}
    assert {"portal.agent", "portal.store", "wrappers.launch", "wrappers.launch.rank"} <= names
    _can_be_started(names)


def test_programs_that_job_types_name_are_still_started(code: dict[str, str]) -> None:
    """`python -m wrappers.NAME`: in published job types, in job.json of jobs that wait, and in images."""
    published = files_of_previous("jobtypes")
    named = {
        document["program"]["module"]
        for name, text in published.items()
        if name.endswith(".yaml") and "module" in (document := yaml.safe_load(text)).get("program", {})
    }
    beside = {
        Path(name).stem for name, text in code.items() if re.fullmatch(r"wrappers/\w+\.py", name) and _guard(text)
    }
    assert named
    assert named <= beside
    _can_be_started({f"wrappers.{name}" for name in beside - {"setup"}})


def test_what_gunicorn_the_command_and_the_agent_are_told_is_still_there(installed: dict[str, str]) -> None:
    found = {pair for text in installed.values() for told in (CALLED, TAKEN) for pair in told.findall(text)}
    assert {("portal.web.wsgi", "app"), ("portal.cli.main", "main"), ("portal.agent.__main__", "run")} <= found
    for module, name in found:
        assert re.search(rf"^(def {name}\b|{name}\b.* = )", _text_of(module), re.MULTILINE), f"{module}:{name}"
    settings = {module for text in installed.values() for module in READ.findall(text)}
    assert settings
    assert [module for module in settings if find_spec(module) is None] == []


def test_a_name_that_is_gone_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match=r"No module named portal\.gone"):
        _can_be_started({"portal.gone"})


def test_a_clone_without_history_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    monkeypatch.setattr(previous_release, "REPOSITORY", tmp_path)
    with pytest.raises(pytest.fail.Exception, match="git fetch --unshallow"):
        previous_release.files_of_previous("run")


def _can_be_started(names: set[str]) -> None:
    """`python -m NAME` finds each, and all that it imports. What is started ends before its first statement."""
    # run_module is what -m does; under another name than __main__ a program defines itself and does nothing.
    code = "import runpy, sys; [runpy.run_module(name, run_name='looked at') for name in sys.argv[1:]]"
    done = subprocess.run(
        [sys.executable, "-c", code, *sorted(names)],
        cwd=REPOSITORY,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in names:
        assert _guard(_source(name)), f"{name} would do nothing"


def _said(text: str) -> Iterator[str]:
    """Texts in the code that are a module's whole name, and no import."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(NAME, node.value):
            yield node.value


def _is_program(name: str, code: dict[str, str]) -> bool:
    path = name.replace(".", "/")
    return any(_guard(code[file]) for file in (f"{path}.py", f"{path}/__main__.py") if file in code)


def _guard(text: str) -> bool:
    return '__name__ == "__main__"' in text


def _source(name: str) -> str:
    """The text of what `python -m NAME` runs."""
    spec = find_spec(name)
    package = spec is not None and spec.submodule_search_locations is not None
    return _text_of(f"{name}.__main__" if package else name)


def _text_of(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    return Path(spec.origin).read_text(encoding="utf-8")
