"""What stands on a result's card besides its own: what it was made of, by which analysis, and its key figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from portal.catalogue.models import Dataset
from portal.catalogue.parameters.rows import known_of_all
from portal.catalogue.provenance import Run, made_by
from portal.identity.actor import Actor
from portal.jobtype.model import JobType
from portal.web.views.pictures import Picture, thumbnails

ALIKE = 0.02


@dataclass(frozen=True)
class CardFigure:
    """A figure as a card shows it."""

    name: str
    value: object
    units: str


@dataclass(frozen=True)
class Made:
    """How a result came to be, as far as this person may know it."""

    analysis: str
    source: str | None
    """The name of what it was made of; None where this person does not see it."""
    source_url: str | None
    more: int
    """How many further inputs there are, hidden ones too."""
    before: Picture | None
    """The input's picture."""
    figures: tuple[CardFigure, ...]


def made_of(
    session: Session, actor: Actor, datasets: Sequence[Dataset], jobtypes: Mapping[str, JobType]
) -> dict[int, Made]:
    """What is told of those that are results, by their ids, in a fixed number of statements."""
    results = [dataset.id for dataset in datasets if dataset.is_result]
    runs = made_by(session, actor, results)
    if not runs:
        return {}
    wanted = {one: _wanted(run, jobtypes) for one, run in runs.items()}
    figures = _figures(session, wanted)
    pictures = thumbnails(session, actor, [run.inputs[0].dataset.id for run in runs.values() if run.inputs])
    found: dict[int, Made] = {}
    for one, run in runs.items():
        first = run.inputs[0].dataset if run.inputs else None
        jobtype = jobtypes.get(run.application)
        found[one] = Made(
            analysis=jobtype.title if jobtype else run.application,
            source=first.name if first else None,
            source_url=url_for("datasets.show", dataset_id=first.id) if first else None,
            more=max(0, len(run.inputs) + run.hidden_inputs - 1),
            before=pictures.get(first.id) if first else None,
            figures=figures.get(one, ()),
        )
    return found


def key_figures(
    session: Session, datasets: Sequence[int], names: Sequence[str]
) -> dict[int, tuple[CardFigure, ...]]:
    """Those of these names that are known of datasets which the caller may see, by their ids."""
    return _figures(session, dict.fromkeys(datasets, names))


def _figures(session: Session, wanted: Mapping[int, Sequence[str]]) -> dict[int, tuple[CardFigure, ...]]:
    names = {name for some in wanted.values() for name in some}
    known = known_of_all(session.connection(), list(wanted), names) if names and wanted else {}
    return {
        one: tuple(
            CardFigure(name, value, figure.counts[0].units)
            for name in some
            if (figure := known.get(one, {}).get(name)) is not None
            and not figure.doubtful
            and (value := figure.counts[0].value) is not None
        )
        for one, some in wanted.items()
    }


def lie_alike(one: Picture, other: Picture) -> bool:
    """Whether two pictures have one shape, so that one can stand for the left of the other."""
    shapes = one.width / one.height, other.width / other.height
    return abs(shapes[0] - shapes[1]) <= ALIKE * max(shapes)


def _wanted(run: Run, jobtypes: Mapping[str, JobType]) -> Sequence[str]:
    jobtype = jobtypes.get(run.application)
    return jobtype.figures if jobtype else ()
