"""The jobs of a trial: one dataset, one job for each value, on the same part."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portal.errors import InvalidError
from portal.form import Inputs, Planned, plan
from portal.form.inputs.belongs import belongs
from portal.form.plan import hidden_options, with_preset
from portal.form.values import is_blank
from portal.jobtype.finding import suggestion
from portal.jobtype.model import NEVER_TRIED, JobType
from portal.jobtype.option import OptionBase, Value
from portal.jobtype.title import MAX_TITLE
from portal.trials.part import usual_part
from portal.trials.trial import Asked, Trial
from portal.trials.values import checked, value_words
from portal.words import listed

OPTION = "try.option"
DATASET = "try.dataset"
CROP = "crop."
"""Before the name of an option that limits the work, in the `fields` of an InvalidError."""


def plan_trial(
    jobtype: JobType, raw: Mapping[str, Any], inputs: Inputs, asked: Asked, *, preset: str | None = None
) -> tuple[list[Planned], Trial]:
    """A job for each value, in their order, and what is kept of the trial. Raises InvalidError.

    `raw` is the form as it was typed; the part and the value stand over it.
    """
    option = tried(jobtype, asked.option)
    _check_one_dataset(jobtype, inputs)
    values = checked(option, asked.values)
    part = part_of(jobtype, inputs, raw, asked)
    if part and all(is_blank(value) for value in part.values()):
        plan(jobtype, {**raw, option.name: values[0]}, inputs, preset=preset)  # what is wrong besides goes first
        raise _no_part(jobtype)
    _check_asked_for(jobtype, option, {**raw, **part}, inputs, preset)
    planned: list[Planned] = []
    for value in values:
        try:
            found = plan(jobtype, {**raw, **part, option.name: value}, inputs, preset=preset)
        except InvalidError as error:
            raise _placed(error, option, part, value_words(option, value)) from error
        if len(found) != 1:
            raise _one_of_all(jobtype, raw)
        if not belongs(option, found[0].options):
            raise _of_no_matter(jobtype, option)
        planned.append(replace(found[0], title=titled(found[0].title, option, value)))
    cut = {name: planned[0].options[name] for name in part if name in planned[0].options}
    base = {name: one for name, one in with_preset(jobtype, raw, preset).items() if name != option.name}
    chosen = tuple(dict.fromkeys([*(one.id for one in inputs[_slot(jobtype)]), *asked.datasets]))
    return planned, Trial(option.name, cut, base, chosen, asked.title, asked.mode)


def tried(jobtype: JobType, name: str) -> OptionBase:
    """The option of this name, if its values can be tried. Raises InvalidError."""
    possible = [option for option in jobtype.options if jobtype.can_be_tried(option)]
    found = next((option for option in possible if option.name == name), None)
    if found is not None:
        return found
    names = [option.name for option in possible]
    if not names:
        words = f"{jobtype.title} has no option of which values could be tried."
    elif any(option.name == name for option in jobtype.options):
        parts = isinstance(jobtype.option(name), NEVER_TRIED)
        why = "has a value of several parts" if parts else "says what is worked on"
        words = f"{name} {why}: its values cannot be tried. There are: {', '.join(names)}."
    else:
        close = suggestion(name, names)
        words = f"There is no option named {name}{close or '.'}"
    raise InvalidError(words, fields={OPTION: words})


def part_of(jobtype: JobType, inputs: Inputs, raw: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Raw values of the options that limit the work; nothing for the whole dataset. Raises InvalidError."""
    crop = jobtype.crop
    known = crop.names if crop is not None else ()
    unknown = [name for name in asked.crop if name not in known]
    if unknown:
        there = f"There are: {', '.join(known)}" if known else f"{jobtype.title} works on whole datasets"
        raise InvalidError(
            f"{unknown[0]} does not limit the work{suggestion(unknown[0], known) or '.'} {there}.",
            fields={f"{CROP}{name}": f"This does not limit the work. {there}." for name in unknown},
        )
    if asked.whole or crop is None or asked.option in crop.whole:
        return {}
    return {**usual_part(jobtype, inputs, raw), **asked.crop}


def _no_part(jobtype: JobType) -> InvalidError:
    assert jobtype.crop is not None  # or there were no options that limit the work
    words = "Nothing here makes it a part. Give one, or try the values on the whole dataset."
    return InvalidError(words, fields={f"{CROP}{jobtype.crop.names[-1]}": words})


def _check_asked_for(
    jobtype: JobType, option: OptionBase, raw: Mapping[str, Any], inputs: Inputs, preset: str | None
) -> None:
    why = hidden_options(jobtype, raw, [inputs], preset=preset).get(option.name)
    if why is not None:
        words = f"{option.label} is not asked for with what is chosen, and all results would be the same. {why}"
        raise InvalidError(words, fields={OPTION: words})


def _of_no_matter(jobtype: JobType, option: OptionBase) -> InvalidError:
    before = listed([jobtype.option(name).label for name in option.only_with], len(option.only_with))
    words = f"{option.label} does not matter with what is chosen for {before}: all results would be the same."
    return InvalidError(words, fields={OPTION: words})


def titled(title: str, option: OptionBase, value: Value) -> str:
    """The name of a trial's result, which says that it is one: "Heart, deconvolved, trial with Iterations 20"."""
    tail = f", trial with {option.label} {value_words(option, value)}"[: MAX_TITLE // 2]
    room = MAX_TITLE - len(tail)
    return (title if len(title) <= room else f"{title[: room - 1].rstrip()}…") + tail


def _slot(jobtype: JobType) -> str:
    assert jobtype.slot is not None  # an analysis without a slot has no option that can be tried
    return jobtype.slot.name


def _check_one_dataset(jobtype: JobType, inputs: Inputs) -> None:
    given = len(inputs.get(_slot(jobtype), ()))
    if given != 1:
        words = f"Values are tried on one dataset; {'none is' if not given else f'{given} are'} chosen."
        raise InvalidError(words, fields={DATASET: words})


def _one_of_all(jobtype: JobType, raw: Mapping[str, Any]) -> InvalidError:
    words = "Choose one: values are not tried on all of them."
    picks = [option for option in jobtype.options if option.pick and not is_blank(raw.get(option.name))]
    return InvalidError(words, fields={option.name: words for option in picks})


def _placed(error: InvalidError, option: OptionBase, part: Mapping[str, Any], value: str) -> InvalidError:
    """The same, with what is wrong of the part or of the value beside their fields."""
    fields = {}
    for name, words in error.fields.items():
        if name == option.name:
            fields["try.values"] = f"{value}: {words}"
        elif name in part:
            fields[f"{CROP}{name}"] = words
        else:
            fields[name] = words
    return InvalidError(error.message, fields=fields, detail=error.detail)
