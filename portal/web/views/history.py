"""Where a dataset came from and what came of it, with pictures and links."""

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import url_for
from sqlalchemy.orm import Session

from portal.catalogue.models import Dataset
from portal.catalogue.provenance import Run, came_from, came_of
from portal.identity.actor import Actor
from portal.identity.people import full_names
from portal.jobs.trials.drafts import draft_trials
from portal.jobtype.model import JobType
from portal.web.views.pictures import Picture, thumbnails


@dataclass(frozen=True)
class Relative:
    """A dataset in the history."""

    id: int
    name: str
    type: str
    url: str
    picture: Picture | None
    warnings: int


@dataclass(frozen=True)
class RunLine:
    """One run: what was done, by whom, when; its job's page where there is one."""

    analysis: str
    version: str
    person: str
    at: datetime
    job_url: str | None
    datasets: tuple[Relative, ...]
    """Of the run that made the dataset its inputs; of a run that used it the outputs."""
    hidden: int
    """How many of them this person does not see."""
    trial_url: str | None = None
    """Of values that were tried: the sheet with all of them, which stands for their results."""
    tried: int = 0
    """How many results the sheet has."""


@dataclass(frozen=True)
class History:
    """Both directions."""

    source: RunLine | None
    made: tuple[RunLine, ...]


def history_of(session: Session, actor: Actor, dataset: Dataset, jobtypes: Mapping[str, JobType]) -> History:
    """The run that made the dataset, if any, and the runs that used it, newest first."""
    source, made = came_from(session, actor, dataset), came_of(session, actor, dataset)
    shown = [linked.dataset for run in made for linked in run.outputs]
    inputs = [linked.dataset for linked in source.inputs] if source else []
    pictures = thumbnails(session, actor, [item.id for item in (*shown, *inputs)])
    names = full_names(session, {run.person for run in (source, *made) if run})
    drafts = draft_trials(session, [_trial_of(run) for run in made])

    def line(run: Run, datasets: Sequence[Dataset], hidden: int) -> RunLine:
        jobtype = jobtypes.get(run.application)
        return RunLine(
            analysis=jobtype.title if jobtype else run.application,
            version=run.version,
            person=names.get(run.person, run.person),
            at=run.at,
            job_url=url_for("jobs.job", job_id=run.portal_job) if run.portal_job and actor.signed_in else None,
            datasets=tuple(_relative(item, pictures) for item in datasets),
            hidden=hidden,
        )

    return History(
        source=line(source, inputs, source.hidden_inputs) if source else None,
        made=tuple(_folded(made, line, drafts)),
    )


def _folded(
    made: Sequence[Run], line: Callable[[Run, Sequence[Dataset], int], RunLine], drafts: Container[str]
) -> Iterator[RunLine]:
    """A line for each run, and one for all runs of a trial of values together. Trials of drafts say so."""
    trials = Counter(trial for run in made if (trial := _trial_of(run)))
    told: set[str] = set()
    for run in made:
        trial = _trial_of(run)
        if trial is not None and trial in drafts:
            one = line(run, [linked.dataset for linked in run.outputs], 0)
            yield replace(one, analysis=f"{one.analysis}, trial of a draft")
        elif trial is None:
            yield line(run, [linked.dataset for linked in run.outputs], 0)
        elif trial not in told:
            told.add(trial)
            sheet = url_for("trials.show", submission_id=trial)
            yield replace(line(run, [], 0), job_url=None, trial_url=sheet, tried=trials[trial])


def _trial_of(run: Run) -> str | None:
    return next((linked.dataset.trial for linked in run.outputs if linked.dataset.trial), None)


def _relative(dataset: Dataset, pictures: Mapping[int, Picture]) -> Relative:
    url = url_for("datasets.show", dataset_id=dataset.id)
    return Relative(
        dataset.id, dataset.name, dataset.type.name, url, pictures.get(dataset.id), len(dataset.warnings)
    )
