"""Whose names may stand in a result's name: who sees the result need not see all that it is made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.audience import Audience, audiences_of, narrowest
from portal.catalogue.inputs import open_experiments
from portal.catalogue.models import Dataset
from portal.form import InputDataset, Inputs
from portal.form.plan import split
from portal.identity.actor import Actor
from portal.jobtype.model import JobType


def nameable_inputs(
    jobtype: JobType,
    inputs: Mapping[str, Sequence[InputDataset]],
    mode: str,
    *,
    experiments: Mapping[int, int],
    audiences: Mapping[int, Audience],
    open_: Collection[int],
) -> Inputs:
    """The inputs, those marked that some who see the result of their job do not see.

    `experiments` are those of the datasets, `audiences` theirs where they are several, `open_` those of them in
    which results may be filed. Raises InvalidError for an unknown mode.
    """
    slot = jobtype.slot
    if slot is None or len({experiments[one.id] for some in inputs.values() for one in some}) <= 1:
        return inputs
    unnamed = set()
    for job in split(jobtype, inputs, mode):
        given = [experiments[one.id] for s in jobtype.inputs for one in job.get(s.name, ())]
        if not given:  # what is asked with names slots that the analysis has not
            continue
        target = narrowest([one for one in given if one in open_] or given[:1], audiences)
        unnamed |= {
            one.id
            for one in job.get(slot.name, ())
            if experiments[one.id] != target and not audiences[target].within(audiences[experiments[one.id]])
        }
    marked = [replace(one, nameable=False) if one.id in unnamed else one for one in inputs.get(slot.name, ())]
    return {**inputs, slot.name: marked}


def as_named(
    session: Session, actor: Actor, jobtype: JobType, inputs: Inputs, mode: str | None, *, now: datetime
) -> Inputs:
    """The same for a form that is shown, of datasets that the actor was found to see."""
    ids = {one.id for some in inputs.values() for one in some}
    if len(ids) <= 1 or mode not in {"each", "all", None}:
        return inputs
    query = select(Dataset.id, Dataset.investigation_id).where(Dataset.id.in_(ids))
    experiments: dict[int, int] = dict(session.execute(query).all())
    wanted = set(experiments.values())
    if len(wanted) <= 1:
        return inputs
    connection = session.connection()
    audiences = audiences_of(connection, wanted, now=now)
    open_ = open_experiments(connection, actor, wanted, now=now)
    return nameable_inputs(
        jobtype, inputs, mode or "each", experiments=experiments, audiences=audiences, open_=open_
    )
