"""Datasets as cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from portal.catalogue.access import Action, allowed
from portal.catalogue.models import DataCollectionDataset, Dataset, Investigation
from portal.catalogue.models import Job as Run
from portal.identity.actor import Actor
from portal.jobtype.model import JobType
from portal.web.views.pictures import Picture, thumbnails_of
from portal.web.views.results.made import Made, lie_alike, made_of


@dataclass(frozen=True)
class DatasetCard:
    """A dataset in a list."""

    id: int
    url: str
    name: str
    origin: str
    """The instrument that measured it; for a result, its type."""
    date: datetime | None
    size: int
    experiment: str
    public: bool
    results: int
    complete: bool
    problem: str | None
    warnings: int
    """How many reasons there are to doubt a result."""
    picture: Picture | None
    made: Made | None = None
    """Of a result, how it came to be."""

    @property
    def split(self) -> str:
        """How input and result share the card: `split` as one picture, `halves`, or not at all."""
        if self.made is None or self.made.before is None or self.picture is None:
            return ""
        return "split" if lie_alike(self.made.before, self.picture) else "halves"


def is_public(investigation: Investigation, now: datetime) -> bool:
    """True once everybody may see it."""
    return investigation.release_date is not None and investigation.release_date <= now


def origin(dataset: Dataset) -> str:
    """Where it comes from, in two or three words."""
    if dataset.instrument is not None and not dataset.is_result:
        return dataset.instrument.full_name or dataset.instrument.name
    return dataset.type.name.capitalize()


def dataset_cards(
    session: Session,
    actor: Actor,
    datasets: Sequence[Dataset],
    now: datetime,
    jobtypes: Mapping[str, JobType] | None = None,
) -> list[DatasetCard]:
    """Cards of datasets whose type, instrument and investigation are loaded: two more queries for all of them.

    With `jobtypes`, results tell how they came to be: six more.
    """
    made = made_of(session, actor, datasets, jobtypes) if jobtypes is not None else {}
    ids = [dataset.id for dataset in datasets]
    pictures = thumbnails_of(session, datasets)
    results = count_results(session, actor, ids)
    return [
        DatasetCard(
            id=dataset.id,
            url=url_for("datasets.show", dataset_id=dataset.id),
            name=dataset.name,
            origin=origin(dataset),
            date=dataset.start_date or dataset.create_time,
            size=dataset.file_size,
            experiment=dataset.investigation.title,
            public=is_public(dataset.investigation, now),
            results=results.get(dataset.id, 0),
            complete=dataset.complete,
            problem=dataset.problem,
            warnings=len(dataset.warnings),
            picture=pictures.get(dataset.id),
            made=made.get(dataset.id),
        )
        for dataset in datasets
    ]


def count_results(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, int]:
    """How many visible datasets were made from each of these, without trials."""
    if not ids:
        return {}
    given, made = aliased(DataCollectionDataset), aliased(DataCollectionDataset)
    query = (
        select(given.dataset_id, func.count(func.distinct(Dataset.id)))
        .join(Run, Run.input_data_collection_id == given.data_collection_id)
        .join(made, made.data_collection_id == Run.output_data_collection_id)
        .join(Dataset, Dataset.id == made.dataset_id)
        .where(given.dataset_id.in_(ids), Dataset.trial.is_(None), allowed(actor, Action.READ, Dataset))
        .group_by(given.dataset_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}
