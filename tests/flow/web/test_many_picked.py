"""As many datasets as a submission takes go from page to page in an address that can be reloaded and sent."""

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from page_forms import form_on

from portal.catalogue.models import Dataset
from portal.web.bounds import LONGEST_LINK
from portal.web.views.paging import MOST_DATASETS
from portal.web.views.picks.id_lists import texts_of

START = "/analyses/lightsheet-deconvolution/start"
PART = {"HX-Request": "true"}


@pytest.fixture
def many(site: Any) -> list[int]:
    """As many as a submission takes, with those of Maya's that were there, and some more."""
    with site.database.write() as session:
        first = session.get_one(Dataset, site.facility.datasets["private"])
        rows = [
            Dataset(
                investigation_id=first.investigation_id,
                type_id=first.type_id,
                name=f"Tail {n:04}",
                complete=True,
                start_date=first.start_date,
            )
            for n in range(MOST_DATASETS + 20)
        ]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def test_all_that_a_submission_takes_are_ticked_and_reach_the_form(site: Any, many: list[int]) -> None:
    maya = site.client("maya")
    page = maya.get("/data?q=tail").text
    assert f"Tick the first {MOST_DATASETS:,} of {len(many):,} found" in page
    ids = maya.get("/data/part/ids?q=tail", headers=PART).json["ids"]
    assert len(ids) == MOST_DATASETS and set(ids) <= set(many)
    fitting = maya.get("/analyses", query_string={"dataset": texts_of(ids)})
    assert fitting.status_code == 200 and f"{MOST_DATASETS:,}" in fitting.text.replace("1000", "1,000")
    link = unescape(re.findall(rf'href="({START}[^"]*)"', fitting.text)[0])
    assert len(link) < LONGEST_LINK
    form = form_on(maya.get(link).text, START)
    assert [int(number) for name, number in form.fields if name == "dataset"] == ids


def test_taking_one_off_and_a_preset_keep_the_rest_in_an_address(site: Any, many: list[int]) -> None:
    maya = site.client("maya")
    ids = many[:MOST_DATASETS]
    form = form_on(maya.get(START, query_string={"dataset": texts_of(ids)}).text, START)
    for door, field in (("without", {"without": str(ids[3])}), ("preset", {"apply": "Quick look"})):
        answer = maya.post(f"/analyses/lightsheet-deconvolution/{door}", data=form.data(title="Tails", **field))
        assert answer.status_code == 303, door
        after = form_on(maya.get(answer.location).text, START)
        left = [int(number) for name, number in after.fields if name == "dataset"]
        assert left == [one for one in ids if door != "without" or one != ids[3]]
        assert after.value("title") == "Tails"


def test_a_sign_in_comes_back_to_all_of_them(site: Any, many: list[int]) -> None:
    ids = many[:MOST_DATASETS]
    place = f"{START}?dataset={quote(texts_of(ids)[0])}"
    answer = site.client().get(place)
    assert answer.status_code == 303
    form = form_on(site.client().get(answer.location).text, "/sign-in")
    assert form.value("next") == place


def test_one_taken_off_of_a_form_that_was_kept_does_not_come_back(site: Any) -> None:
    """The page of a kept form reads what is kept; what is changed on it stands in the address alone."""
    maya = site.client("maya")
    with site.database.write() as session:
        first = session.get_one(Dataset, site.facility.datasets["private"])
        more = [
            Dataset(investigation_id=first.investigation_id, type_id=first.type_id, name=f"Fin {n}", complete=True)
            for n in range(2)
        ]
        session.add_all(more)
        session.flush()
        ids = [first.id, *(row.id for row in more)]
    form = form_on(maya.get(START, query_string={"dataset": ids}).text, START)
    maya.delete_cookie("gantry_session")
    sent = maya.post(START, data=form.data(title="Three fins"))
    assert sent.status_code == 303 and "kept" in sent.location
    again = site.client("maya")
    page = again.get(sent.location)
    while page.status_code == 303:
        page = again.get(page.location)
    shown = form_on(page.text, START)
    assert shown.value("title") == "Three fins" and shown.value("kept")
    off = again.post("/analyses/lightsheet-deconvolution/without", data=shown.data(without=str(ids[1])))
    assert off.status_code == 303 and "form_of" not in off.location and "kept=" not in off.location
    left = again.get(off.location)
    after = form_on(left.text, START)
    assert [int(number) for name, number in after.fields if name == "dataset"] == [ids[0], ids[2]]
    assert after.value("title") == "Three fins" and "no longer kept" not in left.text
