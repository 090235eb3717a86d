"""Reads the conditions of a job type, with the names that each may ask for, and tells what is wrong with them."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from gantry_formats import unit_of
from portal.jobtype.conditions.condition import Need, WrittenCondition
from portal.jobtype.conditions.kinds import BOOLEAN, LIST, TEXT, Kind, counted
from portal.jobtype.conditions.parse import Names, WrittenWrongError, read_condition, read_number
from portal.jobtype.finding import Finding, Path
from portal.jobtype.kinds.lists import NumbersOption, SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.option import BooleanOption, ChoiceOption, FloatOption, IntegerOption, OptionBase


class WithReason(Protocol):
    """What can be chosen, or fits, only under a condition."""

    @property
    def when(self) -> WrittenCondition | None:
        """Under which."""

    @property
    def because(self) -> str | None:
        """Why not, where it does not hold."""


class Sized(Protocol):
    """A resource request that may grow with the input."""

    @property
    def memory(self) -> WrittenCondition | None:
        """How much memory the input takes."""

    @property
    def time(self) -> WrittenCondition | None:
        """How long the input takes."""


def conditions_findings(
    options: Sequence[OptionBase],
    slots: Sequence[str],
    *,
    presets: Sequence[WithReason],
    needs: Sequence[Need],
    variants: Sequence[Sized],
) -> Iterator[Finding]:
    """What is wrong with each condition; those that are right know their trees from then on."""
    before: dict[str, Kind] = {}
    for index, option in enumerate(options):
        place: Path = ("options", index)
        later = [other.name for other in options[index:]]
        names = Names(before, slots, later)
        yield from _read(option.show_when, names, (*place, "show_when"))
        if option.because is not None and option.show_when is None:
            yield (*place, "because"), "because says why an option is not asked for, and there is no show_when"
        for number, item in enumerate(option.items if isinstance(option, ChoiceOption) else ()):
            yield from _with_reason(item, names, (*place, "choices", number))
        before |= _kinds(option)
    # Before there is a value of any option.
    names = Names({}, slots, apart=[option.name for option in options])
    for index, preset in enumerate(presets):
        yield from _with_reason(preset, names, ("presets", index))
    for index, need in enumerate(needs):
        yield from _with_reason(need, names, ("needs", index))
        if not slots:
            yield ("needs", index), "needs says of which datasets it is, and this takes none"
    yield from _sizes(variants, Names(before, slots))


def _with_reason(one: WithReason, names: Names, place: Path) -> Iterator[Finding]:
    yield from _read(one.when, names, (*place, "when"))
    if one.because is not None and one.when is None:
        yield (*place, "because"), "because says why it cannot be chosen, and there is no when"


def _sizes(variants: Sequence[Sized], names: Names) -> Iterator[Finding]:
    """How much memory and time the input takes; every option may have its part in it."""
    for index, variant in enumerate(variants):
        place: Path = ("resources", "variants", index)
        yield from _read(variant.memory, names, (*place, "memory"), dimension="bytes")
        yield from _read(variant.time, names, (*place, "time"), dimension="time")


def _kinds(option: OptionBase) -> dict[str, Kind]:
    """The kinds of an option's values, by the names by which conditions ask for them."""
    found = {option.name: _kind(option)}
    if isinstance(option, RangeOption):
        found |= {f"{option.name}.{end}": _number_of(option) for end in ("low", "high")}
    return found


def _kind(option: OptionBase) -> Kind:
    if isinstance(option, BooleanOption):
        return BOOLEAN
    if isinstance(option, ChoiceOption):
        return Kind("text", choices=tuple(item.value for item in option.items))
    if isinstance(option, SeveralOption):
        return Kind("list", choices=tuple(item.value for item in option.items))
    if isinstance(option, NumbersOption | RangeOption):
        return LIST
    return _number_of(option) if isinstance(option, IntegerOption | FloatOption) else TEXT


def _number_of(option: OptionBase) -> Kind:
    unit = unit_of(option.unit)
    return counted("" if unit is None else str(unit.dimension))


def _read(
    condition: WrittenCondition | None, names: Names, place: Path, *, dimension: str | None = None
) -> Iterator[Finding]:
    """`dimension`: of the number that it must be; None: it is true or false."""
    if condition is None or condition.tree is not None:
        return
    try:
        if dimension is None:
            condition.understood(read_condition(condition.text, names))
        else:
            condition.understood(read_number(condition.text, names, dimension))
    except WrittenWrongError as error:
        yield place, f"{place[-1]}, at character {error.column}: {error}"
