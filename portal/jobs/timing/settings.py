"""Whether finished runs had settings like those of one that is to come: what drives time and memory. Pure."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from portal import words
from portal.form import Form
from portal.form.inputs.belongs import belongs
from portal.form.values import as_text, is_blank, parse
from portal.jobtype.model import JobType
from portal.jobtype.option import (
    ChoiceOption,
    FloatOption,
    IntegerOption,
    OptionBase,
    Value,
    default_of,
    number_words,
)

NUMBERS_ALIKE = 1.25
"""Numbers that differ by no more than this factor count as one: time hardly follows a setting more steeply than
an interval is wide."""
MOST_NAMED = 3


class Own:
    """The value that each dataset gives for itself: not known while the form is filled in."""


OWN: Final = Own()


@dataclass(frozen=True)
class Other:
    """How finished runs' settings are not those that are asked about."""

    differing: tuple[str, ...] = ()
    """Settings in which they differ, with the numbers that they had: `Iterations 20 to 1,000`."""
    beyond: str = ""
    """The first one of which they tell nothing, with what is asked for; empty: they lie on both sides of all."""

    @property
    def words(self) -> str:
        """`Iterations 20 to 1,000, Method`."""
        return words.listed(self.differing, MOST_NAMED)


@dataclass(frozen=True)
class Settings:
    """The settings of a run that is to come. Without any, all runs are like it."""

    options: tuple[OptionBase, ...] = ()
    values: Mapping[str, Value | Own | None] | None = None

    @classmethod
    def of(cls, jobtype: JobType, raw: Mapping[str, object]) -> "Settings":
        """From what stands in a form, or OWN. What cannot be read is taken for nothing given."""
        options = tuple(option for option in jobtype.options if _drives(option))
        values: dict[str, Value | Own | None] = {}
        for option in options:
            given, value = raw.get(option.name), default_of(option)
            with suppress(ValueError):
                value = value if given is OWN or is_blank(given) else parse(option, given)
            values[option.name] = OWN if given is OWN or (option.pick and value == "all") else value
        return cls(options, values)

    @classmethod
    def of_job(cls, jobtype: JobType, options: Mapping[str, Any]) -> "Settings":
        """From a job's typed values: what is not among them has none."""
        drive = tuple(option for option in jobtype.options if _drives(option))
        return cls(drive, {option.name: options.get(option.name) for option in drive})

    @property
    def any(self) -> bool:
        """Whether there is anything to compare."""
        return bool(self.options)

    def theirs(self, options: Mapping[str, Any], *, earlier: bool) -> dict[str, Any]:
        """A finished run's settings. What an `earlier` version did not have yet was as its default is now."""
        default = {option.name: default_of(option) for option in self.options} if earlier else {}
        return {option.name: options.get(option.name, default.get(option.name)) for option in self.options}

    def like(self, theirs: Mapping[str, Any]) -> bool:
        """Whether a run that had these is one like this, in all that belongs to what is chosen."""
        return all(_like(self._asked(option), theirs[option.name]) for option in self._belonging())

    def beside(self, pool: Sequence[Mapping[str, Any]]) -> Other:
        """How those of several runs differ, and whether there are some on both sides of each that is asked for."""
        differing = []
        for option in self._belonging():
            asked = self._asked(option)
            values = [theirs[option.name] for theirs in pool]
            if all(_like(asked, value) for value in values):
                continue
            if not _among(asked, values):
                return Other(beyond=f"{option.label} {_said(option, asked)}".strip())
            differing.append(f"{option.label} {_range(values)}".strip())
        return Other(tuple(differing))

    def _belonging(self) -> list[OptionBase]:
        return [option for option in self.options if belongs(option, self.values or {})]

    def _asked(self, option: OptionBase) -> Value | Own | None:
        return (self.values or {}).get(option.name)


def asked_settings(form: Form) -> dict[str, str | Own]:
    """What stands in a form's fields, as `Settings.of` takes it."""
    return {field.name: OWN if field.own else field.value for field in form.fields}


def _drives(option: OptionBase) -> bool:
    """Not which channel or time point is taken: one is as large as the next."""
    return option.pick is None or option.pick.along is None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _like(asked: object, theirs: object) -> bool:
    if asked is OWN:
        return False
    if (
        isinstance(asked, int | float)
        and isinstance(theirs, int | float)
        and _is_number(asked)
        and _is_number(theirs)
    ):
        if asked == theirs:
            return True
        return asked * theirs > 0 and 1 / NUMBERS_ALIKE <= asked / theirs <= NUMBERS_ALIKE
    return asked == theirs


def _among(asked: object, values: Sequence[Any]) -> bool:
    """Whether some had the like, or, of a number, some had less and some had more."""
    if asked is OWN or any(_like(asked, value) for value in values):
        return True
    numbers = [value for value in values if _is_number(value)]
    return _is_number(asked) and bool(numbers) and min(numbers) <= asked <= max(numbers)


def _range(values: Sequence[Any]) -> str:
    """The numbers that they had; of words nothing, which may be somebody's own."""
    numbers = sorted(value for value in values if _is_number(value))
    if not numbers or len(numbers) < len(values):
        return ""
    first, last = _number(numbers[0]), _number(numbers[-1])
    return first if first == last else f"{first} to {last}"


def _said(option: OptionBase, asked: object) -> str:
    if asked is None or asked is OWN:
        return "left empty"
    if isinstance(option, IntegerOption | FloatOption):
        return f"{_number(asked)} {option.unit}".rstrip()
    items = option.items if isinstance(option, ChoiceOption) else ()
    label = next((item.label for item in items if item.value == asked and item.label), None)
    return f"“{words.one_line(label or as_text(asked), 60)}”"


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else number_words(value)
