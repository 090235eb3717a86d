"""The form of an analysis: what was asked for in its address or typed into it, and what stands beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, joinedload
from werkzeug.datastructures import MultiDict

from portal import words
from portal.catalogue.access import visible
from portal.catalogue.inputs import input_dataset
from portal.catalogue.models import Dataset
from portal.errors import InvalidError
from portal.form import Form, Inputs, as_command, as_python, raw_of_html
from portal.form.plan import label_of
from portal.identity.actor import Actor
from portal.jobs.estimate import Basis, Cost, Wait, likely_wait, most_cost
from portal.jobs.status import ClusterStatus
from portal.jobtype.match import accepts
from portal.jobtype.model import JobType, Slot, Variant
from portal.trials.part import part_words
from portal.web.views.paging import whole, whole_numbers
from portal.web.views.problems import FieldProblem

MOST_CANDIDATES = 50


@dataclass(frozen=True)
class Typed:
    """A form as it came: datasets by slot, raw option values, and the rest."""

    ids: Mapping[str, Sequence[int]]
    raw: Mapping[str, str] | None
    """None when nothing was typed yet."""
    variant: str | None
    mode: str | None
    preset: str | None
    title: str | None
    key: str | None
    experiment: int | None
    """Where results are to be filed; 0, which none is, for what is no number."""


@dataclass(frozen=True)
class Origin:
    """The trial from which a form's value is."""

    words: str
    url: str
    sheet: str
    """The sheet's title."""
    on_a_part: bool
    """Whether the values ran on a part of the dataset."""


def limits_of(form: Form) -> str:
    """What limits the work, as the form has it now, in words; empty where nothing does."""
    crop = form.jobtype.crop
    names = crop.names if crop is not None else ()
    values = {field.name: field.value for field in form.fields if field.name in names}
    return part_words(form.jobtype, {name: values[name] for name in names if values.get(name) != "false"})


def typed_form(jobtype: JobType, values: MultiDict[str, str]) -> Typed:
    """What an address or a posted form says. Datasets are `dataset` (first slot) and `in.<slot>`."""
    first = jobtype.slot.name if jobtype.slot else ""
    ids: dict[str, list[int]] = {first: whole_numbers(values.getlist("dataset"))} if first else {}
    for name in values:
        if name.startswith("in.") and name != f"in.{first}":
            ids[name.removeprefix("in.")] = whole_numbers(values.getlist(name))
    raw = raw_of_html(jobtype, values.to_dict(flat=False))
    return Typed(
        ids={slot: chosen for slot, chosen in ids.items() if chosen},
        raw=raw or None,
        variant=values.get("variant") or None,
        mode=values.get("mode") or None,
        preset=values.get("preset") or None,
        title=values.get("title") or None,
        key=values.get("idempotency_key") or None,
        experiment=_experiment(values.get("experiment", "")),
    )


def _experiment(text: str) -> int | None:
    """None where nothing is chosen. What is no number is not passed over: no experiment has the id 0."""
    if not text:
        return None
    return whole(text) or 0


def inputs_of(datasets: Mapping[str, Sequence[Dataset]], *, arrays: bool) -> Inputs:
    """The same for the validator."""
    return {
        slot: [input_dataset(dataset, arrays=arrays) for dataset in chosen] for slot, chosen in datasets.items()
    }


@dataclass(frozen=True)
class Candidate:
    """A dataset that could go into a further slot."""

    id: int
    name: str
    chosen: bool


@dataclass(frozen=True)
class FurtherSlot:
    """An input slot after the first, as a choice."""

    slot: Slot
    candidates: tuple[Candidate, ...]
    error: str


def further_slots(
    session: Session, actor: Actor, jobtype: JobType, datasets: Mapping[str, Sequence[Dataset]], form: Form
) -> list[FurtherSlot]:
    """Choices for the slots after the first: the newest datasets of the experiment that fit, then others."""
    first = [dataset for chosen in datasets.values() for dataset in chosen][:1]
    experiment = first[0].investigation_id if first else 0
    errors = {field.name: field.error for field in form.slots}
    found = []
    for slot in jobtype.inputs[1:]:
        chosen = {dataset.id for dataset in datasets.get(slot.name, ())}
        query = (
            visible(actor, Dataset)
            .where(Dataset.complete, Dataset.problem.is_(None), Dataset.trial.is_(None))
            .options(joinedload(Dataset.type, innerjoin=True))
        )
        query = query.order_by(Dataset.investigation_id != experiment, Dataset.id.desc())
        rows = [row for row in session.scalars(query.limit(200)) if accepts(slot, row.type.name)]
        rows = [*datasets.get(slot.name, ()), *(row for row in rows if row.id not in chosen)][:MOST_CANDIDATES]
        candidates = tuple(Candidate(row.id, row.name, row.id in chosen) for row in rows)
        found.append(FurtherSlot(slot, candidates, errors.get(slot.name, "")))
    return found


def problems_of(form: Form, error: InvalidError | None = None) -> list[FieldProblem]:
    """The error summary: what is wrong, linked to its field. `error` adds what only the submission found."""
    found = {**(error.fields if error else {}), **form.errors}
    return [
        FieldProblem(f"f-{name.replace('.', '-')}", label_of(form.jobtype, name), text)
        for name, text in found.items()
    ]


@dataclass(frozen=True)
class Beside:
    """What stands beside the form: cost, likely wait, the same as a command and as Python."""

    jobs: int
    cost: str
    wait: str
    wait_basis: str
    command: str
    python: str


def beside(
    session: Session, form: Form, inputs: Inputs, typed: Typed, *, status: ClusterStatus, now: datetime
) -> Beside:
    """Computed from what is in the form now; values that are wrong do not change it."""
    jobtype = form.jobtype
    variant = variant_of(jobtype, typed.variant)
    mode, jobs = typed.mode or form.modes[0], max(1, form.results)
    wait, basis = status.banner_of(status.going_to(jobtype.name)), ""
    if not wait:
        wait, basis = _wait_words(likely_wait(session, jobtype.name, status, now))
    raw = typed.raw or {}
    return Beside(
        jobs=jobs,
        cost=cost_words(most_cost(variant, jobs)),
        wait=wait,
        wait_basis=basis,
        command=as_command(jobtype, inputs, raw, mode=mode, experiment=typed.experiment),
        python=as_python(jobtype, inputs, raw, mode=mode, experiment=typed.experiment),
    )


def variant_of(jobtype: JobType, name: str | None) -> Variant:
    """The resource request of this name, the default one where there is none."""
    try:
        return jobtype.variant(name)
    except KeyError:
        return jobtype.variant()


def cost_words(cost: Cost) -> str:
    """The most it can use: processors times time limit."""
    hours = cost.cpu_hours
    text = f"At most {hours:.2g} CPU-hours" if hours < 10 else f"At most {hours:,.0f} CPU-hours"
    return f"{text} and {cost.gpu_hours:.2g} GPU-hours" if cost.gpu_hours else text


def _wait_words(wait: Wait) -> tuple[str, str]:
    """How long it is likely to wait, and the basis of that."""
    before = wait.before or 0
    queue = f"{words.count(before, 'job')} {'waits' if before == 1 else 'wait'} before it"
    within = words.duration(_round_up(max(1.0, wait.seconds or 0.0)))
    return {
        Basis.RECENT_JOBS: (f"Usually starts within {within}", "Jobs like this, last 30 days"),
        Basis.QUEUE: (queue, "The queue now"),
        Basis.CLUSTER_QUEUE: (queue, "The cluster's queue now"),
        Basis.ALL_IN_USE: ("Starts when a processor is free", "All are in use now"),
        Basis.FREE: ("Starts at once", "Nothing waits now"),
        Basis.UNKNOWN: ("Not known yet", "The cluster has not been seen"),
    }[wait.basis]


def _round_up(seconds: float) -> int:
    for step in (5, 10, 20, 30, 60):
        if seconds <= step:
            return step
    return int(-(-seconds // 60) * 60)
