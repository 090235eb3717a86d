"""The options of a job type: what all have, and the kinds that are a word or a number. kinds/ has the others."""

import math
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from gantry_formats import patterns
from gantry_formats.positive import is_more_than_nothing
from portal.jobtype.conditions.condition import Condition, WrittenCondition
from portal.jobtype.strict import WRITTEN_NOW, Line, Name, Strict, Words

Value = bool | int | float | str | list[Any] | dict[str, Any]
"""A list of texts or numbers, or the two ends of a range, {"low": 10, "high": 200}, where the kind has several."""
LARGEST_WHOLE = 10**18
"""What is below it is the same number in every program and database."""


class SecondAxis(Strict):
    """A second parameter for which an option stands: the distance of pixels along another axis."""

    parameter: Line = Field(description="Name of the dataset parameter, as the catalogue has it.")
    axis: Literal["x", "y", "z"] = Field(description="The axis along which it is the distance of pixels.")


class DefaultFrom(Strict):
    """A default that the dataset itself gives: one of its parameters, converted to the option's unit."""

    parameter: Line = Field(description="Name of the dataset parameter, as the catalogue has it.")
    slot: Name | None = Field(None, description="Input slot whose dataset is asked; the first slot if left out.")
    factor: float | None = Field(
        None, description="The parameter is multiplied by this, instead of a conversion by its units."
    )
    axis: Literal["x", "y", "z"] | None = Field(
        None,
        description="The parameter is the distance of pixels along this axis: arrays that tell their own keep it.",
    )
    also: SecondAxis | None = Field(
        None,
        description="One number for two axes: where these differ, or one is not told, the form says so.",
    )

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters that are asked for."""
        return (self.parameter, self.also.parameter) if self.also else (self.parameter,)


class Pick(Strict):
    """What of a dataset an option picks: one of its arrays, or one place along an axis of that array.

    What there is to pick is read from the dataset's files. Where there is one it is taken, else a person is asked.
    """

    slot: Name | None = Field(None, description="Input slot whose dataset is meant; the first slot if left out.")
    array: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,8}$")] | None = Field(
        None, description='Picks an array that has these axes: "ZYX" for a volume, "YX" for a picture.'
    )
    along: Literal["C", "T", "R"] | None = Field(
        None, description="Picks a place along this axis: C a channel, T a time point, R a position."
    )
    beside: Annotated[str, StringConstraints(pattern=r"^[CTR]{1,3}$")] | None = Field(
        None, description="Further axes that the array may have, along which the program knows the right place."
    )


class OptionBase(Strict):
    """What every option has."""

    name: Name = Field(description="Name in job.json and on the command line.")
    label: Line = Field(description="Name on the form.")
    help: Words | None = Field(None, description="One or two sentences beneath the field.")
    group: Line | None = Field(None, description="Heading under which it stands.")
    required: bool = Field(False, description="The form must not be sent without a value.")
    advanced: bool = Field(False, description='Stands under "More settings".')
    default_from: DefaultFrom | None = Field(None, description="A dataset parameter that gives the default.")
    pick: Pick | None = Field(None, description="What of a dataset it picks, from what its files hold.")
    only_with: dict[Name, Annotated[list[Line], Field(min_length=1, max_length=100)]] = Field(
        {},
        description="Choices before it, with the values that it belongs to: else nobody is asked for it.",
        max_length=10,
    )

    show_when: Condition | None = Field(
        None,
        description="It is asked for, and the program is given it, only where this holds: "
        "\"method == 'manual' && wavelength > 500 nm\".",
    )
    because: Line | None = Field(
        None, description='Why it is not asked for, where show_when does not hold: "needs more than one angle".'
    )

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of all dataset parameters that matter to it, but for those that conditions ask for."""
        return self.default_from.parameters if self.default_from else ()

    @property
    def conditions(self) -> tuple[WrittenCondition, ...]:
        """All its conditions."""
        return (self.show_when,) if self.show_when else ()

    @property
    def unit(self) -> str:
        """The unit in which values stand; empty for plain numbers and words."""
        return ""

    @property
    def typed(self) -> bool:
        """Whether whoever fills in the form writes its value as she likes."""
        return False

    def objection(self, value: object) -> str | None:
        """Why a typed value cannot be taken, in words for the person who gave it; None if it can."""
        raise NotImplementedError


class BooleanOption(OptionBase):
    """A box to tick."""

    type: Literal["boolean"]
    """The kind: a box to tick."""
    default: bool = False
    """Whether it is ticked at first."""

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        return None if isinstance(value, bool) else "Choose true or false."


class Choice(Strict):
    """One of the values of a choice."""

    value: Line
    """What the program gets."""
    label: Line | None = None
    """What people read; the value itself if left out."""
    needs_input: Name | None = Field(None, description="Can be chosen only if a dataset is given in this slot.")
    needs_options: list[Name] = Field(
        [],
        description="Can be chosen only if these options have a value, or the arrays of the files tell it.",
        max_length=20,
    )
    when: Condition | None = Field(
        None, description="Can be chosen only where this holds, of options before it and of the datasets."
    )
    because: Line | None = Field(None, description='Why it cannot, where `when` does not hold: "needs a GPU".')


class UnitOf(Strict):
    """A quantity in files whose unit the choice tells where they do not: its other values may be units."""

    parameter: Line = Field(description="Name of the dataset parameter, as the catalogue has it.")
    as_recorded: Line = Field(
        description="The choice that takes the unit of the files: it cannot be chosen where that is not known."
    )
    units: Line = Field(description="The unit in which `usual` stands.")
    usual: list[float] = Field(
        [],
        description="Values that the quantity usually has: the form says which unit would make it one of them.",
        max_length=10,
    )


class ChoiceOption(OptionBase):
    """One of a few named values."""

    type: Literal["choice"]
    """The kind: one of a few named values."""
    choices: Annotated[list[Line | Choice], Field(min_length=1, max_length=100)]
    """The values: texts, or {value, label} and what each one needs."""
    default: Line | None = None
    """The value that is chosen at first."""
    unit_of: UnitOf | None = Field(
        None, description="A quantity whose unit is asked where the files do not tell it."
    )

    @property
    def parameters(self) -> tuple[str, ...]:
        """See OptionBase."""
        return (*super().parameters, *((self.unit_of.parameter,) if self.unit_of else ()))

    @property
    def conditions(self) -> tuple[WrittenCondition, ...]:
        """See OptionBase."""
        return (*super().conditions, *(item.when for item in self.items if item.when))

    @cached_property
    def items(self) -> tuple[Choice, ...]:
        """The choices in their full form."""
        return tuple(Choice(value=item) if isinstance(item, str) else item for item in self.choices)

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        values = [item.value for item in self.items]
        if value in values and isinstance(value, str):
            return None
        return f"Choose one of: {', '.join(values)}."


class IntegerOption(OptionBase):
    """A whole number."""

    type: Literal["integer"]
    """The kind: a whole number."""
    default: int | None = None
    """The number that stands there at first."""
    min: int | None = None
    """The smallest number that is taken."""
    max: int | None = None
    """The largest number that is taken."""
    step: Annotated[int, Field(ge=1)] = 1
    """By how much the arrows of the field change it."""
    units: Line | None = Field(None, description="Unit of the value, shown beside the field.")

    @property
    def unit(self) -> str:
        """See OptionBase."""
        return self.units or ""

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        if isinstance(value, bool) or not isinstance(value, int):
            return "Give a whole number" + within(self.min, self.max) + "."
        if abs(value) >= LARGEST_WHOLE:
            return "Give a whole number" + within(self.min, self.max) + "; this one is too large."
        return _out_of_bounds(value, self.min, self.max, self.unit) or _nothing_of(self, value)


class FloatOption(OptionBase):
    """A number with a unit."""

    type: Literal["float"]
    """The kind: a number."""
    default: int | float | None = None
    """The number that stands there at first."""
    min: int | float | None = None
    """The smallest number that is taken."""
    max: int | float | None = None
    """The largest number that is taken."""
    step: Annotated[int | float, Field(gt=0)] | None = None
    """By how much the arrows of the field change it."""
    units: Line | None = Field(None, description="Unit of the value, shown beside the field.")

    @property
    def unit(self) -> str:
        """See OptionBase."""
        return self.units or ""

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return "Give a number" + within(self.min, self.max) + "."
        return _out_of_bounds(value, self.min, self.max, self.unit) or _nothing_of(self, value)


def _fits(pattern: str, value: str) -> bool:
    try:
        return patterns.matches(pattern, value)
    except patterns.PatternError:
        return False


class TextOption(OptionBase):
    """A line of text."""

    type: Literal["text"]
    """The kind: a line of text."""
    default: str | None = None
    """The text that stands there at first."""
    pattern: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None,
        description="Regular expression that the whole text must match, of a kind that cannot stall: at every "
        "character it is clear how it goes on.",
    )
    pattern_help: Line | None = Field(None, description="The pattern in words: what a person must write.")
    max_length: Annotated[int, Field(ge=1, le=4000)] = 200
    """So many characters at most."""

    @property
    def typed(self) -> bool:
        """See OptionBase."""
        return True

    @field_validator("pattern")
    @classmethod
    def _cannot_stall(cls, pattern: str | None, info: ValidationInfo) -> str | None:
        # What was published before this was asked still describes the jobs that were made with it.
        if pattern is not None and info.context is WRITTEN_NOW:
            wrong = patterns.objection(pattern)
            if wrong is not None:
                raise ValueError(f"the pattern {wrong}")
        return pattern

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        if not isinstance(value, str):
            return "Give a line of text."
        if len(value) > self.max_length:
            return f"At most {self.max_length} characters; this has {len(value)}."
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            return "One line without control characters, please."
        if self.pattern is not None and not _fits(self.pattern, value):
            return (self.pattern_help or f"Must match the pattern {self.pattern}").rstrip(".") + "."
        return None


def number_words(value: float) -> str:
    """A number as people write it: 20, 0.8, 1e-06; at most six significant digits."""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def within(low: float | None, high: float | None) -> str:
    """Bounds in words, to stand behind a noun: " from 1 to 200", " of at least 1", or nothing."""
    if low is not None and high is not None:
        return f" from {number_words(low)} to {number_words(high)}"
    if low is not None:
        return f" of at least {number_words(low)}"
    return f" of at most {number_words(high)}" if high is not None else ""


def _out_of_bounds(value: float, low: float | None, high: float | None, unit: str) -> str | None:
    if (low is None or value >= low) and (high is None or value <= high):
        return None
    behind = f" {unit}" if unit else ""
    return f"Must be a number{within(low, high)}{behind}; this is {number_words(value)}."


def _nothing_of(option: IntegerOption | FloatOption, value: float) -> str | None:
    """Why 0 or less is no value of what is positive by definition, where the job type names no bound itself."""
    names = (option.name, option.label, option.default_from.parameter if option.default_from else "")
    if value > 0 or option.min is not None or not any(is_more_than_nothing(option.unit, name) for name in names):
        return None
    return f"Must be more than 0; this is {number_words(value)}."


def default_of(option: Any) -> Value | None:
    """The default written in the job type, None where there is none."""
    value: Value | None = option.default
    return value
