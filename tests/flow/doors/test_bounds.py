"""Everything that a request brings is bounded where it is parsed: sizes, numbers, nesting, times, names.

The API's own document is the list of what must have bounds; the bodies are those of doors_table.py, grown.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from doors_house import House
from doors_table import API, API_PEOPLE, BODIES, FORMS, PAGE_PEOPLE, PAGES, PARAMETERS, Door, filled, read
from sqlalchemy import event

PAGE_DOORS, API_DOORS = read(PAGES, PAGE_PEOPLE), read(API, API_PEOPLE)
SENT = [door for door in API_DOORS if door.endpoint in BODIES]
MANY = 300_000
ROUTING_WORDS = ("_scheme", "_external", "_anchor", "_method", "endpoint", "self", "values")
"""What Flask's own way of making an address takes for something else than a part of the query."""

LEAVES = re.compile(r"""(href|action|hx-get)=["'](javascript:|https?://localhost|//)""")


def _unbounded(schema: Any, place: str, every: dict[str, Any], seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Places of a JSON schema that take as much as anybody sends."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name not in seen:
            yield from _unbounded(every[name], place, every, (*seen, name))
        return
    for word in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(word, ()):
            yield from _unbounded(one, place, every, seen)
    kind = schema.get("type")
    if "enum" in schema or "const" in schema:
        return
    if kind == "string" and "maxLength" not in schema:
        yield f"{place}: a text of any length"
    if kind in {"integer", "number"} and not ({"maximum", "exclusiveMaximum"} & set(schema)):
        yield f"{place}: a number of any size"
    if kind == "array":
        if "maxItems" not in schema:
            yield f"{place}: a list of any length"
        yield from _unbounded(schema.get("items", {}), f"{place}[]", every, seen)
    if kind == "object":
        for name, one in schema.get("properties", {}).items():
            yield from _unbounded(one, f"{place}.{name}", every, seen)
        if schema.get("additionalProperties"):
            if "maxProperties" not in schema:
                yield f"{place}: a map of any size"
            yield from _unbounded(schema["additionalProperties"], f"{place}.*", every, seen)


def test_the_document_of_the_api_bounds_all_that_it_takes(house: House) -> None:
    document = house.client().get("/api/v1/openapi.json").json
    every = document["components"]["schemas"]
    wrong = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for one in operation.get("parameters", ()):
                where = f"{method} {path} {one['in']} {one['name']}"
                wrong += _unbounded(one["schema"], where, every)
            for body in operation.get("requestBody", {}).get("content", {}).values():
                wrong += _unbounded(body["schema"], f"{method} {path}", every)
    assert not wrong, "\n" + "\n".join(wrong)


def _grown(body: Any) -> Iterator[tuple[str, Any]]:
    """The right body, each of its lists and maps in turn with many items."""
    for name, value in body.items():
        if isinstance(value, list):
            yield name, {**body, name: list(range(1, MANY))}
            if value:
                yield f"{name} again and again", {**body, name: [value[0]] * (MANY if value[0] != {} else 9)}
        if isinstance(value, dict):
            yield name, {**body, name: {f"a{number}": [1] for number in range(MANY // 3)}}
            yield f"{name}, long names", {**body, name: {"a" * 5000: [1]}}
            for place, changed in _grown(value):
                yield f"{name}.{place}", {**body, name: changed}
        for number, one in enumerate(value if isinstance(value, list) else ()):
            if isinstance(one, dict):
                for place, changed in _grown(one):
                    yield f"{name}[{number}].{place}", {**body, name: [changed]}


def test_what_is_too_much_reaches_no_row_of_the_catalogue(house: House) -> None:
    """300,000 ids cost their parsing: no statement names a dataset, and no transaction that writes begins."""
    told: list[str] = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *asked: told.append(asked[2]))
    wrong = []
    for door in SENT:
        for place, body in _grown(filled(BODIES[door.endpoint], house.things)):
            del told[:]
            sent = json.dumps(body, separators=(",", ":"))
            answer = house.client().open(
                house.address(door), method=door.method, headers=house.headers("staff"), data=sent,
                content_type="application/json",
            )  # fmt: skip
            if answer.status_code not in {400, 413, 422} or not answer.json["detail"]:
                wrong.append(f"{answer.status_code}: {door} {place} of {len(sent):,} bytes")
            if len(answer.data) > 8000:
                wrong.append(f"{len(answer.data):,} bytes of answer: {door} {place}")
            far = [
                words for words in told if "dataset" in words.lower() or "person_id" in words.partition("FROM")[2]
            ]
            wrong += [
                f"asked the database: {door} {place}: {words[:80]}" for words in far[:1] if "token" not in words
            ]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"{", "JSON"),
        (b"[" * 2000 + b"]" * 2000, "nested"),
        (b'{"title": ' + b'{"a":' * 60 + b"1" + b"}" * 60 + b"}", "nested"),
        (b'{"title": "a", "title": "b"}', "twice"),
        (b'{"title": NaN}', "NaN"),
        (b'{"title": -Infinity}', "Infinity"),
        (b'{"title": 1e999}', "number"),
        (b'{"title": ' + b"9" * 400 + b"}", "number"),
        (b'{"title": "\\ud800"}', "character"),
        (b'{"\\ud800": "a"}', "character"),
        (b'{"title": "a\\u0000b"}', "character"),
        (b'{"a\\u0000b": 1}', "character"),
        (b'{"title": "' + b"a" * 100_000 + b'"}', "text"),
        (b'{"title": [' + b"1," * 150_000 + b"1]}", "values"),
        (b"\xff\xfe", "JSON"),
    ],
)
def test_a_body_that_cannot_be_read_is_answered_alike_everywhere(house: House, raw: bytes, word: str) -> None:
    for door in SENT:
        answer = house.client().open(
            house.address(door), method=door.method, headers=house.headers("staff"), data=raw,
            content_type="application/json",
        )  # fmt: skip
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), (str(door), answer.text)
        assert answer.json["detail"].startswith("This body cannot be read: "), answer.json
        assert word in answer.json["detail"], answer.json
        assert answer.json["detail"].endswith("Nothing was changed.")


def test_names_of_the_query_that_flask_takes_for_its_own_stay_in_the_query(house: House) -> None:
    """`?_scheme=javascript` on a page with links to other pages of the list: they lead where they led."""
    wrong = []
    # Security keys work at one address alone, to which the pages of sign-offs lead: the settings say which.
    own = house.settings.signoff_origin
    for door in PAGE_DOORS:
        if door.method != "GET":
            continue
        rule = house.rule(door)
        names = (*ROUTING_WORDS, *rule.arguments)
        plain = house.client("staff").get(house.address(door))
        plain.close()  # so many downloads at once are a person's
        for name in names:
            for value in ("javascript", "1", ""):
                answer = house.client("staff").get(house.address(door), query_string={name: value})
                if answer.status_code >= 500 or answer.status_code != plain.status_code:
                    wrong.append(f"{answer.status_code}: {door} ?{name}={value}")
                elif answer.mimetype == "text/html" and LEAVES.search(answer.text.replace(f'"{own}/', '"/')):
                    wrong.append(f"a link that leaves: {door} ?{name}={value}")
                answer.close()
    assert not wrong, "\n" + "\n".join(wrong)
    assert PARAMETERS  # the same doors as test_odd_requests.py


def _page_door(name: str) -> Door:
    return next(door for door in PAGE_DOORS if door.endpoint == name and door.method == "POST")


@pytest.mark.parametrize("endpoint", sorted(FORMS))
def test_a_form_has_so_many_fields_and_texts_so_long(house: House, endpoint: str) -> None:
    door = _page_door(endpoint)
    form = {name: str(value) for name, value in filled(FORMS[endpoint], house.things).items()}
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data")
    for extra in (
        {f"a{n}": "1" for n in range(6000)},
        {"b" * 5000: "1"},
        {"title": "a" * 50_000},
        {"d": "1" * 900_000},
    ):
        for kind in kinds:
            answer = house.client("staff").post(house.address(door), data={**form, **extra}, content_type=kind)
            assert answer.status_code in {400, 413, 422}, (str(door), next(iter(extra))[:9], kind)
            assert len(answer.text) > 20


@pytest.mark.parametrize("endpoint", ["analyses.begin", "analyses.estimate", "trials.start", "trials.beside"])
def test_more_datasets_than_a_submission_takes_are_refused_before_any_is_looked_for(
    house: House, endpoint: str
) -> None:
    told: list[str] = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *asked: told.append(asked[2]))
    form = filled(FORMS[endpoint], house.things)
    for name in ("dataset", "in.extra"):
        del told[:]
        answer = house.client("staff").post(
            house.address(_page_door(endpoint)),
            data={**form, name: [str(n) for n in range(1, 1500)]},
            headers={"HX-Request": "true"},
        )
        assert answer.status_code in {413, 422, 429}, answer.status_code
        assert not [words for words in told if "FROM dataset" in words.replace('"', "")]


@pytest.mark.parametrize(
    "moment",
    ["2026-11-01T00:00:00", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", "1793491200", "1e18", "2026-11-01T00:00:00+99:00", "20261101", "2026-11-31"],
)  # fmt: skip
def test_a_time_has_its_zone_and_a_year_that_people_measure_in(house: House, moment: str) -> None:
    for name in ("start", "end"):
        answer = house.client().get(
            "/api/v1/datasets", query_string={name: moment}, headers=house.headers("staff")
        )
        assert answer.status_code == 422, (moment, answer.text[:200])
        assert name in answer.json["fields"]


@pytest.mark.parametrize("moment", ["2026-11-01T00:00:00Z", "2026-11-01T01:00:00+01:00", "2026-11-01"])
def test_a_time_with_its_zone_and_a_day_are_understood(house: House, moment: str) -> None:
    answer = house.client().get("/api/v1/datasets", query_string={"start": moment}, headers=house.headers("staff"))
    assert answer.status_code == 200, answer.text


def test_an_address_has_so_many_characters(house: House) -> None:
    many = "&".join(f"a{n}=1" for n in range(3000))
    for where in ("/data?q=" + "a" * 20_000, f"/data?{many}", f"/{many}", "/api/v1/datasets?text=" + "a" * 20_000):
        answer = house.client("staff").get(where, headers=house.headers("staff") if "/api" in where else {})
        assert answer.status_code == 414, (where[:30], answer.status_code)
        assert len(answer.text) > 20
