"""Days that people type: ISO, or with the month as a word, never a guess. Pure.

`11/12/2026` is one day in Boston and another in London, so it is not read but explained. A field for days is a
text field: a browser's own shows what its language has, mm/dd/yyyy among them.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAMES: Final = (
    "january", "february", "march", "april", "may", "june", "july",
    "august", "september", "october", "november", "december",
)  # fmt: skip
LONGEST: Final = 40
EXAMPLE: Final = "2026-11-20"
_ISO: Final = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_DOTTED: Final = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")
_WORDED: Final = re.compile(r"(\d{1,2})\.? ([a-z]{3,9})\.?,? (\d{4})")
_SLASHED: Final = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_SHORT: Final = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}")


@dataclass(frozen=True)
class Day:
    """What was typed into a field for a day."""

    typed: str
    day: date | None
    """None where nothing was typed, or no day."""
    wrong: str = ""
    """Why it is no day, in a sentence; empty where it is one, or nothing was typed."""


def day_of(typed: str | None) -> Day:
    """The day that a text names: `2026-11-20`, `20 Nov 2026` or `20.11.2026`."""
    text = " ".join((typed or "").split())
    if not text:
        return Day("", None)
    if len(text) > LONGEST or not text.isascii():
        return Day(text[:LONGEST], None, f"This is no date. Write it as {EXAMPLE}.")
    parts = _parts(text.lower())
    if parts is None:
        return Day(text, None, _why_not(text))
    try:
        return Day(text, date(*parts))
    except ValueError:
        return Day(text, None, f"There is no day {text}. Write it as {EXAMPLE}.")


def _parts(text: str) -> tuple[int, int, int] | None:
    """Year, month and day of a text whose form leaves no doubt."""
    if found := _ISO.fullmatch(text):
        year, _sign, month, day = found.groups()
        return int(year), int(month), int(day)
    if found := _DOTTED.fullmatch(text):
        day, month, year = found.groups()
        return int(year), int(month), int(day)
    if found := _WORDED.fullmatch(text):
        day, word, year = found.groups()
        if word in NAMES or word in MONTHS or word == "sept":
            return int(year), MONTHS.index(word[:3]) + 1, int(day)
    return None


def _why_not(text: str) -> str:
    """Why a text is not taken for a day, and how the days are written that it may mean."""
    if _SHORT.fullmatch(text):
        return f"“{text}” can be read in more than one way. Write it as {EXAMPLE}."
    if not (found := _SLASHED.fullmatch(text)):
        return f"“{text}” is no date. Write it as {EXAMPLE}."
    one, other, year = map(int, found.groups())
    meant = []
    for month, day in ((other, one), (one, other)):
        with suppress(ValueError):
            meant.append(date(year, month, day).isoformat())
    meant = list(dict.fromkeys(meant))
    if not meant:
        return f"There is no day {text}. Write it as {EXAMPLE}."
    if len(meant) == 1:
        return f"Write “{text}” as {meant[0]}: days are written with the year first."
    return f"“{text}” can be read in more than one way. Write it as {meant[0]} or {meant[1]}."


def doubtful(text: str) -> str:
    """How a day is written, where a text is one that is not read; empty where it is none at all."""
    text = " ".join(text.split())
    return _why_not(text) if text.isascii() and (_SHORT.fullmatch(text) or _SLASHED.fullmatch(text)) else ""


@dataclass(frozen=True)
class Span:
    """From one day to another, as typed into two fields. Either may be open."""

    start: Day
    end: Day

    @property
    def crossed(self) -> bool:
        """The first day lies after the last, so that no day is between them."""
        return self.start.day is not None and self.end.day is not None and self.start.day > self.end.day


def span_of(values: Mapping[str, str]) -> Span:
    """What stands in the fields `start` and `end`."""
    return Span(day_of(values.get("start")), day_of(values.get("end")))


def written(day: date) -> str:
    """`20 Nov 2026`, as pages show days."""
    return f"{day.day} {NAMES[day.month - 1][:3].capitalize()} {day.year}"
