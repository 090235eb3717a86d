"""The methods of a result on its page."""

from typing import Any

import pytest
from small_facility import NOW
from sqlalchemy import event, select

from portal.catalogue.entries import FileEntry
from portal.catalogue.results import ResultToRegister, register_result
from portal.jobs.models import JobTypeRevision
from portal.jobtype.load import load_folders, shipped_folder


def add_result(site: Any, inputs: list[tuple[str, int]], job: int, name: str = "Heart <b>, deconvolved") -> int:
    jobtype = load_folders([shipped_folder()]).named("lightsheet-deconvolution")
    with site.database.write() as session:
        known = select(JobTypeRevision.id).where(JobTypeRevision.digest == jobtype.revision)
        if session.scalar(known) is None:
            document = jobtype.document()
            session.add(
                JobTypeRevision(
                    name=jobtype.name,
                    version=jobtype.version,
                    digest=jobtype.revision,
                    document=document,
                    created=NOW,
                )
            )
        wanted = ResultToRegister(
            portal_job=job,
            output="deconvolved",
            investigation_id=site.facility.investigations["private"],
            dataset_type="light-sheet result",
            name=name,
            location=f"results:made-{job}",
            files=[FileEntry("deconvolved.h5", 3, 1, "ab" * 32)],
            application=(jobtype.name, jobtype.version),
            arguments={"iterations": 20, "psf": "gaussian", "sigma_xy": 0.3, "sigma_z": 0.9},
            inputs=inputs,
            person="maya",
            extra={"revision": jobtype.revision},
        )
        return register_result(session, wanted, settings=site.settings, now=NOW).id


@pytest.fixture
def result(site: Any) -> int:
    return add_result(site, [("stack", site.facility.datasets["private"])], 901)


def test_a_result_shows_how_it_was_made_and_gives_its_references(site: Any, result: int) -> None:
    client = site.client("maya")
    page = client.get(f"/datasets/{result}").text
    assert '<h2 id="methods-title">Methods</h2>' in page
    assert "20 iterations of the Richardson–Lucy algorithm [1, 2]" in page
    assert "@article{richardson1972," in page
    answer = client.get(f"/datasets/{result}/references.bib")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=dataset-{result}.bib"
    assert answer.text.startswith("@article{richardson1972,")


def test_a_long_story_is_folded(site: Any, result: int) -> None:
    last = result
    for number in range(3):
        last = add_result(site, [("stack", last)], 902 + number, f"Step {number}")
    page = site.client("maya").get(f"/datasets/{last}").text
    assert "in 4 steps" in page
    assert "Heart &lt;b&gt;, deconvolved" in page and "<b>" not in page
    assert page.index("Show the text") < page.index("methods-text")


def test_what_was_measured_has_no_methods(site: Any) -> None:
    measured = site.facility.datasets["private"]
    client = site.client("maya")
    assert "methods-title" not in client.get(f"/datasets/{measured}").text
    assert client.get(f"/datasets/{measured}/references.bib").status_code == 422


def test_a_longer_story_makes_statements_by_its_length_alone(site: Any, result: int) -> None:
    """Four a step, and as many whatever a step's number of inputs."""
    wide = add_result(site, [("stack", result), ("psf", site.facility.datasets["private"])], 905, "Wide")
    client, seen = site.client("maya"), []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(site.database.engine, "before_cursor_execute", note)
    try:
        client.get(f"/datasets/{result}")
        short = len(seen)
        seen.clear()
        client.get(f"/datasets/{wide}")
    finally:
        event.remove(site.database.engine, "before_cursor_execute", note)
    assert len(seen) - short <= 6
