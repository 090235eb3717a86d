"""The form of an analysis: what was asked for in its address or typed into it, and what stands beside it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session, joinedload
from werkzeug.datastructures import MultiDict

from portal.catalogue.access import visible
from portal.catalogue.inputs import input_dataset
from portal.catalogue.models import Dataset
from portal.db import is_id
from portal.errors import InvalidError
from portal.form import Form, Inputs, as_command, as_python, raw_of_html
from portal.form.agreed import agreed_on
from portal.form.html import texts_of_html
from portal.form.plan import label_of, plan
from portal.identity.actor import Actor
from portal.jobs.clusters.status import ClusterStatus
from portal.jobs.timing.estimate import Cost, inputs_by_job, most_cost, outlook
from portal.jobs.timing.settings import asked_settings
from portal.jobtype.match import accepts
from portal.jobtype.model import JobType, Slot, Variant
from portal.trials.part import part_words
from portal.web.views.paging import whole, whole_numbers
from portal.web.views.picks.id_lists import texts_of
from portal.web.views.problems import FieldProblem

MOST_CANDIDATES = 50
ASIDE = "aside."
"""Before the name of an option whose field is not asked for: what is in it is kept, and judged by nobody."""


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
    aside: Mapping[str, str] = field(default_factory=dict)
    """What stands in fields that the page did not ask for, raw."""
    again: int | None = None
    """The job with which the form is compared: it was opened to run that one again."""
    use: str | None = None
    """For what the program is used."""
    accepts: str | None = None
    """The digest of the terms that were ticked."""


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
    aside = texts_of_html(jobtype, values.to_dict(flat=False), prefix=ASIDE)
    raw = raw_of_html(jobtype, values.to_dict(flat=False))
    return Typed(
        ids={slot: chosen for slot, chosen in ids.items() if chosen},
        raw={name: text for name, text in raw.items() if name not in aside} or None,
        variant=values.get("variant") or None,
        mode=values.get("mode") or None,
        preset=values.get("preset") or None,
        title=_title(values),
        key=values.get("idempotency_key") or None,
        experiment=_experiment(values.get("experiment", "")),
        aside=aside,
        again=whole(values.get("again", "")),
        use=values.get("use") or None,
        accepts=values.get("accept_terms") or None,
    )


def _title(values: Mapping[str, str]) -> str | None:
    """The name that somebody typed. One that was only proposed is proposed anew, of the values that run."""
    title = values.get("title", "")
    return title if title.strip() and title != values.get("proposed", "") else None


def fields_of(jobtype: JobType, typed: Typed) -> list[tuple[str, str]]:
    """What was typed, as fields to send along or to put into an address."""
    first = jobtype.slot.name if jobtype.slot else ""
    found = [
        ("dataset" if slot == first else f"in.{slot}", text)
        for slot, ids in typed.ids.items()
        for text in texts_of(ids)
    ]
    found += [(f"option.{name}", text) for name, text in (typed.raw or {}).items()]
    found += [(f"{ASIDE}{name}", text) for name, text in typed.aside.items()]
    rest = {
        "variant": typed.variant,
        "mode": typed.mode,
        "preset": typed.preset,
        "title": typed.title,
        "experiment": str(typed.experiment) if typed.experiment is not None else None,
        "again": str(typed.again) if typed.again else None,
        "use": typed.use,
    }
    return found + [(name, text) for name, text in rest.items() if text]


def without_made_name(typed: Typed, form: Form, inputs: Inputs) -> Typed:
    """The form without a name that is the one which these very values make: with others it would be another."""
    made = {form.result_title}
    if typed.title is not None and typed.title not in made:
        with suppress(InvalidError):
            made |= {one.title for one in plan(form.jobtype, typed.raw or {}, inputs, mode=typed.mode or "each")}
    return replace(typed, title=None) if typed.title in made else typed


def without_unseen(session: Session, actor: Actor, typed: Typed) -> tuple[Typed, int]:
    """The form without those of its datasets that this person does not see (any more), and how many they are."""
    wanted = sorted({number for ids in typed.ids.values() for number in ids})
    query = visible(actor, Dataset).where(Dataset.id.in_(list(filter(is_id, wanted))))
    seen = set(session.scalars(query.with_only_columns(Dataset.id)))
    ids = {slot: [number for number in chosen if number in seen] for slot, chosen in typed.ids.items()}
    kept = {slot: chosen for slot, chosen in ids.items() if chosen}
    return replace(typed, ids=kept), len(wanted) - len(seen)


def as_known(jobtype: JobType, typed: Typed) -> Typed:
    """The form without a preset, variant or mode that this revision of the analysis has not."""
    presets = {one.name.casefold() for one in jobtype.presets}
    variants = {one.name for one in jobtype.resources.variants}
    return replace(
        typed,
        preset=typed.preset if (typed.preset or "").casefold() in presets else None,
        variant=typed.variant if typed.variant in variants else None,
        mode=typed.mode if typed.mode in {"each", "all"} else None,
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
    """An input slot after the first, or an empty first one, as a choice."""

    slot: Slot
    field: str
    """The name under which it is sent."""
    candidates: tuple[Candidate, ...]
    error: str

    @property
    def needed(self) -> bool:
        """Whether a person must choose, and has not: then it stands where everybody sees it."""
        return bool(self.slot.min or self.error) and not any(one.chosen for one in self.candidates)


def further_slots(
    session: Session, actor: Actor, jobtype: JobType, datasets: Mapping[str, Sequence[Dataset]], form: Form
) -> list[FurtherSlot]:
    """Choices for all slots but a filled first one: what fits, the experiment's first, then the newest."""
    first = [dataset for chosen in datasets.values() for dataset in chosen][:1]
    experiment = first[0].investigation_id if first else 0
    errors = {field.name: field.error for field in form.slots}
    found = []
    for slot in jobtype.inputs:
        if slot is jobtype.slot and datasets.get(slot.name):
            continue
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
        field = "dataset" if slot is jobtype.slot else f"in.{slot.name}"
        found.append(FurtherSlot(slot, field, candidates, errors.get(slot.name, "")))
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
    takes: str
    takes_basis: str
    takes_in_all: str
    """How long several jobs take together; empty for one, and where that is not known."""
    memory: str
    """The most memory that each needs, by finished runs; empty where too few tell."""
    memory_basis: str
    too_little: str
    """That this is more than they may use, and what to choose; empty where it is not."""
    command: str
    python: str


def beside(
    session: Session,
    actor: Actor,
    form: Form,
    inputs: Inputs,
    typed: Typed,
    *,
    status: ClusterStatus,
    now: datetime,
) -> Beside:
    """Computed from what is in the form now; values that are wrong do not change it."""
    jobtype = form.jobtype
    variant = form.request(typed.variant)
    mode, jobs = typed.mode or form.modes[0], max(1, form.results)
    found = outlook(
        session,
        actor,
        jobtype,
        variant,
        inputs=inputs_by_job(jobtype, {slot: [one.id for one in chosen] for slot, chosen in inputs.items()}, mode),
        options=asked_settings(form),
        jobs=jobs,
        status=status,
        now=now,
    )
    raw, agreed = typed.raw or {}, agreed_on(jobtype, typed.accepts, typed.use)
    return Beside(
        jobs=jobs,
        cost=cost_words(most_cost(variant, jobs)),
        wait=found.wait_words,
        wait_basis=found.wait_basis,
        takes=found.takes_words,
        takes_basis=found.takes_basis,
        takes_in_all=found.all_words,
        memory=found.memory_words,
        memory_basis=found.peak.basis if found.peak else "",
        too_little=found.memory,
        command=as_command(jobtype, inputs, raw, mode=mode, experiment=typed.experiment, agreed=agreed),
        python=as_python(jobtype, inputs, raw, mode=mode, experiment=typed.experiment, agreed=agreed),
    )


def variant_of(jobtype: JobType, name: str | None) -> Variant:
    """The resource request of this name, the default one where there is none."""
    try:
        return jobtype.variant(name)
    except KeyError:
        return jobtype.variant()


def cost_words(cost: Cost) -> str:
    """The most it can use: processors times time limit."""
    text = f"At most {_hours(cost.cpu_hours, 'CPU')}"
    return f"{text} and {_hours(cost.gpu_hours, 'GPU')}" if cost.gpu_hours else text


def _hours(hours: float, of: str) -> str:
    said = f"{hours:.2g}" if hours < 10 else f"{hours:,.0f}"
    return f"{said} {of}-{'hour' if said == '1' else 'hours'}"
