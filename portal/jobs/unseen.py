"""Names of inputs that a reader may not read: a job's team need not be that of all its inputs."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.attributes import set_committed_value

from portal.catalogue.access import visible
from portal.catalogue.models import Dataset
from portal.identity.actor import Actor
from portal.jobs.models import Job, JobEvent, JobInput, Submission

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


def title_without_names(title: str, names: Sequence[str]) -> str:
    """A title with each of the names taken out, also a short one that stands alone and one that was cut off."""
    for name in (" ".join(one.split()) for one in names):
        if len(name) >= SHORTEST:
            title = _without_beginning(without_names(title, [name]), name)
        elif name:
            title = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", UNSEEN, title)
    return title


def _without_beginning(title: str, name: str) -> str:
    """Without the beginning of a name, where a title that was too long ends in it."""
    told, cut, rest = title.partition("…")
    if cut:
        for length in range(min(len(name), len(told)), SHORTEST, -1):
            if told.endswith(name[:length]):
                return told[:-length] + UNSEEN + rest
    return title


def telling_titles(actor: Actor) -> ColumnElement[bool]:
    """The condition on jobs whose title tells the name of an input that the actor may not read.

    Whoever searches such a title learns its words one after another.
    """
    if actor.staff:
        return false()
    return Job.inputs.any(and_(~nameable(actor), _in_title(Job.title)))


def telling_batches(actor: Actor) -> ColumnElement[bool]:
    """The same of submissions: their titles may tell any of their jobs' inputs."""
    if actor.staff:
        return false()
    told = select(JobInput.id).join(Job, Job.id == JobInput.job_id).where(
        Job.submission_id == Submission.id, ~nameable(actor), _in_title(Submission.title)
    )  # fmt: skip
    return told.correlate(Submission).exists()


def _in_title(title: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """As `title_without_names` has it, and rather too often: beginnings are as telling as whole names."""
    name = JobInput.dataset_name
    whole = or_(*(_holds(title, one) for one in (name, func.replace(name, "  ", " "))))
    return or_(whole, and_(title.contains("…"), _holds(title, func.substr(name, 1, SHORTEST))))


def _holds(title: InstrumentedAttribute[str], part: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Whether it stands in it; of LIKE each database has its own opinion on backslashes."""
    return func.replace(title, part, "") != title


def hide(session: Session, actor: Actor, jobs: Sequence[Job]) -> None:
    """Take the names that the actor may not read out of jobs that a session has loaded for reading.

    The rows stay as they are: what is hidden here is never written.
    """
    found = unseen_names(session, actor, (job.id for job in jobs if job.inputs))
    for job in jobs:
        if job.id in found:
            _hide(job, found[job.id])
    hide_in_batches(session, actor, {job.submission_id: job.submission for job in jobs}.values())


def hide_in_titles(session: Session, actor: Actor, jobs: Sequence[Job]) -> None:
    """The same for jobs of which nothing but the title is shown."""
    found = unseen_names(session, actor, (job.id for job in jobs))
    for job in jobs:
        if job.id in found:
            _retitle(job, found[job.id])


def hide_in_batches(session: Session, actor: Actor, submissions: Collection[Submission]) -> None:
    """The same for the titles of submissions, which may tell any of their jobs' inputs."""
    if actor.staff or not submissions:
        return
    query = (
        select(Job.submission_id, JobInput.dataset_name)
        .join(Job, Job.id == JobInput.job_id)
        .join(Submission, Submission.id == Job.submission_id)
        .where(Job.submission_id.in_([one.id for one in submissions]), ~nameable(actor))
        .where(_in_title(Submission.title))
    )
    found: dict[str, set[str]] = {}
    for key, name in session.execute(query):
        found.setdefault(key, set()).add(name)
    for one in submissions:
        if one.id in found:
            _retitle(one, sorted(found[one.id], key=len, reverse=True))


def hide_in_events(session: Session, actor: Actor, events: Sequence[JobEvent]) -> None:
    """The same for events that were loaded without their jobs, as notices are made of."""
    telling = [event for event in events if event.words]
    names = unseen_names(session, actor, {event.job_id for event in telling})
    for event in telling:
        if event.job_id in names and event.words:
            set_committed_value(event, "words", without_names(event.words, names[event.job_id]))


def _retitle(one: Job | Submission, names: Sequence[str]) -> None:
    told = title_without_names(one.title, names)
    if told != one.title:
        set_committed_value(one, "title", told)


def _hide(job: Job, names: Sequence[str]) -> None:
    _retitle(job, names)
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
