"""What one job's page shows around the service's view: inputs and results, its settings, what can be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import url_for
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Dataset
from portal.form.values import as_text
from portal.identity.actor import Actor
from portal.jobs.actions import jobtype_of
from portal.jobs.models import Job
from portal.jobtype.kinds.lists import SeveralOption
from portal.jobtype.model import JobType
from portal.jobtype.option import ChoiceOption, OptionBase, Value
from portal.web.views.jobs import draft_words
from portal.web.views.picks.id_lists import texts_of
from portal.web.views.pictures import Picture, thumbnails
from portal.web.views.results.made import CardFigure, key_figures


@dataclass(frozen=True)
class Related:
    """A dataset beside a job. `url` is None where this person may not open it (any more)."""

    name: str
    url: str | None
    picture: Picture | None
    caption: str
    warnings: Sequence[str] = ()
    """What makes a result doubtful, in words."""
    figures: Sequence[CardFigure] = ()
    """The key figures that the analysis names, of a result."""


@dataclass(frozen=True)
class Known:
    """What is shown of a dataset that this person may see."""

    name: str
    warnings: Sequence[str]


@dataclass(frozen=True)
class Setting:
    """An option as it was used."""

    label: str
    value: str
    unit: str


@dataclass(frozen=True)
class JobParts:
    """Inputs beside results, settings, and the addresses of what can be done next."""

    inputs: tuple[Related, ...]
    results: tuple[Related, ...]
    analysis: str
    version: str
    settings: tuple[Setting, ...]
    change_url: str | None
    """The form with this job's values; None if its analysis is gone."""
    experiment: str | None
    experiment_url: str | None
    mine: bool
    batch_url: str | None
    """The page of its batch, or the sheet of the values that were tried."""
    batch_size: int


def job_parts(session: Session, actor: Actor, job: Job, jobtypes: Mapping[str, JobType], batch: int) -> JobParts:
    """The parts of a job's page. `batch`: how many jobs its submission has."""
    # They are read after the job's state, and may be there when that said that it runs.
    outputs = [output.dataset_id for output in job.outputs] if job.state.final else []
    ids = [row.dataset_id for row in job.inputs] + outputs
    known = _known(session, actor, ids)
    pictures = thumbnails(session, actor, known)
    jobtype = jobtype_of(job)
    figures = key_figures(session, [i for i in outputs if i in known], jobtype.figures)
    labels = {slot.name: slot.label for slot in jobtype.inputs}
    experiment = job.investigation
    return JobParts(
        inputs=tuple(
            _related(row.dataset_id, row.dataset_name, labels.get(row.slot, row.slot), known, pictures)
            for row in job.inputs
        ),
        results=tuple(
            replace(_related(i, job.title, "Result", known, pictures), figures=figures.get(i, ()))
            for i in outputs
            if i
        ),
        analysis=draft_words(job) or jobtype.title,
        version=jobtype.version,
        settings=tuple(_settings(job, jobtype)),
        change_url=_change_url(job) if jobtype.name in jobtypes and not job.submission.draft else None,
        experiment=experiment.title if experiment else None,
        experiment_url=url_for("experiments.show", investigation_id=experiment.id) if experiment else None,
        mine=job.person_id == actor.person_id or actor.staff,
        batch_url=_batch_url(job) if batch > 1 else None,
        batch_size=batch,
    )


def _batch_url(job: Job) -> str:
    page = "batches.show" if job.submission.trial is None else "trials.show"
    return url_for(page, submission_id=job.submission.key)


def _known(session: Session, actor: Actor, ids: list[int | None]) -> dict[int, Known]:
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    chosen = (
        visible(actor, Dataset)
        .where(Dataset.id.in_(wanted))
        .with_only_columns(Dataset.id, Dataset.name, Dataset.warnings)
    )
    return {row[0]: Known(row[1], row[2]) for row in session.execute(chosen)}


def _related(
    dataset_id: int | None, name: str, caption: str, known: Mapping[int, Known], pictures: Mapping[int, Picture]
) -> Related:
    if dataset_id is None or dataset_id not in known:
        return Related(name, None, None, caption)
    url = url_for("datasets.show", dataset_id=dataset_id)
    found = known[dataset_id]
    return Related(found.name, url, pictures.get(dataset_id), caption, found.warnings)


def _settings(job: Job, jobtype: JobType) -> list[Setting]:
    known = {option.name: option for option in jobtype.options}
    return [
        Setting(known[name].label, _as_offered(known[name], value), known[name].unit)
        for name, value in job.options.items()
        if name in known
    ]


def _as_offered(option: OptionBase, value: Value) -> str:
    """A choice by its label in the form, anything else as it is."""
    if isinstance(option, SeveralOption) and isinstance(value, list):
        labels = {item.value: item.label or item.value for item in option.items}
        return ", ".join(labels.get(one, str(one)) for one in value)
    items = option.items if isinstance(option, ChoiceOption) else ()
    return next((item.label for item in items if item.value == value and item.label), as_text(value))


def _change_url(job: Job) -> str:
    name = job.submission.revision.name
    ids: dict[str, list[int]] = {}
    first = job.inputs[0].slot if job.inputs else ""
    for row in job.inputs:
        if row.dataset_id is not None:
            ids.setdefault("dataset" if row.slot == first else f"in.{row.slot}", []).append(row.dataset_id)
    query = {name: texts_of(numbers) for name, numbers in ids.items()}
    # Where none of several was chosen nothing is kept; without a word of it the form would tick the usual ones.
    several = [one.name for one in jobtype_of(job).options if isinstance(one, SeveralOption)]
    for option, value in {**dict.fromkeys(several), **job.options}.items():
        query[f"option.{option}"] = [as_text(value)]
    if not job.inputs and job.investigation_id is not None:
        query["experiment"] = [str(job.investigation_id)]
    submission = job.submission
    # A trial's job is named by its value: its form may have been given a name. The form makes anew what these very
    # values make.
    title = submission.trial.title if submission.trial is not None else job.title
    query["again"] = [str(job.id)]
    for field, text in (("variant", submission.variant), ("preset", submission.preset), ("title", title)):
        if text:
            query[field] = [text]
    return url_for("analyses.start", name=name, **query)  # type: ignore[arg-type]
