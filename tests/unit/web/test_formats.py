"""Times, numbers and units as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, g

from portal.web.formats import after, ago, dates, initials, lately, printed_units, short_date, unit, until, value

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (7200, "2 hours ago"),
        (90_000, "yesterday"),
        (4 * 86_400, "4 days ago"),
        (40 * 86_400, "11 Oct 2026"),
    ],
)
def test_how_long_ago_is_said_as_people_say_it(seconds: int, words: str) -> None:
    with Flask("test").test_request_context():
        g.now = NOW
        assert ago(NOW - timedelta(seconds=seconds)) == words


def test_the_year_is_left_out_on_cards_only_if_it_is_this_one() -> None:
    with Flask("test").test_request_context():
        g.now = NOW
        assert short_date(NOW) == "20\N{NO-BREAK SPACE}Nov"
        assert short_date(NOW.replace(year=2024)) == "20\N{NO-BREAK SPACE}Nov\N{NO-BREAK SPACE}2024"


def test_a_time_of_today_stands_without_its_date() -> None:
    with Flask("test").test_request_context():
        g.now = NOW
        today, earlier = NOW.astimezone(), (NOW - timedelta(days=3)).astimezone()
        assert lately(NOW) == f"{today:%H:%M}"
        assert lately(NOW - timedelta(days=3)) == f"17\N{NO-BREAK SPACE}Nov,\N{NO-BREAK SPACE}{earlier:%H:%M}"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ((2026, 11, 18), (2026, 11, 20), "18–20 Nov 2026"),
        ((2026, 10, 30), (2026, 11, 2), "30 Oct – 2 Nov 2026"),
        ((2025, 12, 30), (2026, 1, 2), "30 Dec 2025 – 2 Jan 2026"),
        ((2026, 11, 18), (2026, 11, 18), "18 Nov 2026"),
    ],
)
def test_a_visit_s_dates_share_what_they_have_in_common(
    start: tuple[int, int, int], end: tuple[int, int, int], words: str
) -> None:
    assert dates(datetime(*start, 12, tzinfo=UTC), datetime(*end, 12, tzinfo=UTC)) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (20, "20"),
        (20.0, "20"),
        (0.81234567, "0.8123"),
        (1234567.8, "1,234,568"),
        ("gaussian", "gaussian"),
        (1e-7, "1e-07"),
    ],
)
def test_values_are_short_and_never_wrong_in_kind(number: object, words: str) -> None:
    assert value(number) == words


def test_units_are_printed_as_in_a_paper() -> None:
    assert unit("um") == "µm" and unit("keV") == "keV" and unit(None) == ""
    assert printed_units("0.31 um, from your dataset") == "0.31 µm, from your dataset"
    assert printed_units("drum and um") == "drum and um"
    assert printed_units("Give the value that holds, in um.") == "Give the value that holds, in µm."


def test_a_sentence_follows_its_state_without_repeating_it() -> None:
    assert after("Done in 18 seconds.", "Done") == "in 18 seconds."
    assert after("It ran out of memory.", "Failed") == "It ran out of memory."
    assert after("Done.", "Done") == ""


@pytest.mark.parametrize(
    ("name", "short"), [("Maya Lind", "ML"), ("Sam", "S"), ("Ana Maria da Silva", "AS"), ("", "")]
)
def test_initials_are_first_and_last(name: str, short: str) -> None:
    assert initials(name) == short


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "within a minute"),
        (59, "within a minute"),
        (61, "in about 2 minutes"),
        (1270, "in about 30 minutes"),
        (3600, "in about 1 hour"),
        (9000, "in about 3 hours"),
        (3 * 86_400, "in about 3 days"),
    ],
)
def test_a_plan_is_told_as_roughly_as_it_is_made(seconds: int, words: str) -> None:
    with Flask("test").test_request_context():
        g.now = NOW
        assert until(NOW + timedelta(seconds=seconds)) == words
