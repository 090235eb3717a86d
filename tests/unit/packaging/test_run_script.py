"""`./run` and what it calls, as strangers type them: one sentence, 2 for a mistyped line, never a traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.config import load_settings

ROOT = Path(__file__).parents[3]
PYTHON = (sys.executable,)
PATHS = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "cluster")))


def typed(*words: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": PATHS} | variables
    return subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("./run", "foo"), "I do not know './run foo'."),
        (("./run", "demp"), "I do not know './run demp'. Did you mean ./run demo?"),
        (("./run", "gnatry"), "Did you mean ./run gantry?"),
        (("./run", "lock", "foo"), "./run lock takes no “foo”."),
        (("./run", "test", "--quick", "foo"), "./run test --quick takes no “foo”."),
        (("./run", "test", "--changed", "no-such-commit"), "git knows no commit “no-such-commit”."),
        (("./run", "test", "--changed", "--all"), "takes one commit."),
        ((*PYTHON, "-m", "tests.exercises", "foo"), "There is no exercise “foo”."),
        ((*PYTHON, "-m", "tests.exercises", "flaky", "foo"), "“foo” is neither a number nor a path."),
        ((*PYTHON, "-m", "tests.exercises", "first-command", "foo"), "There is no command “foo”"),
        ((*PYTHON, "-m", "tests.exercises", "queue", "foo"), "two whole numbers"),
        (("./run", "lint", "foo"), "./run lint takes no “foo”."),
        (("./run", "shell"), "for instance: ./run shell gantry --help"),
        ((*PYTHON, "tests/cluster/lab.py", "foo"), "There is no command “foo”."),
        ((*PYTHON, "tests/cluster/lab.py", "up", "foo"), "./run lab up takes no “foo”."),
        ((*PYTHON, "tests/cluster/images.py", "--foo"), "There is no option --foo."),
        ((*PYTHON, "tests/cluster/images.py", "--list", "foo"), "There is no image foo"),
        ((*PYTHON, "-m", "tests.bench", "foo"), "There is no measurement “foo”."),
        ((*PYTHON, "-m", "tests.chaos", "--jobs", "x"), "“x” is no whole number"),
        ((*PYTHON, "-m", "tests.chaos", "--jobs", "0"), "--jobs needs a positive number"),
        ((*PYTHON, "-m", "portal.demo", "--port", "abc"), "'abc' is not a valid port, a whole number."),
    ],
)
def test_a_mistyped_line_is_told_in_a_sentence(words: tuple[str, ...], told: str) -> None:
    done = typed(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("./run", "--help"),
        (*PYTHON, "tests/cluster/lab.py", "--help"),
        (*PYTHON, "tests/cluster/images.py", "--help"),
        (*PYTHON, "-m", "tests.bench", "--help"),
        (*PYTHON, "-m", "tests.chaos", "--help"),
        (*PYTHON, "-m", "tests.exercises", "--help"),
        (*PYTHON, "-m", "portal.demo", "--help"),
    ],
)
def test_help_that_was_asked_for_is_no_error(words: tuple[str, ...]) -> None:
    done = typed(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "./run" in done.stdout


VERBS = re.findall(
    r"^  ([a-z|]+)\)$", (ROOT / "run").read_text("utf-8").partition("\ncase $command in\n")[2], re.M
)


def test_help_on_each_verb_is_there_before_anything_is_installed(tmp_path: Path) -> None:
    verbs = {name for group in VERBS for name in group.split("|")} | {"gantry"}
    assert len(verbs) > 10
    for verb in sorted(verbs - {"shell"}):
        done = typed("./run", verb, "--help", GANTRY_VENV=str(tmp_path / "none"))
        assert (done.returncode, done.stderr) == (0, ""), verb
        assert done.stdout.startswith(f"./run {verb} "), verb
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_of_the_demo_and_of_gantry_before_they_are_there_is_complete(tmp_path: Path) -> None:
    from portal.cli.main import COMMANDS
    from portal.demo.__main__ import main as demo

    none = str(tmp_path / "none")
    said = typed("./run", "demo", "--help", GANTRY_VENV=none).stdout
    options = [option.opts[0] for option in demo.params]
    assert [one for one in options if one not in said] == ["--flip-byte"]
    commands = typed("./run", "gantry", "--help", GANTRY_VENV=none).stdout.partition("Its commands")[2]
    assert set(COMMANDS) <= set(re.findall(r"[a-z-]+", commands))


def test_gantry_works_from_any_folder_with_few_packages(tmp_path: Path) -> None:
    """Where it was called: names of files are the person's, and her own modules are never taken for ours."""
    (tmp_path / "click.py").write_text("raise SystemExit('not mine')\n", "utf-8")
    (tmp_path / "list.jsonl").write_text("no json\n", "utf-8")
    variables = {"GANTRY_VENV": "own", "GANTRY_URL": "http://127.0.0.1:9", "GANTRY_TOKEN": "gantry_x"}
    done = typed(str(ROOT / "run"), "gantry", "run-list", "list.jsonl", cwd=tmp_path, **variables)
    if "The installation failed" in done.stderr:
        pytest.skip("no package index is reachable")
    assert done.returncode == 2 and "Line 1 is not JSON" in done.stderr, done.stderr
    python = tmp_path / "own-client/bin/python"
    packages = subprocess.run(
        [python, "-c", "import importlib.metadata as m; print(*{d.name for d in m.distributions()})"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout.split()
    pins = re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements/client.txt").read_text("utf-8"), re.M)
    assert {name.lower() for name in packages} <= {*pins, "pip", "setuptools"}
    again = typed(str(ROOT / "run"), "gantry", "--version", cwd=tmp_path, **variables)
    assert (again.returncode, again.stderr) == (0, "")


def test_the_clients_requirements_are_those_of_setup_py_at_the_servers_versions() -> None:
    pins = {
        name: set(re.findall(r"^[a-z0-9._-]+==\S+", (ROOT / f"requirements/{name}.txt").read_text("utf-8"), re.M))
        for name in ("client", "dev")
    }
    assert 3 < len(pins["client"]) < 15 and pins["client"] <= pins["dev"]
    assert {"click", "requests", "rich"} <= {pin.partition("==")[0] for pin in pins["client"]}


def test_what_steers_the_script_is_no_wrong_setting_to_what_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set(re.findall(r"\$\{(GANTRY_[A-Z_]+)", (ROOT / "run").read_text("utf-8")))
    assert {"GANTRY_VENV", "GANTRY_PYTHON", "GANTRY_CLUSTER"} <= names
    for name in names:
        monkeypatch.setenv(name, "x")
    load_settings()


def test_what_tests_need_has_all_of_what_the_portal_needs() -> None:
    """So that `./run demo` installs nothing anew where `./run test` did."""
    pins = {
        name: set(
            re.findall(r"^[a-z0-9._\[\],-]+==\S+", (ROOT / f"requirements/{name}.txt").read_text("utf-8"), re.M)
        )
        for name in ("server", "dev")
    }
    assert len(pins["server"]) > 20
    assert pins["server"] <= pins["dev"]
