"""What no browser and no honest program sends: never an answer of 500, always one in words.

Numbers and texts are tried on both databases, because each has limits of its own.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote
from zlib import crc32

import pytest
from doors_house import BY_HTMX, House
from doors_table import API, API_PEOPLE, BODIES, FORMS, PAGE_PEOPLE, PAGES, PARAMETERS, Door, filled, read
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.db import Base, Database
from portal.web.part import PAGE_OF
from portal.web.security import csrf

pytestmark = pytest.mark.timeout(1800)  # some thousand requests each, on whatever machine this is

PAGE_DOORS, API_DOORS = read(PAGES, PAGE_PEOPLE), read(API, API_PEOPLE)

NUMBERS = (0, -1, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63) - 1)
TEXTS = (
    "", "text", "²", "٣", "1e3", "-", "J-0", "J-999999999999999", "a\0b", "%", "../../etc/passwd",
    "\u202e", "\N{SPARKLES}",
    "9" * 5000, "a" * 3000, "NaN", "9999-12-31", "0001-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
)  # fmt: skip
"""Digits of other scripts, what is no text for PostgreSQL, and both ends of the calendar."""
CURSORS = (
    "eyJkYXRhc2V0IjogMX0", "eyJwYWdlIjogNDYxMTY4NjAxODQyNzM4NzkwM30", "eyJqb2IiOiA0NjExNjg2MDE4NDI3Mzg3OTAzfQ",
    "eyJkYXRhc2V0IjogNDYxMTY4NjAxODQyNzM4NzkwM30", "W10",
)  # fmt: skip
"""Of any list of the API's; to a page they are texts as any."""
ODD = (*map(str, NUMBERS), *TEXTS)
RAW_BYTES = ("%ff%fe", "%ed%a0%80", "%0d%0aX-Evil:%201")
"""What is no UTF-8 or no line, in an address."""
UNLIKE = ("0", str(2**31), str(2**63), "999999", "a\0b", "9999-12-31", "0001-01-01T00:00:00+14:00")
"""Of these values, those in which PostgreSQL is unlike SQLite."""
VALUES: tuple[Any, ...] = (
    *NUMBERS, None, True, 1.5, "", "a\0b", "\ud800", "x" * 5000, [], {}, ["\ud800"], [2**31], [2**64], [-1],
    {"data": [2**31]}, {"data": [2**64]}, {"data": [-1, 0]}, {"\0": [1]}, {"\ud800": "\ud800"}, {"cpus": 2**70},
    {"memory_mb": -1}, {"time_s": 10**30}, {"histogram_bins": 10**400}, {"note": "a\0b"},
)  # fmt: skip
RAW_BODIES = (
    b"", b"{", b"null", b"[]", b"1", b'"{}"', b'"\\ud800"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000,
    b'"' + b"[" * 100_000 + b'"', b'{"title": NaN}', b'{"title": 1e999}', b'{"title": ' + b"9" * 5000 + b"}",
    b'{"title": "a", "title": "b"}', b'{"title": "\\ud800"}', b'{"\\ud800": 1}', b"title=a",
    b'{"options": {"histogram_bins": 1e999}}', b"\xef\xbb\xbf{}",
)  # fmt: skip
CONTENT_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "application/json; charset=utf-16",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
    "nonsense",
)
UNKNOWN = "unknown"
"""A parameter that no door reads."""
METHODS = ("HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE", "NONSENSE")


@pytest.fixture
def either_house(database: Database, make_house: Callable[[Database], House]) -> House:
    """The house, once on each database."""
    return make_house(database)


SAME_READER: Mapping[str, str] = {
    "analyses.estimate": "analyses.begin",
    "analyses.found": "analyses.show",
    "batches.live": "batches.show",
    "data.results": "data.show",
    "drafts.answers": "drafts.edit",
    "drafts.inside": "drafts.edit",
    "drafts.pick": "drafts.edit",
    "drafts.saved": "drafts.save",
    "jobs.listed": "jobs.show",
    "jobs.log_goes_on": "jobs.log",
    "notices.listed": "notices.show",
    "picks.found": "data.show",
    "search.hits": "search.show",
    "trials.ask": "trials.start",
    "trials.beside": "trials.start",
    "trials.live": "trials.show",
    "trials.switch": "trials.start",
}
"""Doors whose form or address another door reads by the same function, where more is tried."""
EVERYTHING = os.environ.get("ODD_REQUESTS") == "all"
SHARE = 3


def odd_values(house: House, door: Door, name: str) -> tuple[str, ...]:
    """What is tried as this value at this door, on this house's database.

    What the databases read unlike each other, and a third of the rest, others at the next value: each of it stands
    at some hundred places. `./run exercise odd-requests` tries everything everywhere.
    """
    cursors = CURSORS if door.endpoint.startswith("api") and door.method == "GET" else ()
    if EVERYTHING:
        return (*ODD, *cursors)
    other = SAME_READER.get(door.endpoint, "")
    elsewhere = name in PARAMETERS.get(other, ()) or name in FORMS.get(other, ())
    if house.database.engine.dialect.name != "sqlite" or elsewhere:
        return (*UNLIKE, *cursors)
    rest = [value for value in ODD if value not in UNLIKE]
    return (*UNLIKE, *rest[crc32(f"{door.endpoint} {name}".encode()) % SHARE :: SHARE], *cursors)


def ask(house: House, door: Door, address: str | None = None, **more: Any) -> TestResponse:
    """Somebody who sees everything asks, so that no refusal hides a mistake behind it."""
    house.asked += 1
    method = more.pop("method", door.method)
    where = address or house.address(door)
    if door.endpoint.startswith("api"):
        return house.client().open(where, method=method, headers=house.headers("staff"), **more)
    if door.endpoint in PAGE_OF:
        more["headers"] = {**BY_HTMX, **more.get("headers", {})}
    return house.client("staff").open(where, method=method, **more)


def judge(answer: TestResponse, what: str, door: Door) -> list[str]:
    """What is wrong with an answer: a 500, or an error without words."""
    code = answer.status_code
    if code >= 500:
        return [f"{code}: {door} {what[:100]!r}"]
    if code >= 400 and answer.request.method != "HEAD":
        if door.endpoint.startswith("api") and answer.request.method not in {"TRACE", "NONSENSE"}:
            said = answer.get_json(silent=True, force=True)
            if answer.mimetype != "application/problem+json" or not said["detail"] or said["status"] != code:
                return [f"no problem document ({code}): {door} {what[:100]!r}"]
        elif len(answer.text) < 20:
            return [f"no words ({code}): {door} {what[:100]!r}"]
    return []


def _addresses(house: House, door: Door) -> Iterator[str]:
    """The door's address with each of its parts in turn replaced by each odd value."""
    rule = house.rule(door)
    more = (
        *RAW_BYTES,
        "9" * 5000,
    )
    right = house.address(door)
    parts = re.split(r"<(?:[^<>:]+:)?([^<>:]+)>", rule.rule)
    places = re.fullmatch("".join(re.escape(p) if n % 2 == 0 else "(.+)" for n, p in enumerate(parts)), right)
    for number in range(1, len(parts) // 2 + 1):
        assert places is not None, rule
        start, end = places.span(number)
        odd = (value for value in odd_values(house, door, parts[2 * number - 1]) if len(value) < 4000)
        for value in (*(quote(value, safe="") for value in odd), *more):
            yield right[:start] + value + right[end:]


def test_odd_parts_of_addresses(either_house: House) -> None:
    house, wrong = either_house, []
    for door in (*PAGE_DOORS, *API_DOORS):
        body = filled(BODIES.get(door.endpoint), house.things)
        for address in _addresses(house, door):
            answer = ask(house, door, address, json=body) if body else ask(house, door, address)
            wrong += judge(answer, address, door)
    assert not wrong, "\n" + "\n".join(wrong)
    assert house.asked > 400


def _parameters(house: House, door: Door) -> tuple[str, ...]:
    if not door.endpoint.startswith("api"):
        return PARAMETERS.get(door.endpoint, ())
    path = re.sub(r"<(?:[^<>:]+:)?([^<>:]+)>", r"{\1}", house.rule(door).rule)
    document = house.client().get("/api/v1/openapi.json").json["paths"]
    listed = document.get(path, {}).get("get", {}).get("parameters", [])
    return tuple(one["name"] for one in listed if one["in"] == "query")


def test_odd_values_in_the_query(either_house: House) -> None:
    house, wrong = either_house, []
    for door in (*PAGE_DOORS, *API_DOORS):
        if door.method != "GET":
            continue
        for name in (*_parameters(house, door), UNKNOWN):
            for value in (*(odd_values(house, door, name) if name != UNKNOWN else ("a\0b", "a" * 3000)), None):
                for raw in RAW_BYTES if value is None else (quote(value, safe=""),):
                    query = f"{quote(name)}={raw}"
                    wrong += judge(ask(house, door, query_string=query), query, door)
    assert not wrong, "\n" + "\n".join(wrong)
    assert house.asked > 400


def test_odd_values_in_forms(either_house: House) -> None:
    house, wrong = either_house, []
    for door in PAGE_DOORS:
        if door.method != "POST":
            continue
        form = filled(FORMS.get(door.endpoint, {}), house.things)
        for name in form:
            for value in odd_values(house, door, name):
                answer = ask(house, door, data={**form, name: value})
                wrong += judge(answer, f"{name}={value}", door)
            for raw in RAW_BYTES:
                wrong += judge(
                    ask(house, door, data=f"{name}={raw}", content_type=CONTENT_TYPES[1]), f"{name}={raw}", door
                )
    assert not wrong, "\n" + "\n".join(wrong)


def test_odd_values_in_json(either_house: House) -> None:
    house, wrong = either_house, []
    for door in API_DOORS:
        body = filled(BODIES.get(door.endpoint, {}), house.things)
        for place, odd in _bodies(body):
            raw = json.dumps(odd)
            wrong += judge(ask(house, door, data=raw, content_type=CONTENT_TYPES[0]), f"{place}: {raw}", door)
    assert not wrong, "\n" + "\n".join(wrong)


def _bodies(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The right body with each of its values in turn replaced by each odd one, three levels deep."""
    for name, value in body.items():
        for odd in VALUES:
            yield name, {**body, name: odd}
        if isinstance(value, dict):
            for place, changed in _bodies(value):
                yield f"{name}.{place}", {**body, name: changed}
        if isinstance(value, list):
            for odd in VALUES:
                yield f"{name}[]", {**body, name: [odd]}
            for one in value:
                if isinstance(one, dict):
                    for place, changed in _bodies(one):
                        yield f"{name}[].{place}", {**body, name: [changed]}


def test_odd_bodies_and_content_types(house: House) -> None:
    wrong = []
    for door in (*PAGE_DOORS, *API_DOORS):
        if door.method == "GET":
            continue
        for raw in RAW_BODIES:
            wrong += judge(ask(house, door, data=raw, content_type=CONTENT_TYPES[0]), repr(raw[:40]), door)
        for kind in CONTENT_TYPES:
            for raw in (b'{"title": "a"}', b"--x\r\n\r\n--x--"):
                wrong += judge(ask(house, door, data=raw, content_type=kind), f"{kind} {raw!r}", door)
    assert not wrong, "\n" + "\n".join(wrong)


def test_values_that_come_twice_are_large_or_do_not_come(house: House) -> None:
    wrong, large = [], "a" * 2**20
    for door in (*PAGE_DOORS, *API_DOORS):
        if door.method == "GET":
            for name in _parameters(house, door):
                for pair in (("1", "2"), ("2", ""), (str(2**63), "-1")):
                    query = "&".join(f"{quote(name)}={value}" for value in pair)
                    wrong += judge(ask(house, door, query_string=query), query, door)
            continue
        form, kind = filled(FORMS.get(door.endpoint, {}), house.things), CONTENT_TYPES[1]
        for name in form:
            wrong += judge(ask(house, door, data={**form, name: [form[name], "2", ""]}), f"{name} thrice", door)
            wrong += judge(ask(house, door, data={**form, name: large}), f"{name} of 1 MB", door)
        body = filled(BODIES.get(door.endpoint, {}), house.things)
        for name in body:
            wrong += judge(ask(house, door, json={**body, name: large}), f"{name} of 1 MB", door)
        for raw in (b"", b"title=a", b"x" * (3 * 2**20)):
            chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
            for environ in ({}, chunked):
                for sent in (kind, CONTENT_TYPES[0]):
                    answer = ask(house, door, data=raw, content_type=sent, environ_overrides=environ)
                    wrong += judge(answer, f"{len(raw)} bytes as {sent}, {sorted(environ)}", door)
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_cookie_that_is_odd_is_no_sign_in(house: House) -> None:
    wrong = []
    for value in ("\xff\xfe", "a" * 3000, "a\\000b", '"', "=;=", ";" * 500, "eyJhIjoxfQ.aaaa.bbbb", "9" * 400):
        for name in ("gantry_session", "gantry_page"):
            for where in ("/", "/jobs", "/sign-in", "/api/v1/me", "/datasets/1"):
                answer = house.app.test_client(use_cookies=False).get(where, headers={"Cookie": f"{name}={value}"})
                code = answer.status_code
                if code >= 500 or (code == 200 and where != "/sign-in"):
                    wrong.append(f"{code}: {where} with {name}={value[:30]!r}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_header_that_is_odd(house: House) -> None:
    wrong = []
    doors = [
        door for door in API_DOORS if door.endpoint in {"api_submissions.create_submission", "api_me.read_me"}
    ]
    doors += [door for door in PAGE_DOORS if door.endpoint in {"data.show", "datasets.download", "jobs.show"}]
    odd = (
        "",
        "\xff",
        "a" * 3000,
        "bytes=0-" + "9" * 400,
        "bytes=-" + "9" * 400,
        "bytes=" + "0-0," * 2000,
        "²",
        '"',
    )
    names = ("Idempotency-Key", "Prefer", "Range", "If-Range", "If-None-Match", "If-Modified-Since", "HX-Request",
             "HX-Current-URL", "HX-Target", "Accept-Language", "Accept", "Host", "Referer",
             "X-Forwarded-For", "Cookie")  # fmt: skip
    for door in doors:
        body = filled(BODIES.get(door.endpoint), house.things)
        for name in names:
            for value in odd:
                headers = {**(house.headers("staff") if door.endpoint.startswith("api") else {}), name: value}
                answer = house.client("staff").open(
                    house.address(door), method=door.method, headers=headers, json=body
                )
                house.asked += 1
                wrong += judge(answer, f"{name}: {value}", door)
    assert not wrong, "\n" + "\n".join(wrong)


def test_methods_that_a_door_does_not_have(house: House) -> None:
    wrong = []
    addresses = house.app.url_map.bind("localhost")
    for door in (*PAGE_DOORS, *API_DOORS):
        # Also those of another door's rule that means this address: /submissions/check is an id, too.
        allowed = set(addresses.allowed_methods(house.address(door))) - {"HEAD", "OPTIONS"}
        shown = ask(house, door, method="GET").status_code if "GET" in allowed else 0
        for method in METHODS:
            if method in allowed:
                continue
            answer = ask(house, door, method=method)
            wrong += judge(answer, method, door)
            code = answer.status_code
            if method == "HEAD" and shown and (code != shown or answer.data):
                wrong.append(f"HEAD of {door}: {code}, GET {shown}")
            if method not in {"HEAD", "OPTIONS"} and code not in {404, 405}:
                wrong.append(f"{method} of {door}: {code}")
            if code == 405 and not answer.headers.get("Allow"):
                wrong.append(f"{method} of {door}: 405 without Allow")
    assert not wrong, "\n" + "\n".join(wrong)


def _everything(house: House) -> dict[str, list[Any]]:
    """All rows, without the times of sign-ins and failed tries."""
    left_out = {"web_session", "sign_in_attempt", "api_token"}
    with house.database.read() as session:
        tables = [table for table in Base.metadata.sorted_tables if table.name not in left_out]
        return {table.name: [tuple(row) for row in session.execute(select(table))] for table in tables}


def test_a_form_without_a_right_csrf_token_changes_nothing(house: House) -> None:
    house.app.config["WTF_CSRF_ENABLED"] = True
    before, wrong = _everything(house), []
    for door in PAGE_DOORS:
        if door.method != "POST":
            continue
        form = filled(FORMS.get(door.endpoint, {}), house.things)
        for token in (None, "", "nonsense", "\0", "IjEi.aaaaaa.bbbbbbbb"):
            data = form if token is None else {**form, "csrf_token": token}
            answer = ask(house, door, data=data)
            wrong += judge(answer, f"csrf_token={token}", door)
            read = {303, 400, 422} if token == "\0" else {303, 400}  # with a NUL nothing of a form is read
            if answer.status_code not in read or "gantry_session=" in str(answer.headers):
                wrong.append(f"{door} with the CSRF token {token!r}: {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)
    assert _everything(house) == before
    exempt = {name for name in house.app.blueprints if name in csrf._exempt_blueprints}
    assert all(name.startswith("api") for name in exempt)


def test_a_token_opens_no_page(house: House) -> None:
    for door in PAGE_DOORS:
        if door.endpoint == "static":
            continue
        form = filled(FORMS.get(door.endpoint, {}), house.things) if door.method == "POST" else None
        answer = house.client().open(
            house.address(door), method=door.method, data=form, headers=house.headers("staff")
        )
        closed = answer.status_code == 404 or (answer.status_code == 303 and answer.location.startswith("/"))
        assert closed or door.expected["nobody"] == "shows", f"{door}: {answer.status_code}"
