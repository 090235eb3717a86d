"""The one next step that the home page offers."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from portal.catalogue.access import Action, allowed, visible
from portal.catalogue.models import Dataset
from portal.catalogue.models.data import RESULTS
from portal.identity.actor import Actor
from portal.jobs.models import Job
from portal.jobs.state import State

NEWEST = 8


def newest_datasets(session: Session, actor: Actor, *, results: bool) -> Sequence[Dataset]:
    """The newest results, or the newest measured datasets, without counting how many there are."""
    made = Dataset.location.startswith(f"{RESULTS}:", autoescape=True)
    query = (
        visible(actor, Dataset)
        .where(Dataset.trial.is_(None), made if results else or_(Dataset.location.is_(None), ~made))
        .order_by(Dataset.date.desc(), Dataset.id.desc())
        .limit(NEWEST)
        .options(
            joinedload(Dataset.type, innerjoin=True),
            joinedload(Dataset.investigation, innerjoin=True),
            joinedload(Dataset.instrument),
        )
    )
    return session.scalars(query).all()


@dataclass(frozen=True)
class NextStep:
    """A sentence and where its button leads."""

    sentence: str
    words: str
    href: str


def first_to_analyse(session: Session, actor: Actor, datasets: Sequence[Dataset]) -> Dataset | None:
    """The first sound one that this person may start something on: seeing what is public does not suffice."""
    sound = [dataset for dataset in datasets if dataset.complete and not dataset.problem]
    ids = [dataset.id for dataset in sound]
    permitted = select(Dataset.id).where(Dataset.id.in_(ids), allowed(actor, Action.SUBMIT, Dataset))
    theirs = set(session.scalars(permitted)) if ids else set()
    return next((dataset for dataset in sound if dataset.id in theirs), None)


def next_step(jobs: Sequence[Job], results: Sequence[Dataset], fresh: Dataset | None) -> NextStep:
    """What needs this person most: a failed job, a fresh dataset, or finding data at all."""
    failed = next((job for job in jobs if job.state is State.FAILED), None)
    if failed is not None:
        return NextStep(
            f"“{failed.title}” failed. {failed.cause_words or ''}".strip(),
            "Look at it",
            url_for("jobs.job", job_id=failed.id),
        )
    if fresh is not None and not jobs:
        return NextStep(
            f"“{fresh.name}” is the newest dataset that you can analyse.",
            "Analyse it",
            url_for("datasets.show", dataset_id=fresh.id),
        )
    if results:
        return NextStep(
            f"“{results[0].name}” is the newest result.",
            "Open it",
            url_for("datasets.show", dataset_id=results[0].id),
        )
    return NextStep("Choose a dataset, and see what can be done with it.", "Go to the data", url_for("data.show"))
