"""The form and the job's page of analyses that take no dataset, or leave none."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from portal.jobs.models import Job
from portal.jobs.state import State

START = "/analyses/random-counts/start"


def words(page: str) -> str:
    """The page as somebody reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_its_card_leads_to_a_form_without_a_dataset(site: Any) -> None:
    maya = site.client("maya")
    assert f'href="{START}"' in maya.get("/analyses").text
    page = maya.get(START)
    assert page.status_code == 200
    assert "Choose one first" not in page.text
    offered = re.findall(r'<option value="(\d*)"[^>]*>([^<]+)</option>', page.text)
    assert offered == [("", "Choose …"), (str(site.facility.investigations["private"]), "Zebrafish heart")]


def test_started_without_an_experiment_it_is_asked_for_and_nothing_typed_is_lost(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    answer = maya.post(START, data={"csrf_token": csrf(maya, "/me"), "option.how_many": "77"})
    assert answer.status_code == 422
    assert 'href="#f-experiment"' in answer.text
    assert "Choose the experiment in which the result is filed." in answer.text
    assert 'value="77"' in answer.text


def test_it_starts_in_the_chosen_experiment_and_runs_again_there(site: Any, csrf: Any) -> None:
    maya, mine = site.client("maya"), site.facility.investigations["private"]
    data = {"csrf_token": csrf(maya, "/me"), "experiment": str(mine), "option.how_many": "77"}
    answer = maya.post(START, data=data)
    assert answer.status_code == 303
    page = maya.get(answer.location).text
    assert "Zebrafish heart" in page and "Random counts, 77 up to 65535" in page
    assert answer.location in maya.get("/jobs").text
    with site.database.write() as session:
        job = session.get_one(Job, site.job + 1)
        job.move(State.CANCELLED, at=datetime.now(UTC))
    changed = re.search(
        r'href="([^"]+)"[^>]*>\s*<svg.*?</svg>Run with changed values', maya.get(answer.location).text
    )
    assert changed
    form = maya.get(unescape(changed[1])).text
    assert f'<option value="{mine}" selected>' in form
    assert f"--set how_many=77 --experiment {mine}" in unescape(form)


@pytest.mark.parametrize(
    "experiment", ["other", "public", "999999", "0", "x", "-1", str(2**31), str(2**64), "9" * 40]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_experiment_of_others_is_not_found(site: Any, csrf: Any, experiment: str, method: str) -> None:
    maya = site.client("maya")
    number = str(site.facility.investigations.get(experiment, experiment))
    if method == "GET":
        answer = maya.get(f"{START}?experiment={number}")
    else:
        answer = maya.post(START, data={"csrf_token": csrf(maya, "/me"), "experiment": number})
    assert answer.status_code == 404
    assert "Blood cells" not in answer.text and "Reference beads" not in answer.text


def test_whoever_is_in_no_team_is_told_before_filling_the_form_in(site: Any) -> None:
    page = words(site.client("ingest").get(START).text)
    assert "The result needs an experiment, and there is none in whose team you are." in page


def test_the_form_beside_says_who_will_see_it(site: Any, csrf: Any) -> None:
    maya, mine = site.client("maya"), site.facility.investigations["private"]
    data = {"csrf_token": csrf(maya, "/me"), "experiment": str(mine)}
    beside = maya.post("/analyses/random-counts/part/beside", data=data, headers={"HX-Request": "true"})
    assert "Seen by Maya Lind" in beside.text


def test_the_page_of_a_job_that_leaves_no_dataset_says_so(site: Any, csrf: Any) -> None:
    maya, heart = site.client("maya"), str(site.facility.datasets["private"])
    form = maya.get(f"/analyses/print-checksums/start?dataset={heart}").text
    assert "Name of the job" in form
    answer = maya.post("/analyses/print-checksums/start", data={"csrf_token": csrf(maya, "/me"), "dataset": heart})
    assert answer.status_code == 303
    with site.database.write() as session:
        job, now = session.get_one(Job, site.job + 1), datetime.now(UTC)
        for state in (State.SUBMITTING, State.RUNNING, State.COLLECTING, State.SUCCEEDED):
            job.move(state, at=now)
        job.progress = {"stage": "checking", "message": "All is <b>well</b>"}
    page = maya.get(answer.location).text
    assert "This analysis leaves no dataset, only its log." in page
    assert "The program reported: All is &lt;b&gt;well&lt;/b&gt;" in page
    assert "Open the result" not in page
    assert "leaves no dataset" in maya.get("/jobs").text
