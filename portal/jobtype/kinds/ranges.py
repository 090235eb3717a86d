"""An option that is a range: two numbers with one unit."""

from typing import Annotated, Literal

from pydantic import Field

from portal.jobtype.kinds.lists import number_objection
from portal.jobtype.option import OptionBase, number_words
from portal.jobtype.strict import Line

ENDS = frozenset({"low", "high"})


Ends = Annotated[dict[Literal["low", "high"], int | float], Field(min_length=2, max_length=2)]
"""The two ends of a range."""


class RangeOption(OptionBase):
    """From one number to another: {"low": 10, "high": 200}."""

    type: Literal["range"]
    """The kind: from one number to another."""
    default: Ends | None = None
    """The ends that stand there at first: {low: 400, high: 700}."""
    whole: bool = Field(False, description="Whole numbers alone.")
    min: int | float | None = Field(None, description="Bound of both ends.")
    max: int | float | None = Field(None, description="Bound of both ends.")
    units: Line | None = Field(None, description="Unit of both ends, shown beside the fields.")

    @property
    def unit(self) -> str:
        """See OptionBase."""
        return self.units or ""

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        if not isinstance(value, dict) or set(value) != ENDS:
            return "Give both ends: from a number to a number."
        for one in (value["low"], value["high"]):
            if why := number_objection(one, whole=self.whole, low=self.min, high=self.max, unit=self.unit):
                return why
        if value["low"] > value["high"]:
            ends = f"{number_words(value['low'])} is above {number_words(value['high'])}"
            return f"The first is the lower end: {ends}."
        return None
