"""What the form of a trial shows: which options can be tried, the values, the part, and what it takes."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal import words
from portal.errors import InvalidError
from portal.form import Field, InputDataset, Inputs, build_form
from portal.form.inputs.belongs import belongs
from portal.form.plan import label_of
from portal.form.values import as_text
from portal.jobtype.model import JobType
from portal.jobtype.option import BooleanOption, ChoiceOption, OptionBase, TextOption
from portal.trials.part import usual_part, volume_of
from portal.trials.plan import CROP, tried
from portal.trials.values import checked, value_words
from portal.web.views.arrays import axes_words
from portal.web.views.problems import FieldProblem
from portal.web.views.start import fields_of
from portal.web.views.trials.typed import TypedTrial, values_of

MOST_ARRAYS = 3
ANCHORS = {"try.values": "f-try-values", "try.option": "f-try-option", "try.dataset": "f-try-dataset"}
LABELS = {"try.values": "Values", "try.option": "Option", "try.dataset": "Dataset"}


@dataclass(frozen=True)
class OptionLink:
    """An option that can be tried."""

    label: str
    name: str
    chosen: bool


@dataclass(frozen=True)
class Tick:
    """A value to tick."""

    value: str
    label: str
    ticked: bool


@dataclass(frozen=True)
class TrialForm:
    """All that the page shows besides the analysis's own form, which goes along hidden."""

    option: OptionBase
    links: tuple[OptionLink, ...]
    now: str
    """The value that the analysis's form has, in words; empty where it has none."""
    ticks: tuple[Tick, ...]
    """Nothing for what is typed."""
    is_number: bool
    crop: tuple[Field, ...]
    """The options that limit the work; nothing where the values run on the whole dataset."""
    crop_words: str
    whole_words: str
    """Why each value runs on the whole dataset, in a sentence; empty where there is a choice."""
    warnings: tuple[str, ...]
    """What is known that may spoil it, in sentences."""
    arrays: tuple[str, ...]
    """What the dataset's files hold, to see how large a part can be."""
    errors: tuple[FieldProblem, ...]
    hidden: tuple[tuple[str, str], ...]


def option_of(jobtype: JobType, name: str, hidden: Container[str] = ()) -> OptionBase:
    """The option to try: the named one, or else the first that is plain and a number. Raises InvalidError.

    `hidden`: options that are not asked for, which are nobody's first.
    """
    if name:
        return tried(jobtype, name)
    possible = [option for option in jobtype.options if jobtype.can_be_tried(option)]
    possible = [option for option in possible if option.name not in hidden] or possible
    if not possible:
        return tried(jobtype, name)
    numbers = [option for option in possible if not isinstance(option, BooleanOption | ChoiceOption | TextOption)]
    return next((one for one in [*numbers, *possible] if not one.advanced), possible[0])


def trial_form(
    jobtype: JobType,
    option: OptionBase,
    inputs: Inputs,
    typed: TypedTrial,
    error: InvalidError | None = None,
) -> TrialForm:
    """The form; `error`: what is wrong with what was typed."""
    raw = typed.form.raw or {}
    built = build_form(jobtype, inputs, preset=typed.form.preset, values=raw)
    fields = {field.name: field for field in built.fields}
    wrong = error.fields if error is not None else {}
    whole_only = _whole_only(jobtype, option)
    return TrialForm(
        option=option,
        links=tuple(_links(jobtype, option, fields)),
        now=value_words(option, fields[option.name].value) if fields[option.name].value else "",
        ticks=_ticks(option, typed, fields[option.name].value),
        is_number=not isinstance(option, BooleanOption | ChoiceOption | TextOption),
        crop=() if whole_only else tuple(_crop(jobtype, inputs, typed, fields, wrong)),
        crop_words=jobtype.crop.words if jobtype.crop and not whole_only else "",
        whole_words=whole_only,
        warnings=built.warnings,
        arrays=tuple(_arrays(inputs, jobtype)),
        errors=tuple(_problem(jobtype, name, text) for name, text in wrong.items()),
        hidden=tuple(hidden_of(jobtype, typed)),
    )


def hidden_of(jobtype: JobType, typed: TypedTrial) -> list[tuple[str, str]]:
    """The analysis's own form as fields to send along."""
    return fields_of(jobtype, typed.form)


def _whole_only(jobtype: JobType, option: OptionBase) -> str:
    if jobtype.crop is None:
        return f"{jobtype.title} cannot work on a part: each value runs on the whole dataset."
    if option.name in jobtype.crop.whole:
        return f"A part would not show what {option.label} does: each value runs on the whole dataset."
    return ""


def _links(jobtype: JobType, chosen: OptionBase, fields: Mapping[str, Field]) -> list[OptionLink]:
    """Those that matter with what else is chosen, and the one that is chosen in any case."""
    values = {name: field.value for name, field in fields.items()}
    return [
        OptionLink(option.label, option.name, option.name == chosen.name)
        for option in jobtype.options
        if jobtype.can_be_tried(option)
        and (option.name == chosen.name or (belongs(option, values) and not fields[option.name].why_not))
    ]


def _ticks(option: OptionBase, typed: TypedTrial, now: str) -> tuple[Tick, ...]:
    if isinstance(option, BooleanOption):
        values: Sequence[Any] = (True, False)
    elif isinstance(option, ChoiceOption):
        values = [item.value for item in option.items]
    else:
        return ()
    few = len(values) <= 3  # the two or three that there are, all of them
    return tuple(
        Tick(as_text(one), value_words(option, one), as_text(one) in typed.ticked if typed.ticked else few)
        for one in values
    )


def _crop(
    jobtype: JobType, inputs: Inputs, typed: TypedTrial, fields: Mapping[str, Field], wrong: Mapping[str, str]
) -> list[Field]:
    crop = jobtype.crop
    assert crop is not None
    usual = usual_part(jobtype, inputs, typed.form.raw or {})
    volume = volume_of(jobtype, inputs, typed.form.raw or {}) if crop.box else None
    found = []
    for name in crop.names:
        source = ""
        if crop.box is not None and name == crop.box.option and volume is not None:
            source = f"The volume has {' × '.join(f'{length:,}' for length in volume)} voxels (z, y, x)."
        found.append(
            replace(
                fields[name],
                name=name,
                value=typed.crop.get(name, as_text(usual.get(name))),
                error=wrong.get(f"{CROP}{name}", ""),
                source=source,
                required=False,
                asked=False,
            )
        )
    return found


def _arrays(inputs: Inputs, jobtype: JobType) -> list[str]:
    slot = jobtype.slot
    datasets: Sequence[InputDataset] = inputs.get(slot.name, ()) if slot else ()
    if jobtype.crop is None or not datasets:
        return []
    known = [array for array in datasets[0].arrays if not array.left_out]
    largest = sorted(known, key=lambda array: -_elements(array.shape))
    told = [
        f"{array.name}: {' × '.join(f'{length:,}' for length in array.shape)}"
        + (f" ({axes})" if (axes := axes_words(array)) else "")
        for array in largest
    ]
    return list(dict.fromkeys(told))[:MOST_ARRAYS]


def _elements(shape: Sequence[int]) -> int:
    product = 1
    for length in shape:
        product *= max(1, length)
    return product


def _problem(jobtype: JobType, name: str, text: str) -> FieldProblem:
    if name.startswith("terms."):
        return FieldProblem(f"f-{name.replace('.', '-')}", label_of(jobtype, name), text)
    if name in ANCHORS:
        return FieldProblem(ANCHORS[name], LABELS[name], text)
    if jobtype.slot is not None and name == f"inputs.{jobtype.slot.name}":
        return FieldProblem(ANCHORS["try.dataset"], LABELS["try.dataset"], text)
    anchor = f"f-{name.replace('.', '-')}"
    if name.startswith(CROP):
        return FieldProblem(anchor, label_of(jobtype, name.removeprefix(CROP)), text)
    return FieldProblem("form-of-analysis", f"{label_of(jobtype, name)}, on the form before", text)


@dataclass(frozen=True)
class BesideTrial:
    """What stands beside the form: how many jobs, of which values, on what."""

    jobs: int
    values: str
    """In words; what is wrong with them where something is."""
    wrong: bool


def beside_trial(option: OptionBase, typed: TypedTrial) -> BesideTrial:
    """Computed from what is in the form now."""
    if not (typed.ticked or typed.values.strip() or typed.first.strip() or typed.last.strip()):
        return BesideTrial(0, "", wrong=False)
    raw, wrong = values_of(option, typed)
    try:
        values = checked(option, raw) if not wrong else []
    except InvalidError as error:
        wrong = error.message
    if wrong:
        return BesideTrial(0, wrong, wrong=True)
    return BesideTrial(
        len(values), words.listed([value_words(option, one) for one in values], len(values)), wrong=False
    )
