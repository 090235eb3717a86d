"""The page of analyses: found by words, instrument and data, with how often each was used."""

import re
from typing import Any

import pytest

from portal.jobs.models import Job
from portal.jobs.state import State

PART = {"HX-Request": "true"}


def titles(client: Any, **asked: str) -> list[str]:
    html = client.get("/analyses", query_string=asked).text
    return re.findall(r'<h3 class="title"><a class="cover" href="[^"]*">([^<]*)<', html)


def test_words_find_an_analysis_wherever_it_says_them(site: Any) -> None:
    maya = site.client("maya")
    everything = titles(maya)
    assert "Light-sheet deconvolution" in titles(maya, q="DECONV sharpen") + titles(maya, q="deconvolution")
    assert set(titles(maya, q="deconvolution")) < set(everything)
    assert titles(maya, q="tomogra") != []
    html = maya.get("/analyses", query_string={"q": "deconvolutoin"}).text
    assert "Nothing has “deconvolutoin”. This was found for “deconvolution”" in html


def test_nothing_found_says_so_and_leads_on(site: Any) -> None:
    html = site.client("maya").get("/analyses", query_string={"q": "zzzz <b>"}).text
    assert "No analysis is like that." in html
    assert "zzzz &lt;b&gt;" in html
    assert 'href="/search?q=zzzz' in html


def test_an_instrument_and_data_that_are_seen_narrow_it(site: Any) -> None:
    maya, tom = site.client("maya"), site.client("tom")
    by_instrument = titles(maya, instrument="X-ray tomograph")
    assert "Tomography reconstruction" in by_instrument
    assert "Light-sheet deconvolution" not in by_instrument
    assert "Light-sheet deconvolution" in titles(maya, fits="mine")
    assert "Tomography reconstruction" not in titles(maya, fits="mine")
    assert "Light-sheet deconvolution" not in titles(tom, fits="mine")


@pytest.mark.parametrize("asked", [{"instrument": "no such"}, {"q": "x" * 5000}, {"fits": "yours"}])
def test_odd_questions_break_nothing(site: Any, asked: dict[str, str]) -> None:
    assert site.client("maya").get("/analyses", query_string=asked).status_code == 200


def test_the_list_by_itself_is_a_part_of_the_page(site: Any) -> None:
    maya = site.client("maya")
    part = maya.get("/analyses/part/list", query_string={"q": "deconvolution"}, headers=PART)
    assert part.status_code == 200
    assert "<html" not in part.text
    assert 'id="results"' in part.text
    whole = maya.get("/analyses/part/list", query_string={"q": "deconvolution"})
    assert (whole.status_code, whole.headers["Location"]) == (303, "/analyses?q=deconvolution")


def test_it_is_said_how_often_it_was_used_and_how_often_it_worked(site: Any) -> None:
    with site.database.write() as session:
        session.get_one(Job, site.job).state = State.SUCCEEDED
    maya = site.client("maya")
    html = maya.get("/analyses", query_string={"q": "light-sheet deconvolution"}).text
    assert "Used once in the last 90 days; it worked." in html
    found = maya.get("/api/v1/analyses").json["items"]
    used = {one["name"]: one["used"] for one in found}
    assert (used["lightsheet-deconvolution"]["worked"], used["lightsheet-deconvolution"]["failed"]) == (1, 0)
    assert used["tomo-slice"]["worked"] == 0
