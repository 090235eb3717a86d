"""Pictures of an input and of what was made of it, to be laid beside and over each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Dataset, DatasetPicture
from portal.identity.actor import Actor
from portal.jobs.models import Job
from portal.web.views.pictures import picture_of

MOST_OF_A_SIDE = 100


@dataclass(frozen=True)
class Shot:
    """A picture with what is known of it: None is not known."""

    dataset_id: int
    name: str
    dataset_url: str
    url: str
    width: int
    height: int
    caption: str
    black: float | None
    """The values that are drawn as black and as white; grey is linear between them."""
    white: float | None
    width_um: float | None
    height_um: float | None


@dataclass(frozen=True)
class Comparison:
    """What stands on both sides. `paired`: the n-th input belongs to the n-th result, and no other."""

    inputs: tuple[Shot, ...]
    results: tuple[Shot, ...]
    paired: bool = False

    @property
    def possible(self) -> bool:
        """Whether both sides have a picture."""
        return bool(self.inputs and self.results)


def shots_of(session: Session, actor: Actor, dataset_ids: Iterable[int | None]) -> dict[int, list[Shot]]:
    """The pictures of those datasets that the actor sees, the one that stands for each first: one statement."""
    wanted = {one for one in dataset_ids if one is not None}
    if not wanted:
        return {}
    readable = visible(actor, Dataset).where(Dataset.id.in_(wanted)).with_only_columns(Dataset.id)
    query = (
        select(DatasetPicture, Dataset.name)
        .join(Dataset, Dataset.id == DatasetPicture.dataset_id)
        .where(DatasetPicture.dataset_id.in_(readable))
        .order_by(DatasetPicture.dataset_id, DatasetPicture.role != "thumbnail", DatasetPicture.position)
    )
    found: dict[int, list[Shot]] = {}
    for row, name in session.execute(query):
        found.setdefault(row.dataset_id, []).append(_shot(row, name))
    return found


def compare_datasets(
    session: Session, actor: Actor, inputs: Sequence[int | None], results: Sequence[int | None]
) -> Comparison:
    """All pictures of these inputs beside all of these results."""
    found = shots_of(session, actor, [*inputs, *results])
    return Comparison(_all_of(found, inputs), _all_of(found, results))


def compare_jobs(session: Session, actor: Actor, jobs: Sequence[Job]) -> Comparison:
    """For each job that has both, the picture of its first input and that of its first result."""
    of = [(_first_input(job), _first_result(job)) for job in jobs]
    found = shots_of(session, actor, [one for pair in of for one in pair])
    pairs = [
        (found[given][0], found[made][0])
        for given, made in of
        if given is not None and made is not None and given in found and made in found
    ]
    return Comparison(tuple(one for one, _ in pairs), tuple(other for _, other in pairs), paired=True)


def _all_of(found: Mapping[int, Sequence[Shot]], ids: Sequence[int | None]) -> tuple[Shot, ...]:
    shots = [shot for one in dict.fromkeys(ids) if one is not None for shot in found.get(one, ())]
    return tuple(shots[:MOST_OF_A_SIDE])


def _first_input(job: Job) -> int | None:
    return job.inputs[0].dataset_id if job.inputs else None


def _first_result(job: Job) -> int | None:
    return next((output.dataset_id for output in job.outputs if output.dataset_id is not None), None)


def _shot(row: DatasetPicture, name: str) -> Shot:
    picture = picture_of(row)
    return Shot(
        dataset_id=row.dataset_id,
        name=name,
        dataset_url=url_for("datasets.show", dataset_id=row.dataset_id),
        url=picture.url,
        width=picture.width,
        height=picture.height,
        caption=picture.caption,
        black=row.black,
        white=row.white,
        width_um=row.width_um,
        height_um=row.height_um,
    )
