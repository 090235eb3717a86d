"""One rule for parts of pages: an address of their own, kept by nobody; a page answers the same whoever asks.

A browser keeps one answer for an address: where that was a part, Back showed it bare.
"""

import re
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from doors_house import BY_HTMX, House
from doors_table import FORMS, PAGE_PEOPLE, PAGES, PARAMETERS, QUERIES, filled, read
from flask import Blueprint, Request
from werkzeug.datastructures import EnvironHeaders
from werkzeug.test import TestResponse

from portal.web.part import ADDRESS, PAGE_OF, part

PAGE_DOORS = read(PAGES, PAGE_PEOPLE)
LOOKED_AT = [door for door in PAGE_DOORS if door.method == "GET" and door.endpoint not in PAGE_OF]
PARTS = [door for door in PAGE_DOORS if door.endpoint in PAGE_OF]


class Headers(EnvironHeaders):
    """Headers that note which of htmx's are asked for."""

    noted: ClassVar[list[str]] = []

    def _note(self, key: Any) -> None:
        if isinstance(key, str) and key.lower().startswith("hx-"):
            self.noted.append(key)

    def __getitem__(self, key: Any) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)

    def get(self, key: str, *more: Any, **named: Any) -> Any:
        """A header, or what is given instead."""
        self._note(key)
        return super().get(key, *more, **named)


class Noting(Request):
    """A request that notes which of htmx's headers are asked for."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.headers = Headers(self.environ)


def _plain(answer: TestResponse) -> tuple[int, str, list[str], str | None]:
    """What the answer shows, without what differs between any two requests: tokens, ages, when it was packed."""
    html = answer.text if answer.mimetype == "text/html" else ""
    tags = re.findall(r"<[^>]+>", re.sub(r'[0-9a-f]{32}|name="csrf_token" value="[^"]+"|\d', "", html))
    return answer.status_code, answer.mimetype, tags, answer.headers.get("Cache-Control")


@pytest.mark.parametrize("person", ("nobody", "member", "staff"))
def test_a_page_answers_the_same_whoever_asks(house: House, person: str) -> None:
    house.app.request_class = Noting
    wrong = []
    for door in LOOKED_AT:
        query = filled(QUERIES.get(door.endpoint, {}), house.things)
        plain = house.client(person).get(house.address(door), query_string=query)
        Headers.noted.clear()
        other = house.client(person).get(house.address(door), query_string=query, headers=BY_HTMX)
        if Headers.noted:
            wrong.append(f"{door} looks at {Headers.noted}: what a script asks for needs an address of its own")
        if _plain(other) != _plain(plain):
            wrong.append(f"{door} for {person}: by a script {other.status_code} and not the same page")
        if "HX-" in plain.headers.get("Vary", ""):
            wrong.append(f"{door} varies by who asks")
    assert len(LOOKED_AT) > 25
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_test_notices_a_page_that_looks_who_asks(house: House) -> None:
    house.app.request_class = Noting
    Headers.noted.clear()
    house.knock(PARTS[0], "member")
    assert "HX-Request" in Headers.noted


def test_what_nobody_knows_is_a_whole_page_also_for_a_script(house: House) -> None:
    for address in ("/nothing", "/jobs/J-999999", "/jobs/part/nothing", "/datasets/987654"):
        answer = house.client("member").get(address, headers=BY_HTMX)
        assert answer.status_code == 404
        assert "<html" in answer.text and "Signed in" in answer.text, address


def test_each_part_is_kept_by_nobody_and_is_no_page(house: House) -> None:
    assert {door.endpoint for door in PARTS} == set(PAGE_OF)
    for door in PARTS:
        assert ADDRESS.search(house.rule(door).rule), door
        for person in ("nobody", "stranger", "member"):
            answer = house.knock(door, person)
            assert answer.headers["Cache-Control"] == "no-store", (door, person)
            assert "<html" not in answer.text, (door, person)


def test_a_part_that_is_opened_by_itself_leads_to_its_page_with_what_was_asked(house: House) -> None:
    for door in PARTS:
        sent = filled(FORMS.get(door.endpoint, {}), house.things)
        asked = [(name, "stdout" if name == "stream" else "1") for name in PARAMETERS.get(door.endpoint, ())]
        client, address = house.client("staff"), house.address(door)
        answer = (
            client.post(address, data=sent) if door.method == "POST" else client.get(address, query_string=asked)
        )
        assert answer.status_code == 303, door
        assert answer.headers["Cache-Control"] == "no-store", door
        target = urlsplit(answer.location)
        page = house.app.url_map.bind("localhost").match(target.path)[0]
        assert page == PAGE_OF[door.endpoint] and page not in PAGE_OF
        expected = [(name, str(value)) for name, value in sent.items()] if door.method == "POST" else asked
        assert parse_qsl(target.query, keep_blank_values=True) == expected, door
        whole = client.get(answer.location)
        assert whole.status_code == 200, door
        assert "<html" in whole.text or whole.mimetype == "text/plain", door


def test_links_of_a_part_lead_to_pages_and_its_own_address_keeps_what_was_asked(house: House) -> None:
    """A batch's second page went back to its first with the next look, and its links led to the bare part."""
    routes = house.app.url_map.bind("localhost")
    followed = 0
    for door in PARTS:
        query = [(name, "2" if name == "page" else "") for name in PARAMETERS.get(door.endpoint, ())]
        if door.method != "GET":
            continue
        answer = house.client("member").get(house.address(door), query_string=query, headers=BY_HTMX)
        for link in re.findall(r'href="(/[^"#]*)"', answer.text):
            path = urlsplit(link.replace("&amp;", "&")).path
            if path.startswith("/static"):
                continue
            assert routes.match(path)[0] not in PAGE_OF, (door, link)
            followed += 1
        for link in re.findall(r'hx-get="([^"]+)"', answer.text):
            asked = urlsplit(link.replace("&amp;", "&"))
            assert routes.match(asked.path)[0] in PAGE_OF, (door, link)
            if ("page", "2") in query and routes.match(asked.path)[0] == door.endpoint:
                assert ("page", "2") in parse_qsl(asked.query), (door, link)
    assert followed > 5


def test_a_part_needs_an_address_that_says_so() -> None:
    page = Blueprint("odd", __name__)
    with pytest.raises(ValueError, match="ends in /part/<word>"):
        part(page, "/odd/live", of="odd.show")
