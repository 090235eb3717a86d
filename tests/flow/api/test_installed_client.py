"""The client as somebody installs it on a laptop: one wheel in an empty environment, against a real server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NOT_NEEDED = shutil.ignore_patterns("node_modules", "__pycache__", "*.egg-info", "build", "dist")


def done(*words: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=400, **more)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which nothing is but the wheel and what it asks for."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("laptop")
    for name in ("portal", "jobtypes"):
        shutil.copytree(ROOT / name, source / name, ignore=NOT_NEEDED)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    built = done(*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, source)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    assert done(sys.executable, "-m", "venv", folder / "venv").returncode == 0
    python = folder / "venv/bin/python"
    pins = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]
    needed = done(*pins, ROOT / "requirements/client.txt")
    if needed.returncode:
        pytest.skip(f"no package index is reachable: {needed.stderr[-200:]}")
    alone = done(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", wheel)
    assert alone.returncode == 0, f"the lock file lacks something that the wheel asks for: {alone.stderr}"
    return folder


def test_it_signs_in_lists_and_runs(laptop: Path, served: str, token_of: Callable[..., str], stack: int) -> None:
    def gantry(*words: object, stdin: str = "") -> str:
        command = [laptop / "venv/bin/gantry", *map(str, words)]
        home = {"HOME": str(laptop), "PATH": os.defpath, "PYTHONNOUSERSITE": "1"}
        found = done(*command, input=stdin, cwd=laptop, env=home)
        assert (found.returncode, "Traceback" in found.stderr) == (0, False), found.stderr
        return found.stdout

    assert "gantry login" in gantry("--help")
    assert "as Maya Lind" in gantry("login", served, stdin=f"{token_of('maya')}\n")
    assert str(stack) in [line.split("\t")[0] for line in gantry("data", "list").splitlines()]
    job, state, *_ = gantry("run", "qc", stack).strip().split("\t")
    assert (job, state) == ("J-1001", "Waiting")
    assert job in gantry("jobs", "list")
    gantry("data", "get", stack, "--to", "home")
    assert (laptop / "home" / str(stack) / "stack.h5").is_file()
    assert gantry("jobs", "cancel", job).split("\t")[1] == "Cancelled"
    assert gantry("logout") == "Signed out.\n"
