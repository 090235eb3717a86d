"""Analyses as cards: those that fit some datasets, and why others do not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flask import url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.inputs import input_dataset
from portal.catalogue.models import Dataset, DatasetType
from portal.form.fitting import asks_for_arrays, fitting_on
from portal.identity.actor import Actor
from portal.jobs.access import visible_jobs
from portal.jobs.models import Job, JobOutput, JobTypeRevision, Submission
from portal.jobs.timing.usage import UNUSED, Usage
from portal.jobtype.load import JobTypes
from portal.jobtype.match import words_of
from portal.jobtype.model import JobType
from portal.web.views.picks.id_lists import texts_of
from portal.web.views.pictures import Picture, thumbnails

ICONS: Final = frozenset(
    [
        "archive",
        "camera",
        "circle",
        "clipboard-check",
        "cpu",
        "disc",
        "droplet",
        "grid",
        "image",
        "layers",
        "sliders",
    ]
)
"""The icons a job type may name; others show as sliders."""


@dataclass(frozen=True)
class AnalysisCard:
    """A job type as people choose it."""

    name: str
    title: str
    summary: str
    icon: str
    category: str
    goes_in: str
    comes_out: str
    typical_time: str
    contact: str
    url: str
    why_not: str = ""
    picture: Picture | None = None
    """The one that its author chose, or else the newest result of it that this person sees."""
    used: str = ""
    """How often it was used of late, and how often it worked; empty where that is not looked at."""
    takes: str = ""
    """How long whole runs took of late; empty where too few tell."""


def analysis_card(
    jobtype: JobType, dataset_ids: Sequence[int] = (), why_not: str = "", picture: Picture | None = None
) -> AnalysisCard:
    """The card; its address leads to the form for these datasets."""
    slot = jobtype.slot
    return AnalysisCard(
        name=jobtype.name,
        title=jobtype.title,
        summary=jobtype.summary,
        icon=jobtype.icon if jobtype.icon in ICONS else "sliders",
        category=jobtype.category,
        goes_in=jobtype.goes_in or (words_of(slot.dataset_types).capitalize() if slot else "Nothing"),
        comes_out=jobtype.comes_out or _comes_out(jobtype),
        typical_time=jobtype.typical_time or "",
        contact=jobtype.contact,
        url=url_for("analyses.start", name=jobtype.name, dataset=texts_of(dataset_ids) or None),
        why_not=why_not,
        picture=picture,
    )


def _comes_out(jobtype: JobType) -> str:
    return jobtype.outputs[0].dataset_type.capitalize() if jobtype.outputs else "No dataset, only its log"


def fitting_cards(
    jobtypes: JobTypes, datasets: Sequence[Dataset]
) -> tuple[list[AnalysisCard], list[AnalysisCard]]:
    """Cards of what fits all these datasets, best first, and of the rest with reasons."""
    ids = [dataset.id for dataset in datasets]
    arrays = asks_for_arrays(jobtypes)
    found = fitting_on(jobtypes, [input_dataset(dataset, arrays=arrays) for dataset in datasets])
    return (
        [analysis_card(jobtype, ids) for jobtype in found.fits],
        [analysis_card(other.jobtype, (), other.reason) for other in found.others],
    )


def all_cards(
    session: Session,
    actor: Actor,
    jobtypes: Collection[JobType],
    measured: Mapping[str, int],
    used: Mapping[str, Usage],
    *,
    chosen: Mapping[str, Picture],
) -> list[AnalysisCard]:
    """Cards of these analyses, those of one category together, "Any data" last.

    Each has an example where there is one, first of all the one that its author chose (`chosen`, by name);
    `measured`: as `example_inputs` finds them.
    """
    results = example_results(session, actor)
    examples = {jobtype.name: results.get(jobtype.name) or _input_of(jobtype, measured) for jobtype in jobtypes}
    pictures = thumbnails(session, actor, examples.values())
    in_order = sorted(jobtypes, key=lambda item: (item.category == "Any data", item.category, item.title))
    cards = [
        analysis_card(jobtype, picture=chosen.get(jobtype.name) or pictures.get(examples[jobtype.name] or 0))
        for jobtype in in_order
    ]
    of_late = [used.get(card.name, UNUSED) for card in cards]
    return [replace(card, used=one.words, takes=one.takes) for card, one in zip(cards, of_late, strict=True)]


def example_results(session: Session, actor: Actor) -> dict[str, int]:
    """The newest visible result of each analysis: job type name -> dataset id."""
    mine = visible_jobs(actor).with_only_columns(Job.id)
    readable = visible(actor, Dataset).where(Dataset.trial.is_(None)).with_only_columns(Dataset.id)
    query = (
        select(JobTypeRevision.name, func.max(JobOutput.dataset_id))
        .join(Submission, Submission.revision_id == JobTypeRevision.id)
        .join(Job, Job.submission_id == Submission.id)
        .join(JobOutput, JobOutput.job_id == Job.id)
        .where(Job.id.in_(mine), JobOutput.dataset_id.in_(readable))
        .group_by(JobTypeRevision.name)
    )
    return {name: newest for name, newest in session.execute(query) if newest is not None}


def example_inputs(session: Session, actor: Actor) -> dict[str, int]:
    """The newest visible dataset of each type: name of the type -> dataset id."""
    # By way of the index on (type, date): a maximum over all that is visible would read all of it.
    newest = (
        visible(actor, Dataset)
        .where(
            Dataset.type_id == DatasetType.id,
            Dataset.complete,
            Dataset.problem.is_(None),
            Dataset.trial.is_(None),
        )
        .with_only_columns(Dataset.id)
        .order_by(Dataset.start_date.desc())
        .limit(1)
        .correlate(DatasetType)
        .scalar_subquery()
    )
    rows = session.execute(select(DatasetType.name, newest))
    return {name: dataset_id for name, dataset_id in rows if dataset_id is not None}


def _input_of(jobtype: JobType, measured: Mapping[str, int]) -> int | None:
    types = jobtype.slot.dataset_types if jobtype.slot else []
    return next((measured[name] for name in types if name in measured), None)
