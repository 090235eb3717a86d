"""The form of a job type for these datasets, with what was typed, where defaults come from, and what is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from portal.errors import InvalidError
from portal.form.conditions import needs_unmet, preset_unmet
from portal.form.conditions.unmet import Job, called_in
from portal.form.defaults import Default, default_for
from portal.form.fields import Field, Form, Group, PresetChoice, SlotField, VariantChoice
from portal.form.inputs.belongs import belongs
from portal.form.inputs.chosen_file import offered, said_of_files
from portal.form.inputs.dataset import Inputs
from portal.form.inputs.pick_field import pick_field
from portal.form.inputs.picks import without_any
from portal.form.inputs.slots import check_slots
from portal.form.inputs.unusable import left_out_files, without_any_file
from portal.form.plan import hidden_options, plan, results_of, split, typed_options, unoffered_values, with_preset
from portal.form.sized import sized
from portal.form.target import FIELD, target_field
from portal.form.titles import result_title
from portal.form.values import as_text, how_read, is_blank
from portal.jobtype.conditions.phrases import phrase
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.kinds.lists import NumbersOption, SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.kinds.texts import DateOption, LongTextOption
from portal.jobtype.model import JobType, Preset, Variant
from portal.jobtype.option import BooleanOption, ChoiceOption, FloatOption, IntegerOption, OptionBase, TextOption
from portal.words import count, limit, listed, memory

MOST_PLAIN = 6
MOST_DAMAGED = 5


def build_form(
    jobtype: JobType,
    inputs: Inputs,
    *,
    preset: str | None = None,
    values: Mapping[str, Any] | None = None,
    mode: str | None = None,
    experiment: int | None = None,
    judged: bool = True,
    aside: Mapping[str, str] | None = None,
) -> Form:
    """The form. Without `values` it shows the defaults (or the preset's values) and reproaches nobody.

    With `values`, raw as they were typed, it shows these and, where they are `judged`, what is wrong with them.
    `aside`: what stands in fields that are not asked for: it is shown again, and judged by nobody. Raises
    InvalidError for an unknown preset.
    """
    shown = with_preset(jobtype, values or {}, preset)
    modes = _modes(jobtype, inputs)
    errors = _errors(jobtype, inputs, shown, mode or modes[0], experiment, judged=judged and values is not None)
    chosen_mode = mode if mode in modes else modes[0]
    hidden = hidden_options(jobtype, values or {}, split(jobtype, inputs, chosen_mode), preset=preset)
    jobs = split(jobtype, inputs, chosen_mode)
    unoffered = unoffered_values(jobtype, values or {}, jobs, preset=preset)
    fields = [
        (
            option,
            _conditional(
                jobtype,
                option,
                _field(jobtype, option, inputs, {**shown, **(aside or {})}, errors=errors, mode=chosen_mode),
                hidden.get(option.name, ""),
                unoffered.get(option.name, {}),
            ),
        )
        for option in jobtype.options
    ]
    plain = [option.name for option in jobtype.options if not option.advanced][:MOST_PLAIN]
    plain += [field.name for _option, field in fields if field.asked or (field.required and is_blank(field.value))]
    by_now = _jobs_by_now(jobtype, shown, inputs, chosen_mode)
    return Form(
        jobtype=jobtype,
        slots=tuple(_slot_fields(jobtype, inputs, errors)),
        target=target_field(jobtype, experiment, errors.get(FIELD, "")),
        groups=_groups((option, field) for option, field in fields if option.name in plain),
        more=_groups((option, field) for option, field in fields if option.name not in plain),
        presets=tuple(
            PresetChoice(
                known.name,
                known.blurb or "",
                known.name.casefold() == (preset or "").casefold(),
                preset_unmet(jobtype, known, jobs) if any(inputs.values()) else "",
                _is_as_it_begins(jobtype, known, inputs, chosen_mode),
            )
            for known in jobtype.presets
        ),
        variants=tuple(
            _variant_choice(jobtype, variant, variant is jobtype.variant(), by_now)
            for variant in jobtype.resources.variants
        ),
        modes=modes,
        result_title=result_title(jobtype, inputs, {option.name: field.value for option, field in fields}),
        impossible=_impossible(jobtype, inputs),
        results=results_of(jobtype, shown, inputs, chosen_mode),
        warnings=tuple(damage_words(jobtype, inputs)),
        errors=errors,
        mode=chosen_mode,
    )


def damage_words(jobtype: JobType, inputs: Inputs) -> Iterable[str]:
    """A sentence for each dataset that is registered as damaged, where no field says that it cannot be used."""
    known = set(_impossible(jobtype, inputs))
    given = {one.id: one for datasets in inputs.values() for one in datasets if one.problem}
    damaged = [one for one in given.values() if one.name not in known]
    for one in damaged[:MOST_DAMAGED]:
        yield f"“{one.name}” is damaged: {one.problem.rstrip('.')}. The job may fail on it, or miss a part."
    if len(damaged) > MOST_DAMAGED:
        yield f"So {'is' if len(damaged) == MOST_DAMAGED + 1 else 'are'} {len(damaged) - MOST_DAMAGED} more."


def _impossible(jobtype: JobType, inputs: Inputs) -> tuple[str, ...]:
    slot = jobtype.slot
    if slot is None:
        return ()
    without = without_any(jobtype, inputs).get(slot.name, [])
    given = inputs.get(slot.name, ())
    return tuple(one.name for one in given if one.name in without or without_any_file(slot, one))


def _jobs_by_now(jobtype: JobType, shown: Mapping[str, Any], inputs: Inputs, mode: str) -> list[Job]:
    """The jobs that the form makes, as far as what is typed can be taken; none where that does not matter."""
    if not any(variant.is_sized for variant in jobtype.resources.variants) or not any(inputs.values()):
        return []
    return [(typed_options(jobtype, shown, job)[0], job) for job in split(jobtype, inputs, mode)]


def _is_as_it_begins(jobtype: JobType, preset: Preset, inputs: Inputs, mode: str) -> bool:
    """Whether a form in which nobody typed anything has the preset's values already."""
    named = [option for option in jobtype.options if option.name in preset.values]
    return all(
        _field(jobtype, option, inputs, {}, errors={}, mode=mode).value
        == _field(jobtype, option, inputs, preset.values, errors={}, mode=mode).value
        for option in named
    )


def _variant_choice(jobtype: JobType, variant: Variant, default: bool, jobs: Sequence[Job]) -> VariantChoice:
    request = sized(jobtype, variant, jobs)
    words = variant_words(request)
    if variant.is_sized:
        most = [memory(variant.memory_mb)] if variant.memory is not None else []
        most += [limit(variant.time_s)] if variant.time is not None else []
        words = f"{words}; it grows with the data, up to {listed(most)}"
    return VariantChoice(variant.name, variant.label, words, default, request)


def variant_words(variant: Variant) -> str:
    """A resource request in words."""
    parts = [count(variant.cpus, "CPU")]
    if variant.gpus:
        parts.append(count(variant.gpus, "GPU"))
    if variant.ranks > 1:
        parts.append(count(variant.ranks, "MPI rank"))
    if variant.constraint:
        parts.append(f"a node of the kind {variant.constraint}")
    return ", ".join([*parts, memory(variant.memory_mb), f"at most {limit(variant.time_s)}"])


def _modes(jobtype: JobType, inputs: Inputs) -> tuple[str, ...]:
    slot = jobtype.slot
    given = len(inputs.get(slot.name, ())) if slot else 0
    return jobtype.modes(given) or ("each",)


def _errors(
    jobtype: JobType, inputs: Inputs, shown: Mapping[str, Any], mode: str, experiment: int | None, *, judged: bool
) -> dict[str, str]:
    if not judged:
        given = {name: datasets for name, datasets in inputs.items() if datasets}
        needs = {
            f"inputs.{slot}": words for slot, words in needs_unmet(jobtype, split(jobtype, given, mode)).items()
        }
        wrong = {**needs, **check_slots_of(jobtype, given, mode)}
        return {name: words for name, words in wrong.items() if name[7:] in given}
    try:
        plan(jobtype, shown, inputs, mode=mode, experiment=experiment)
    except InvalidError as error:
        return dict(error.fields)
    return {}


def check_slots_of(jobtype: JobType, inputs: Inputs, mode: str) -> dict[str, str]:
    """What is wrong with the datasets, the first slot's taken one by one in mode `each`."""
    slot = jobtype.slot
    wrong: dict[str, str] = {}
    if slot is None or mode == "all" or len(inputs.get(slot.name, ())) <= 1:
        return check_slots(jobtype, inputs)
    for dataset in inputs[slot.name]:
        for name, words in check_slots(jobtype, {**inputs, slot.name: [dataset]}).items():
            wrong.setdefault(name, words)
    return wrong


def _slot_fields(jobtype: JobType, inputs: Inputs, errors: Mapping[str, str]) -> Iterable[SlotField]:
    for slot in jobtype.inputs:
        yield SlotField(
            name=slot.name,
            label=slot.label,
            help=slot.help or "",
            dataset_types=tuple(slot.dataset_types),
            min=slot.min,
            max=slot.max,
            datasets=tuple(inputs.get(slot.name, ())),
            error=errors.get(f"inputs.{slot.name}", ""),
            note="" if jobtype.picks(slot.name) else left_out_files(slot, inputs.get(slot.name, ())),
        )


def _groups(items: Iterable[tuple[OptionBase, Field]]) -> tuple[Group, ...]:
    """Groups in the order in which their first option stands."""
    by_title: dict[str, list[Field]] = {}
    for option, field in items:
        by_title.setdefault(option.group or "", []).append(field)
    return tuple(Group(title, tuple(fields)) for title, fields in by_title.items())


def _field(
    jobtype: JobType,
    option: OptionBase,
    inputs: Inputs,
    shown: Mapping[str, Any],
    *,
    errors: Mapping[str, str],
    mode: str,
) -> Field:
    default = default_for(jobtype, option, inputs)
    asked = belongs(option, _chosen(jobtype, option, inputs, shown))
    pick = pick_field(jobtype, option, inputs, shown, mode) if option.pick else None
    value = as_text(shown[option.name]) if option.name in shown else as_text(default.value)
    low, high, step = _bounds(option)
    return Field(
        name=option.name,
        label=option.label,
        kind=str(getattr(option, "type", "text")),
        value=value,
        placeholder="each dataset's own" if default.differ else "",
        unit=option.unit,
        help=option.help or "",
        source=pick.note
        if pick
        else said_of_files(jobtype, option, inputs)
        if isinstance(option, FileOption)
        else _source(option, default, value, errors.get(option.name, "")),
        error=errors.get(option.name, ""),
        read="" if option.name in errors else how_read(option, value),
        required=asked
        and (
            bool(default.ask)
            or bool(pick and pick.asked)
            or (option.required and not default.differ and (option.default_from is None or default.value is None))
        ),
        asked=asked
        and (
            bool(default.ask)
            or default.unknown
            or default.notice
            or bool(pick and (pick.asked or pick.fact or pick.nothing))
        ),
        choices=_choices(option) or tuple((name, name) for name in _files(jobtype, option, inputs)),
        min=low,
        max=high,
        step=step,
        pattern=option.pattern or "" if isinstance(option, TextOption) else "",
        max_length=option.max_length if isinstance(option, TextOption | LongTextOption) else None,
        pick=pick,
        usual=as_text(default.value) or ("false" if isinstance(option, BooleanOption) else ""),
    )


def _conditional(
    jobtype: JobType, option: OptionBase, field: Field, why_not: str, unoffered: Mapping[str, str]
) -> Field:
    """The field with what it depends on. Nobody must fill in what is not asked for."""
    items = option.items if isinstance(option, ChoiceOption) else ()
    trees = {item.value: item.when.means for item in items if item.when}
    if trees:
        field = replace(field, unoffered=unoffered, offered_when=trees)
    if option.show_when is None:
        return field
    return replace(
        field,
        condition=phrase(option.show_when.means, called_in(jobtype)),
        when=option.show_when.means,
        why_not=why_not,
        because=option.because or "",
        required=field.required and not why_not,
        required_if_asked=field.required,
        asked=field.asked and not why_not,
    )


def _chosen(jobtype: JobType, option: OptionBase, inputs: Inputs, shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of the choices that an option stands with, as they are shown."""
    known = {other.name: other for other in jobtype.options if other.name in option.only_with}
    return {
        name: shown.get(name) or default_for(jobtype, other, inputs).value
        for name, other in known.items()
        if belongs(other, _chosen(jobtype, other, inputs, shown))
    }


def _source(option: OptionBase, default: Default, value: str, error: str) -> str:
    if default.ask and is_blank(value):
        return "" if error == default.asked else default.asked
    if default.ask:
        return f"Set by you. {default.source}"
    if not default.source or default.differ or is_blank(value) or value == as_text(default.value):
        return default.source
    said, comma, whose = default.source.rpartition(", from ")
    return f"Set by you; {said} comes from {whose}" if comma else f"Set by you. {default.source}"


def _choices(option: OptionBase) -> tuple[tuple[str, str], ...]:
    if not isinstance(option, ChoiceOption | SeveralOption):
        return ()
    return tuple((item.value, item.label or item.value) for item in option.items)


def _files(jobtype: JobType, option: OptionBase, inputs: Inputs) -> tuple[str, ...]:
    return offered(jobtype, option, inputs) if isinstance(option, FileOption) else ()


def _bounds(option: OptionBase) -> tuple[str, str, str]:
    if isinstance(option, IntegerOption):
        return as_text(option.min), as_text(option.max), as_text(option.step)
    if isinstance(option, FloatOption):
        return as_text(option.min), as_text(option.max), as_text(option.step) or "any"
    if isinstance(option, RangeOption | NumbersOption | DateOption):
        return as_text(option.min), as_text(option.max), ""
    return "", "", ""
