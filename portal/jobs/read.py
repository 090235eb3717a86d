"""Reading jobs: every query carries `visible_jobs`, and there is no other way to them."""

from collections.abc import Sequence
from difflib import get_close_matches

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.catalogue.page import Page
from portal.catalogue.page import before as first_of
from portal.db import LARGEST_ID, is_id
from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.identity.missing import not_found
from portal.identity.models import Person
from portal.jobs.access import get_job, of_submission, read_jobs, visible_jobs
from portal.jobs.batches.models import id_of
from portal.jobs.clusters.status import ClusterStatus, cluster_status
from portal.jobs.log import LogTail, log_tail
from portal.jobs.models import NUMBER_OFFSET, Job, JobInput, Submission
from portal.jobs.state import WORDS, State
from portal.jobs.unseen import hide_in_batches, nameable, telling_batches, telling_titles
from portal.jobs.view import JobView, Moment, Resource, job_view, sentence

PAGE = 50
# The seven words that people filter by.
BY_WORD: dict[str, tuple[State, ...]] = {
    word.lower(): tuple(state for state in State if state.words == word) for word in WORDS.values()
}

__all__ = [
    "ClusterStatus",
    "JobView",
    "LogTail",
    "Moment",
    "Resource",
    "cluster_status",
    "conditions",
    "counts",
    "get_job",
    "get_submission",
    "hidden_jobs",
    "job_view",
    "list_jobs",
    "log_tail",
    "sentence",
    "visible_jobs",
    "with_warnings",
]


def get_submission(session: Session, actor: Actor, submission_id: str) -> Submission:
    """The submission of this id or number (B-17), if the person may see a job of it. Raises NotFoundError."""
    mine = visible_jobs(actor).where(of_submission(submission_id)).limit(1)
    job = session.scalar(mine)
    if job is None:
        raise not_found(actor)
    hide_in_batches(session, actor, [job.submission])
    return job.submission


def list_jobs(
    session: Session,
    actor: Actor,
    *,
    state: str | State | Sequence[State] | None = None,
    person: str | None = None,
    text: str | None = None,
    submission: str | None = None,
    before: int | None = None,
    page: int = 1,
    size: int = PAGE,
) -> Page[Job]:
    """The visible jobs, newest first. `state`: a State, several, or a word that people see ("waiting").

    Raises InvalidError for another word.

    `person` is a sign-in name. `text` matches a number (J-1042, B-17), a job's or batch's title, an input's
    name or an analysis.
    `before` gives only jobs older than this id, which a list that grows meanwhile can be walked by.
    """
    query = visible_jobs(actor)
    for condition in conditions(actor, state, person, text, submission):
        query = query.where(condition)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    if before is not None:
        query = query.where(Job.id < max(0, min(before, LARGEST_ID)))
    page, size = max(1, page), max(1, min(size, 500))
    order = Job.index if submission else Job.id.desc()
    rows = read_jobs(session, actor, query.order_by(order).limit(size).offset(first_of(page, size)))
    return Page(rows, total, page, size, page + 1 if page * size < total else None)


def hidden_jobs(session: Session, actor: Actor, submission: Submission) -> int:
    """How many jobs of a submission this person may not see: others' experiments can be among its inputs'."""
    if actor.staff:
        return 0
    every = session.scalar(select(func.count(Job.id)).where(Job.submission_id == submission.id)) or 0
    return every - sum(counts(session, actor, submission).values())


def counts(session: Session, actor: Actor, submission: Submission | str) -> dict[State, int]:
    """How many visible jobs of a batch are in each state."""
    key = submission if isinstance(submission, str) else submission.id
    return _by_state(session, visible_jobs(actor).where(Job.submission_id == key))


def own_counts(session: Session, actor: Actor, *, trials: bool) -> dict[State, int]:
    """How many of the person's own jobs are in each state: those that tried something, or all others.

    What a draft's trial made and she keeps is no trial any more.
    """
    tries = or_(Submission.trial.is_not(None), and_(Submission.draft, Submission.kept.is_(None)))
    mine = visible_jobs(actor).join(Submission, Submission.id == Job.submission_id)
    return _by_state(session, mine.where(Job.person_id == actor.person_id, tries if trials else ~tries))


def _by_state(session: Session, jobs: Select[Job]) -> dict[State, int]:
    some = jobs.subquery()
    query = select(some.c.state, func.count()).group_by(some.c.state)
    found: dict[State, int] = dict(session.execute(query).all())
    return {state: found[state] for state in State if state in found}


def with_warnings(session: Session, actor: Actor, submission: Submission) -> int:
    """How many visible jobs of a batch have a result that its program doubts."""
    some = visible_jobs(actor).where(Job.submission_id == submission.id, Job.warnings > 0).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def conditions(
    actor: Actor,
    state: str | State | Sequence[State] | None,
    person: str | None,
    text: str | None,
    submission: str | None,
) -> list[ColumnElement[bool]]:
    """What a job must be to match, as `list_jobs` takes it. Raises InvalidError for a word that is no state."""
    found: list[ColumnElement[bool]] = []
    if state:
        found.append(Job.state.in_(_states(state)))
    if person:
        found.append(Job.person_id == select(Person.id).where(Person.name == person).scalar_subquery())
    if submission:
        found.append(of_submission(submission))
    if text and text.strip():
        found.append(_matches(actor, text.strip()))
    return found


def _states(state: str | State | Sequence[State]) -> tuple[State, ...]:
    if isinstance(state, State):
        return (state,)
    if isinstance(state, str):
        found = BY_WORD.get(state.lower()) or tuple(s for s in State if s.value == state.lower())
        if not found:
            close = get_close_matches(state.lower(), [*BY_WORD, *(s.value for s in State)], n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise InvalidError(f"There is no state “{state}”.{hint} There are: {', '.join(BY_WORD)}.")
        return found
    return tuple(state)


def _matches(actor: Actor, text: str) -> ColumnElement[bool]:
    digits = text.upper().removeprefix("J-")
    conditions = [
        and_(Job.title.icontains(text, autoescape=True), ~telling_titles(actor)),
        Job.inputs.any(and_(JobInput.dataset_name.icontains(text, autoescape=True), nameable(actor))),
        Job.submission.has(Submission.revision.has(name=text.lower())),
        Job.submission.has(and_(Submission.title.icontains(text, autoescape=True), ~telling_batches(actor))),
    ]
    if id_of(text) is not None:
        conditions.append(of_submission(text))
    number = int(digits) - NUMBER_OFFSET if digits.isascii() and digits.isdigit() and len(digits) < 15 else 0
    if is_id(number):
        conditions.append(Job.id == number)
    return or_(*conditions)
