"""Nothing that a person clicks asks Slurm anything: counted with commands that write down each call."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.daemon.parts import make_scheduler

COMMANDS = ("sacct", "sacctmgr", "sbatch", "scancel", "scontrol", "sdiag", "sinfo", "squeue", "srun")
FOLLOWED = re.compile(r'(?:href|hx-get)="(/[^"#]*)"')
MOST_PAGES = 60


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Slurm's commands on PATH and in a folder of their own: `calls()` is what was asked of them."""
    folder, note = tmp_path / "slurm", tmp_path / "asked"
    folder.mkdir()
    for name in COMMANDS:
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"{note}"\nexit 1\n')
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def asked() -> list[str]:
        return note.read_text().splitlines() if note.exists() else []

    yield asked


def test_clicks_on_every_page_cause_no_slurm_command(
    make_site: Any, csrf: Any, calls: Any, tmp_path: Path
) -> None:
    slurm = {"cluster": "gantry", "commands": str(tmp_path / "slurm"), "data_parser": "v0.0.42"}
    site = make_site(scheduler="slurm", slurm=slurm, web={"sign_in_limit": "1000 per minute"})
    job = f"/jobs/J-{1000 + site.job}"
    for person in ("maya", "sam"):
        client = site.client(person)
        waiting, seen = ["/", "/facility", job, f"/batches/{site.submission}"], set()
        while waiting and len(seen) < MOST_PAGES:
            page = waiting.pop(0)
            if page in seen or page.startswith(("/sign-out", "/static")):
                continue
            seen.add(page)
            answer = client.get(page)
            if answer.mimetype == "text/html":
                waiting += [found.replace("&amp;", "&") for found in FOLLOWED.findall(answer.text)]
        assert {job, "/jobs", "/data"} <= seen
    maya = site.client("maya")
    form = {"csrf_token": csrf(maya, "/me")}
    start = {**form, "dataset": str(site.facility.datasets["private"]), "option.iterations": "3"}
    assert maya.post("/analyses/lightsheet-deconvolution/start", data=start).status_code == 303
    beside = "/analyses/lightsheet-deconvolution/part/beside"
    assert maya.post(beside, data=start, headers={"HX-Request": "true"}).status_code == 200
    assert maya.post(f"{job}/cancel", data=form).status_code == 303
    assert maya.post(f"{job}/retry", data=form).status_code == 303
    assert calls() == []
    # The daemon, with the same settings, does ask: the count counts.
    scheduler = make_scheduler(site.settings)
    scheduler.survey()
    scheduler.observe([])
    assert [call.split()[0] for call in calls()][:1] == ["sinfo"]
