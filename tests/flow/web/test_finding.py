"""Experiments in the navigation, by number and one's own first; days, and lists that say why they are empty."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from markupsafe import escape

from portal.catalogue.models import Investigation, InvestigationUser, User


def add_experiment(
    site: Any, name: str, title: str, *, member: str = "tom", days: int = 1, public: bool = True
) -> int:
    """An experiment that began so many days ago; its id."""
    now = datetime.now(UTC)
    with site.database.write() as session:
        like = session.get_one(Investigation, site.facility.investigations["public"])
        user = session.query(User).filter_by(name=member).one()
        made = Investigation(
            facility_id=like.facility_id,
            type_id=like.type_id,
            name=name,
            visit_id="1",
            title=title,
            start_date=now - timedelta(days=days),
            release_date=now - timedelta(hours=1) if public else None,
        )
        session.add_all([made, InvestigationUser(investigation=made, user=user, role="principal_investigator")])
        session.flush()
        return made.id


def titles(html: str) -> list[str]:
    """The titles of the list's lines, in order."""
    return re.findall(r'<span class="title">([^<]*)</span>', html)


def test_experiments_stand_in_the_navigation_and_are_where_one_is(site: Any) -> None:
    maya = site.client("maya")
    html = maya.get("/experiments").text
    nav = re.search(r'<nav class="main-nav".*?</nav>', html, re.DOTALL)
    assert nav
    found = re.findall(r'href="([^"]*)"( aria-current="page")?>.*?</svg>\s*([A-Z]\w+)', nav.group(), re.DOTALL)
    assert [(words, bool(here)) for _href, here, words in found][:3] == [
        ("Home", False),
        ("Experiments", True),
        ("Data", False),
    ]
    number = site.facility.investigations["private"]
    assert re.search(r'href="/experiments" aria-current="page"', maya.get(f"/experiments/{number}").text)


def test_ones_own_come_first_and_then_the_newest(site: Any) -> None:
    add_experiment(site, "Z9", "New and public", days=1)
    add_experiment(site, "Z8", "Old and Maya's", member="maya", days=900, public=False)
    html = site.client("maya").get("/experiments").text
    assert titles(html) == ["Zebrafish heart", "Old and Maya&#39;s", "New and public", "Reference beads"]
    assert html.index("My experiments") < html.index("Old and") < html.index("Other experiments that I may see")
    # Staff may read all: that makes none of them theirs.
    assert "My experiments" not in site.client("sam").get("/experiments").text


def test_a_number_comes_before_all_that_only_mentions_it(site: Any) -> None:
    add_experiment(site, "X4", "Follows MX-17", member="maya", days=1)
    add_experiment(site, "MX-171", "Longer number", days=2)
    add_experiment(site, "MX-17", "The one", days=800)
    maya = site.client("maya")
    assert titles(maya.get("/experiments?q=mx-17").text) == ["The one", "Longer number", "Follows MX-17"]
    assert titles(maya.get("/experiments?q=MX-171").text) == ["Longer number"]
    # Signs of LIKE are signs.
    assert titles(maya.get("/experiments?q=%25").text) == []


@pytest.mark.parametrize("typed", ["mx17", "MX\u201117", "\u201cMX-17\u201d", "mx17."])
def test_a_number_is_found_as_people_write_it_and_that_is_said(site: Any, typed: str) -> None:
    add_experiment(site, "MX-17", "The one", days=800)
    html = site.client("maya").get("/experiments", query_string={"q": typed}).text
    assert titles(html) == ["The one"]
    assert ("This was found for “" in html) or typed == "MX 17"
    # Nothing of others comes by it.
    assert titles(site.client("maya").get("/experiments?q=e2.").text) == []


def test_a_search_shows_nothing_of_others(site: Any) -> None:
    maya = site.client("maya")
    pages = [maya.get(f"/experiments?q={number}").text for number in ("E2", "E9")]
    hidden, nothing = (html[html.index("<main") : html.index("</main>")] for html in pages)
    assert "Blood cells" not in hidden
    assert hidden.replace("E2", "E9") == nothing


@pytest.mark.parametrize("page", ["0", "-1", "abc", "1.5", "99999999999999999999", "<b>", "1 2"])
@pytest.mark.parametrize("address", ["/data", "/experiments", "/jobs", "/notices"])
def test_what_is_no_page_is_not_shown_as_the_first(site: Any, address: str, page: str) -> None:
    html = site.client("maya").get(address, query_string={"page": page}).text
    assert re.search(rf"There is no page “{re.escape(escape(page))}”: \d+ \w+ fills? 1 page\.", html), address
    assert "Go to the first page" in html


@pytest.mark.parametrize("address", ["/data?page=99", "/experiments?page=99", "/jobs?page=99", "/notices?page=99"])
def test_a_page_behind_the_last_says_so_and_leads_back(site: Any, address: str) -> None:
    maya = site.client("maya")
    html = maya.get(address).text
    assert re.search(r"There is no page 99: \d+ \w+ fills? 1 page\.", html), address
    back = re.search(r'href="([^"]*)">Go to the first page', html)
    assert back and back.group(1) == address.partition("?")[0]


def test_files_behind_the_last_page_are_not_said_to_be_missing(site: Any) -> None:
    html = site.client("maya").get(f"/datasets/{site.facility.datasets['private']}?page=7").text
    assert "There is no page 7: 2 files fill 1 page." in html
    assert "No file is registered yet" not in html


def test_crossed_days_are_said_and_can_be_swapped(site: Any) -> None:
    maya = site.client("maya")
    html = maya.get("/data?start=2026-11-20&end=2026-11-10&q=heart").text
    assert "lies after the last" in html
    swap = re.search(r'href="([^"]*)">Swap the two days', html)
    assert swap
    address = swap.group(1).replace("&amp;", "&")
    assert "start=2026-11-10" in address and "end=2026-11-20" in address and "q=heart" in address
    assert "Nothing is like this" not in html


def test_a_day_that_could_be_two_narrows_nothing_and_says_so(site: Any) -> None:
    maya = site.client("maya")
    html = maya.get("/data?start=11/10/2026").text
    assert "can be read in more than one way" in html and "The list is not narrowed by it." in html
    assert 'value="11/10/2026"' in html  # nothing typed is lost
    assert "Zebrafish heart, first run" in html
    assert 'type="date" name' not in html


def test_days_and_filters_are_sent_with_the_search_as_one_form(site: Any) -> None:
    html = site.client("maya").get("/data?q=heart&type=light-sheet+stack&start=2020-01-01").text
    assert re.search(r'name="start" value="2020-01-01"[^>]*form="data-search"', html)
    assert html.count('name="start"') == 1
    assert re.search(
        r'<form[^>]*id="data-search".*?name="type" value="light-sheet stack".*?</form>', html, re.DOTALL
    )
    assert "From 1 Jan 2020" in html


def test_a_site_that_says_visit_says_it_on_every_screen(make_site: Callable[..., Any]) -> None:
    site = make_site(level={"one": "visit"}, web={"sign_in_limit": "1000 per minute"})
    maya, tom = site.client("maya"), site.client("tom")
    number, dataset = site.facility.investigations["private"], site.facility.datasets["private"]
    pages = [
        "/",
        "/data",
        "/experiments",
        f"/experiments/{number}",
        f"/datasets/{dataset}",
        "/help",
        "/jobs",
        "/analyses",
    ]
    for address in pages:
        words = re.sub(r"<[^>]*>", " ", maya.get(address).text)
        assert not re.search(r"\bexperiments?\b", words, re.IGNORECASE), address
    assert "My visits" in maya.get("/experiments").text
    gone = tom.get(f"/experiments/{number}")
    assert gone.status_code == 404 and "share the visit" in gone.text


def test_the_api_tells_the_command_line_what_the_site_says(make_site: Callable[..., Any]) -> None:
    site = make_site(level={"one": "visit"})
    assert site.client().get("/api/v1/me").headers["Gantry-Level"] == "visit visits"
    assert "Gantry-Level" not in site.client("maya").get("/data").headers
