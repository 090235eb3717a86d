"""Analyses and their forms as JSON."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from portal.form import Field as FormField
from portal.form import Form
from portal.form.inputs.pick_field import PickChoice, PickField
from portal.jobs.timing.estimate import Outlook
from portal.jobs.timing.usage import DAYS, UNUSED, Usage
from portal.jobtype.kinds.every import KINDS
from portal.jobtype.model import JobType
from portal.web.api.blueprint import PREFIX
from portal.web.api.terms.shapes import TermsOut, terms_out
from portal.web.views.usage import recent_usage


class UsageOut(BaseModel):
    """How often it was used of late, over everybody's jobs; counted at most ten minutes ago."""

    days: int = Field(description="Counted over so many days.")
    worked: int = Field(description="Jobs that ended well.")
    failed: int = Field(description="Jobs that failed. Cancelled ones are not counted.")
    takes: str = Field(description="How long most whole runs took, in words; empty where too few tell.")
    takes_least_s: float | None
    takes_most_s: float | None
    runs: int = Field(description="Runs that tell how long it takes.")


class AnalysisOut(BaseModel):
    """A kind of analysis, in short."""

    name: str
    version: str
    revision: str
    title: str
    summary: str
    category: str
    goes_in: str | None
    comes_out: str | None
    typical_time: str | None
    contact: str
    used: UsageOut


class MisfitOut(BaseModel):
    """An analysis that does not fit, and why."""

    name: str
    title: str
    reason: str


class AnalysisList(BaseModel):
    """The analyses that fit the given datasets, the most particular ones first; without datasets: all."""

    items: list[AnalysisOut]
    others: list[MisfitOut]


class PickChoiceOut(BaseModel):
    """Something that an option can pick of the datasets' files."""

    value: str
    label: str
    words: str
    picture: str | None = Field(description="Where a small picture of it is.")


class PickOut(BaseModel):
    """What an option can pick of the datasets' files: an array, or a channel, time point or position of it."""

    choices: list[PickChoiceOut] = Field(description="Several to choose from, by value or label; empty for none.")
    total: int = Field(description="How many results the value `all` makes: one of each.")
    taken: str = Field(description="What is taken because it is the only one; empty where that is not so.")
    note: str = Field(description="What is left out and why, or not known.")


class ConditionOut(BaseModel):
    """On what it depends whether an option is asked for: it is only used where the condition holds."""

    text: str = Field(description='To be read behind "Only if": "Method is manual and wavelength is known".')
    tree: dict[str, Any] = Field(description="As docs/developers/conditions.md has it.")
    holds: bool = Field(description="With these datasets and values. Where it does not, a value is refused.")
    why_not: str = Field(description="Why it does not hold, in sentences; empty where it does.")


class FieldOut(BaseModel):
    """An option on the form."""

    name: str
    label: str
    kind: str = Field(description=f"{', '.join(KINDS)}.")
    value: str = Field(description="As text: what was given, or the default.")
    unit: str
    help: str
    source: str = Field(description="Where the default comes from, in words.")
    read: str = Field(description='How a number is understood, where that needs saying: "300 nm = 0.3 um".')
    error: str
    required: bool
    advanced: bool
    group: str
    choices: list[dict[str, str]] = Field(
        description="Value and label; `why_not` of one that cannot be chosen now."
    )
    min: str
    max: str
    pattern: str
    pick: PickOut | None = Field(description="Null for what picks nothing, and where no dataset is chosen.")
    show_when: ConditionOut | None = Field(description="Null for what is always asked for.")


class SlotOut(BaseModel):
    """A place for datasets."""

    name: str
    label: str
    help: str
    dataset_types: list[str]
    min: int
    max: int
    datasets: list[int]
    error: str
    note: str = Field(description="Files that cannot be read and are left out, and why.")


class TargetOut(BaseModel):
    """The experiment in which the result is to be filed, where no dataset says it."""

    value: int | None
    required: bool
    error: str


class PresetOut(BaseModel):
    """Values that go together."""

    name: str
    blurb: str
    why_not: str = Field(description="Why it cannot be chosen with these datasets; empty where it can.")


class VariantOut(BaseModel):
    """A resource request."""

    name: str
    label: str
    words: str
    cpus: int
    memory_mb: int
    time_s: int
    gpus: int
    most_memory_mb: int = Field(description="Where memory grows with the data, it is asked for up to this.")
    most_time_s: int = Field(description="Where the time grows with the data, it is asked for up to this.")
    default: bool


class ExpectedOut(BaseModel):
    """When jobs like these start and how long they take: in words, with what that rests on."""

    wait: str
    wait_basis: str
    takes: str = Field(description="How long each takes, by runs that were measured; else as the author says.")
    takes_basis: str
    takes_least_s: float | None = Field(description="The interval in which most runs lie; null: not measured.")
    takes_most_s: float | None
    takes_runs: int = Field(description="On how many runs that rests; 0: on none.")
    takes_in_all: str = Field(description="How long several take together; empty where that is not known.")
    memory: str = Field(
        description="The most memory that each needs, by runs that were measured; empty: not known."
    )
    memory_basis: str
    memory_most_bytes: float | None = Field(description="Its upper end; null: not known.")
    memory_advice: str = Field(
        description="That it is more than they may use, and what to choose; empty: it is not."
    )
    start_at_once: int = Field(description="How many of the jobs would start at once, as things are now.")


class FormOut(BaseModel):
    """A form, with what was typed and what is wrong with it."""

    valid: bool
    results: int = Field(description="How many jobs it makes, as far as it is known what is chosen.")
    result_title: str
    modes: list[str]
    slots: list[SlotOut]
    experiment: TargetOut | None = Field(description="Null where the datasets' own experiment takes the result.")
    fields: list[FieldOut]
    presets: list[PresetOut]
    warnings: list[str] = Field(description="What is known that may spoil it: datasets registered as damaged.")
    errors: dict[str, str]
    expected: ExpectedOut
    terms: TermsOut | None = Field(description="What is to be accepted once, and what for it may be used.")
    part: dict[str, Any] = Field(
        default_factory=dict,
        description="Options that limit the work, with their values for the small part on which it is usually "
        "tried; of POST …/form alone, and empty where there is none.",
    )


class AnalysisDetails(AnalysisOut):
    """A kind of analysis with its form's description."""

    description: str | None
    outputs: list[str] = Field(description="Types of the datasets that come out; empty: its log is all it leaves.")
    variants: list[VariantOut]
    form: FormOut


def analysis_out(jobtype: JobType) -> AnalysisOut:
    """In short."""
    return AnalysisOut(
        name=jobtype.name,
        version=jobtype.version,
        revision=jobtype.revision,
        title=jobtype.title,
        summary=jobtype.summary,
        category=jobtype.category,
        goes_in=jobtype.goes_in,
        comes_out=jobtype.comes_out,
        typical_time=jobtype.typical_time,
        contact=jobtype.contact,
        used=usage_out(recent_usage().get(jobtype.name, UNUSED)),
    )


def usage_out(found: Usage) -> UsageOut:
    """How often an analysis was used of late."""
    return UsageOut(
        days=DAYS,
        worked=found.worked,
        failed=found.failed,
        takes=found.takes,
        takes_least_s=found.span.low if found.span else None,
        takes_most_s=found.span.high if found.span else None,
        runs=found.runs,
    )


def expected_out(found: Outlook) -> ExpectedOut:
    """What is to be expected of the jobs that a form makes."""
    return ExpectedOut(
        wait=found.wait_words,
        wait_basis=found.wait_basis,
        takes=found.takes_words,
        takes_basis=found.takes_basis,
        takes_least_s=found.takes.span.low if found.takes.span else None,
        takes_most_s=found.takes.span.high if found.takes.span else None,
        takes_runs=found.takes.runs,
        takes_in_all=found.all_words,
        memory=found.memory_words,
        memory_basis=found.peak.basis if found.peak else "",
        memory_most_bytes=found.peak.span.high if found.peak else None,
        memory_advice=found.memory,
        start_at_once=0 if found.silence else found.wait.at_once,
    )


def analysis_details(jobtype: JobType, form: Form, expected: Outlook) -> AnalysisDetails:
    """With everything that a program needs to fill the form in."""
    return AnalysisDetails(
        **analysis_out(jobtype).model_dump(),
        description=jobtype.description,
        outputs=[output.dataset_type for output in jobtype.outputs],
        variants=[
            VariantOut(
                name=choice.name,
                label=choice.label,
                words=choice.words,
                cpus=choice.request.cpus,
                memory_mb=choice.request.memory_mb,
                time_s=choice.request.time_s,
                gpus=choice.request.gpus,
                most_memory_mb=jobtype.variant(choice.name).memory_mb,
                most_time_s=jobtype.variant(choice.name).time_s,
                default=choice.default,
            )
            for choice in form.variants
        ],
        form=form_out(form, expected),
    )


def form_out(form: Form, expected: Outlook, part: Mapping[str, Any] | None = None) -> FormOut:
    """The form as JSON; fields in the order of the page."""
    fields = [
        _field(field, group.title, advanced)
        for groups, advanced in ((form.groups, False), (form.more, True))
        for group in groups
        for field in group.fields
    ]
    return FormOut(
        valid=form.valid,
        results=form.results,
        result_title=form.result_title,
        modes=list(form.modes),
        slots=[
            SlotOut(
                name=slot.name,
                label=slot.label,
                help=slot.help,
                dataset_types=list(slot.dataset_types),
                min=slot.min,
                max=slot.max,
                datasets=[dataset.id for dataset in slot.datasets],
                error=slot.error,
                note=slot.note,
            )
            for slot in form.slots
        ],
        experiment=None
        if form.target is None
        else TargetOut(value=form.target.value, required=form.target.required, error=form.target.error),
        fields=fields,
        presets=[
            PresetOut(name=preset.name, blurb=preset.blurb, why_not=preset.why_not) for preset in form.presets
        ],
        warnings=list(form.warnings),
        errors=dict(form.errors),
        expected=expected_out(expected),
        terms=terms_out(form.jobtype.terms),
        part=dict(part or {}),
    )


def _field(field: FormField, group: str, advanced: bool) -> FieldOut:
    return FieldOut(
        name=field.name,
        label=field.label,
        kind=field.kind,
        value=field.value,
        unit=field.unit,
        help=field.help,
        source=field.source,
        read=field.read,
        error=field.error,
        required=field.required,
        advanced=advanced,
        group=group,
        choices=[
            {"value": value, "label": label, **({"why_not": why} if (why := field.unoffered.get(value)) else {})}
            for value, label in field.choices
        ],
        min=field.min,
        max=field.max,
        pattern=field.pattern,
        pick=None if field.pick is None else _pick(field.pick),
        show_when=None if field.when is None else _condition(field.when, field),
    )


def _condition(tree: Mapping[str, Any], field: FormField) -> ConditionOut:
    return ConditionOut(text=field.condition, tree=dict(tree), holds=not field.why_not, why_not=field.why_not)


def _pick(pick: PickField) -> PickOut:
    return PickOut(
        choices=[
            PickChoiceOut(value=one.value, label=one.label, words=one.words, picture=_picture(one))
            for one in pick.choices
        ],
        total=pick.total,
        taken=pick.fact,
        note=pick.note or pick.nothing,
    )


def _picture(choice: PickChoice) -> str | None:
    if choice.picture is None:
        return None
    return f"{PREFIX}/datasets/{choice.dataset}/arrays/{choice.array}/pictures/{choice.picture}"
