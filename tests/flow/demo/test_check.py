"""The demo as a person starts it: the check, starting twice, ending, and mistyped commands."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from running_demo import DEMO, LONG, ROOT, STARTED, demo, environment, started

from portal.demo.generate.whole import facility
from portal.jobs.state import MOVES, State

PEOPLE = [person.name for person in facility(date(2026, 1, 1)).people]


def _files(var: Path) -> dict[str, tuple[int, int]]:
    """Every file that the generator wrote: a new one would have another inode."""
    paths = [var / "truth.json", *(path for path in (var / "data").rglob("*") if path.is_file())]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def _check_states(states: list[dict[str, Any]]) -> None:
    names = [State(moment["state"]) for moment in states]
    assert names[0] is State.QUEUED and names[-1] is State.SUCCEEDED
    for before, after in pairwise(names):
        assert after in MOVES[before], f"{before} to {after}"
    seconds = [moment["s"] for moment in states]
    assert seconds == sorted(seconds) and seconds[0] >= 0


@LONG
@pytest.mark.slow
def test_the_check_walks_to_a_result_that_is_right() -> None:
    done = demo("--check")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert set(report) == {"passed", "prepared_s", "job", "result", "checked", "reasons", "walk_s"}
    assert report["passed"] is True and report["reasons"] == []
    assert set(report["job"]) == {"number", "states", "title", "state", "sentence", "runner"}
    assert report["job"]["state"] == "succeeded"
    assert report["result"]["checksum"].startswith("sha256:")
    _check_states(report["job"]["states"])


@LONG
@pytest.mark.slow
def test_the_check_notices_one_flipped_byte_and_says_so() -> None:
    done = demo("--check", "--flip-byte")
    assert done.returncode == 1, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["passed"] is False
    assert report["job"]["state"] == "succeeded"
    assert any("checksum" in reason for reason in report["reasons"])


@LONG
@pytest.mark.slow
def test_it_says_where_and_who_ends_cleanly_and_starts_again_without_making_data(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with started(var, tmp_path / "first.log") as first:
        first.wait_for(STARTED)
        assert "The facility is ready." in first.said
        found = re.search(r"Gantry is at (http://127\.0\.0\.1:\d+)$", first.said, re.M)
        assert len(PEOPLE) > 2 and found and all(person in first.said for person in PEOPLE)
        page = requests.get(f"{found.group(1)}/sign-in", timeout=120)
        assert page.ok and all(person in page.text for person in PEOPLE)
        assert first.end() == 0
        assert "Ending: no new job is started." in first.said
        assert re.search(r"still runs|waits? for the next start", first.said)
        assert "Traceback" not in first.said
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{found.group(1)}/healthz", timeout=5)
    made = _files(var)
    with started(var, tmp_path / "second.log") as second:
        second.wait_for(STARTED)
        assert "The facility is ready." not in second.said
        assert second.end() == 0
    assert len(made) > 30 and _files(var) == made


@pytest.mark.parametrize("to_all", [False, True], ids=["to it", "to all its processes"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_prepares_ends_it_in_words(tmp_path: Path, number: signal.Signals, to_all: bool) -> None:
    with started(tmp_path / "var", tmp_path / "log") as begun:
        begun.wait_for("Preparing the demo facility")
        for _ in range(100):
            if any((tmp_path / "var" / "data").glob("*/*")):  # those that make the data are at it
                break
            time.sleep(0.2)
        os.killpg(begun.process.pid, number) if to_all else begun.process.send_signal(number)
        assert begun.process.wait(60) == 0
        assert "Stopped before it was ready." in begun.said
        assert "Traceback" not in begun.said


MISTYPED = {
    "an unknown option": (["--chek"], 2, "No such option"),
    "a flipped byte alone": (["--flip-byte"], 2, "--flip-byte goes with --check."),
    "no port": (["--port", "http"], 2, "is not a valid port, a whole number."),
    "a port that cannot be": (["--port", "70000"], 2, "70000"),
}


@pytest.mark.parametrize("what", MISTYPED)
def test_a_mistyped_command_is_answered_in_words(what: str) -> None:
    words, code, said = MISTYPED[what]
    done = demo(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr and "Traceback" not in done.stderr


def test_a_port_in_use_is_named_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo("--port", str(port), "--var", str(tmp_path / "var"))
    assert done.returncode == 1
    assert done.stderr == f"Port {port} is in use or not yours to open. Name another one with --port.\n"
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("words", [[], ["--reset"]], ids=["a start", "a start anew"])
@pytest.mark.parametrize(
    "beside", [{}, {"gantry.toml": 'var = "/srv/gantry"\n'}], ids=["others' things", "a portal's"]
)
def test_only_a_demo_s_folder_is_written_or_removed(
    tmp_path: Path, beside: dict[str, str], words: list[str]
) -> None:
    """A start among other things once made them a demo's, which the next --reset removed."""
    things = {"thesis.txt": "years of work", **beside}
    for name, content in things.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    done = demo(*words, "--var", str(tmp_path))
    assert done.returncode == 1 and "is not a demo's folder: other things are in it." in done.stderr
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == things


def test_a_folder_that_another_demo_uses_is_refused_and_one_whose_demo_is_dead_is_not(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with started(var, tmp_path / "log") as first:
        first.wait_for("Preparing the demo facility")
        for words in ([], ["--reset"]):
            second = demo("--var", str(var), "--port", "0", *words)
            assert second.returncode == 1, second.stderr
            assert f"Another demo uses {var} (process {first.process.pid})" in second.stderr
        assert (var / "gantry.toml").exists()
        first.process.kill()
        first.process.wait(60)
    with started(var, tmp_path / "after.log") as third:
        third.wait_for("Preparing the demo facility")


def test_the_folder_may_stand_in_the_variable_that_names_it_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    variables = environment() | {"GANTRY_VAR": str(tmp_path), "GANTRY_WEB_PORT": "1", "GANTRY_VENV": "x"}
    done = subprocess.run(
        [*DEMO, "--reset"], cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=60
    )
    assert f"{tmp_path} is not a demo's folder" in done.stderr
    assert (
        "Not heeded by a demo, whose settings stand in its folder's gantry.toml: GANTRY_WEB_PORT\n" in done.stderr
    )
