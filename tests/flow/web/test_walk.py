"""The walk through the pages, as a browser without a script does it."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from portal.catalogue.models import Dataset
from portal.jobs.models import Attempt, Job, JobOutput, Submission
from portal.jobs.state import State

START = "/analyses/lightsheet-deconvolution/start"


def _number(site: Any) -> str:
    return f"J-{1000 + site.job}"


def _words(html: str) -> str:
    """What a screen reader reads, without the tags between."""
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_from_the_home_page_to_a_job_by_links_and_one_form(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    home = maya.get("/").text
    dataset = site.facility.datasets["private"]
    assert f'href="/datasets/{dataset}"' in home
    page = maya.get(f"/datasets/{dataset}").text
    link = re.search(rf'href="({START}\?dataset={dataset})"', page)
    assert link
    form = maya.get(link.group(1)).text
    assert 'value="Zebrafish heart, first run, deconvolved"' in form
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    answer = maya.post(START, data={**fields, "option.psf": "gaussian", "option.boundary": "reflect"})
    assert answer.status_code == 303
    job = maya.get(answer.location)
    assert "Waiting" in job.text and "Cancel" in job.text


def test_a_value_that_cannot_be_used_is_explained_beside_it_and_nothing_is_lost(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    data = {
        "csrf_token": csrf(maya, "/me"),
        "dataset": str(site.facility.datasets["private"]),
        "title": "Kept title",
        "option.iterations": "99999",
        "option.sigma_xy": "1,500",
    }
    answer = maya.post(START, data=data)
    assert answer.status_code == 422
    for kept in ('value="99999"', 'value="1,500"', 'value="Kept title"'):
        assert kept in answer.text
    assert 'href="#f-iterations"' in answer.text and 'id="f-iterations-wrong"' in answer.text
    assert "Write 1500 or 1.5." in answer.text
    assert "2 things need a look. Nothing you typed is lost." in answer.text


def test_an_error_under_more_settings_opens_them(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    data = {
        "csrf_token": csrf(maya, "/me"),
        "dataset": str(site.facility.datasets["private"]),
        "option.voxel_xy": "wide",
    }
    answer = maya.post(START, data=data)
    assert answer.status_code == 422
    assert re.search(r'<details class="more" open>\s*<summary>[^<]*<svg.*?</svg>More settings', answer.text, re.S)


def test_pressing_start_twice_starts_once(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    data = {
        "csrf_token": csrf(maya, "/me"),
        "dataset": str(site.facility.datasets["private"]),
        "idempotency_key": "once",
        "option.iterations": "3",
    }
    first, second = (maya.post(START, data=data) for _ in range(2))
    assert first.location == second.location
    with site.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 2  # with the fixture's


def test_a_public_dataset_of_others_says_who_may_analyse_it(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    dataset = str(site.facility.datasets["public"])
    page = maya.get(f"/analyses/dc-segmentation/start?dataset={dataset}").text
    assert "only the team of “Reference beads” runs analyses there" in page
    answer = maya.post(
        "/analyses/dc-segmentation/start", data={"csrf_token": csrf(maya, "/me"), "dataset": dataset}
    )
    assert answer.status_code == 403


def test_what_stands_beside_the_form_follows_what_is_typed(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    dataset = str(site.facility.datasets["private"])
    data = {"csrf_token": csrf(maya, "/me"), "dataset": dataset, "option.iterations": "7", "variant": "large"}
    answer = maya.post("/analyses/lightsheet-deconvolution/part/beside", data=data, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert f"gantry run lightsheet-deconvolution {dataset}" in answer.text
    assert "iterations=7" in answer.text
    assert "At most 2 CPU-hours" in answer.text
    assert "<html" not in answer.text


def test_a_job_s_live_part_asks_again_while_it_can_change_and_no_longer(site: Any) -> None:
    maya = site.client("maya")
    live = f"/jobs/{_number(site)}/part/live"
    assert 'hx-trigger="every' in maya.get(live, headers={"HX-Request": "true"}).text
    with site.database.write() as session:
        job = session.get_one(Job, site.job)
        job.move(State.CANCELLED, at=job.created, by="Maya Lind", words="Cancelled by Maya Lind.")
    text = maya.get(live, headers={"HX-Request": "true"}).text
    assert "hx-trigger" not in text
    assert "Cancelled by Maya Lind." in _words(text) and "Run again" in text


def test_a_job_that_ran_out_of_memory_offers_more(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    with site.database.write() as session:
        job = session.get_one(Job, site.job)
        words = "It ran out of memory (1.5 GB). Your dataset is unchanged. Run again with 3 GB?"
        job.move(State.FAILED, at=job.created, cause="memory", words=words)
    page = maya.get(f"/jobs/{_number(site)}").text
    assert "Your dataset is unchanged." in page and "Run again with 3 GB" in page
    data = {"csrf_token": csrf(maya, "/me"), "more": "memory"}
    assert maya.post(f"/jobs/{_number(site)}/retry", data=data).status_code == 303
    with site.database.read() as session:
        job = session.get_one(Job, site.job)
        assert job.state is State.QUEUED and job.resources["memory_mb"] == 3072


def test_a_batch_is_cancelled_by_one_button_and_taken_back_by_another(site: Any, csrf: Any) -> None:
    maya, batch = site.client("maya"), f"/batches/{site.submission}"
    data = {"csrf_token": csrf(maya, "/me")}
    page = maya.get(batch).text
    assert "Cancel 1 unfinished" in page and "cancelled again" not in page
    said = maya.post(f"{batch}/cancel", data=data, follow_redirects=True).text
    assert "1 job cancelled." in said and "unfinished" not in said and "Run 1 cancelled again" in said
    assert "All had ended already." in maya.post(f"{batch}/cancel", data=data, follow_redirects=True).text
    said = maya.post(f"{batch}/retry-cancelled", data=data, follow_redirects=True).text
    assert "1 job in the queue again." in said and "Cancel 1 unfinished" in said


def test_run_again_with_changed_values_opens_the_form_as_it_was(site: Any) -> None:
    maya = site.client("maya")
    with site.database.write() as session:
        job = session.get_one(Job, site.job)
        job.options = {**job.options, "iterations": 42}
        job.move(State.CANCELLED, at=job.created)
    page = maya.get(f"/jobs/{_number(site)}").text
    link = re.search(r'href="(/analyses/lightsheet-deconvolution/start\?[^"]+)"', page)
    assert link
    assert 'value="42"' in maya.get(link.group(1).replace("&amp;", "&")).text


def test_a_cancelled_job_is_not_cancelled_again_but_says_so(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    data = {"csrf_token": csrf(maya, "/me")}
    assert maya.post(f"/jobs/{_number(site)}/cancel", data=data).status_code == 303
    assert maya.post(f"/jobs/{_number(site)}/cancel", data=data).status_code == 303
    assert "Cancelled by Maya Lind." in _words(maya.get(f"/jobs/{_number(site)}").text)


def test_settings_are_named_as_the_form_offers_them(site: Any) -> None:
    page = site.client("maya").get(f"/jobs/{_number(site)}").text
    assert "<dt>Point spread function</dt><dd>a Gaussian of the widths below" in page
    assert "<dt>Beyond the edge</dt><dd>the stack is mirrored" in page


def test_the_next_step_is_one_that_can_be_taken(site: Any) -> None:
    with site.database.write() as session:
        session.get_one(Job, site.job).move(State.CANCELLED, at=datetime.now(UTC))
    assert (
        "“Zebrafish heart, first run” is the newest dataset that you can analyse."
        in site.client("maya").get("/").text
    )
    # What is left is public, and not hers.
    with site.database.write() as session:
        session.get_one(Dataset, site.facility.datasets["private"]).complete = False
    page = _words(site.client("maya").get("/").text)
    assert "is the newest dataset" not in page
    assert "Choose a dataset, and see what can be done with it. Go to the data" in page


def test_what_is_still_being_written_cannot_be_ticked(site: Any) -> None:
    ticked = f'name="dataset" value="{site.facility.datasets["private"]}"'
    assert ticked in site.client("maya").get("/data").text
    with site.database.write() as session:
        session.get_one(Dataset, site.facility.datasets["private"]).complete = False
    page = site.client("maya").get("/data").text
    assert "Still being written" in page and ticked not in page


def test_a_token_is_shown_once_and_works_until_it_is_revoked(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    data = {"csrf_token": csrf(maya, "/me"), "name": "laptop", "scopes": "read", "days": "30"}
    answer = maya.post("/me/tokens", data=data)
    secret = re.search(r"gantry_[A-Za-z0-9_-]{20,}", answer.text)
    assert secret and answer.headers["Cache-Control"] == "no-store"
    page = maya.get("/me").text
    assert secret.group(0) not in page and "laptop" in page
    revoke = re.search(r'action="(/me/tokens/\d+/revoke)"', page)
    assert revoke
    maya.post(revoke.group(1), data={"csrf_token": csrf(maya, "/me")})
    page = maya.get("/me").text
    assert "The token “laptop” no longer works." in page and revoke.group(1) not in page


def test_filters_are_links_that_can_be_taken_away(site: Any) -> None:
    sam = site.client("sam")
    page = sam.get("/data?type=deformability+cytometry")
    assert "3 datasets" in page.text and "Zebrafish" not in page.text
    assert 'href="/data"' in page.text


def test_an_analysis_that_does_not_fit_says_why(site: Any) -> None:
    page = site.client("maya").get(f"/analyses?dataset={site.facility.datasets['private']}").text
    assert "Light-sheet deconvolution" in page
    assert "this is a light-sheet stack" in page


def test_a_result_is_linked_once_its_job_has_ended(site: Any) -> None:
    """Results are read after the state: a page must not show both a running job and what came of it."""
    client, address = site.client("maya"), f"/jobs/J-{1000 + site.job}/part/live"
    with site.database.write() as session:
        job = session.get_one(Job, site.job)
        attempt = Attempt(
            job_id=job.id,
            number=1,
            name="gantry-1",
            cluster="local",
            resources=dict(job.resources),
            created=job.created,
        )
        session.add(attempt)
        session.flush()
        dataset = site.facility.datasets["private"]
        job.outputs.append(JobOutput(name="sharp", attempt_id=attempt.id, dataset_id=dataset))
        job.state = State.RUNNING
    page = client.get(address, headers={"HX-Request": "true"}).text
    assert "Open the result" not in page and "hx-trigger" in page
    with site.database.write() as session:
        job = session.get_one(Job, site.job)
        job.state, job.started, job.ended = State.SUCCEEDED, job.created, job.created
    page = client.get(address, headers={"HX-Request": "true"}).text
    assert "Open the result" in page and "hx-trigger" not in page
