"""Names of inputs that a reader may not read: a job's team need not be that of all its inputs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from portal.catalogue.access import visible
from portal.catalogue.models import Dataset
from portal.identity.actor import Actor
from portal.jobs.models import Job, JobEvent, JobInput

UNSEEN = "a dataset that is not shared with you"
SHORTEST = 3
"""Characters of a name that is looked for in texts: a shorter one would blacken half of them."""


def nameable(actor: Actor) -> ColumnElement[bool]:
    """Of inputs: those whose names the actor may read, as a condition. What is gone is named to who chose it."""
    readable = JobInput.dataset_id.in_(visible(actor, Dataset).with_only_columns(Dataset.id).order_by(None))
    mine = JobInput.job_id.in_(select(Job.id).where(Job.person_id == actor.person_id))
    return or_(readable, and_(JobInput.dataset_id.is_(None), mine))


def unseen_names(session: Session, actor: Actor, job_ids: Iterable[int]) -> Mapping[int, Sequence[str]]:
    """By job, the names of its inputs that the actor may not read, the longest first."""
    ids = list(job_ids)
    if actor.staff or not ids:
        return {}
    query = select(JobInput.job_id, JobInput.dataset_name).where(JobInput.job_id.in_(ids), ~nameable(actor))
    found: dict[int, list[str]] = {}
    for job_id, name in session.execute(query):
        found.setdefault(job_id, []).append(name)
    return {job_id: sorted(set(names), key=len, reverse=True) for job_id, names in found.items()}


def without_names(text: str, names: Sequence[str]) -> str:
    """The text with each of the names taken out."""
    for name in names:
        if len(name) >= SHORTEST:
            text = text.replace(f"“{name}”", UNSEEN).replace(name, UNSEEN)
    return text


def hide(session: Session, actor: Actor, jobs: Sequence[Job]) -> None:
    """Take the names that the actor may not read out of jobs that a session has loaded for reading.

    The rows stay as they are: what is hidden here is never written.
    """
    for job_id, names in unseen_names(session, actor, (job.id for job in jobs if job.inputs)).items():
        job = next(one for one in jobs if one.id == job_id)
        _hide(job, names)


def hide_in_events(session: Session, actor: Actor, events: Sequence[JobEvent]) -> None:
    """The same for events that were loaded without their jobs, as notices are made of."""
    telling = [event for event in events if event.words]
    names = unseen_names(session, actor, {event.job_id for event in telling})
    for event in telling:
        if event.job_id in names and event.words:
            set_committed_value(event, "words", without_names(event.words, names[event.job_id]))


def _hide(job: Job, names: Sequence[str]) -> None:
    for given in job.inputs:
        if given.dataset_name in names:
            set_committed_value(given, "dataset_name", UNSEEN)
    if job.cause_words:
        set_committed_value(job, "cause_words", without_names(job.cause_words, names))
    for event in job.events:
        if event.words:
            set_committed_value(event, "words", without_names(event.words, names))
    for attempt in job.attempts:
        last = attempt.seen.files.last_lines
        if last:
            files = replace(attempt.seen.files, last_lines=without_names(last, names))
            set_committed_value(attempt, "seen", replace(attempt.seen, files=files))
