"""Several datasets in one submission: its number, its one line, what is hidden of it, its names, what ends it."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select

from portal.catalogue.models import Dataset, InvestigationUser, User
from portal.jobs.clusters.rows import DAEMON, ClusterSnapshot, DaemonLease
from portal.jobs.lines import list_lines
from portal.jobs.models import Attempt, Job, Submission
from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobs.timing.models import JobRun
from portal.jobtype.load import load_folders, shipped_folder
from portal.migrations import _config
from portal.scheduler.survey import Node, Survey
from portal.web.views.jobs import line_links

ENDINGS = {
    State.SUCCEEDED: (State.SUBMITTING, State.PENDING, State.RUNNING, State.COLLECTING, State.SUCCEEDED),
    State.FAILED: (State.SUBMITTING, State.PENDING, State.RUNNING, State.FAILED),
    State.CANCELLED: (State.CANCELLED,),
}


@dataclass
class Made:
    """A batch that was started: its id, its number, its jobs' ids."""

    id: str
    number: str
    jobs: list[int]

    @property
    def page(self) -> str:
        return f"/batches/{self.number}"


@pytest.fixture
def further(site: Any) -> list[int]:
    """Four more datasets of Maya's experiment."""
    with site.database.write() as session:
        first = session.get_one(Dataset, site.facility.datasets["private"])
        rows = [
            Dataset(
                investigation_id=first.investigation_id, type_id=first.type_id, name=f"Tail {n}", complete=True
            )
            for n in range(4)
        ]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


@pytest.fixture
def start(site: Any) -> Callable[..., Made]:
    """`start(datasets, title=…)`: a submission of Maya's."""

    def _start(datasets: list[int], **more: Any) -> Made:
        with site.database.write() as session:
            made = submit(
                session,
                site.facility.actors["maya"],
                SubmitRequest("qc", {"data": datasets}, **more),
                jobtypes=load_folders([shipped_folder()]),
                settings=site.settings,
                now=datetime.now(UTC),
            )
        return Made(made.id, made.batch or "", [job.id for job in made.jobs])

    return _start


def end(site: Any, job: int, state: State) -> None:
    """Let a job end so."""
    with site.database.write() as session:
        for one in ENDINGS[state]:
            session.get_one(Job, job).move(one, at=datetime.now(UTC))


def words_of(page: str) -> str:
    """What a screen reader reads."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def lines_of(page: str) -> list[str]:
    """The lines of a list of jobs."""
    return [words_of(one) for one in re.findall(r'<article class="job-card">.*?</article>', page, re.DOTALL)]


def test_several_jobs_have_a_number_that_is_their_address(site: Any, further: list[int], start: Any) -> None:
    first, one, second = start(further[:2]), start(further[:1]), start(further[1:])
    assert re.fullmatch(r"B-[1-9]\d*", first.number) and one.number == ""
    assert int(second.number[2:]) == int(first.number[2:]) + 1
    maya, tom = site.client("maya"), site.client("tom")
    assert maya.get(first.page).status_code == 200
    for other in (f"/batches/{first.id}", f"/batches/{first.number.lower()}"):
        assert maya.get(f"{other}?state=waiting").location == f"{first.page}?state=waiting"
    for nowhere in ("B-0", "B-01", "B-999", "B-99999999999999999999", "B-1x", "17", "B-٣"):
        assert maya.get(f"/batches/{nowhere}").status_code == 404
    for page in (first.page, f"/batches/{first.id}"):
        assert tom.get(page).status_code == 404


def test_a_page_or_a_state_with_nothing_in_it_says_so(site: Any, further: list[int], start: Any) -> None:
    """Behind the last page it had said that no result has a picture; of no failed job it had said nothing."""
    maya, batch = site.client("maya"), start(further)
    behind = maya.get(f"{batch.page}/compare?page=9").text
    assert "There is no page 9" in behind and "has a picture" not in behind
    assert "No job of this batch is “Failed” now." in maya.get(f"{batch.page}?state=failed").text
    assert "No job of this batch" not in maya.get(f"{batch.page}?state=waiting").text


def test_a_batch_is_one_line_wherever_jobs_are_listed(site: Any, further: list[int], start: Any) -> None:
    maya = site.client("maya")
    experiment = f"/experiments/{site.facility.investigations['private']}"
    before = {page: len(lines_of(maya.get(page).text)) for page in ("/", "/jobs", experiment)}
    batch = start(further, title="Tails of the week")
    end(site, batch.jobs[0], State.FAILED)
    for number in batch.jobs[1:3]:
        end(site, number, State.SUCCEEDED)
    for page, count in before.items():
        text = maya.get(page).text
        lines = lines_of(text)
        assert len(lines) == count + 1, page
        (line,) = [one for one in lines if "Tails of the week" in one]
        assert batch.number in line and "2 of 4 done, 1 failed, 1 to go." in line and "Waiting" in line
        assert f'href="{batch.page}"' in text
    for found in (
        "state=failed",
        "state=done",
        "state=active",
        f"q={batch.number}",
        "q=tails+of+the+week",
        "q=Tail+3",
    ):
        (line,) = [one for one in lines_of(maya.get(f"/jobs?{found}").text) if "Tails of the week" in one]
        assert "2 of 4 done, 1 failed, 1 to go." in line
    assert not any("Tails" in one for one in lines_of(maya.get("/jobs?q=B-99").text))
    end(site, batch.jobs[3], State.SUCCEEDED)
    (line,) = [one for one in lines_of(maya.get("/jobs").text) if "Tails of the week" in one]
    assert "Failed" in line and "3 of 4 done, 1 failed." in line and "See the 1 failed" in line
    assert not any("Tails of the week" in one for one in lines_of(maya.get("/jobs?state=active").text))


def test_pages_of_the_list_count_lines_and_jobs(site: Any, further: list[int], start: Any) -> None:
    for _ in range(3):
        start(further)
    start(further[:1])
    actor = site.facility.actors["maya"]
    with site.database.read() as session:
        every = list_lines(session, actor, person="maya", size=50)
        pages = [list_lines(session, actor, person="maya", page=n, size=2) for n in (1, 2, 3)]
        assert (every.page.total, every.jobs) == (5, 3 * 4 + 1 + 1)
        assert [one.id for page in pages for one in page.page.items] == [one.id for one in every.page.items]
        assert all((page.page.total, page.jobs) == (5, 14) for page in pages)
    with site.app.test_request_context("/jobs"):
        assert line_links(pages[0]).words == "1–2 of 5 lines, 14 jobs"


def test_what_is_hidden_of_a_batch_is_counted_and_not_shown(site: Any, further: list[int], start: Any) -> None:
    with site.database.write() as session:
        user = session.scalars(select(User).where(User.name == "maya")).one()
        other = site.facility.investigations["other"]
        session.add(InvestigationUser(investigation_id=other, user=user, role="member"))
    blood = site.facility.datasets["other"]
    batch = start([*further[:3], blood], title="Across two experiments")
    for number in (batch.jobs[0], batch.jobs[3]):
        end(site, number, State.FAILED)
    seen = {"maya": (4, 0), "sam": (4, 0), "ravi": (3, 1), "tom": (1, 3)}
    for person, (shown, hidden) in seen.items():
        client = site.client(person)
        page = client.get(batch.page).text
        assert len(re.findall(r'<li id="tile-', page)) == shown, person
        text = words_of(page)
        (line,) = [one for one in lines_of(client.get("/jobs?whose=all").text) if "Across two" in one]
        for words in (text, line):
            assert f"0 of {shown} done, " in words
            assert ("not shared with you" in words) == bool(hidden)
            assert not hidden or f"{hidden} more {'is' if hidden == 1 else 'are'} not shared with you." in words
    ravi, tom = site.client("ravi").get(batch.page).text, site.client("tom").get(batch.page).text
    assert "Blood cells" not in ravi and "Tail 0" not in tom and "Blood cells" in tom


def test_the_batch_and_its_results_have_names_of_their_own(
    site: Any, further: list[int], start: Any, csrf: Any
) -> None:
    batch, maya = start(further, title="Morning"), site.client("maya")
    with site.database.read() as session:
        before = [session.get_one(Job, number).title for number in batch.jobs]
    assert len(set(before)) == 4 and not any("Morning" in title for title in before)
    sent = {"csrf_token": csrf(maya), "title": "  Evening\tand night "}
    answer = maya.post(f"{batch.page}/rename", data=sent, follow_redirects=True)
    assert "The batch is now called “Evening and night”. Its jobs and results keep their names." in answer.text
    with site.database.read() as session:
        assert session.get_one(Submission, batch.id).title == "Evening and night"
        assert [session.get_one(Job, number).title for number in batch.jobs] == before
    long = "Evening " * 60
    refused = maya.post(f"{batch.page}/rename", data=sent | {"title": long})
    assert refused.status_code == 422 and "A title is one line" in refused.text
    form = refused.text[refused.text.index("Rename the batch") - 200 :]  # what was typed stands there, in the open
    assert '<details class="more" open>' in form and f'value="{long}"' in form and 'id="f-rename-wrong"' in form
    ravi = site.client("ravi")
    refused = ravi.post(f"{batch.page}/rename", data={"csrf_token": csrf(ravi), "title": "Ravi's"})
    assert refused.status_code == 403 and "only they and staff" in refused.text


def test_the_live_part_keeps_the_page_and_the_state_that_are_shown(
    site: Any, further: list[int], start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.web.pages.batches.TILES", 1)
    batch, maya = start(further), site.client("maya")
    end(site, batch.jobs[1], State.FAILED)
    for query, shown in (("page=2", 2), ("state=waiting&page=2", 3), ("state=failed", 2), ("state=nonsense", 1)):
        page = maya.get(f"{batch.page}?{query}").text
        address = html.unescape(re.search(r'hx-get="(/batches[^"]+)"', page).group(1))  # type: ignore[union-attr]
        part = maya.get(address, headers={"HX-Request": "true"})
        assert part.status_code == 200
        for text in (page, part.text):
            assert re.findall(r'<li id="tile-(\d+)"', text) == [str(batch.jobs[shown - 1])], query


def test_a_batch_is_cancelled_and_run_again_by_its_number(
    site: Any, further: list[int], start: Any, csrf: Any
) -> None:
    batch, maya = start(further), site.client("maya")
    end(site, batch.jobs[0], State.FAILED)
    sent = {"csrf_token": csrf(maya)}
    page = maya.post(f"{batch.page}/cancel", data=sent, follow_redirects=True).text
    assert "3 jobs cancelled." in page and "Retry 1 failed" in page and "Run 3 cancelled again" in page
    page = maya.post(f"{batch.page}/retry", data=sent, follow_redirects=True).text
    assert "1 job in the queue again." in page and "0 of 4 done, 3 cancelled, 1 to go." in page
    assert "Cancel 1 unfinished" in page


def test_the_api_knows_a_batch_by_its_number(site: Any, further: list[int], start: Any) -> None:
    batch, one = start(further), start(further[:1])
    maya = site.client("maya")
    found = maya.get(f"/api/v1/submissions/{batch.number}").json
    assert found["id"] == batch.id and found["number"] == batch.number and len(found["jobs"]) == 4
    assert {job["batch"] for job in found["jobs"]} == {batch.number}
    listed = maya.get(f"/api/v1/jobs?submission={batch.number}").json
    assert sorted(job["id"] for job in listed["items"]) == sorted(one["id"] for one in found["jobs"])
    assert maya.get(f"/api/v1/submissions/{one.id}").json["number"] is None
    assert site.client("tom").get(f"/api/v1/submissions/{batch.number}").status_code == 404


def test_the_web_tier_s_own_role_numbers_lists_and_renames_them(site_of_its_role: Any, csrf: Any) -> None:
    site = site_of_its_role
    with site.database.write() as session:
        first = session.get_one(Dataset, site.facility.datasets["private"])
        other = Dataset(investigation_id=first.investigation_id, type_id=first.type_id, name="Tail", complete=True)
        session.add(other)
        session.flush()
        ids = [first.id, other.id]
    maya = site.client("maya")
    sent = {"csrf_token": csrf(maya), "dataset": ids, "mode": "each", "title": "Two of a kind"}
    answer = maya.post("/analyses/qc/start", data=sent)
    assert answer.status_code == 303 and re.search(r"/batches/B-\d+$", answer.location)
    (line,) = [one for one in lines_of(maya.get("/jobs?q=two+of+a").text) if "Two of a kind" in one]
    assert "0 of 2 done, 2 to go." in line
    assert any("Two of a kind" in one for one in lines_of(maya.get("/").text))
    renamed = maya.post(f"{answer.location}/rename", data=sent | {"title": "A pair"}, follow_redirects=True)
    assert "The batch is now called “A pair”." in renamed.text


def test_what_was_started_before_there_were_numbers_gets_them_in_its_order(
    site: Any, further: list[int], start: Any
) -> None:
    old = [start(further[:2]), start(further[:1]), start(further[1:]), start(further)]
    config = _config()
    with site.database.engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "0023")
        command.upgrade(config, "head")
    with site.database.read() as session:
        keys = [session.get_one(Submission, one.id).key for one in old]
    assert keys == ["B-1", old[1].id, "B-2", "B-3"]


def measured(site: Any, job: int, seconds: float = 60.0) -> None:
    """Six finished runs like this job, and a cluster with two processors, of which none is in use."""
    at = datetime.now(UTC)
    with site.database.write() as session:
        found = session.get_one(Job, job)
        for number in range(1, 7):
            attempt = Attempt(
                job_id=job, number=number, name="x", cluster="c", resources=found.resources, created=at
            )
            session.add(attempt)
            session.flush()
            session.add(
                JobRun(
                    attempt_id=attempt.id, jobtype="qc", revision_id=found.submission.revision_id,
                    variant=found.submission.variant, input_bytes=0, waited_s=1.0, ran_s=seconds, outcome="done",
                    started=at, ended=at,
                )
            )  # fmt: skip
        survey = Survey(True, (Node("n", "", True, 2, 0, 64_000),)).document()
        session.add(ClusterSnapshot(cluster="c", at=at, document=survey))


def test_a_batch_says_when_all_of_it_is_likely_done_or_that_it_is_not_known(
    site: Any, further: list[int], start: Any
) -> None:
    batch = start(further, title="Tails of the week")
    maya = site.client("maya")
    end(site, site.job, State.CANCELLED)
    assert "When the last run ends is not known." in words_of(maya.get(batch.page).text)
    measured(site, batch.jobs[0])
    silent = words_of(maya.get(batch.page).text)
    assert "When the last run ends is not known." in silent  # no daemon is at work
    with site.database.write() as session:
        at = datetime.now(UTC)
        session.add(DaemonLease(name=DAEMON, holder="x", epoch=1, expires=at + timedelta(hours=1), beat=at))
    told = "The last run likely ends in 2 to 3 minutes."
    page = words_of(maya.get(batch.page).text)
    assert f"{told} 2 at a time, as things are now; each from 6 runs with inputs below 1 MB" in page
    part = maya.get(f"{batch.page}/part/live", headers={"HX-Request": "true"})
    assert told in words_of(part.text)
    (line,) = [one for one in lines_of(maya.get("/").text) if "Tails of the week" in one]
    assert told in line
    found = maya.get(f"/api/v1/submissions/{batch.number}/outlook").json
    assert (found["words"], found["least_s"], found["most_s"]) == (told, 120.0, 150.0)
    for number in batch.jobs:
        end(site, number, State.CANCELLED)
    assert "last run" not in maya.get(batch.page).text
    assert maya.get(f"/api/v1/submissions/{batch.number}/outlook").json["words"] == ""
    assert site.client("tom").get(f"/api/v1/submissions/{batch.number}/outlook").status_code == 404


def test_what_would_end_the_same_way_is_not_offered_again_in_a_batch(
    site: Any, further: list[int], start: Any
) -> None:
    batch, maya = start(further), site.client("maya")
    for number in batch.jobs[:3]:
        end(site, number, State.FAILED)
    with site.database.write() as session:
        for number, cause in zip(batch.jobs, ("input", "refused by program", "node"), strict=False):
            session.get_one(Job, number).cause = cause
    page = words_of(maya.get(batch.page).text)
    assert "Retry 1 failed" in page
    assert "2 failed jobs would end the same way again. Each says why, and can be run with changed values." in page
    with site.database.write() as session:
        session.get_one(Job, batch.jobs[2]).cause = "output missing"
    assert "Retry" not in words_of(maya.get(batch.page).text)


def test_each_tile_of_a_batch_says_what_it_is_from(site: Any, further: list[int], start: Any) -> None:
    batch = start(further, title="Tails of the week")
    tiles = re.findall(
        r'<article class="card-tile">.*?</article>', site.client("maya").get(batch.page).text, re.DOTALL
    )
    assert sorted(re.findall(r"from (Tail \d)", " ".join(map(words_of, tiles)))) == [f"Tail {n}" for n in range(4)]
