"""What was typed -> what runs: one set of typed options for each job."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gantry_formats.commands.hyphens import FLAG_WORDS, like_a_flag
from gantry_formats.images import alike
from portal.errors import InvalidError
from portal.form.conditions import hidden_in, needs_unmet, not_offered, not_offered_in, preset_unmet, why_hidden
from portal.form.defaults import default_for, untold, unusable
from portal.form.inputs.belongs import belongs
from portal.form.inputs.chosen_file import file_objection
from portal.form.inputs.dataset import Inputs
from portal.form.inputs.picks import MOST_REASONS, MOST_RESULTS, Picked, PickError, further_without, resolve
from portal.form.inputs.slots import check_slots
from portal.form.recipe import recipe_objections
from portal.form.target import FIELD, objection_to_target
from portal.form.titles import result_title
from portal.form.told import datasets_asked, said_by
from portal.form.two_axes import along_both, both_in_words, differing
from portal.form.values import as_text, is_blank, parse
from portal.jobtype.finding import suggestion
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.kinds.lists import SeveralOption
from portal.jobtype.model import JobType, Preset
from portal.jobtype.option import BooleanOption, ChoiceOption, OptionBase, Value, default_of
from portal.level import level
from portal.words import listed

Options = dict[str, Value]
MOST_TOLD = 3
NOT_USED = "Leave it empty: it is not used."
ANOTHER = "Choose another one."
"""Ends of what a condition has against a value, which may be so of some of the datasets alone."""


@dataclass(frozen=True)
class Planned:
    """One job of a submission: its datasets by slot, its typed options, its result's name."""

    inputs: Inputs
    options: Options
    title: str


def typed(jobtype: JobType, raw: Mapping[str, Any], inputs: Inputs, *, preset: str | None = None) -> Options:
    """The typed options of one job on these datasets. An option without any value is left out.

    A key that is missing from `raw` takes the preset's value, else the dataset's, else the job type's default; so
    does one that is there but blank, unless it is required and no dataset gives it: then a person cleared a
    field that must be filled, and is asked. Raises InvalidError whose `fields` has an
    option's name, or `inputs.<slot>`, for each thing wrong.
    """
    return _typed(jobtype, with_preset(jobtype, raw, preset), inputs, preset)


def _typed(jobtype: JobType, values: Mapping[str, Any], inputs: Inputs, preset: str | None) -> Options:
    """`values`: with the preset's."""
    wrong = check_slots(jobtype, inputs)
    options, in_options = typed_options(jobtype, values, inputs, preset=preset)
    wrong.update(in_options)
    wrong.update(recipe_objections(jobtype, options, wrong))
    if wrong:
        raise _invalid(jobtype, wrong)
    return options


def plan(
    jobtype: JobType,
    raw: Mapping[str, Any],
    inputs: Inputs,
    *,
    mode: str = "each",
    preset: str | None = None,
    experiment: int | None = None,
) -> list[Planned]:
    """The jobs of a submission: a job a dataset of the first slot (`each`, with its own defaults) or one (`all`).

    Where all arrays, channels, time points or positions of a dataset are asked for, there is a job of each.

    `experiment`: the one chosen for the results; who may choose it is not asked here. Raises InvalidError.
    """
    jobs = split(jobtype, inputs, mode)
    planned: list[Planned] = []
    objection = objection_to_target(jobtype, experiment)
    wrong: dict[str, str] = {} if objection is None else {FIELD: objection}
    wrong |= {f"inputs.{slot}": words for slot, words in needs_unmet(jobtype, jobs).items()}
    if preset and (why := preset_unmet(jobtype, jobtype_preset(jobtype, preset), jobs)):
        wrong["preset"] = f"{why} {ANOTHER}"
    apart: dict[str, dict[str, list[str]]] = {}
    unpicked = _Unpicked(jobtype, several=len(jobs) > 1)
    for job in jobs:
        try:
            values = with_preset(jobtype, raw, preset)
            for picked in unpicked.resolved(values, job):
                options = _typed(jobtype, _with_picks(values, picked), job, preset)
                planned.append(Planned(job, options, result_title(jobtype, job, options, picked.words)))
        except InvalidError as error:
            for name, words in error.fields.items():
                wrong.setdefault(name, words)
                if words.endswith((NOT_USED, ANOTHER)):
                    apart.setdefault(name, {}).setdefault(words, []).append(_called(jobtype, job))
        if len(planned) > MOST_RESULTS:
            raise InvalidError(f"This makes more than {MOST_RESULTS:,} results. Choose fewer.")
    wrong |= {name: words for name, words in unpicked.words().items() if name not in wrong}
    for name, by_words in apart.items():
        words, names = next(iter(by_words.items()))
        if len(names) < len(jobs) and wrong[name] == words:
            wrong[name] = f"{listed([f'“{one}”' for one in names])}: {words}"
    if wrong:
        raise _invalid(jobtype, wrong)
    return planned


def _called(jobtype: JobType, job: Inputs) -> str:
    """The name of the dataset by which people know a job."""
    given = job.get(jobtype.slot.name, ()) if jobtype.slot else ()
    return given[0].name if given else "none"


def results_of(jobtype: JobType, raw: Mapping[str, Any], inputs: Inputs, mode: str) -> int:
    """How many results a form makes, as far as it is known what is chosen."""
    unpicked = _Unpicked(jobtype, several=False)
    return sum(len(unpicked.resolved(raw, job)) for job in split(jobtype, inputs, mode))


class _Unpicked:
    """What could not be picked of which datasets."""

    def __init__(self, jobtype: JobType, *, several: bool) -> None:
        self.jobtype, self.several = jobtype, several
        self.found: dict[str, dict[str, list[str]]] = {}
        """By field and words, the names of the datasets of which they hold."""

    def resolved(self, raw: Mapping[str, Any], job: Inputs) -> list[Picked]:
        """The choices of a job; one without any where they cannot be made."""
        if not self.jobtype.picks_arrays:
            return [Picked({})]
        try:
            return resolve(self.jobtype, raw, job)
        except PickError as error:
            slot = self.jobtype.slot
            names = [dataset.name for dataset in job.get(slot.name, ())] if slot else []
            for field, words in error.fields.items():
                self.found.setdefault(field, {}).setdefault(words, []).extend(names[:1])
            nothing = {option.name: None for option in self.jobtype.options if option.pick}
            return [Picked(nothing)]

    def words(self) -> dict[str, str]:
        """What to say beside each field; of several datasets, in which."""
        told = {}
        for field, by_words in self.found.items():
            if field.startswith("inputs."):  # its words name the dataset
                further = [names[0] for names in list(by_words.values())[MOST_REASONS:]]
                told[field] = " ".join([*list(by_words)[:MOST_REASONS], further_without(further)]).strip()
                continue
            parts = [
                f"{listed([f'“{name}”' for name in names])}: {words}" if self.several else words
                for words, names in list(by_words.items())[:MOST_TOLD]
            ]
            more = len(by_words) - len(parts)
            told[field] = " ".join([*parts, *([f"The same of {more} more."] if more > 0 else [])])
        return told


def _with_picks(raw: Mapping[str, Any], picked: Picked) -> dict[str, Any]:
    """What was typed, with what was picked in the place of names, numbers and `all`."""
    taken = {name: value for name, value in picked.values.items() if value is not None}
    return {name: value for name, value in raw.items() if name not in picked.values} | taken


def check_mode(mode: str) -> None:
    """Raise InvalidError if the mode is not `each` or `all`."""
    if mode not in {"each", "all"}:
        raise InvalidError("Run a job for each dataset, or one over all.", fields={"mode": "Choose each or all."})


def split(jobtype: JobType, inputs: Inputs, mode: str) -> list[Inputs]:
    """The datasets of each job. Raises InvalidError if the mode is not `each` or `all`."""
    check_mode(mode)
    slot = jobtype.slot
    if mode == "all" or slot is None or len(inputs.get(slot.name, ())) <= 1:
        return [inputs]
    return [{**inputs, slot.name: [dataset]} for dataset in inputs[slot.name]]


def with_preset(jobtype: JobType, raw: Mapping[str, Any], preset: str | None) -> dict[str, Any]:
    """`raw` over the preset's values. Raises InvalidError for a preset that does not exist."""
    if not preset:
        return dict(raw)
    return {**jobtype_preset(jobtype, preset).values, **raw}


def jobtype_preset(jobtype: JobType, preset: str) -> Preset:
    """The preset of this name. Raises InvalidError."""
    try:
        return jobtype.preset(preset)
    except KeyError:
        names = [known.name for known in jobtype.presets]
        there = f"There are: {', '.join(names)}." if names else "This analysis has none."
        raise InvalidError(
            f"No preset is named {preset}. {there}", fields={"preset": f"No such preset. {there}"}
        ) from None


def hidden_options(
    jobtype: JobType, raw: Mapping[str, Any], jobs: Sequence[Inputs], *, preset: str | None = None
) -> dict[str, str]:
    """Options that are not asked for in one of these jobs at least, and why."""
    if not any(option.show_when for option in jobtype.options):
        return {}
    values = with_preset(jobtype, raw, preset)
    return hidden_in(jobtype, [(typed_options(jobtype, values, job)[0], job) for job in jobs])


def typed_options(
    jobtype: JobType, raw: Mapping[str, Any], inputs: Inputs, *, preset: str | None = None
) -> tuple[Options, dict[str, str]]:
    """Typed values of what can be taken, and words for what cannot; `preset`: whose values `raw` has already."""
    names = [option.name for option in jobtype.options]
    wrong = {
        name: f"This analysis has no option named {name}{suggestion(name, names)}"
        for name in raw
        if name not in names
    }
    options: Options = {}
    for option in jobtype.options:
        hidden = why_hidden(jobtype, option, options, inputs)
        if hidden is not None:
            # Nobody is told of what follows from another mistake.
            told = option.show_when is None or any(name in wrong for name in option.show_when.names("option"))
            if not told and _says_something(jobtype, option, raw.get(option.name), inputs, preset):
                wrong[option.name] = f"{hidden} {NOT_USED}"
            continue
        try:
            if belongs(option, options) or not is_blank(raw.get(option.name)):
                value = _value(jobtype, option, raw, inputs)
                if why := not_offered(jobtype, option, options, inputs).get(str(value)):
                    raise ValueError(f"{_label_of(option, value)} cannot be chosen: {why} {ANOTHER}")
            else:
                value = _unasked(jobtype, option, inputs)
        except ValueError as error:
            wrong[option.name] = str(error)
            continue
        if value is not None and option.name in jobtype.typed_alone and like_a_flag(value):
            wrong[option.name] = f"It {FLAG_WORDS}."
        elif value is not None:
            options[option.name] = value
    for name, words in (*_lacking(jobtype, options, inputs), *_not_for_both(jobtype, options, inputs)):
        wrong.setdefault(name, words)
    return options, wrong


def _label_of(option: OptionBase, value: Value | None) -> str:
    items = option.items if isinstance(option, ChoiceOption) else ()
    return next((item.label or item.value for item in items if item.value == value), str(value))


def unoffered_values(
    jobtype: JobType, raw: Mapping[str, Any], jobs: Sequence[Inputs], *, preset: str | None = None
) -> dict[str, dict[str, str]]:
    """The values of each choice that cannot be chosen in one of these jobs at least, and why."""
    choices = [option for option in jobtype.options if isinstance(option, ChoiceOption)]
    choices = [option for option in choices if any(item.when for item in option.items)]
    if not choices:
        return {}
    values = with_preset(jobtype, raw, preset)
    typed_in = [(typed_options(jobtype, values, job)[0], job) for job in jobs]
    return {option.name: not_offered_in(jobtype, option, typed_in) for option in choices}


def _says_something(jobtype: JobType, option: OptionBase, given: Any, inputs: Inputs, preset: str | None) -> bool:
    """Whether somebody gave another value than the form shows by itself."""
    by_itself: list[object] = [default_of(option), default_for(jobtype, option, inputs).value]
    if preset:
        by_itself.append(jobtype.preset(preset).values.get(option.name))
    if is_blank(given) or as_text(given) in map(as_text, by_itself):
        return False
    return not isinstance(option, BooleanOption) or given in (True, "true", "on")


def _lacking(jobtype: JobType, options: Options, inputs: Inputs) -> Iterator[tuple[str, str]]:
    """What a choice needs and nobody says: neither the form, nor the dataset, nor the arrays of its files."""
    by_name = {option.name: option for option in jobtype.options}
    choices = [option for option in jobtype.options if isinstance(option, ChoiceOption)]
    chosen = [item for choice in choices for item in choice.items if item.value == options.get(choice.name)]
    for name in (name for item in chosen for name in item.needs_options if name not in options):
        option = by_name[name]
        asked = datasets_asked(jobtype, option, inputs)
        beyond = [said for one in asked if unusable(option, one) and (said := said_by(option, one)) is not None]
        if beyond or any(untold(jobtype, option, dataset, options) for dataset in asked):
            unit = f", in {option.unit}" if option.unit else ""
            why = (
                f"{'The' if len(asked) == 1 else 'A'} dataset says {beyond[0].words}, which cannot be used here"
                if beyond
                else "Neither the catalogue nor the file says it"
            )
            yield name, f"{why}. Give the value that holds{unit}."


def _not_for_both(jobtype: JobType, options: Options, inputs: Inputs) -> Iterator[tuple[str, str]]:
    """Numbers that stand for two axes, along which the dataset has two others."""
    for option in jobtype.options:
        given = options.get(option.name)
        for dataset in datasets_asked(jobtype, option, inputs):
            pair = differing(along_both(jobtype, option, dataset, options))
            if pair is None or not isinstance(given, int | float) or alike(given, pair[0]):
                continue
            sizes = both_in_words(option, pair)
            words = (
                f"“{dataset.name}” has {sizes}: one number cannot stand for both. Leave this empty to use them;"
            )
            yield option.name, f"{words} if they are wrong, have them corrected in the catalogue."


def _value(jobtype: JobType, option: OptionBase, raw: Mapping[str, Any], inputs: Inputs) -> Value | None:
    given = raw.get(option.name)
    blank = is_blank(given) or (given == [] and isinstance(option, SeveralOption))
    value = _blank(jobtype, option, option.name in raw, inputs) if blank else parse(option, given)
    if isinstance(option, ChoiceOption):
        _check_needs(jobtype, option, value, inputs)
    if (
        isinstance(option, FileOption)
        and value is not None
        and (why := file_objection(jobtype, option, value, inputs))
    ):
        raise ValueError(why)
    return value


def _unasked(jobtype: JobType, option: OptionBase, inputs: Inputs) -> Value | None:
    """What is known of an option that belongs to another choice."""
    default = default_for(jobtype, option, inputs)
    return None if default.ask or default.differ else default.value


def _blank(jobtype: JobType, option: OptionBase, present: bool, inputs: Inputs) -> Value | None:
    default = default_for(jobtype, option, inputs)
    if default.ask:
        raise ValueError(default.asked)
    if present and isinstance(option, SeveralOption):  # nobody ticked one: that is none, not the usual ones
        if option.required or option.min:
            raise ValueError(f"Choose at least {max(1, option.min)}.")
        return None
    if default.differ:
        raise ValueError(f"{default.source.split(';', 1)[0]}; one job needs one value. Give one.")
    cleared = present and option.required and option.default_from is None
    value = None if cleared and not isinstance(option, BooleanOption) else default.value
    if value is None and option.required:
        example = default_of(option)
        raise ValueError("Give a value." if example is None else f"Give a value, for example {as_text(example)}.")
    return value


def _check_needs(jobtype: JobType, option: ChoiceOption, value: Value | None, inputs: Inputs) -> None:
    for item in option.items:
        if item.value == value and item.needs_input is not None and not inputs.get(item.needs_input):
            slot = next(slot for slot in jobtype.inputs if slot.name == item.needs_input)
            raise ValueError(f"This needs a dataset as “{slot.label}”.")
    if option.unit_of is not None and value == option.unit_of.as_recorded:
        default = default_for(jobtype, option, inputs)
        if default.ask:
            raise ValueError(default.asked)


def _invalid(jobtype: JobType, wrong: Mapping[str, str]) -> InvalidError:
    if len(wrong) == 1:
        name, words = next(iter(wrong.items()))
        return InvalidError(f"{label_of(jobtype, name)}: {words}", fields=wrong)
    labels = ", ".join(label_of(jobtype, name) for name in wrong)
    return InvalidError(f"{len(wrong)} values cannot be used: {labels}.", fields=wrong)


def label_of(jobtype: JobType, name: str) -> str:
    """What people call the field `name` of an InvalidError."""
    for slot in jobtype.inputs:
        if name == f"inputs.{slot.name}":
            return slot.label
    for option in jobtype.options:
        if name == option.name:
            return option.label
    return {FIELD: level().One, "terms.accept": "Terms", "terms.use": "What you use it for"}.get(name, name)
