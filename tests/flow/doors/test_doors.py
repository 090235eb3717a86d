"""Every door of pages and API, for everybody: does it open, and does it tell more than this person may know?"""

import re
from collections.abc import Iterator

import pytest
from doors_house import BY_HTMX, SECRETS, TEAM, House, leaks, tells
from doors_table import API, API_PEOPLE, ARGUMENTS, INSTEAD, PAGE_PEOPLE, PAGES, TOTALS, Door, read
from werkzeug.test import TestResponse

DOORS = [*read(PAGES, PAGE_PEOPLE), *read(API, API_PEOPLE)]
PERSON_OF = {"stranger": "stranger", "reads": "member", "scientist": "scientist", "staff": "staff"}
"""Whose browser it is that belongs to a token's column."""
HTTP_ITSELF = frozenset({"HEAD", "OPTIONS"})


def outcome(answer: TestResponse, door: Door) -> str:
    """An answer as a word of the table."""
    code = answer.status_code
    if code == 401 or (code == 303 and answer.location.startswith("/sign-in")):
        return "sign-in"
    if code == 303 or (code in {200, 201, 204} and door.carries_out):
        return "done"
    return {200: "shows", 404: "hides", 403: "forbidden"}.get(code, str(code))


def everybody() -> Iterator[tuple[Door, str]]:
    """Each person at each door."""
    for door in DOORS:
        for person in door.expected:
            yield door, person


def test_every_route_and_method_has_its_line_in_the_table(house: House) -> None:
    there = {
        (rule.endpoint, method)
        for rule in house.app.url_map.iter_rules()
        for method in (rule.methods or frozenset()) - HTTP_ITSELF
    }
    lines = [(door.endpoint, door.method) for door in DOORS]
    missing, gone = sorted(there - set(lines)), sorted(set(lines) - there)
    assert not missing, (
        f"no line for {missing}: add one to PAGES or API in tests/flow/doors/doors_table.py that says what it "
        "does for each person (and its values to ARGUMENTS, FORMS or BODIES there)"
    )
    assert not gone, f"tests/flow/doors/doors_table.py has lines for doors that are no longer there: {gone}"
    assert len(lines) == len(set(lines))


def test_each_door_does_for_each_person_what_the_table_says_and_tells_no_secret(house: House) -> None:
    wrong = []
    for door, person in everybody():
        answer = house.knock(door, person)
        if door.method != "GET":
            house.restore()
        found, expected = outcome(answer, door), door.expected[person]
        if found != expected:
            wrong.append(f"{door} for {person}: {found} ({answer.status_code}), not {expected}")
        if leaked := leaks(answer, person):
            wrong.append(f"{door} tells {person} about {', '.join(leaked)}")
        if found in {"hides", "forbidden", "sign-in"} and any(tells(answer, name) for name in door.shows):
            wrong.append(f"{door} is closed to {person} and still tells")
        if found in {"shows", "done"} and answer.status_code != 303 and person in TEAM:
            silent = [name for name in door.shows if not tells(answer, name)]
            if silent:
                wrong.append(f"{door} does not show {person}: {', '.join(silent)}")
    assert not wrong, "\n" + "\n".join(wrong)
    assert house.asked == sum(len(door.expected) for door in DOORS)


@pytest.mark.parametrize("name", ("datasets", "experiments", "jobs"))
def test_lists_count_what_each_person_may_see_and_nothing_else(house: House, name: str) -> None:
    for person, total in TOTALS[name].items():
        answer = house.client().get(f"/api/v1/{name}", headers=house.headers(person))
        shown = answer.json
        assert shown.get("total", len(shown["items"])) == len(shown["items"]) == total, person


def test_pages_count_what_each_person_may_see_and_nothing_else(house: House) -> None:
    for column, person in PERSON_OF.items():
        total = TOTALS["datasets"][column]
        page = house.client(person).get("/data").text
        assert f'role="status">{total} datasets' in page, person
        groups = re.findall(r"<h2>(\w+)</h2>\s*<ul class=\"filter-links\">(.*?)</ul>", page, re.DOTALL)
        counted = {title: sum(map(int, re.findall(r"small\">(\d+)<", links))) for title, links in groups}
        assert counted["Type"] == counted["Experiment"] == total, person
        assert (
            len(re.findall(r'href="/experiments/\d+"', house.client(person).get("/experiments").text))
            == (TOTALS["experiments"][column])
        ), person


def test_what_is_counted_of_ones_own_counts_nobody_elses(house: House) -> None:
    for column, person in PERSON_OF.items():
        me = house.client().get("/api/v1/me", headers=house.headers(column))
        own = [*me.json["jobs"].values(), *me.json["trials"].values()]
        assert sum(own) == TOTALS["own jobs"][column], person
        notices = house.client(person).get("/notices").text
        new = TOTALS["notices"][column]
        assert len(re.findall(r'id="notice-\d+"', notices)) == new, person
        assert ("Held for Hemlock" in notices) == bool(new), person
        told = new + TOTALS["questions"][column] + TOTALS["to sign"][column]
        for page in ("/notices/part/bell", "/data"):
            shown = house.client(person).get(page, headers=BY_HTMX).text
            assert re.findall(r"\b(\d+) new\b", shown) == [str(told)] * bool(told), person


def test_the_facility_page_counts_every_job_and_is_staffs_alone(house: House) -> None:
    page = house.client("staff").get("/facility").text
    queue = dict(re.findall(r"<dt>.*?(Waiting|On hold|Running|Saving).*?</dt>\s*<dd>(\d+)</dd>", page, re.DOTALL))
    assert queue == {"Waiting": "3", "On hold": "1", "Running": "0", "Saving": "0"}
    for person in ("nobody", "stranger", "member", "scientist"):
        closed = house.client(person).get("/facility")
        assert closed.status_code in {303, 403}
        assert not re.search(r"<dd>\d", closed.text)


def test_public_data_tells_a_stranger_nothing_of_what_another_team_made_of_it(house: House) -> None:
    address = f"/datasets/{house.things['public']}"
    for person in ("nobody", "stranger", "member"):
        page = house.client(person).get(address)
        assert page.status_code == 200
        assert not leaks(page, person)
        assert ("Edelweiss" in page.text) == (person == "member")
    told = house.client().get(f"/api/v1{address}", headers=house.headers("stranger"))
    assert told.json["used_by"] == []
    assert not leaks(told, "stranger")
    for_member = house.client().get(f"/api/v1{address}", headers=house.headers("reads")).json["used_by"]
    assert [one["name"] for run in for_member for one in run["outputs"]] == ["Edelweiss"]


def test_searching_for_a_secret_finds_nothing_for_a_stranger(house: House) -> None:
    for word in ("Marigold", "Wisteria", "Zinnia", "Tamarisk", "Foxglove"):
        for page in ("/data?", "/jobs?whose=all&", "/experiments?"):
            answer = house.client("stranger").get(f"{page}q={word}")
            assert answer.status_code == 200
            assert not [
                name for name in leaks(answer, "stranger") if word not in answer.request.query_string.decode()
            ]
        for name in ("datasets", "experiments", "jobs"):
            answer = house.client().get(f"/api/v1/{name}?text={word}", headers=house.headers("stranger"))
            assert answer.json["total"] == 0
            assert not leaks(answer, "stranger")


def test_hidden_and_missing_look_the_same_at_every_door(house: House) -> None:
    """Nobody learns from a number whether there is something behind it."""
    compared = 0
    for door in DOORS:
        numbered = [
            name for name in house.rule(door).arguments if isinstance(house.things.get(_thing(door, name)), int)
        ]
        if not numbered or door.expected["stranger"] != "hides":
            continue
        hidden = house.knock(door, "stranger")
        kept = dict(house.things)
        house.things |= {_thing(door, name): 987_654 for name in numbered}
        missing = house.knock(door, "stranger")
        house.things = kept
        assert hidden.status_code == missing.status_code == 404
        assert _plain(hidden) == _plain(missing), door
        compared += 1
    assert compared > 15


def _thing(door: Door, name: str) -> str:
    return INSTEAD.get((door.endpoint, name)) or ARGUMENTS[name]


def _plain(answer: TestResponse) -> str:
    """Without what differs between any two requests: the request's number, and addresses that lead back here."""
    text = re.sub(r"[0-9a-f]{32}|name=\"csrf_token\" value=\"[^\"]+\"", "", answer.text)
    return re.sub(r"\d+", "", text)


@pytest.mark.parametrize("person", ["member", "scientist", "staff"])
def test_searching_for_an_input_that_one_does_not_see_finds_no_job(house: House, person: str) -> None:
    word = SECRETS["unseen input"].text
    api = {"member": "reads"}.get(person, person)
    found = house.client().get(f"/api/v1/jobs?text={word}", headers=house.headers(api)).json["total"]
    page = house.client(person).get(f"/jobs?whose=all&q={word}").text
    assert (found > 0) == (person == "staff")
    assert ("Tamarisk" in page) == (person == "staff")
