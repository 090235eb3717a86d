"""FORMS and PARAMETERS hold all that pages read and all that their own forms and links send.

Else the walk and the odd requests would pass over a field that nobody thought of.
"""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from doors_house import House
from doors_table import BODIES, FORMS, PAGE_PEOPLE, PAGES, PARAMETERS, Door, read
from flask import Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.utils import cached_property

PAGE_DOORS = read(PAGES, PAGE_PEOPLE)
WHERE = "of tests/flow/doors/doors_table.py"
OF_EVERY_FORM = frozenset({"csrf_token", "form_of", "kept"})
UNREAD = frozenset(
    {
        ("datasets.picture", "v"),
        ("drafts.earlier_example", "v"),
        ("drafts.example", "v"),
        ("analyses.example", "v"),
        ("drafts.waiting_example", "v"),
    }
)
"""What stands in an address for browsers' caches alone."""
PAGE_OF = {"analyses.begin": "analyses.start", "trials.start": "trials.form"}
"""Forms whose page takes what they send from its address, too."""
CHOICES = ("option.", "in.", "was.", "typed.", "f.")
"""Their names are a job type's: those of the table stand for all."""

Names = set[tuple[str, str, str]]
"""Endpoint, method, name."""


class Noting(Request):
    """A request that notes which names are asked of its query and its form."""

    noted: ClassVar[Names] = set()

    def note(self, name: object) -> None:
        """`name` was asked for."""
        self.noted.add((self.endpoint or "", self.method, str(name)))

    @cached_property
    def args(self) -> Any:
        """The query."""
        return Noted(super().args, self)

    @cached_property
    def form(self) -> Any:
        """The form."""
        return Noted(super().form, self)


class Noted(ImmutableMultiDict[str, str]):
    """Values that tell their request what is asked of them by name."""

    def __init__(self, values: Any, request: Noting) -> None:
        super().__init__(values)
        self.request = request

    def __getitem__(self, key: Any) -> Any:
        self.request.note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.request.note(key)
        return super().__contains__(key)

    def getlist(self, key: Any, *more: Any) -> Any:
        self.request.note(key)
        return super().getlist(key, *more)


class Sent(HTMLParser):
    """What a page's forms and links would send: (address, method, names)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, set[str]]] = []
        self._form: tuple[str, str, set[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        if tag == "form":
            self._form = (of.get("action") or "", (of.get("method") or "get").upper(), set())
            self.found.append(self._form)
        elif tag == "button" and of.get("formaction") and self._form:
            own = {str(of["name"])} if of.get("name") else set()
            self.found += [(str(of["formaction"]), "POST", own), (str(of["formaction"]), "POST", self._form[2])]
        elif tag in {"input", "select", "textarea", "button"} and self._form and of.get("name"):
            self._form[2].add(str(of["name"]))
        elif tag == "a" and of.get("href"):
            self.found.append((str(of["href"]), "GET", set()))
        if of.get("hx-get"):
            self.found.append((str(of["hx-get"]), "GET", set()))
        if of.get("hx-post") and self._form is not None:
            self.found.append((str(of["hx-post"]), "POST", self._form[2]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


def names_that_pages_send(house: House) -> Iterator[tuple[str, str, str]]:
    """What the forms and links of every page send, as staff and a member of the team see it."""
    routes = house.app.url_map.bind("localhost")
    for door in PAGE_DOORS:
        for person in ("nobody", "member", "staff") if door.method == "GET" else ():
            answer = house.knock(door, person)
            if answer.status_code != 200 or answer.mimetype != "text/html":
                continue
            page = Sent()
            page.feed(answer.text)
            for address, method, names in page.found:
                parts = urlsplit(address)
                if parts.scheme or parts.netloc or not (parts.path or names):
                    continue
                try:
                    endpoint, _values = routes.match(parts.path or answer.request.path, method=method)
                except HTTPException:
                    pytest.fail(f"{door} links to {address!r}, where there is no {method}")
                for name in {*names, *(name for name, _text in parse_qsl(parts.query))}:
                    yield str(endpoint), method, name


def listed(endpoint: str, method: str, name: str) -> bool:
    """If the table sends this."""
    sent = set(FORMS.get(endpoint, ())) if method == "POST" else set(PARAMETERS.get(endpoint, ()))
    choice = next((start for start in CHOICES if name.startswith(start)), None)
    if choice is not None:
        return any(one.startswith(choice) for one in sent)
    return name in sent or name in OF_EVERY_FORM or (endpoint, name) in UNREAD


def missing(found: Names) -> list[str]:
    """A sentence for each name that the table lacks."""
    return [
        f"{endpoint} {method} takes {name!r}: add it to {'FORMS' if method == 'POST' else 'PARAMETERS'} {WHERE}"
        for endpoint, method, name in sorted(found)
        if not endpoint.startswith("api") and not listed(endpoint, method, name)
    ]


@pytest.fixture
def noting_house(house: House) -> House:
    """The house with requests that note what is asked of them."""
    Noting.noted = set()
    house.app.request_class = Noting
    return house


def test_every_name_that_a_page_reads_is_in_the_table(noting_house: House) -> None:
    house = noting_house
    for door in PAGE_DOORS:
        for person in ("nobody", "member", "staff"):
            house.knock(door, person)
            if door.method != "GET":
                house.restore()
    assert ("analyses.begin", "POST", "experiment") in Noting.noted
    assert ("notices.show", "GET", "page") in Noting.noted
    wrong = missing(Noting.noted)
    assert not wrong, "\n" + "\n".join(wrong)
    # A form's page takes the same from its address, and reads it from a copy that notes nothing.
    apart = {form: set(FORMS[form]) - set(PARAMETERS[page]) for form, page in PAGE_OF.items()}
    assert not any(apart.values()), f"PARAMETERS {WHERE} lacks {apart}"


def test_every_name_that_a_page_sends_is_in_the_table(house: House) -> None:
    found = set(names_that_pages_send(house))
    assert len(found) > 30
    wrong = missing(found)
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_name_without_a_place_in_the_table_is_told_by_its_name() -> None:
    told = missing(
        {("home.show", "GET", "colour"), ("jobs.rename", "POST", "reason"), ("home.show", "GET", "page")}
    )
    assert told == [
        f"home.show GET takes 'colour': add it to PARAMETERS {WHERE}",
        f"jobs.rename POST takes 'reason': add it to FORMS {WHERE}",
    ]


def names_in(document: Mapping[str, Any], schema: Mapping[str, Any]) -> set[str]:
    """Every property in a schema of the API's document, those of its parts among them."""
    found: set[str] = set()
    for part in [schema.get("items"), *(schema.get("anyOf") or ()), *(schema.get("allOf") or ())]:
        found |= names_in(document, part) if part else set()
    for name, part in schema.get("properties", {}).items():
        found |= {name} | names_in(document, part)
    if "$ref" in schema:
        found |= names_in(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return found


def names_of(body: object) -> set[str]:
    """Every name in a body, at any depth."""
    if isinstance(body, list):
        return {name for part in body for name in names_of(part)}
    return (
        {*body, *(name for part in body.values() for name in names_of(part))}
        if isinstance(body, Mapping)
        else set()
    )


def test_every_name_that_the_api_takes_in_a_body_is_in_the_table(house: House) -> None:
    document = house.client("nobody").get("/api/v1/openapi.json").json
    routes = house.app.url_map.bind("localhost")
    lacking, looked_at = [], 0
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            content = about.get("requestBody", {}).get("content", {})
            for schema in (kind["schema"] for kind in content.values()):
                address = re.sub(r"{.*?}", "1", path)
                endpoint = str(routes.match(address, method=method.upper())[0])
                looked_at += 1
                for name in sorted(names_in(document, schema) - names_of(BODIES.get(endpoint, {}))):
                    lacking.append(f"{endpoint} takes {name!r}: add it to BODIES {WHERE}")
    assert looked_at > 5
    assert not lacking, "\n" + "\n".join(lacking)


def test_the_table_names_doors_that_are_there() -> None:
    doors: dict[str, list[Door]] = {}
    for door in PAGE_DOORS:
        doors.setdefault(door.method, []).append(door)
    assert PARAMETERS.keys() <= {door.endpoint for door in doors["GET"]}
    assert FORMS.keys() <= {door.endpoint for door in doors["POST"]}
