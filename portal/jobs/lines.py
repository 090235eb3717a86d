"""The list of jobs as people read it: a line for each job, and one for all jobs of a batch or of a trial."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, union_all
from sqlalchemy.orm import Session

from portal.catalogue.page import Page
from portal.catalogue.page import before as first_of
from portal.identity.actor import Actor
from portal.jobs.access import read_jobs, visible_jobs
from portal.jobs.batches.models import Batch
from portal.jobs.models import Job, Submission
from portal.jobs.read import conditions
from portal.jobs.state import FINAL, State


@dataclass(frozen=True)
class Group:
    """The visible jobs of one batch or trial, whatever their state, counted."""

    submission: Submission
    states: Mapping[State, int]
    changed: Mapping[State, datetime]
    """When the latest of those in a state came to it."""
    first: int
    last: int
    """The ids of the first and of the last of them."""
    warned: int
    """How many have a result that its program doubts."""
    hidden: int
    """How many more there are which this person may not see."""

    @property
    def seen(self) -> int:
        """How many there are to see."""
        return sum(self.states.values())

    @property
    def ended(self) -> int:
        """How many of these cannot change any more."""
        return sum(number for state, number in self.states.items() if state in FINAL)


@dataclass(frozen=True)
class Lines:
    """Some of the lines, newest first."""

    page: Page[Job]
    """A job for each line; of several that are one line the newest that matches. `total` counts lines."""
    jobs: int
    """How many jobs match."""
    groups: Mapping[str, Group] = field(default_factory=dict)
    """By submission, the batches and trials among the lines."""

    def moments(self) -> Iterator[tuple[State, datetime]]:
        """In which states the jobs of these lines are, and since when the latest of each."""
        for job in self.page.items:
            if job.submission_id not in self.groups:
                yield job.state, job.changed
        for group in self.groups.values():
            yield from group.changed.items()


def list_lines(
    session: Session,
    actor: Actor,
    *,
    state: str | Sequence[State] | None = None,
    person: str | None = None,
    text: str | None = None,
    where: Sequence[ColumnElement[bool]] = (),
    page: int = 1,
    size: int,
) -> Lines:
    """The visible jobs as `list_jobs` finds them, with one line for a batch or trial of which some match.

    `where`: what a job must be besides to match.
    """
    matching = visible_jobs(actor).where(*conditions(actor, state, person, text, None), *where)
    tried = select(Submission.id).where(Submission.trial.is_not(None))
    several = Job.submission_id.in_(union_all(tried, select(Batch.submission_id)))
    newest = (
        matching.where(several).with_only_columns(func.max(Job.id)).group_by(Job.submission_id).correlate(None)
    )
    query = matching.where(or_(~several, Job.id.in_(newest)))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    jobs = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    page = max(1, page)
    chosen = query.order_by(Job.id.desc()).limit(size).offset(first_of(page, size))
    rows = read_jobs(session, actor, chosen)
    found = Page(rows, total, page, size, page + 1 if page * size < total else None)
    return Lines(found, jobs, _groups(session, actor, rows))


def _groups(session: Session, actor: Actor, rows: Sequence[Job]) -> dict[str, Group]:
    """What the lines of several jobs say, in two statements however many jobs there are."""
    wanted = {
        row.submission_id: row.submission
        for row in rows
        if row.submission.trial is not None or row.submission.batch is not None
    }
    if not wanted:
        return {}
    every = (
        select(Job.submission_id, func.count()).where(Job.submission_id.in_(wanted)).group_by(Job.submission_id)
    )
    all_of: dict[str, int] = dict(session.execute(every).all()) if not actor.staff else {}
    some = visible_jobs(actor).where(Job.submission_id.in_(wanted)).subquery()
    counted = select(
        some.c.submission_id,
        some.c.state,
        func.count(),
        func.min(some.c.id),
        func.max(some.c.id),
        func.sum(func.sign(some.c.warnings)),
        func.max(func.coalesce(some.c.ended, some.c.changed), type_=some.c.changed.type),
    ).group_by(some.c.submission_id, some.c.state)
    of: dict[str, list[tuple[State, int, int, int, int, datetime]]] = {}
    for key, *one in session.execute(counted):
        of.setdefault(key, []).append(tuple(one))
    return {
        key: Group(
            submission=wanted[key],
            states={one[0]: one[1] for one in found},
            changed={one[0]: one[5] for one in found},
            first=min(one[2] for one in found),
            last=max(one[3] for one in found),
            warned=sum(one[4] for one in found),
            hidden=all_of[key] - sum(one[1] for one in found) if key in all_of else 0,
        )
        for key, found in of.items()
    }
