"""Every command line of README, docs/users and docs/staff, typed as it stands, against a demo that runs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from documented import Line, documented
from running_demo import LONG, STARTED, started

ROOT = Path(__file__).parents[3]
OTHERS = re.compile(r"^\./run (?!gantry)|^ln |^curl ")
ABSTRACT = re.compile(r"\b(ID|NAME|PATH|FILE|ANALYSIS|COMMAND|TEXT)\b|…$|--help|token.txt|--token-stdin|--person")
ELSEWHERE = re.compile(r"gantry (login|logout|completion|run-list|data add|jobs open|admin (?!jobtypes check))")
"""What has tests of its own, or needs a person, a browser or the root account."""


@dataclass
class Desk:
    """A folder with the command, signed in at the demo; and what the documents' example ids are there."""

    folder: Path
    environment: dict[str, str]
    staff: str = ""
    """A token of a member of staff, for the pages that are written for them."""

    def typed(self, line: str, page: str = "") -> subprocess.CompletedProcess[str]:
        """The line as a shell takes it, as whom its page is written for."""
        token = {"GANTRY_TOKEN": self.staff} if page.startswith("docs/staff") else {}
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=self.folder,
            env=self.environment | token,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=800,
        )

    def json(self, line: str) -> list[dict[str, object]]:
        """What a command gives as JSON."""
        done = self.typed(f"{line} --json")
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    def here(self, line: str) -> str:
        """The line with the ids that this demo has in the place of the documents'."""
        kind = "tomography scan" if "tomo-slice" in line else "light-sheet stack"
        where = "XT-0301" if "tomo-slice" in line else "LS-2431"
        listed = self.json(f"gantry data list --type '{kind}' --experiment {where}")
        data = next(one for one in listed if one["complete"] and "broken" not in str(one["name"]))
        (result, *_) = self.json("gantry data list --results")
        if "jobs cancel" in line:  # one that has not ended
            self.typed(f"gantry run lightsheet-deconvolution {data['id']} --set iterations=1000")
        (job, *_) = self.json("gantry jobs list")
        line = line.replace("./run gantry", "gantry").replace("https://gantry.example.org", "$GANTRY_URL")
        line = re.sub(r"\bJ-1042\b…?", str(job["number"]), line)
        line = re.sub(r"\bB-17\b", "B-1", line)
        line = re.sub(r"\b57\b", str(result["id"]), line)
        line = re.sub(r"\b12\b", str(data["id"]), line)
        return line.split(" [")[0] if line.startswith("gantry") else line


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with started(folder / "var", folder / "demo.log") as demo:
        demo.wait_for(STARTED)
        found = re.search(r"Gantry is at (http://\S+)", demo.said)
        assert found
        environment = {"HOME": str(folder), "PATH": f"{folder}/bin:{os.defpath}", "GANTRY_URL": found[1]}
        (folder / "bin").mkdir()
        (folder / "bin/gantry").write_text(
            f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m portal.cli.main "$@"\n', "utf-8"
        )
        (folder / "bin/gantry").chmod(0o755)
        made = subprocess.run(
            [sys.executable, "-c", TOKEN, str(folder / "var")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        researcher, staff = made.stdout.split()
        ready = Desk(folder, {**environment, "GANTRY_TOKEN": researcher}, staff)
        *_, second, first = ready.json("gantry data list --type 'light-sheet stack' --experiment LS-2431")
        for words in (first["id"], f"{first['id']} {second['id']}"):
            done = ready.typed(f"gantry run qc {words} --wait")
            assert done.returncode == 0, done.stderr
        yield ready


TOKEN = """
import sys
from datetime import UTC, datetime
from portal.config import load_settings
from portal.db import Database
from portal.identity.people import get_person
from portal.identity.tokens import create_token
settings = load_settings({"GANTRY_CONFIG": sys.argv[1] + "/gantry.toml"})
with Database(settings.database).write() as session:
    for login in ("maya", "sam"):
        actor = get_person(session, login).actor()
        print(create_token(session, actor, "test", ("read", "submit"), days=1, now=datetime.now(UTC))[1])
"""

LINES = list(dict.fromkeys(documented()))
RUN = [
    line for line in LINES
    if not (line.why or OTHERS.search(line.words) or ABSTRACT.search(line.words) or ELSEWHERE.search(line.words))
    and " " in line.words and line.words not in {"gantry run", "./run gantry"}
    and line.words.split()[0] in {"gantry", "./run"} and (line.fenced or re.search(r"\d|--", line.words))
]  # fmt: skip


def test_most_of_what_is_documented_is_typed_here() -> None:
    """So that a page whose lines are no longer found is noticed, and a block that is not run says why."""
    assert len(RUN) >= 11
    assert {"README.md", "docs/users/command-line.md"} <= {line.page for line in RUN}
    assert sum(bool(line.why) for line in LINES) <= 2


@LONG
@pytest.mark.slow
@pytest.mark.parametrize("line", RUN, ids=lambda line: f"{line.page}: {line.words}")
def test_it_works_as_it_is_written(line: Line, desk: Desk) -> None:
    done = desk.typed(desk.here(line.words), line.page)
    assert done.returncode == 0, f"{done.args}\n{done.stdout[-500:]}\n{done.stderr[-2000:]}"


@LONG
@pytest.mark.slow
def test_the_list_of_the_guide_is_started(desk: Desk) -> None:
    text = (ROOT / "docs/users/command-line.md").read_text("utf-8")
    lines = [desk.here(line) for line in re.findall(r'^\{"analysis".*\}$', text, re.M)]
    assert len(lines) >= 2
    (desk.folder / "scan.jsonl").write_text("\n".join(lines), "utf-8")
    assert desk.typed("gantry run-list scan.jsonl --dry-run").returncode == 0
    done = desk.typed("gantry run-list scan.jsonl --key heart-scan-1")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == len(lines), done.stderr


@LONG
@pytest.mark.slow
def test_the_program_of_the_guide_runs(desk: Desk) -> None:
    text = (ROOT / "docs/users/command-line.md").read_text("utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)
    (desk.folder / "program.py").write_text(desk.here(program), "utf-8")
    done = desk.typed(f'PYTHONPATH="{ROOT}" "{sys.executable}" program.py')
    assert done.returncode == 0 and "succeeded" in done.stdout, done.stderr
