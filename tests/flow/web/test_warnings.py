"""A result that its program doubts says so on its page, its card, its job and in the API; to nobody else."""

from datetime import UTC, datetime
from typing import Any

import pytest
from asking import Asking

from portal.catalogue.models import Dataset
from portal.catalogue.results import ResultToRegister, register_result
from portal.identity.tokens import create_token
from portal.jobs.models import Attempt, Job, JobOutput
from portal.jobs.state import State

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = ("the centre lies at the edge of the <search>", "240 unusable pixels interpolated")


@pytest.fixture
def result(site: Any) -> int:
    """A result of Maya's job, with two warnings."""
    with site.database.write() as session:
        wanted = ResultToRegister(
            portal_job=site.job,
            output="deconvolved",
            investigation_id=site.facility.investigations["private"],
            dataset_type="light-sheet result",
            name="Doubtful slices",
            location="results:J-1/deconvolved",
            files=[],
            application=("lightsheet-deconvolution", "1.0"),
            arguments={},
            inputs=[("stack", site.facility.datasets["private"])],
            person="maya",
            warnings=WORDS,
        )
        made = register_result(session, wanted, settings=site.settings, now=NOW)
        job = session.get_one(Job, site.job)
        job.state, job.warnings, job.started, job.ended = State.SUCCEEDED, 2, NOW, NOW
        attempt = Attempt(
            job_id=job.id, number=1, name="gantry-x-1", cluster="local", resources=dict(job.resources), created=NOW
        )
        session.add(attempt)
        session.flush()
        session.add(JobOutput(job_id=job.id, attempt_id=attempt.id, name="deconvolved", dataset_id=made.id))
        return made.id


def test_its_page_and_cards_and_history_say_so(site: Any, result: int) -> None:
    maya = site.client("maya")
    page = maya.get(f"/datasets/{result}").text
    assert "2 warnings: look before you trust the numbers." in page
    assert "The centre lies at the edge of the &lt;search&gt;" in page
    assert "2 warnings" in maya.get("/data").text
    assert "2 warnings" in maya.get(f"/datasets/{site.facility.datasets['private']}").text


def test_its_job_says_so(site: Any, result: int) -> None:
    page = site.client("maya").get(f"/jobs/J-{1000 + site.job}").text
    assert "with 2 warnings." in page
    assert "240 unusable pixels interpolated" in page
    assert "with 2 warnings." in site.client("maya").get("/jobs").text
    assert "1 of them with warnings" in site.client("maya").get(f"/batches/{site.submission}").text


def test_the_api_has_the_words_for_those_who_may_see_it(site: Any, result: int) -> None:
    with site.database.write() as session:
        secrets = {
            name: create_token(session, site.facility.actors[name], "t", ("read",), days=1, now=datetime.now(UTC))[
                1
            ]
            for name in ("maya", "tom")
        }
    asking = Asking(site.app, secrets["maya"])
    assert asking("GET", f"/datasets/{result}").get_json()["warnings"] == list(WORDS)
    assert asking("GET", f"/jobs/{site.job}").get_json()["warnings"] == 2
    assert Asking(site.app, secrets["tom"])("GET", f"/datasets/{result}").status_code == 404


def test_a_sound_dataset_has_none(site: Any) -> None:
    with site.database.read() as session:
        assert session.get_one(Dataset, site.facility.datasets["private"]).warnings == []
    page = site.client("maya").get(f"/datasets/{site.facility.datasets['private']}").text
    assert "look before you trust" not in page
