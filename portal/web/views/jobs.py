"""Jobs as cards, and what a job's own page shows besides the service's view of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import url_for
from sqlalchemy.orm import Session

from portal.identity.actor import Actor
from portal.jobs.clusters.status import ClusterStatus
from portal.jobs.lines import Group, Lines
from portal.jobs.models import Job
from portal.jobs.read import sentence
from portal.jobs.state import State
from portal.jobs.timing.progress import progress_of
from portal.web.views.batches import batch_sentence, hidden_words, state_of_all
from portal.web.views.paging import PageLinks, page_links
from portal.web.views.pictures import Picture, thumbnails
from portal.words import count


@dataclass(frozen=True)
class CardAction:
    """The one thing to do next with a job, as a link."""

    href: str
    words: str


@dataclass(frozen=True)
class JobCard:
    """A job in a list."""

    id: int
    url: str
    number: str
    title: str
    state: str
    sentence: str
    active: bool
    fraction: float | None
    analysis: str
    owner: str
    changed: datetime
    picture: Picture | None
    action: CardAction | None
    source: str = ""
    """What it works on, by name, as far as this person may know it; with how many more there are."""


def job_url(job: Job) -> str:
    """A job's page: its short number stands in the address."""
    return url_for("jobs.job", job_id=job.id)


def result_ids(job: Job) -> list[int]:
    """The datasets that came out of a job."""
    found = (output.dataset_id for output in job.outputs)
    return [dataset_id for dataset_id in found if dataset_id is not None]


def job_cards(
    session: Session,
    actor: Actor,
    jobs: Sequence[Job],
    now: datetime,
    *,
    status: ClusterStatus | None = None,
    titles: Mapping[str, str] | None = None,
) -> list[JobCard]:
    """Cards of jobs whose inputs, outputs, person and submission are loaded: one more query, for the pictures."""
    pictures = thumbnails(session, actor, _pictured(jobs))
    return [_card(actor, job, now, pictures=pictures, status=status, titles=titles or {}) for job in jobs]


def line_cards(
    session: Session,
    actor: Actor,
    lines: Lines,
    now: datetime,
    *,
    status: ClusterStatus | None = None,
    titles: Mapping[str, str] | None = None,
    outlooks: Mapping[str, str] | None = None,
) -> list[JobCard]:
    """Cards of the list's lines: of a batch or trial one that says how many of its jobs are how.

    `outlooks`: when the last run of a batch ends, as a sentence, by submission.
    """
    cards = job_cards(session, actor, lines.page.items, now, status=status, titles=titles)
    return [
        _card_of_group(card, lines.groups[job.submission_id], (outlooks or {}).get(job.submission_id, ""))
        if job.submission_id in lines.groups
        else card
        for card, job in zip(cards, lines.page.items, strict=True)
    ]


def line_links(lines: Lines) -> PageLinks:
    """Links to the pages around this one; where lines stand for several jobs, with both numbers."""
    if lines.jobs == lines.page.total:
        return page_links(lines.page, "job")
    links = page_links(lines.page, "line")
    return replace(links, words=f"{links.words}, {count(lines.jobs, 'job')}") if links.words else links


def _card_of_group(newest: JobCard, group: Group, outlook: str) -> JobCard:
    submission = group.submission
    of_trial = submission.trial is not None
    url = url_for("trials.show" if of_trial else "batches.show", submission_id=submission.key)
    failed = group.states.get(State.FAILED, 0)
    words = "See them side by side" if of_trial else f"See the {failed:,} failed" if failed else "See all"
    return replace(
        newest,
        url=url,
        number=submission.batch.number if submission.batch is not None else _numbers(group),
        title=submission.title,
        state=state_of_all(group.states),
        sentence=batch_sentence(group.states, group.warned)
        + hidden_words(group.hidden)
        + (f" {outlook}" if outlook else "")
        + (" Discarded." if submission.discarded is not None else ""),
        active=group.ended < group.seen,
        fraction=group.ended / group.seen,
        changed=max(group.changed.values()),
        action=CardAction(url, words),
    )


def _numbers(group: Group) -> str:
    first, last = Job.number_of(group.first), Job.number_of(group.last)
    return first if group.first == group.last else f"{first} to {last}"


def _pictured(jobs: Iterable[Job]) -> Iterable[int | None]:
    for job in jobs:
        results = result_ids(job)
        if results:
            yield results[0]
        elif job.inputs:
            yield job.inputs[0].dataset_id


def _card(
    actor: Actor,
    job: Job,
    now: datetime,
    *,
    pictures: Mapping[int, Picture],
    status: ClusterStatus | None,
    titles: Mapping[str, str],
) -> JobCard:
    progress = progress_of(job.progress, job.started, now) if job.state is State.RUNNING else None
    shown = next((pictures[i] for i in _pictured([job]) if i is not None and i in pictures), None)
    name = job.submission.revision.name
    return JobCard(
        id=job.id,
        url=job_url(job),
        number=job.number,
        title=job.title,
        state=job.state.words,
        sentence=sentence(job, now, status=status),
        active=not job.state.final,
        fraction=progress.fraction if progress else None,
        analysis=draft_words(job) or titles.get(name, name),
        owner="" if job.person_id == actor.person_id else job.person.full_name,
        changed=job.ended or job.changed,
        picture=shown,
        action=_action(actor, job),
        source=_source(job),
    )


def draft_words(job: Job) -> str:
    """What a trial of a draft is called, of whose title no list knows; empty for what is published."""
    if not job.submission.draft:
        return ""
    document = job.submission.revision.document
    return f"{document.get('title') or job.submission.revision.name}, trial of a draft"


def _source(job: Job) -> str:
    if not job.inputs:
        return ""
    more = f" and {len(job.inputs) - 1} more" if len(job.inputs) > 1 else ""
    return f"{job.inputs[0].dataset_name}{more}"


def _action(actor: Actor, job: Job) -> CardAction | None:
    results = result_ids(job)
    if results:
        return CardAction(url_for("datasets.show", dataset_id=results[0]), "Open the result")
    if job.state is State.FAILED and (job.person_id == actor.person_id or actor.staff):
        return CardAction(job_url(job), "See why")
    return None
