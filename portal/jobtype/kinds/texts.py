"""Options that are texts of a kind of their own: several lines, or a day."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from portal.jobtype.option import OptionBase

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class LongTextOption(OptionBase):
    """Text of any number of lines."""

    type: Literal["long_text"]
    """The kind: text of several lines."""
    default: str | None = None
    """The text that stands there at first."""
    max_length: Annotated[int, Field(ge=1, le=4000)] = 2000
    """So many characters at most."""

    @property
    def typed(self) -> bool:
        """See OptionBase."""
        return True

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        if not isinstance(value, str):
            return "Give a text."
        if len(value) > self.max_length:
            return f"At most {self.max_length} characters; this has {len(value)}."
        if any((ord(sign) < 32 and sign not in "\n\t") or ord(sign) == 127 for sign in value):
            return "Lines without control characters, please."
        return None


def day_of(text: object) -> date | None:
    """The day that is written as 2026-11-30; None for anything else."""
    if not isinstance(text, str) or not DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class DateOption(OptionBase):
    """A day, as 2026-11-30."""

    type: Literal["date"]
    """The kind: a day."""
    default: str | None = None
    """The day that stands there at first, as "2026-11-30"."""
    min: str | None = Field(None, description="The first day that can be given.")
    max: str | None = Field(None, description="The last day that can be given.")

    @field_validator("min", "max")
    @classmethod
    def _is_a_day(cls, text: str | None) -> str | None:
        if text is not None and day_of(text) is None:
            raise ValueError("is a day such as 2026-11-30")
        return text

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        day = day_of(value)
        if day is None:
            return "Give a day as 2026-11-30, or as 30 Nov 2026."
        first, last = day_of(self.min), day_of(self.max)
        if (first is not None and day < first) or (last is not None and day > last):
            bounds = [f"from {self.min}" if self.min else "", f"to {self.max}" if self.max else ""]
            return f"Must be a day {' '.join(filter(None, bounds))}; this is {value}."
        return None
