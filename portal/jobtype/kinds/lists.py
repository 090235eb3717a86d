"""Options with several values: some of a list, or numbers."""

import math
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from portal.jobtype.option import LARGEST_WHOLE, OptionBase, number_words, within
from portal.jobtype.strict import Line, Strict
from portal.words import count

MOST_NUMBERS = 500


class OneOfSeveral(Strict):
    """One of the values of which several can be chosen."""

    value: Line
    """What the program gets."""
    label: Line | None = None
    """What people read; the value itself if left out."""


class SeveralOption(OptionBase):
    """Any number of a few named values; without any it has no value."""

    type: Literal["several"]
    """The kind: several of a list."""
    choices: Annotated[list[Line | OneOfSeveral], Field(min_length=1, max_length=100)]
    """The values: texts, or {value, label}."""
    default: list[Line] | None = None
    """Those that are chosen at first."""
    min: Annotated[int, Field(ge=0, le=100)] = Field(0, description="So many must be chosen at least.")
    max: Annotated[int, Field(ge=1, le=100)] | None = Field(None, description="So many can be chosen at most.")

    @cached_property
    def items(self) -> tuple[OneOfSeveral, ...]:
        """The choices in their full form."""
        return tuple(OneOfSeveral(value=item) if isinstance(item, str) else item for item in self.choices)

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        known = [item.value for item in self.items]
        if not isinstance(value, list) or not all(one in known for one in value):
            return f"Choose among: {', '.join(known)}."
        if len(set(value)) < len(value):
            return "Choose each one once."
        if len(value) < self.min:
            return f"Choose at least {self.min}."
        if self.max is not None and len(value) > self.max:
            return f"Choose at most {self.max}; these are {len(value)}."
        return None


class NumbersOption(OptionBase):
    """A list of numbers."""

    type: Literal["numbers"]
    """The kind: a list of numbers."""
    default: Annotated[list[int | float], Field(min_length=1, max_length=MOST_NUMBERS)] | None = None
    """The numbers that stand there at first."""
    whole: bool = Field(False, description="Whole numbers alone; a person may then write 1-5 for 1, 2, 3, 4, 5.")
    min: int | float | None = Field(None, description="Bound of each number.")
    max: int | float | None = Field(None, description="Bound of each number.")
    min_items: Annotated[int, Field(ge=1, le=MOST_NUMBERS)] = 1
    """So many numbers at least."""
    max_items: Annotated[int, Field(ge=1, le=MOST_NUMBERS)] = 100
    """So many numbers at most."""
    units: Line | None = Field(None, description="Unit of each value, shown beside the field.")

    @property
    def unit(self) -> str:
        """See OptionBase."""
        return self.units or ""

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        if not isinstance(value, list):
            return "Give numbers, with commas between them."
        for one in value:
            if why := number_objection(one, whole=self.whole, low=self.min, high=self.max, unit=self.unit):
                return why
        if len(value) < self.min_items:
            return f"Give at least {count(self.min_items, 'number')}."
        if len(value) > self.max_items:
            return f"Give at most {count(self.max_items, 'number')}; these are {len(value):,}."
        return None


def number_objection(
    value: object, *, whole: bool, low: float | None, high: float | None, unit: str
) -> str | None:
    """Why a number of several cannot be taken, in words; None if it can."""
    kind = "whole numbers" if whole else "numbers"
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return f"Give {kind}{within(low, high)}."
    if not math.isfinite(value) or abs(value) >= (LARGEST_WHOLE if isinstance(value, int) else math.inf):
        return f"Give {kind}{within(low, high)}; one of these is too large."
    if (low is None or value >= low) and (high is None or value <= high):
        return None
    behind = f" {unit}" if unit else ""
    return f"Must be {kind}{within(low, high)}{behind}; one is {number_words(value)}."
