"""What pages say of time and of causes, and what the facility's staff see of what is stuck."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.jobs.clusters.rows import ClusterSnapshot
from portal.jobs.models import Attempt, Job
from portal.jobs.state import State
from portal.jobs.timing.models import JobRun
from portal.scheduler.survey import Node, Survey

NOW = datetime.now(UTC)
FORM = "/analyses/lightsheet-deconvolution/start"


def _words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def _fails(site: Any, cause: str, words: str, **more: Any) -> None:
    with site.database.write() as session:
        job = session.get_one(Job, site.job)
        job.move(State.SUBMITTING, at=NOW)
        job.move(State.RUNNING, at=NOW)
        job.move(State.FAILED, at=NOW, cause=cause, words=words)
        for name, value in more.items():
            setattr(job, name, value)


def _runs(site: Any, *seconds: float, peak: int | None = None) -> None:
    """Finished runs like the one that the form would make."""
    with site.database.write() as session:
        job = session.get_one(Job, site.job)
        size = job.inputs[0].dataset.file_size
        for place, ran in enumerate(seconds):
            attempt = Attempt(
                job_id=job.id, number=place + 1, name="x", cluster="c", resources=job.resources, created=NOW
            )
            session.add(attempt)
            session.flush()
            session.add(
                JobRun(
                    attempt_id=attempt.id,
                    jobtype="lightsheet-deconvolution",
                    revision_id=job.submission.revision_id,
                    variant=job.submission.variant,
                    input_bytes=size,
                    waited_s=3.0,
                    ran_s=ran,
                    memory_peak_bytes=peak,
                    outcome="done",
                    started=NOW,
                    ended=NOW,
                )
            )
        node = Node("n", "", True, 2, 2, 64_000)
        session.add(ClusterSnapshot(cluster="c", at=NOW, document=Survey(True, (node,)).document()))


def test_the_form_the_job_and_the_api_tell_what_was_measured(site_of_its_role: Any) -> None:
    site = site_of_its_role  # the web tier's own rights suffice
    maya, dataset = site.client("maya"), site.facility.datasets["private"]
    before = _words(maya.get(f"{FORM}?dataset={dataset}").text)
    assert "as its author says; no run measured so far" in before
    _runs(site, 240, 250, 300, 350, 418)
    page = _words(maya.get(f"{FORM}?dataset={dataset}").text)
    assert "4 to 7 minutes from 5 runs" in page
    assert "start at once" not in page.lower()  # no daemon is at work
    assert "Runs like this took 4 to 7 minutes, from 5 runs" in _words(maya.get(f"/jobs/J-{site.job + 1000}").text)
    found = maya.get(f"/api/v1/analyses/lightsheet-deconvolution?dataset={dataset}").json["form"]["expected"]
    assert (found["takes"], found["takes_runs"], found["takes_least_s"]) == ("4 to 7 minutes", 5, 240.0)
    assert "Runs like this took" in maya.get(f"/api/v1/jobs/{site.job}").json["others"]


def test_runs_with_twenty_iterations_do_not_tell_of_a_thousand(site: Any) -> None:
    maya, dataset = site.client("maya"), site.facility.datasets["private"]
    _runs(site, 240, 250, 300, 350, 418)
    like = _words(maya.get(f"{FORM}?dataset={dataset}").text)
    assert "and settings like these" in like
    page = _words(maya.get(f"{FORM}?dataset={dataset}&option.iterations=1000").text)
    assert "4 to 7 minutes" not in page
    assert "of usual settings; 5 runs measured, none of them with Iterations 1,000 or the like" in page


def test_memory_that_was_not_enough_for_others_is_said_on_the_form_before_it_starts(site: Any) -> None:
    maya, dataset = site.client("maya"), site.facility.datasets["private"]
    _runs(site, *[240] * 5, peak=5 * 2**29)
    page = _words(maya.get(f"{FORM}?dataset={dataset}").text)
    assert "2.5 GB from 5 runs" in page
    assert (
        "1.5 GB of memory is likely too little: runs like this used 2.5 GB. Choose “Large stack” (3 GB)." in page
    )
    enough = _words(maya.get(f"{FORM}?dataset={dataset}&variant=large").text)
    assert "2.5 GB from 5 runs" in enough and "too little" not in enough


REFUSAL = (
    "The program says: “stack.h5 is damaged: 535 of 893 kB are there. Copy it again.” Your dataset is unchanged."
)


@pytest.mark.parametrize("cause", ["refused by program", "input", "output missing"])
def test_what_would_end_the_same_way_is_not_offered_again_but_with_changed_values(
    site: Any, csrf: Any, cause: str
) -> None:
    _fails(site, cause, REFUSAL)
    maya, number = site.client("maya"), f"J-{site.job + 1000}"
    page = maya.get(f"/jobs/{number}").text
    assert "Copy it again." in page and "Run with changed values" in page
    assert f"/jobs/{number}/retry" not in page
    assert "Exit code" not in page  # nothing is known of one
    sent = maya.post(f"/jobs/{number}/retry", data={"csrf_token": csrf(maya, "/me")}, follow_redirects=True)
    assert "would end the same way again" in sent.text
    found = maya.get(f"/api/v1/jobs/{number}").json
    assert (found["state"], found["can_retry"], found["sentence"]) == ("failed", False, REFUSAL)


def test_a_batch_runs_again_what_that_can_help_and_says_what_it_left(site: Any, csrf: Any) -> None:
    _fails(site, "refused by program", REFUSAL)
    maya, page = site.client("maya"), f"/batches/{site.submission}"
    sent = maya.post(f"{page}/retry", data={"csrf_token": csrf(maya, "/me")}, follow_redirects=True)
    assert "Nothing was run again. 1 job would end the same way: run it with changed values." in sent.text
    with site.database.write() as session:
        session.get_one(Job, site.job).cause = "node"
    sent = maya.post(f"{page}/retry", data={"csrf_token": csrf(maya, "/me")}, follow_redirects=True)
    assert "1 job in the queue again." in sent.text


@pytest.mark.parametrize("cause", ["node", "exit code", "signal", "lost", "disk full"])
def test_what_may_end_otherwise_is_offered_again(site: Any, cause: str) -> None:
    _fails(site, cause, "It broke.")
    number = f"J-{site.job + 1000}"
    assert f"/jobs/{number}/retry" in site.client("maya").get(f"/jobs/{number}").text


def test_a_failure_stays_on_the_facility_s_page_while_its_retry_runs_and_the_page_lives(site: Any) -> None:
    _fails(site, "refused by program", REFUSAL)
    with site.database.write() as session:
        session.get_one(Job, site.job).move(State.QUEUED, at=NOW, by="Maya Lind")
    staff = site.client("sam")
    page = staff.get("/facility")
    assert 'hx-get="/facility/part/now"' in page.text
    for text in (page.text, staff.get("/facility/part/now", headers={"HX-Request": "true"}).text):
        told = _words(text)
        assert "Light-sheet deconvolution Refused by the program The program says: “stack.h5 is damaged" in told
        assert "Your dataset is unchanged" not in told.partition("Failures of the last seven days")[2]
    whole = staff.get("/facility/part/now")
    assert (whole.status_code, whole.location) == (303, "/facility")
    live = staff.get("/facility/part/now", headers={"HX-Request": "true"})
    assert live.headers["Cache-Control"] == "no-store"
    assert site.client("maya").get("/facility/part/now", headers={"HX-Request": "true"}).status_code == 403


def test_home_tells_staff_what_is_stuck_and_where_it_stands_and_nobody_else(site: Any) -> None:
    node = Node("n1", "Drained", False, 4, 0, 100, reason="disk")
    with site.database.write() as session:
        job = session.get_one(Job, site.job)
        job.state, job.changed = State.HELD, NOW - timedelta(hours=1)
        session.add(ClusterSnapshot(cluster="c", at=NOW, document=Survey(True, (node,)).document()))
    page = site.client("sam").get("/").text
    for words, anchor in (("1 job is on hold", "stuck-title"), ("1 node does not take jobs", "nodes-1-title")):
        assert f'href="/facility#{anchor}">{words}</a>' in page
        assert f'id="{anchor}"' in site.client("sam").get("/facility").text
    assert "What is stuck" not in site.client("maya").get("/").text


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("output missing", "1 job ended well but left no result in the last 24 hours"),
        ("result refused", "1 result was not accepted in the last 24 hours"),
        ("start", "1 program could not be started in the last 24 hours"),
    ],
)
def test_home_tells_staff_of_failures_that_they_alone_can_mend_as_what_they_are(
    site: Any, cause: str, said: str
) -> None:
    _fails(site, cause, "It broke.")
    page = site.client("sam").get("/").text
    assert f'href="/facility#failures-title">{said}</a>' in page
    assert "could not be saved" not in page
