"""The form of a job type for these datasets, with what was typed, where defaults come from, and what is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

from gantry_formats.conditions import names_in
from portal.errors import InvalidError
from portal.form.conditions import needs_unmet, preset_unmet
from portal.form.conditions.unmet import Job, called_in
from portal.form.defaults import Default, default_for
from portal.form.inputs.belongs import belongs
from portal.form.inputs.chosen_file import offered, said_of_files
from portal.form.inputs.dataset import InputDataset, Inputs
from portal.form.inputs.pick_field import PickField, pick_field
from portal.form.inputs.picks import MOST_NAMED, without_any
from portal.form.inputs.slots import check_slots
from portal.form.inputs.unusable import left_out_files, without_any_file
from portal.form.kinds.lists import separated
from portal.form.kinds.ranges import ends_of
from portal.form.kinds.texts import BETWEEN_ENDS, joined
from portal.form.plan import hidden_options, plan, results_of, split, typed_options, unoffered_values, with_preset
from portal.form.sized import sized
from portal.form.target import FIELD, TargetField, target_field
from portal.form.titles import result_title
from portal.form.values import as_text, how_read, is_blank
from portal.jobtype.conditions.phrases import phrase
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.kinds.lists import NumbersOption, SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.kinds.texts import DateOption, LongTextOption
from portal.jobtype.model import JobType, Variant
from portal.jobtype.option import BooleanOption, ChoiceOption, FloatOption, IntegerOption, OptionBase, TextOption
from portal.words import count, limit, listed, memory

MOST_PLAIN = 6
MOST_IN_A_LIST = 50
MOST_DAMAGED = 5


def asks_options(tree: Mapping[str, Any]) -> bool:
    """Whether a condition depends on what is chosen on the form."""
    return any(one["op"] == "option" for one in names_in(tree))


@dataclass(frozen=True)
class Field:
    """One option on the form. `value` is the raw text, exactly as it was typed, or the default."""

    name: str
    label: str
    kind: str
    """The option's type: boolean, choice, several, integer, float, range, numbers, text, long_text, date."""
    value: str
    placeholder: str
    unit: str
    help: str
    source: str
    """Where the default comes from, in words; empty for a plain default."""
    error: str
    required: bool
    read: str = ""
    """How a number that was typed is understood, where it was typed otherwise than programs write it."""
    asked: bool = False
    """A dataset leaves it in doubt, so that it is asked where everybody sees it; `source` says why."""
    choices: tuple[tuple[str, str], ...] = ()
    min: str = ""
    max: str = ""
    step: str = ""
    pattern: str = ""
    max_length: int | None = None
    pick: PickField | None = None
    """What of the datasets it picks; None for what picks nothing, or of no dataset."""
    condition: str = ""
    """On what it depends whether it is asked for, to be read behind "Only if"; empty: it always is."""
    why_not: str = ""
    """Why it is not asked for now, in sentences; empty where it is."""
    because: str = ""
    """What the job type says of that itself."""
    when: Mapping[str, Any] | None = None
    """The tree of the condition."""
    unoffered: Mapping[str, str] = attribute(default_factory=dict)
    """Values of a choice that cannot be chosen now, and why."""
    offered_when: Mapping[str, Mapping[str, Any]] = attribute(default_factory=dict)
    """The trees of the conditions under which values can be chosen."""
    required_if_asked: bool = False
    """Whether it must be filled in as soon as it is asked for."""

    @property
    def tells_why(self) -> bool:
        """Whether its place says why it is not asked for: because the job type does, or datasets alone decide."""
        return bool(self.because) or (self.when is not None and not asks_options(self.when))

    def never(self, value: str) -> bool:
        """Whether a value cannot be chosen whatever else is: for the datasets alone decide that."""
        tree = self.offered_when.get(value)
        return bool(self.unoffered.get(value)) and tree is not None and not asks_options(tree)

    @property
    def own(self) -> bool:
        """Whether each of several datasets gives a value of its own, so that there is no one value."""
        return bool(self.placeholder) and not self.value.strip()

    @property
    def wrong_number(self) -> str:
        """Why what was typed is no number that can be taken; empty where nothing was typed or it can."""
        return self.error if self.value.strip() and self.is_read else ""

    @property
    def is_read(self) -> bool:
        """Whether it is said how what was typed is understood."""
        return self.kind in {"integer", "float", "range", "numbers", "date"}

    @property
    def few_files(self) -> bool:
        """Whether the files to choose from fit into a list, with what stands in the field."""
        names = [name for name, _ in self.choices]
        return 0 < len(names) <= MOST_IN_A_LIST and self.value in ("", *names)

    @property
    def ends(self) -> tuple[str, str]:
        """What stands in the two fields of a range."""
        return ends_of(self.value)

    @property
    def ticked(self) -> frozenset[str]:
        """The chosen ones of several."""
        return frozenset(separated(self.value, {value for value, _ in self.choices}))

    @property
    def idle(self) -> bool:
        """True where there is nothing to pick and nothing to say of it."""
        pick = self.pick
        return pick is not None and not (
            pick.asked or pick.fact or pick.nothing or pick.note or self.value or self.error
        )

    @property
    def checked(self) -> bool:
        """True for a ticked boolean."""
        return self.value.strip().lower() in {"true", "on"}


@dataclass(frozen=True)
class Group:
    """Fields under a heading; the heading of the first group may be empty."""

    title: str
    fields: tuple[Field, ...]

    @property
    def shown(self) -> tuple["Field", ...]:
        """The fields that a page shows."""
        return tuple(field for field in self.fields if not field.idle)

    @property
    def has_error(self) -> bool:
        """True if a field of it needs a look."""
        return any(field.error for field in self.fields)


@dataclass(frozen=True)
class SlotField:
    """An input slot with the datasets in it."""

    name: str
    label: str
    help: str
    dataset_types: tuple[str, ...]
    min: int
    max: int
    datasets: tuple[InputDataset, ...]
    error: str
    note: str = ""
    """Files that are left out, and why, in sentences."""


@dataclass(frozen=True)
class PresetChoice:
    """A preset to choose from."""

    name: str
    blurb: str
    chosen: bool
    why_not: str = ""
    """Why it cannot be chosen with these datasets; empty where it can."""


@dataclass(frozen=True)
class VariantChoice:
    """A resource request to choose from; `words` says what it is: "2 CPUs, 2 GB, at most 10 minutes"."""

    name: str
    label: str
    words: str
    default: bool
    request: Variant
    """What jobs on these datasets ask for."""


@dataclass(frozen=True)
class Form:
    """Everything a page, the API or the command line shows of a form."""

    jobtype: JobType
    slots: tuple[SlotField, ...]
    target: TargetField | None
    """None where the datasets' own experiment takes the results."""
    groups: tuple[Group, ...]
    more: tuple[Group, ...]
    """What stands under "More settings"."""
    presets: tuple[PresetChoice, ...]
    variants: tuple[VariantChoice, ...]
    modes: tuple[str, ...]
    result_title: str
    impossible: tuple[str, ...]
    """Names of the first slot's datasets that hold nothing to work on, so that it cannot be started with them."""
    results: int
    """How many jobs it makes, as far as it is known what is chosen."""
    warnings: tuple[str, ...]
    """What is known before Start that may spoil it, in sentences: datasets that are registered as damaged."""
    errors: Mapping[str, str]
    """All errors by field name, `inputs.<slot>` for slots; also those of names that the form does not have."""
    mode: str = "each"
    """How it is started, as far as that is possible."""

    @property
    def impossible_words(self) -> str:
        """These datasets, in words."""
        return listed([f"“{name}”" for name in self.impossible], MOST_NAMED)

    @property
    def tells_why_impossible(self) -> bool:
        """Whether a field says it, where the choice would be."""
        return any(field.pick is not None and field.pick.nothing for field in self.fields)

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, plain ones first."""
        return tuple(field for group in (*self.groups, *self.more) for field in group.fields)

    def request(self, variant: str | None) -> Variant:
        """What jobs ask for under the resource request of this name; under the usual one where there is none."""
        usual = next(choice.request for choice in self.variants if choice.default)
        return next((choice.request for choice in self.variants if choice.name == variant), usual)

    @property
    def valid(self) -> bool:
        """True if nothing needs a look."""
        return not self.errors


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


def raw_of_html(
    jobtype: JobType, posted: Mapping[str, Sequence[str]], *, prefix: str = "option."
) -> dict[str, str]:
    """The raw values of a posted form whose fields are named `option.<name>`: of each option one text.

    The last value of a name counts, so that a hidden "false" before a box is overruled by the ticked box; a
    boolean that was not sent at all is an unticked box.
    """
    raw = texts_of_html(jobtype, posted, prefix=prefix)
    if raw:
        for option in jobtype.options:
            if isinstance(option, BooleanOption):
                raw.setdefault(option.name, "false")
    return raw


def texts_of_html(jobtype: JobType, posted: Mapping[str, Sequence[str]], *, prefix: str) -> dict[str, str]:
    """The texts of the fields that were sent, one of each option: of several parts they are put together."""
    options = {option.name: option for option in jobtype.options}
    sent = {name.removeprefix(prefix): list(texts) for name, texts in posted.items() if name.startswith(prefix)}
    return {
        name: _as_one(options[name], texts) if len(texts) > 1 and name in options else texts[-1]
        for name, texts in sent.items()
    }


def _as_one(option: OptionBase, texts: Sequence[str]) -> str:
    """What several fields of one option say, in the one text that stands for it."""
    if isinstance(option, RangeOption):
        return BETWEEN_ENDS.join(texts) if any(text.strip() for text in texts) else ""
    if isinstance(option, SeveralOption):
        return joined([text for text in texts if text.strip()])
    return texts[-1]


def _jobs_by_now(jobtype: JobType, shown: Mapping[str, Any], inputs: Inputs, mode: str) -> list[Job]:
    """The jobs that the form makes, as far as what is typed can be taken; none where that does not matter."""
    if not any(variant.is_sized for variant in jobtype.resources.variants) or not any(inputs.values()):
        return []
    return [(typed_options(jobtype, shown, job)[0], job) for job in split(jobtype, inputs, mode)]


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
