"""Times, numbers and units as people read them."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, g

from portal.methods.quantities import printed_units
from portal.web.formats import (
    after,
    ago,
    dates,
    exact_time,
    initials,
    lately,
    short_date,
    shown,
    unit,
    until,
    value,
)

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
        (0.81234567, "0.812"),
        (0.1625, "0.163"),
        (-3.14159, "-3.14"),
        (999.6, "1,000"),
        (12345.6, "12,300"),
        (1234567.8, "1,230,000"),
        (48213.0, "48,213"),
        (1048576, "1,048,576"),
        ("gaussian", "gaussian"),
        (1e-7, "1 × 10⁻⁷"),
        (2.34567e-12, "2.35 × 10⁻¹²"),
        (6.02214076e23, "6.02 × 10²³"),
        (float("nan"), "nan"),
        (True, "True"),
    ],
)
def test_values_are_short_and_never_wrong_in_kind(number: object, words: str) -> None:
    assert value(number) == words


def test_a_number_that_is_shown_short_has_its_digits_with_it() -> None:
    assert shown(0.1625) == '<data value="0.1625" title="0.1625">0.163</data>'
    assert shown(1 / 3) == '<data value="0.3333333333333333" title="0.333333333">0.333</data>'
    assert shown(0.5) == "0.5" and shown(12345.0) == "12,345" and shown("<b>") == "&lt;b&gt;"


def test_units_are_printed_as_in_a_paper() -> None:
    printed = {
        "um": "µm",
        "um^2": "µm²",
        "um**2": "µm²",
        "um2": "µm²",
        "mm^3": "mm³",
        "uL/s": "µL/s",
        "ul/min": "µl/min",
        "1/um": "1/µm",
        "s-1": "s⁻¹",
        "kg/m^3": "kg/m³",
        "degC": "°C",
        "degC/min": "°C/min",
        "deg": "°",
        "deg/s": "°/s",
        "uA": "µA",
        "urad": "µrad",
        "keV": "keV",
        "counts": "counts",
        "units": "units",
        "%": "%",
        "": "",
    }
    assert {name: unit(name) for name in printed} == printed and unit(None) == ""
    assert printed_units("6.5 um^2, from your dataset; 0.04 uL/s.") == "6.5 µm², from your dataset; 0.04 µL/s."
    assert printed_units("3 of 4 jobs at 21 degC") == "3 of 4 jobs at 21 °C"
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


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "20 Nov 2026, 12:00:07 UTC"),
        ("Asia/Kathmandu", "20 Nov 2026, 17:45:07 +05:45"),
        ("America/St_Johns", "20 Nov 2026, 08:30:07 -03:30"),
    ],
)
def test_a_history_tells_the_second_and_whose_clock_it_is(monkeypatch, zone, words):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        said = exact_time(NOW + timedelta(seconds=7, milliseconds=250))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert said == f'<time datetime="2026-11-20T12:00:07.250Z">{words}</time>'
