"""Search everything: each kind, as far as one may see it, with slips, bounded, and as a page without a script."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from portal.catalogue.models import Dataset
from portal.web.views.finding.help import PARTS

PART = {"HX-Request": "true"}


def hits(client: Any, words: str, **more: Any) -> list[tuple[str, str]]:
    """(title, address) of the list beneath the field."""
    html = client.get("/search/part/hits", query_string={"q": words, **more}, headers=PART).text
    return re.findall(r'role="option"[^>]*href="([^"]*)".*?class="title">([^<]*)<', html, re.DOTALL)


def heart_of(site: Any) -> tuple[str, str]:
    """The hit that is Maya's dataset."""
    return f"/datasets/{site.facility.datasets['private']}", "Zebrafish heart, first run"


def content(html: str) -> str:
    """What stands between the header and the footer."""
    return html[html.index("<main") : html.index("</main>")]


def groups(client: Any, words: str) -> list[str]:
    """The headings of the list."""
    html = client.get("/search/part/hits", query_string={"q": words}, headers=PART).text
    return re.findall(r'class="group"[^>]*>([^<]*)<', html)


def test_every_kind_is_found_in_one_place(site: Any) -> None:
    maya = site.client("maya")
    assert groups(maya, "heart") == ["Experiments", "Datasets", "Jobs"]
    assert heart_of(site) in hits(maya, "heart")
    assert "Analyses" in groups(maya, "deconvolution")
    assert hits(maya, "okafor") == [("/experiments?person=tom", "Tom Okafor")]
    assert ("/help#waits", "My job waits") in hits(maya, "waits")


@pytest.mark.parametrize("typed", ["J-{0}", "j-{0}", "j{0}"])
def test_a_job_is_found_by_its_number(site: Any, typed: str) -> None:
    number = 1000 + site.job
    maya, tom = site.client("maya"), site.client("tom")
    found = hits(maya, typed.format(number))
    assert found and found[0][0] == f"/jobs/J-{number}"
    assert hits(tom, typed.format(number)) == []


@pytest.mark.parametrize(
    "typed", ["J-0999", "J-9999999999", "B-999999999", "j-1e5", "-", "%", "_", "\\", "'", '"<b>']
)
def test_odd_texts_find_nothing_and_break_nothing(site: Any, typed: str) -> None:
    maya = site.client("maya")
    assert hits(maya, typed) == []
    assert "<b>" not in maya.get("/search", query_string={"q": typed}).text


def test_a_slip_is_mended_and_said(site: Any) -> None:
    maya = site.client("maya")
    html = maya.get("/search/part/hits?q=zebrafsh+haert", headers=PART).text
    assert "Nothing has “zebrafsh haert”. Found for “zebrafish heart”:" in html
    assert heart_of(site) in hits(maya, "zebrafsh")


def test_nothing_of_others_is_found_or_shown_by_mending(site: Any) -> None:
    maya = site.client("maya")
    for words in ("blood", "bloood", "drug", "drgu"):
        html = content(maya.get("/search", query_string={"q": words}).text)
        nothing = content(maya.get("/search", query_string={"q": "xylophonist"}).text)
        assert html.replace(words, "xylophonist") == nothing, words
    assert "Blood cells" in site.client("tom").get("/search?q=bloood").text


def test_the_page_works_without_a_script_and_the_list_by_itself_leads_to_it(site: Any) -> None:
    maya = site.client("maya")
    home = maya.get("/").text
    assert re.search(r'<form class="search"[^>]*action="/search"', home)
    page = maya.get("/search?q=heart")
    assert page.status_code == 200 and "<h1>Search everything</h1>" in page.text
    bare = maya.get("/search/part/hits?q=heart")
    assert (bare.status_code, bare.location) == (303, "/search?q=heart")
    listed = maya.get("/search/part/hits?q=heart", headers=PART)
    assert listed.headers["Cache-Control"] == "no-store"


def test_a_long_list_is_cut_and_leads_to_all_of_it(site: Any) -> None:
    with site.database.write() as session:
        like = session.get_one(Dataset, site.facility.datasets["private"])
        for number in range(20):
            session.add(
                Dataset(
                    investigation_id=like.investigation_id,
                    type_id=like.type_id,
                    name=f"Larva {number}",
                    complete=True,
                )
            )
    maya = site.client("maya")
    assert len(hits(maya, "larva")) == 5
    html = maya.get("/search/part/hits?q=larva", headers=PART).text
    assert 'href="/data?q=larva"' in html
    assert maya.get("/search?q=larva").text.count("line-item") == 12


def test_one_letter_and_a_megabyte_are_bounded(site: Any) -> None:
    maya = site.client("maya")
    assert "Type two letters or more" in maya.get("/search?q=a").text
    assert "Type two letters or more" in maya.get("/search").text
    answer = maya.get("/search", query_string={"q": "zebra " * 1000})
    assert answer.status_code == 200 and len(answer.data) < 40_000


def test_what_takes_too_long_is_said_and_the_rest_is_shown(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
    monkeypatch.setattr("portal.web.views.finding.everything.LIMIT_S", 0.05)
    monkeypatch.setattr(
        "portal.web.views.finding.everything.first_datasets", lambda session, *_rest: session.execute(slow)
    )
    html = site.client("maya").get("/search?q=heart").text
    assert "Not searched, since it took too long: datasets." in html
    assert "Heart" in html or "heart" in html
    assert "Nothing has" not in html


def test_a_person_leads_to_the_experiments_one_may_see_of_them(site: Any) -> None:
    maya = site.client("maya")
    html = maya.get("/experiments?person=tom").text
    assert "Reference beads" in html and "Blood cells" not in html
    assert "with Tom Okafor in the team" in html
    # Of somebody that one may not know of, no more is told than of somebody who is not there.
    tom = site.client("tom")
    hidden, nobody = (content(tom.get(f"/experiments?person={name}").text) for name in ("maya", "nobody"))
    assert hidden.replace("maya", "nobody") == nobody


def test_every_part_of_the_help_that_is_offered_is_there(site: Any) -> None:
    html = site.client("maya").get("/help").text
    for place, title, _more in PARTS:
        found = re.search(rf'<(?:h2|ol) id="{place}">([^<]*)', html)
        assert found, place
        assert found.group(1).strip() in (title, ""), place
