"""Search everything: each kind, as far as one may see it, with slips, bounded, and as a page without a script."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text, update

from portal.catalogue.models import Dataset
from portal.web.views.finding import everything
from portal.web.views.finding.help import PARTS

PART = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search ends by the clock, and other processes may hold this one up for longer than it may take."""
    for limit in ("SLIPS_S", "LIMIT_S", "ALL_S"):
        monkeypatch.setattr(everything, limit, 120.0)


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


NUMBERED = ["J-{0}", "j-{0}", "j{0}", "j {0}", "J–{0}", "job {0}", "#{0}", "{0}", "“J-{0}”"]


@pytest.mark.parametrize("typed", NUMBERED)
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


def test_a_text_is_read_as_it_may_have_been_meant_and_that_is_said(site: Any) -> None:
    """Quotation marks, long dashes, a hyphen that is left out, µ without its key."""
    with site.database.write() as session:
        first = session.get_one(Dataset, site.facility.datasets["private"])
        kind = {"investigation_id": first.investigation_id, "type_id": first.type_id, "complete": True}
        session.add_all([Dataset(name="MX-7719 run 4", **kind), Dataset(name="Beads, 13.5 µm", **kind)])
    maya = site.client("maya")
    for typed, read, title in (
        ("mx7719", "mx 7719", "MX-7719 run 4"),
        ("MX–7719", "mx-7719", "MX-7719 run 4"),
        ("“mx-7719”", "mx-7719", "MX-7719 run 4"),
        ("(run), 4; mx", "run 4 mx", "MX-7719 run 4"),
        ("beads 13.5um", "beads 13.5 μm", "Beads, 13.5 µm"),
    ):
        html = maya.get("/search/part/hits", query_string={"q": typed}, headers=PART).text
        assert title in html and f"Found for “{read}”" in html, typed
        assert title not in site.client("tom").get("/search", query_string={"q": typed}).text
    assert "Found for" not in maya.get("/search/part/hits?q=mx-7719", headers=PART).text
    assert hits(maya, "mx-7718") == [] and hits(maya, "mx7718") == []  # no digit is changed


def test_slips_in_several_words_in_short_ones_and_within_signs_are_mended(site: Any) -> None:
    with site.database.write() as session:
        first = session.get_one(Dataset, site.facility.datasets["private"])
        kind = {"investigation_id": first.investigation_id, "type_id": first.type_id, "complete": True}
        session.add(Dataset(name="Quokka pouch, kdrl:GFP, left-handed", **kind))
    maya = site.client("maya")
    for typed in ("quokak puoch", "quokka gpf", "gpf quokak", "kdlr:GFP pouch", "left-hadned", "poch gfp qoukka"):
        assert "Quokka pouch, kdrl:GFP, left-handed" in [title for _href, title in hits(maya, typed)], typed
        assert hits(site.client("tom"), typed) == [], typed


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("why does my job wait?", "waits"),
        ("How do I log in", "ask"),
        ("who can see my data", "who-sees"),
        ("help", "steps"),
        ("lost password", "ask"),
        ("my job failed", "failed"),
    ],
)
def test_help_is_found_by_a_question(site: Any, typed: str, place: str) -> None:
    assert f"/help#{place}" in [href for href, _title in hits(site.client("maya"), typed)]


def test_a_number_alone_finds_the_experiment_before_the_job(site: Any) -> None:
    with site.database.write() as session:
        first = session.get_one(Dataset, site.facility.datasets["private"])
        first.investigation.name = str(1000 + site.job)
    maya = site.client("maya")
    found = [href for href, _title in hits(maya, str(1000 + site.job))]
    assert found[0].startswith("/experiments/") and f"/jobs/J-{1000 + site.job}" in found
    assert hits(maya, f"J-{1000 + site.job}")[0][0] == f"/jobs/J-{1000 + site.job}"


def test_a_search_that_takes_too_long_ends_and_says_what_it_left_out(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "ALL_S", 0.0)
    html = site.client("maya").get("/search/part/hits?q=heart", headers=PART).text
    assert "Not searched, since it took too long: experiments, datasets, jobs" in html
    monkeypatch.setattr(everything, "ALL_S", 120.0)
    monkeypatch.setattr(everything, "SLIPS_S", 0.0)
    html = site.client("maya").get("/search/part/hits?q=zebrafsh", headers=PART).text
    assert "took too long: words that are spelt differently" in html


def test_where_only_the_newest_were_looked_through_for_slips_it_is_said(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are asked then; where that takes too long, the answer says how far it went."""
    monkeypatch.setattr(everything, "NEWEST", 1)
    maya = site.client("maya")
    assert heart_of(site) in hits(maya, "zebrafsh")
    looked = everything.Likely.like

    def slow(self: Any, word: str, *, shared: int) -> Any:
        if self.newest is None:
            raise TimeoutError
        return looked(self, word, shared=shared)

    monkeypatch.setattr(everything.Likely, "like", slow)
    words = "A slip in a word was looked for among the newest datasets only"
    assert words in maya.get("/search/part/hits?q=xylophonist", headers=PART).text
    assert words in maya.get("/search?q=xylophonist").text


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
    monkeypatch.setattr(everything, "LIMIT_S", 1.0)
    monkeypatch.setattr(everything, "first_datasets", lambda session, *_rest: session.execute(slow))
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


def test_a_day_finds_what_is_of_it_however_it_is_written(site: Any) -> None:
    day = datetime(2026, 3, 4, 11, tzinfo=UTC)
    with site.database.write() as session:
        session.execute(update(Dataset).where(Dataset.id == site.facility.datasets["private"]).values(date=day))
    maya = site.client("maya")
    for typed in ("2026-03-04", "4 Mar 2026", "4. March 2026", "04.03.2026"):
        page = maya.get("/search", query_string={"q": typed}).text
        assert "Data of 4 Mar 2026" in page and "1 dataset" in page, typed
        assert 'href="/data?start=2026-03-04&amp;end=2026-03-04"' in page, typed
    # Whoever may not see it learns of no day; and a day that can be two is not guessed.
    assert "Data of" not in site.client("tom").get("/search?q=2026-03-04").text
    for place in ("/search", "/search/part/hits"):
        answer = maya.get(place, query_string={"q": "3/4/2026"}, headers={"HX-Request": "true"}).text
        assert "Data of" not in answer and "Write it as 2026-04-03 or 2026-03-04." in answer, place


def test_an_experiment_that_one_may_not_see_is_no_reason_to_say_that_nothing_is_shared(site: Any) -> None:
    """Of her many datasets it had said that none is shared with her yet."""
    page = site.client("maya").get("/data?investigation=999999").text
    assert "No dataset is shared with you yet" not in page
    assert "Nothing is like this, or it is not shared with you." in page
