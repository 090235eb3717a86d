"""Searches in an address: days are the facility's, on nights in which the clocks change too; texts are bounded."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import portal
from portal.web.views.searching import query_of


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server's clock shows the time of Berlin."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2026-11-20", datetime(2026, 11, 19, 23, tzinfo=UTC), datetime(2026, 11, 20, 23, tzinfo=UTC)),
        ("2026-10-25", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),
        ("2027-03-28", datetime(2027, 3, 27, 23, tzinfo=UTC), datetime(2027, 3, 28, 22, tzinfo=UTC)),
    ],
    ids=["24 hours", "25 hours", "23 hours"],
)
def test_a_day_is_as_long_as_the_clocks_make_it(berlin: None, day: str, first: datetime, last: datetime) -> None:
    query = query_of({"start": day, "end": day})
    assert (query.start, query.end) == (first, last)


@pytest.mark.parametrize("day", ["", "yesterday", "2026-02-30", "0000-01-01", "9999-12-31"])
def test_a_day_that_makes_no_sense_or_has_no_next_one_is_left_out(day: str) -> None:
    assert query_of({"end": day}).end is None


def test_every_field_to_search_in_holds_no_more_than_an_address_takes() -> None:
    """What is longer cannot be asked by an address, and the list would go on showing what was asked before."""
    folder = Path(portal.__file__).parent / "web" / "templates"
    fields = [
        (template.name, tag)
        for template in folder.rglob("*.html")
        for tag in re.findall(r"<input\b[^>]*name=\"q\".*?>", template.read_text(encoding="utf-8"))
        if 'type="hidden"' not in tag
    ]
    assert len(fields) >= 5
    assert not [name for name, tag in fields if 'maxlength="200"' not in tag]
