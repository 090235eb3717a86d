"""A notice in words."""

from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from portal import words
from portal.drafts.signoff.count import count_unsigned
from portal.jobs.state import State
from portal.notify.models import About, Notice
from portal.notify.read import MOST_COUNTED, count_new
from portal.staging.second import count_unsigned as count_unsigned_images
from portal.web.context import actor, portal, session

STATES = {
    About.DONE: State.SUCCEEDED,
    About.FAILED: State.FAILED,
    About.HELD: State.HELD,
    About.CANCELLED: State.CANCELLED,
}
ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class NoticeLine:
    """One notice as a page shows it."""

    id: int
    new: bool
    state: str
    """The state that people see, for icon and colour."""
    title: str
    says: str
    """What follows the title; empty where the state says it all."""
    more: str
    """Why, in a sentence; empty where there is nothing to add."""
    href: str
    at: datetime


def new_notices() -> int:
    """What the bell counts: what is not read, who asks for access, and what waits for this person's key."""
    settings = portal().settings
    waits = count_unsigned(session(), actor(), settings) + count_unsigned_images(session(), actor(), settings)
    return min(count_new(session(), actor()) + waits, MOST_COUNTED)


def notice_line(notice: Notice) -> NoticeLine:
    """The line of a notice, in an open session."""
    if notice.job is not None:
        title, href = notice.job.title, url_for("jobs.job", job_id=notice.job.id)
    else:
        title, href = notice.submission.title, url_for("batches.show", submission_id=notice.submission.key)
    more = notice.event.words or ""
    if notice.about is About.BATCH:
        state, says, more = _batch_state(notice), "has ended", _counted(notice)
    else:
        state = STATES[notice.about]
        says = "in part" if notice.job is None else ""
        if notice.about is About.DONE:
            more = ""
    return NoticeLine(notice.id, notice.read is None, state.words, title, says, more, href, notice.at)


def _batch_state(notice: Notice) -> State:
    """As what a batch is shown: failed if a part of it is."""
    for state in (State.FAILED, State.SUCCEEDED):
        if notice.counts.get(state.value):
            return state
    return State.CANCELLED


def _counted(notice: Notice) -> str:
    counts = {state: int(notice.counts.get(state.value, 0)) for state in ENDED}
    parts = [f"{count:,} {state.words.lower()}" for state, count in counts.items() if count]
    return f"{words.count(sum(counts.values()), 'job')}: {words.listed(parts)}."
