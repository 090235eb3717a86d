"""Options of several parts: what is typed, sent and shown is one value, and what has two meanings is asked for."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.agent.options import CHECKS
from portal.errors import InvalidError
from portal.form import as_command, build_form, raw_of_html
from portal.form.plan import plan
from portal.form.values import as_text, how_read, parse
from portal.jobtype.kinds.lists import NumbersOption, SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.kinds.texts import DateOption, LongTextOption
from portal.jobtype.load import parse_text

TEXT = """\
name: sort
version: "1.0"
title: Sort
summary: Sorts.
category: Any data
contact: staff
program: {module: sort}
options:
  - name: channels
    type: several
    label: Channels
    choices: [red, green, {value: blue, label: Blue light}, "a, b"]
    default: [red, blue]
    max: 3
  - {name: planes, type: numbers, label: Planes, whole: true, min: 0, max: 5000, max_items: 20}
  - {name: sigmas, type: numbers, label: Sigmas, units: um, max: 100, default: [0.5, 1]}
  - {name: band, type: range, label: Band, units: nm, min: 100, max: 2000, default: {low: 400, high: 700}}
  - {name: rows, type: range, label: Rows, whole: true}
  - {name: day, type: date, label: Day, min: "2026-01-01"}
  - {name: notes, type: long_text, label: Notes, max_length: 40}
  - {name: extra, type: boolean, label: Extra, show_when: "'blue' in channels && band.high - band.low > 200 nm"}
  - {name: late, type: text, label: Late, show_when: "day >= '2026-11-01'"}
presets:
  - {name: All, values: {channels: [red, green], band: {low: 500, high: 600}, planes: [1, 2]}}
resources: {default: s, variants: [{name: s, label: S}]}
result_title: "{analysis}"
outputs: []
"""


@pytest.fixture(scope="module")
def jobtype():
    found, problems = parse_text(TEXT, Path("sort.yaml"))
    assert found is not None, problems
    return found


def value_of(jobtype, name, raw):
    return plan(jobtype, {name: raw}, {}, experiment=1)[0].options.get(name)


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("channels", "green, red", ["red", "green"]),
        ("channels", "a, b", ["a, b"]),
        ("channels", "a, b\nred", ["red", "a, b"]),
        ("channels", ["blue"], ["blue"]),
        ("channels", "", None),
        ("channels", [], None),
        ("planes", "1, 2, 5", [1, 2, 5]),
        ("planes", "1-5", [1, 2, 3, 4, 5]),
        ("planes", "1–3; 7", [1, 2, 3, 7]),
        ("planes", "1 2 5", [1, 2, 5]),
        ("planes", "7", [7]),
        ("planes", [3, 1], [3, 1]),
        ("planes", 4, [4]),
        ("sigmas", "0,5; 1,5", [0.5, 1.5]),
        ("sigmas", "500 nm, 1 um", [0.5, 1.0]),
        ("sigmas", [1, 2.5], [1.0, 2.5]),
        ("sigmas", "1e-3, 2", [0.001, 2.0]),
        ("sigmas", "-1, -2.5", [-1.0, -2.5]),
        ("band", "450 to 650", {"low": 450.0, "high": 650.0}),
        ("band", "450-650", {"low": 450.0, "high": 650.0}),
        ("band", "450 – 650", {"low": 450.0, "high": 650.0}),
        ("band", "0.45 um to 0.65 um", {"low": 450.0, "high": 650.0}),
        ("band", "450, 650", {"low": 450.0, "high": 650.0}),
        ("band", {"low": 450, "high": 650}, {"low": 450.0, "high": 650.0}),
        ("band", [450, 650], {"low": 450.0, "high": 650.0}),
        ("band", "", {"low": 400, "high": 700}),
        ("rows", "-5 to -1", {"low": -5, "high": -1}),
        ("rows", "-5--1", {"low": -5, "high": -1}),
        ("rows", "3..3", {"low": 3, "high": 3}),
        ("day", "2026-11-30", "2026-11-30"),
        ("day", "30 Nov 2026", "2026-11-30"),
        ("day", "3. november 2026", "2026-11-03"),
        ("notes", " a\r\nb ", "a\nb"),
    ],
)
def test_what_is_given_is_one_value(jobtype, name, raw, value):
    assert value_of(jobtype, name, raw) == value


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("channels", "yellow", "Choose among: red, green, blue, a, b."),
        ("channels", ["red", "red"], "Choose each one once."),
        ("channels", ["red", "green", "blue", "a, b"], "Choose at most 3; these are 4."),
        ("channels", 5, "Choose among"),
        ("planes", "1, two", "“two” is not a whole number."),
        ("planes", "10 200", "can be one number or several. Put commas between numbers."),
        ("planes", "1.5", "is not a whole number"),
        ("planes", "5-1", "5 is above 1"),
        ("planes", "1-1000000000000", "At most 20 numbers"),
        ("planes", "1-15, 1-15", "At most 20 numbers"),
        ("planes", "1, 6000", "Must be whole numbers from 0 to 5000; one is 6000."),
        ("planes", [1, True], "Give whole numbers"),
        ("planes", [1, 2.0], "Give whole numbers"),
        ("planes", [[1]], "Give whole numbers"),
        ("sigmas", "1-5", "stands for whole numbers only"),
        ("sigmas", "1, 500 nm", "Give the unit behind each number, or behind none."),
        ("sigmas", "0,5, 1,5", "not clear which commas"),
        ("sigmas", "1 s, 2 s", "no unit of this kind"),
        ("sigmas", [float("inf")], "too large"),
        ("sigmas", {"low": 1, "high": 2}, "Give numbers"),
        ("band", "450", "Give both ends: from a number to a number."),
        ("band", "450 to ", "Give both ends: from a number to a number."),
        ("band", " to 450", "Give both ends: from a number to a number."),
        ("band", "650 to 450", "The first is the lower end: 650 is above 450."),
        ("band", "0.45 to 650 um", "Give the unit behind each number, or behind none."),
        ("band", "450,650", "Give both ends"),
        ("band", "50 to 650", "Must be numbers from 100 to 2000 nm; one is 50."),
        ("band", {"low": 450}, "Give both ends"),
        ("band", {"low": "450", "high": 650}, "Give numbers"),
        ("rows", "1.5 to 2", "is not a whole number"),
        ("rows", {"low": 1.0, "high": 2}, "Give whole numbers"),
        ("day", "11/30/2026", "Give a day as 2026-11-30, or as 30 Nov 2026."),
        ("day", "2026-02-30", "Give a day as"),
        ("day", "2025-12-31", "Must be a day from 2026-01-01; this is 2025-12-31."),
        ("day", 20261130, "Give a day as"),
        ("notes", "x" * 41, "At most 40 characters; this has 41."),
        ("notes", "a\x1b[2J", "without control characters"),
        ("notes", ["a"], "Give a text."),
    ],
)
def test_what_cannot_be_meant_is_told_beside_the_field(jobtype, name, raw, told):
    with pytest.raises(InvalidError) as caught:
        value_of(jobtype, name, raw)
    assert told in caught.value.fields[name]


def test_what_is_understood_otherwise_than_it_is_written_is_said(jobtype):
    planes, band, day = (jobtype.option(name) for name in ("planes", "band", "day"))
    assert how_read(planes, "1-3") == "Read as 1, 2, 3"
    assert how_read(planes, "1, 2, 3") == ""
    assert how_read(band, "0.45 um to 0.65 um") == "Read as 450 to 650 nm"
    assert how_read(day, "3 Nov 2026") == "Read as 2026-11-03"


CHOICES = ["red", "green", "a, b", "c; d", "x"]
OPTIONS = {
    "several": SeveralOption(type="several", name="o", label="O", choices=CHOICES),
    "numbers": NumbersOption(type="numbers", name="o", label="O", units="um"),
    "whole": NumbersOption(type="numbers", name="o", label="O", whole=True),
    "range": RangeOption(type="range", name="o", label="O", units="nm"),
    "rows": RangeOption(type="range", name="o", label="O", whole=True),
    "date": DateOption(type="date", name="o", label="O", min="2000-01-01"),
    "long_text": LongTextOption(type="long_text", name="o", label="O", max_length=50),
}
REAL = st.floats(-1e12, 1e12)
WHOLE = st.integers(-(10**15), 10**15)


def ends(numbers):
    return st.lists(numbers, min_size=2, max_size=2).map(lambda two: {"low": min(two), "high": max(two)})


GOOD = {
    "several": st.lists(st.sampled_from(CHOICES), unique=True, min_size=1).map(
        lambda some: [c for c in CHOICES if c in some]
    ),
    "numbers": st.lists(REAL, min_size=1, max_size=100),
    "whole": st.lists(WHOLE, min_size=1, max_size=100),
    "range": ends(REAL),
    "rows": ends(WHOLE),
    "date": st.dates(min_value=__import__("datetime").date(2000, 1, 1)).map(str),
    "long_text": st.text(string.ascii_letters + " \n\té", min_size=1, max_size=50).map(str.strip).filter(bool),
}
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=60)
    | st.sampled_from(["2026-11-30", "red"]),
    lambda inner: st.lists(inner, max_size=3) | st.fixed_dictionaries({"low": inner, "high": inner}),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", OPTIONS)
@given(st.data())
def test_the_text_of_a_value_means_that_value_and_the_agent_takes_it(kind, data):
    option, value = OPTIONS[kind], data.draw(GOOD[kind])
    assert option.objection(value) is None
    assert parse(option, as_text(value)) == value
    assert CHECKS[option.type](option.model_dump(), value) is None


@pytest.mark.parametrize("kind", OPTIONS)
@given(value=ANY)
def test_the_agent_takes_nothing_that_the_form_would_not(kind, value):
    option = OPTIONS[kind]
    if option.objection(value) is not None:
        assert CHECKS[option.type](option.model_dump(), value) is not None


def test_a_posted_form_has_one_text_for_each_option(jobtype):
    posted = {
        "option.channels": ["", "green", "a, b"],
        "option.band": ["450", "650"],
        "option.rows": ["", " "],
        "option.planes": ["1-3"],
    }
    raw = raw_of_html(jobtype, posted)
    assert (raw["channels"], raw["band"], raw["rows"]) == ("green\na, b", "450 to 650", "")
    options = plan(jobtype, raw, {}, experiment=1)[0].options
    assert options["channels"] == ["green", "a, b"]
    assert options["planes"] == [1, 2, 3]
    assert "rows" not in options
    fields = {field.name: field for field in build_form(jobtype, {}, values=raw).fields}
    assert fields["channels"].ticked == {"green", "a, b"}
    assert fields["band"].ends == ("450", "650")


def test_half_a_range_stays_as_it_was_typed(jobtype):
    raw = raw_of_html(jobtype, {"option.band": ["", "65O"]})
    (band,) = (field for field in build_form(jobtype, {}, values=raw).fields if field.name == "band")
    assert band.ends == ("", "65O")
    assert band.error == "Give both ends: from a number to a number."


def test_none_of_several_is_none_and_not_the_usual_ones(jobtype):
    raw = raw_of_html(jobtype, {"option.channels": [""]})
    assert "channels" not in plan(jobtype, raw, {}, experiment=1)[0].options
    assert plan(jobtype, {}, {}, experiment=1)[0].options["channels"] == ["red", "blue"]
    assert "--set channels=" in as_command(jobtype, {}, raw)


def test_a_preset_and_its_text_are_one(jobtype):
    options = plan(jobtype, {}, {}, preset="All", experiment=1)[0].options
    assert options["channels"] == ["red", "green"]
    assert options["band"] == {"low": 500.0, "high": 600.0}
    fields = {field.name: field.value for field in build_form(jobtype, {}, preset="All").fields}
    assert (fields["channels"], fields["band"], fields["planes"]) == ("red, green", "500 to 600", "1, 2")


@pytest.mark.parametrize(
    ("raw", "there"),
    [
        ({"extra": "true"}, True),
        ({"extra": "true", "channels": "red"}, False),
        ({"extra": "true", "band": "450 to 550"}, False),
        ({"late": "x", "day": "2026-11-01"}, True),
        ({"late": "x", "day": "2026-10-31"}, False),
    ],
)
def test_conditions_ask_for_them(jobtype, raw, there):
    name = next(iter(raw))
    if there:
        assert plan(jobtype, raw, {}, experiment=1)[0].options[name]
    else:
        with pytest.raises(InvalidError) as caught:
            plan(jobtype, raw, {}, experiment=1)
        assert "not used" in caught.value.fields[name]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("default: [red, blue]", "default: [red, pink]", "the default of channels cannot be taken"),
        ("    max: 3\n", "    min: 5\n", "min of channels is above what can be chosen"),
        ("choices: [red, green,", "choices: [red, red,", "red is there twice"),
        ("max_items: 20", "max_items: 20, min_items: 30", "min_items of planes is above its max_items"),
        ("max_items: 20", "max_items: 5000", "at most 500"),
        ("default: {low: 400, high: 700}", "default: {low: 700, high: 400}", "The first is the lower end"),
        ("default: {low: 400, high: 700}", "default: [400, 700]", "default must be"),
        ('min: "2026-01-01"', 'min: "1 Jan 2026"', "is a day such as"),
        ('min: "2026-01-01"', 'min: "2026-01-01", max: "2025-01-01"', "min of day is behind its max"),
        ("band: {low: 500, high: 600}", "band: {low: 5, high: 600}", "preset All: band cannot be"),
        ("'blue' in channels", "'pink' in channels", "pink is none of the values"),
        ("band.high - band.low > 200 nm", "band.high > 200 s", "do not go together"),
        ("type: date", "type: day", "there are boolean, choice, several"),
        ("label: Rows", "label: Rows, default_from: {parameter: x}", "a range option cannot take its default"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_at_its_line(old, new, told):
    assert old in TEXT
    found, problems = parse_text(TEXT.replace(old, new, 1), Path("sort.yaml"))
    assert found is None
    line = TEXT[: TEXT.index(old)].count("\n") + 1
    assert [one for one in problems if told in one.message and abs(one.line - line) <= 4], problems
