"""Ticking all that was found, at once: how many go together, and what the button says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from portal.catalogue.search import COUNTED, DatasetQuery, count_datasets, dataset_ids
from portal.config import Settings
from portal.identity.actor import Actor
from portal.web.views.paging import MOST_DATASETS


@dataclass(frozen=True)
class PickAll:
    """The button that ticks all that was found."""

    words: str
    most: int
    """How many datasets go together from page to page."""


def most_picked(settings: Settings) -> int:
    """How many datasets may be ticked together: as many as a submission has, and as a request may name."""
    return min(settings.limits.datasets_per_submission, MOST_DATASETS)


def pick_all(session: Session, actor: Actor, query: DatasetQuery, found: int, settings: Settings) -> PickAll:
    """What the button says where so many were `found`; those still being written are never ticked."""
    number, more = count_datasets(session, actor, replace(query, complete=True))
    most = most_picked(settings)
    if more:
        words = f"Tick the first {most:,} of more than {COUNTED:,} found"
    elif number > most:
        words = f"Tick the first {most:,} of {number:,} found"
    elif number < found:
        words = f"Tick the {number:,} of {found:,} found that are complete"
    else:
        words = f"Tick all {number:,} found"
    return PickAll(words if number > 1 else "", most)


def picked_ids(session: Session, actor: Actor, query: DatasetQuery, settings: Settings) -> Sequence[int]:
    """The datasets that the button ticks: the first of what was found, in its order."""
    return dataset_ids(session, actor, replace(query, complete=True), most=most_picked(settings))
