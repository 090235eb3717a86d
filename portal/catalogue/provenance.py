"""Where a dataset came from, and what came of it: runs with the datasets that this person may see."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from portal.catalogue.access import Action, allowed, visible
from portal.catalogue.models import DataCollectionDataset, Dataset, Job
from portal.identity.actor import Actor

MOST_RUNS = 100


@dataclass(frozen=True)
class Linked:
    """A dataset in a run, and which slot or output of the job type it filled."""

    slot: str
    dataset: Dataset


@dataclass(frozen=True)
class Run:
    """An application's run, as ICAT's Job tells it."""

    application: str
    version: str
    options: dict[str, Any]
    portal_job: int | None
    person: str
    """Sign-in name of who asked for it."""
    at: datetime
    inputs: list[Linked] = field(default_factory=list)
    outputs: list[Linked] = field(default_factory=list)
    hidden_inputs: int = 0
    """How many inputs this person may not see."""
    id: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else was kept of it: the job type's revision, the image, who ran what version."""


def came_from(session: Session, actor: Actor, dataset: Dataset, *, now: datetime | None = None) -> Run | None:
    """The run that made the dataset; None if it was measured, or the run is not visible."""
    runs = _runs(session, actor, dataset, Job.output_data_collection_id, now)
    return runs[0] if runs else None


def came_of(session: Session, actor: Actor, dataset: Dataset, *, now: datetime | None = None) -> list[Run]:
    """The runs that used the dataset, newest first, one hundred at most."""
    return _runs(session, actor, dataset, Job.input_data_collection_id, now)


def made_by(
    session: Session, actor: Actor, datasets: Collection[int], *, now: datetime | None = None
) -> dict[int, Run]:
    """The runs that made these datasets, by the dataset's id, as far as this person sees them."""
    if not datasets:
        return {}
    query = (
        visible(actor, Job, now=now)
        .join(DataCollectionDataset, DataCollectionDataset.data_collection_id == Job.output_data_collection_id)
        .where(DataCollectionDataset.dataset_id.in_(datasets))
        .add_columns(DataCollectionDataset.dataset_id)
        .options(joinedload(Job.application))
        .order_by(Job.id)
    )
    made = {dataset: job for job, dataset in session.execute(query)}
    jobs = list({job.id: job for job in made.values()}.values())
    if not jobs:
        return {}
    members, sizes = _members(session, actor, jobs, now), _sizes(session, jobs)
    runs = {job.id: _run(job, members, sizes) for job in jobs}
    return {dataset: runs[job.id] for dataset, job in made.items()}


def _runs(session: Session, actor: Actor, dataset: Dataset, side: Any, now: datetime | None) -> list[Run]:
    # Its few collections first: the condition of who may see a run is then asked of those runs alone.
    collections = select(DataCollectionDataset.data_collection_id).where(
        DataCollectionDataset.dataset_id == dataset.id
    )
    mine = session.scalars(collections).all()
    if not mine:
        return []
    newest = visible(actor, Job, now=now).where(side.in_(mine)).order_by(Job.id.desc()).limit(MOST_RUNS)
    jobs = session.scalars(newest.options(joinedload(Job.application))).all()
    if not jobs:
        return []
    members = _members(session, actor, jobs, now)
    sizes = _sizes(session, jobs)
    return [_run(job, members, sizes) for job in jobs]


def _run(job: Job, members: dict[int, list[Linked]], sizes: dict[int, int]) -> Run:
    given, made = job.input_data_collection_id or 0, job.output_data_collection_id or 0
    inputs = members.get(given, [])
    options, facts = _arguments(job.arguments)
    return Run(
        id=job.id,
        facts=facts,
        application=job.application.name,
        version=job.application.version,
        options=options,
        portal_job=job.portal_job,
        person=job.create_id,
        at=job.create_time,
        inputs=inputs,
        outputs=members.get(made, []),
        hidden_inputs=sizes.get(given, 0) - len(inputs),
    )


def _collections(jobs: Sequence[Job]) -> set[int]:
    both = [(job.input_data_collection_id, job.output_data_collection_id) for job in jobs]
    return {collection for pair in both for collection in pair if collection is not None}


def _members(session: Session, actor: Actor, jobs: Sequence[Job], now: datetime | None) -> dict[int, list[Linked]]:
    query = (
        select(DataCollectionDataset.data_collection_id, DataCollectionDataset.slot, Dataset)
        .join(Dataset, Dataset.id == DataCollectionDataset.dataset_id)
        .where(
            DataCollectionDataset.data_collection_id.in_(_collections(jobs)),
            allowed(actor, Action.READ, Dataset, now=now),
        )
        .options(joinedload(Dataset.type), joinedload(Dataset.investigation))
        .order_by(DataCollectionDataset.id)
    )
    found: dict[int, list[Linked]] = {}
    for collection, slot, dataset in session.execute(query):
        found.setdefault(collection, []).append(Linked(slot, dataset))
    return found


def _sizes(session: Session, jobs: Sequence[Job]) -> dict[int, int]:
    collection = DataCollectionDataset.data_collection_id
    query = select(collection, func.count()).where(collection.in_(_collections(jobs))).group_by(collection)
    return {row[0]: row[1] for row in session.execute(query)}


def _arguments(arguments: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options, and what was kept beside them."""
    try:
        document = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return {}, {}  # an ICAT that was brought over may hold anything here
    if not isinstance(document, dict):
        return {}, {}
    if "options" not in document:
        return document, {}
    options = document["options"]
    facts = {key: value for key, value in document.items() if key != "options"}
    return (options if isinstance(options, dict) else {}), facts
