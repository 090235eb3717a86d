"""What must hold between the parts of a job type: one finding a place, in words for whoever wrote the file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gantry_formats import factor_between, unit_of
from portal.jobtype import title
from portal.jobtype.command.checks import command_findings
from portal.jobtype.conditions.checks import conditions_findings
from portal.jobtype.crop_checks import crop_findings
from portal.jobtype.finding import Finding, Path, suggestion, unknown
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.kinds.lists import NumbersOption, SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.kinds.texts import DateOption
from portal.jobtype.licences.checks import licence_findings
from portal.jobtype.methods_checks import methods_findings
from portal.jobtype.option import (
    BooleanOption,
    ChoiceOption,
    FloatOption,
    IntegerOption,
    OptionBase,
    TextOption,
    default_of,
)
from portal.jobtype.reports.checks import reports_findings

if TYPE_CHECKING:
    from portal.jobtype.model import JobType

WITHOUT_SOURCE = (BooleanOption, FileOption, SeveralOption, NumbersOption, RangeOption)
"""Kinds of which a dataset's one parameter says nothing."""
RESERVED = frozenset({"input", "analysis", "inputs", "variant", "title", "mode", "preset"})
RESERVED_WITHOUT_INPUTS = RESERVED | {"experiment"}
"""Where no dataset says in which experiment a result belongs, the form has a field for it."""

PAGES: Final = frozenset({"drafts", "part", "presets"})
"""What stands in addresses of pages in the place of an analysis' name."""
MOST_CHOICES: Final = 5_000
"""Of all options together."""


def findings(jobtype: JobType) -> list[Finding]:
    """Everything that does not fit together; empty if the job type is sound."""
    return [
        *_doubles("inputs", "slot", [slot.name for slot in jobtype.inputs]),
        *_doubles("options", "option", [option.name for option in jobtype.options]),
        *_doubles("outputs", "output", [output.name for output in jobtype.outputs]),
        *_doubles("presets", "preset", [preset.name.casefold() for preset in jobtype.presets]),
        *_doubles(("resources", "variants"), "variant", [v.name for v in jobtype.resources.variants]),
        *licence_findings(
            jobtype.licences,
            jobtype.licence_servers,
            network=jobtype.network,
            ranks=[variant.ranks for variant in jobtype.resources.variants],
            program=jobtype.program,
        ),
        *_slots(jobtype),
        *_options(jobtype),
        *conditions_findings(
            jobtype.options,
            [slot.name for slot in jobtype.inputs],
            presets=jobtype.presets,
            needs=jobtype.needs,
            variants=jobtype.resources.variants,
        ),
        *_presets(jobtype),
        *_resources(jobtype),
        *_title(jobtype),
        *command_findings(jobtype.program, jobtype.options, {slot.name: slot.max for slot in jobtype.inputs}),
        *reports_findings(
            jobtype.exit_codes,
            jobtype.success_codes,
            jobtype.parameters,
            jobtype.pictures,
            leaves_result=bool(jobtype.outputs),
        ),
        *methods_findings(
            jobtype.methods,
            jobtype.references,
            {option.name: option for option in jobtype.options},
            [slot.name for slot in jobtype.inputs],
        ),
        *crop_findings(
            jobtype.crop,
            {option.name: option for option in jobtype.options},
            [slot.name for slot in jobtype.inputs],
        ),
    ]


def choices_now(options: Sequence[OptionBase]) -> Iterator[Finding]:
    """What is refused in what is written now: more choices than a form can show."""
    lists = [one.items if isinstance(one, ChoiceOption | SeveralOption) else () for one in options]
    many = sum(map(len, lists))
    if many > MOST_CHOICES:
        longest = max(range(len(lists)), key=lambda index: len(lists[index]))
        said = f"all options together have {many:,} choices, and a form shows {MOST_CHOICES:,} at most"
        yield ("options", longest, "choices"), f"{said}: shorten lists, or let people type the value"


def name_now(name: str) -> Iterator[Finding]:
    """What is refused in what is written now: a name whose page would stand at the address of another."""
    if name in PAGES:
        yield ("name",), f"{name} is the address of another page: choose another name"


def _doubles(place: str | Path, noun: str, names: list[str]) -> Iterator[Finding]:
    start: Path = (place,) if isinstance(place, str) else place
    for index, name in enumerate(names):
        if name in names[:index]:
            yield (*start, index, "name"), f"there are two {noun}s named {name}"


def _slots(jobtype: JobType) -> Iterator[Finding]:
    for index, slot in enumerate(jobtype.inputs):
        if slot.min > slot.max:
            yield ("inputs", index, "min"), f"min {slot.min} is above max {slot.max}"


def _options(jobtype: JobType) -> Iterator[Finding]:
    slots = [slot.name for slot in jobtype.inputs]
    for index, option in enumerate(jobtype.options):
        place: Path = ("options", index)
        if option.name in (RESERVED if slots else RESERVED_WITHOUT_INPUTS):
            yield (*place, "name"), f"{option.name} is a reserved name"
        default = default_of(option)
        if default is not None and (reason := option.objection(default)):
            yield (*place, "default"), f"the default of {option.name} cannot be taken: {reason}"
        yield from _bounds(option, place)
        source = option.default_from
        if source is not None:
            yield from _source(option, place, slots)
        if option.pick is not None:
            yield from _pick(option, place, slots)
        yield from _only_with(option, place, jobtype.options[:index])
        if isinstance(option, FileOption):
            yield from _file(option, place, jobtype)
        if isinstance(option, ChoiceOption):
            yield from _choices(option, place, slots, [other.name for other in jobtype.options])
    yield from _picks(jobtype, slots)


def _bounds(option: OptionBase, place: Path) -> Iterator[Finding]:
    if isinstance(option, SeveralOption):
        yield from _several(option, place)
    if isinstance(option, NumbersOption) and option.min_items > option.max_items:
        yield (*place, "min_items"), f"min_items of {option.name} is above its max_items"
    if isinstance(option, DateOption) and option.min and option.max and option.min > option.max:
        yield (*place, "min"), f"min of {option.name} is behind its max"
    if not isinstance(option, IntegerOption | FloatOption | NumbersOption | RangeOption):
        return
    for key in ("min", "max", "step", "default"):
        value = getattr(option, key, None)
        if isinstance(value, int | float) and not math.isfinite(value):
            yield (*place, key), f"{key} of {option.name} is not a finite number"
    if option.min is not None and option.max is not None and option.min > option.max:
        yield (*place, "min"), f"min of {option.name} is above its max"


def _file(option: FileOption, place: Path, jobtype: JobType) -> Iterator[Finding]:
    slots = {slot.name: slot for slot in jobtype.inputs}
    name = option.slot or next(iter(slots), None)
    if name is None:
        yield (*place, "type"), f"{option.name} is a file of a dataset, and there is no input slot"
    elif name not in slots:
        yield (*place, "slot"), unknown("slot", name, list(slots))
    elif slots[name].max > 1:
        yield (*place, "slot"), f"the slot {name} takes several datasets; a file is chosen out of one"


def _several(option: SeveralOption, place: Path) -> Iterator[Finding]:
    values = [item.value for item in option.items]
    for index, value in enumerate(values):
        if value in values[:index]:
            yield (*place, "choices", index), f"{value} is there twice"
    if option.min > (len(values) if option.max is None else min(option.max, len(values))):
        yield (*place, "min"), f"min of {option.name} is above what can be chosen"


def _source(option: OptionBase, place: Path, slots: list[str]) -> Iterator[Finding]:
    source = option.default_from
    assert source is not None
    if isinstance(option, WITHOUT_SOURCE):
        called = f"{option.type} option".replace("_", " ")
        yield (*place, "default_from"), f"a {called} cannot take its default from a dataset"
    elif not slots:
        yield (*place, "default_from"), "there is no input slot whose dataset could give the default"
    elif source.slot is not None and source.slot not in slots:
        yield (*place, "default_from", "slot"), unknown("slot", source.slot, slots)
    if source.also is not None and (source.axis is None or source.axis == source.also.axis):
        yield (*place, "default_from", "also"), "what stands for two axes names two, one in axis and one in also"
    if source.factor is not None and not isinstance(option, IntegerOption | FloatOption):
        yield (*place, "default_from", "factor"), "only numbers have a factor"


def _only_with(option: OptionBase, place: Path, before: Sequence[OptionBase]) -> Iterator[Finding]:
    choices = {other.name: other for other in before if isinstance(other, ChoiceOption)}
    for name, values in option.only_with.items():
        if name not in choices:
            words = f"there is no choice named {name} before {option.name}{suggestion(name, choices)}"
            yield (*place, "only_with", name), words
            continue
        known = [item.value for item in choices[name].items]
        for value in values:
            if value not in known:
                yield (*place, "only_with", name), unknown("choice", value, known)


def _pick(option: OptionBase, place: Path, slots: list[str]) -> Iterator[Finding]:
    pick = option.pick
    assert pick is not None
    if (pick.array is None) == (pick.along is None):
        yield (*place, "pick"), f"{option.name} must pick either an array or a place along an axis"
    elif pick.array is not None and not isinstance(option, TextOption):
        yield (*place, "pick", "array"), "what picks an array is a text: the array's name"
    elif pick.beside is not None and pick.array is None:
        yield (*place, "pick", "beside"), "only what picks an array says which further axes it may have"
    elif pick.along is not None and not isinstance(option, IntegerOption):
        yield (*place, "pick", "along"), "what picks a place along an axis is a whole number, counted from 0"
    if not slots:
        yield (*place, "pick"), "there is no input slot whose dataset could be picked from"
    elif pick.slot is not None and pick.slot not in slots:
        yield (*place, "pick", "slot"), unknown("slot", pick.slot, slots)
    if option.required or option.default_from is not None or default_of(option) is not None:
        yield (*place, "pick"), f"{option.name} is asked where it must be; it has no default and is not required"


def _picks(jobtype: JobType, slots: list[str]) -> Iterator[Finding]:
    """Of each slot one option picks the array, and one at most a place along each axis."""
    first = slots[0] if slots else ""
    seen: dict[tuple[str, str], str] = {}
    for index, option in enumerate(jobtype.options):
        if option.pick is None:
            continue
        what = (option.pick.slot or first, option.pick.along or "")
        if what in seen:
            yield ("options", index, "pick"), f"{option.name} picks the same as {seen[what]}"
        seen.setdefault(what, option.name)
    for index, option in enumerate(jobtype.options):
        if option.pick is not None and option.pick.along and (option.pick.slot or first, "") not in seen:
            yield ("options", index, "pick"), f"{option.name} needs an option that picks the array"


def _choices(option: ChoiceOption, place: Path, slots: list[str], names: list[str]) -> Iterator[Finding]:
    values = [item.value for item in option.items]
    for index, item in enumerate(option.items):
        if item.value in values[:index]:
            yield (*place, "choices", index), f"{item.value} is there twice"
        if item.needs_input is not None and item.needs_input not in slots:
            yield (*place, "choices", index, "needs_input"), unknown("slot", item.needs_input, slots)
        for name in item.needs_options:
            if name not in names:
                yield (*place, "choices", index, "needs_options"), unknown("option", name, names)
    if (asked := option.unit_of) is not None:
        if not slots:
            yield (*place, "unit_of"), "there is no input slot whose dataset could be asked"
        if asked.as_recorded not in values:
            yield (*place, "unit_of", "as_recorded"), unknown("choice", asked.as_recorded, values)
        if unit_of(asked.units) is None:
            yield (*place, "unit_of", "units"), f"{asked.units} is no unit that is known here"
        elif all(factor_between(value, asked.units) is None for value in values):
            yield (*place, "unit_of", "units"), f"none of the choices is a unit that converts to {asked.units}"


def _presets(jobtype: JobType) -> Iterator[Finding]:
    options = {option.name: option for option in jobtype.options}
    for index, preset in enumerate(jobtype.presets):
        for name, value in preset.values.items():
            place: Path = ("presets", index, "values", name)
            if name not in options:
                yield place, unknown("option", name, list(options))
            elif reason := options[name].objection(value):
                yield place, f"preset {preset.name}: {name} cannot be {value!r}: {reason}"


def _resources(jobtype: JobType) -> Iterator[Finding]:
    names = [variant.name for variant in jobtype.resources.variants]
    if jobtype.resources.default not in names:
        yield ("resources", "default"), unknown("variant", jobtype.resources.default, names)
    for index, variant in enumerate(jobtype.resources.variants):
        if jobtype.grace_s >= variant.time_s:
            yield (
                ("resources", "variants", index, "time_s"),
                f"the time limit of {variant.name} is not longer than grace_s ({jobtype.grace_s} s)",
            )


def _title(jobtype: JobType) -> Iterator[Finding]:
    always = title.ALWAYS if jobtype.inputs else title.ALWAYS - {"input"}
    known = sorted(always | {option.name for option in jobtype.options})
    try:
        names = title.placeholders(jobtype.result_title)
    except ValueError as error:
        yield ("result_title",), f"not a usable template: {error}"
        return
    for name in names:
        if name == "input" and name not in known:
            yield ("result_title",), "{input} is the name of a dataset, and this analysis takes none"
        elif name not in known:
            yield ("result_title",), f"{{{name}}} is no placeholder here{suggestion(name, known)}"
