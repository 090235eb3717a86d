"""Experiments in a list, and what runs in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.finding.experiments import own_among
from portal.catalogue.models import Dataset, Instrument, Investigation, InvestigationInstrument
from portal.identity.actor import Actor
from portal.jobs.lines import Lines, list_lines
from portal.jobs.models import Job
from portal.jobs.state import UNFINISHED
from portal.level import level
from portal.web.formats import dates
from portal.web.views.datasets import is_public

MOST_JOBS = 12


@dataclass(frozen=True)
class ExperimentLine:
    """An experiment in a list."""

    url: str
    title: str
    name: str
    when: str
    instruments: str
    datasets: int
    public: bool
    own: bool
    """I am in its team."""


@dataclass(frozen=True)
class ExperimentGroup:
    """Lines beneath one heading; empty where they need none."""

    title: str
    lines: list[ExperimentLine]


def experiment_groups(lines: Sequence[ExperimentLine], *, searched: bool) -> list[ExperimentGroup]:
    """Lines that are sorted as one's own first, beneath their headings; those of a search in one group."""
    if searched or not lines:
        return [ExperimentGroup("", list(lines))] if lines else []
    mine, others = [line for line in lines if line.own], [line for line in lines if not line.own]
    return [
        ExperimentGroup(title, some)
        for title, some in ((f"My {level().many}", mine), (f"Other {level().many} that I may see", others))
        if some
    ]


def instrument_names(experiment: Investigation) -> list[str]:
    """The instruments that were used, by the names people use."""
    rows = experiment.investigation_instruments
    return [row.instrument.full_name or row.instrument.name for row in rows]


def experiment_lines(
    session: Session, actor: Actor, experiments: Sequence[Investigation], now: datetime
) -> list[ExperimentLine]:
    """Lines of a list, with three queries for all of them."""
    ids = [experiment.id for experiment in experiments]
    counted = (
        visible(actor, Dataset)
        .where(Dataset.investigation_id.in_(ids), Dataset.trial.is_(None))
        .with_only_columns(Dataset.investigation_id, func.count())
        .group_by(Dataset.investigation_id)
    )
    numbers = {row[0]: row[1] for row in session.execute(counted)}
    used = (
        select(InvestigationInstrument.investigation_id, func.coalesce(Instrument.full_name, Instrument.name))
        .join(Instrument, Instrument.id == InvestigationInstrument.instrument_id)
        .where(InvestigationInstrument.investigation_id.in_(ids))
        .order_by(Instrument.name)
    )
    instruments: dict[int, list[str]] = {}
    for experiment_id, name in session.execute(used):
        instruments.setdefault(experiment_id, []).append(name)
    own = own_among(session, actor, experiments)
    return [
        ExperimentLine(
            url=url_for("experiments.show", investigation_id=experiment.id),
            title=experiment.title,
            name=experiment.name,
            when=dates(experiment.start_date, experiment.end_date),
            instruments=", ".join(instruments.get(experiment.id, ())),
            datasets=numbers.get(experiment.id, 0),
            public=is_public(experiment, now),
            own=experiment.id in own,
        )
        for experiment in experiments
    ]


def experiment_jobs(session: Session, actor: Actor, investigation_id: int) -> Lines:
    """The unfinished jobs whose results go to this experiment, newest first; a line for a whole batch or trial."""
    here = [Job.investigation_id == investigation_id]
    return list_lines(session, actor, state=tuple(UNFINISHED), where=here, size=MOST_JOBS)
