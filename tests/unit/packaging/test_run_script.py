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


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": PATHS}
    return subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("./run", "foo"), "I do not know './run foo'."),
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
