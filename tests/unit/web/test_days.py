"""Days that people type: what leaves a doubt is not read, and why is said."""

from datetime import date

import pytest

from portal.web.views.finding.days import day_of, span_of, written


@pytest.mark.parametrize(
    "typed",
    [
        "2026-02-03",
        " 2026-2-3 ",
        "3 Feb 2026",
        "3 february 2026",
        "3. Feb. 2026",
        "03.02.2026",
        "3. 2. 2026",
        "2026/02/03",
    ],
)
def test_what_leaves_no_doubt_is_read(typed: str) -> None:
    assert day_of(typed).day == date(2026, 2, 3)
    assert day_of(typed).wrong == ""


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("02/03/2026", "2026-03-02 or 2026-02-03"),
        ("02-03-2026", "2026-03-02 or 2026-02-03"),
        ("3/2/26", "2026-11-20"),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(typed: str, instead: str) -> None:
    found = day_of(typed)
    assert found.day is None
    assert "more than one way" in found.wrong and instead in found.wrong
    assert found.typed == typed  # nothing typed is lost


@pytest.mark.parametrize("typed", ["29/11/2026", "11/29/2026", "29-11-2026"])
def test_what_can_be_meant_in_one_way_only_is_shown_as_it_is_written(typed: str) -> None:
    found = day_of(typed)
    assert found.day is None and "more than one way" not in found.wrong
    assert found.wrong == f"Write “{typed}” as 2026-11-29: days are written with the year first."


@pytest.mark.parametrize("typed", ["5/5/2026", "05-05-2026"])
def test_where_both_ways_are_one_day_it_is_that(typed: str) -> None:
    assert "as 2026-05-05" in day_of(typed).wrong and " or " not in day_of(typed).wrong


ODD = [
    "yesterday",
    "2026-02-30",
    "31/31/2026",
    "2026-01/02",
    "1/1/1/2026",
    "31.11.2026",
    "0000-01-01",
    "20 Mayor 2026",
]


@pytest.mark.parametrize("typed", [*ODD, "٢٠٢٦-٠١-٠١", "9" * 500])
def test_what_is_no_day_is_said(typed: str) -> None:
    found = day_of(typed)
    assert found.day is None and found.wrong
    assert len(found.wrong) < 120


def test_nothing_typed_is_no_fault() -> None:
    assert (day_of(None).wrong, day_of("  ").wrong) == ("", "")


@pytest.mark.parametrize(
    ("start", "end", "crossed"),
    [
        ("2026-11-20", "2026-11-10", True),
        ("2026-11-20", "2026-11-20", False),
        ("2026-11-20", "", False),
        ("nonsense", "2026-11-10", False),
    ],
)
def test_days_are_crossed_where_the_first_lies_after_the_last(start: str, end: str, crossed: bool) -> None:
    assert span_of({"start": start, "end": end}).crossed is crossed


def test_a_day_is_written_so_that_everybody_reads_the_same() -> None:
    assert written(date(2026, 2, 3)) == "3 Feb 2026"
