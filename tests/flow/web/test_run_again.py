"""The form of a job that is run again says what is otherwise than in that job."""

from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from page_forms import form_on

from portal.jobs.models import Job
from portal.jobs.state import State

PLACE = "/analyses/lightsheet-deconvolution/start"
BESIDE = "/analyses/lightsheet-deconvolution/part/beside"


@pytest.fixture
def ran(site: Any) -> tuple[Any, int, str]:
    """Maya's browser, a job of hers, and the address of its values on the form."""
    maya = site.client("maya")
    form = form_on(maya.get(f"{PLACE}?dataset={site.facility.datasets['private']}").text, PLACE)
    typed = form.data(option__iterations="7", option__voxel_xy="0.2", option__voxel_z="0.9")
    page = maya.post(PLACE, data=typed).location
    number = int(page.rsplit("-", 1)[1]) - 1000
    with site.database.write() as session:  # what goes on offers nothing else than to cancel it
        session.get_one(Job, number).move(State.CANCELLED, at=datetime.now(UTC))
    link = next(
        part.split('"')[0]
        for part in unescape(maya.get(page).text).split('href="')
        if part.startswith(PLACE) and "again=" in part
    )
    return maya, number, link


def compared(html: str) -> str:
    assert "Changed since" in html
    return html.split("Changed since", 1)[1].split("</section>", 1)[0]


def test_the_same_values_are_said_to_be_the_same(ran: Any) -> None:
    maya, number, link = ran
    said = compared(maya.get(link).text)
    assert f"J-{1000 + number}" in said and "Nothing yet" in said


def test_what_is_changed_is_told_with_what_it_was(ran: Any) -> None:
    maya, _number, link = ran
    form = form_on(maya.get(link).text, PLACE)
    beside = maya.post(BESIDE, data=form.data(option__iterations="9"), headers={"HX-Request": "true"}).text
    said = compared(beside)
    assert 'href="#f-iterations"' in said and ">9<" in said.replace("\n", "") and "it was 7" in said
    assert said.count("it was") == 1
    # What cannot be taken is told at its field, and compared with nothing.
    wrong = maya.post(BESIDE, data=form.data(option__iterations="many"), headers={"HX-Request": "true"}).text
    assert "it was" not in compared(wrong)


def test_a_changed_analysis_and_a_setting_that_is_gone_are_told(site: Any, ran: Any) -> None:
    maya, number, link = ran
    with site.database.write() as session:
        job = session.get_one(Job, number)
        job.options = {**job.options, "old_setting": 3}
        revision = job.submission.revision
        revision.digest, revision.version = "sha256:" + "0" * 64, "0.9"
    said = compared(maya.get(link).text)
    assert "has changed since: it ran as version 0.9" in said
    assert "old_setting" in said and "no such setting any more" in said


def test_a_job_that_one_cannot_see_is_compared_with_nothing(site: Any, ran: Any) -> None:
    _maya, number, _link = ran
    tom = site.client("tom")
    for again in (number, 0, -1, 10**20, "abc"):
        shown = tom.get(f"/analyses/qc/start?dataset={site.facility.datasets['public']}&again={again}")
        assert shown.status_code == 200 and "Changed since" not in shown.text
