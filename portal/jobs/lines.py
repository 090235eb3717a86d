"""The list of jobs as people read it: a line for each job, and one for all jobs of a trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.catalogue.page import Page
from portal.catalogue.page import before as first_of
from portal.identity.actor import Actor
from portal.jobs.access import loaded, visible_jobs
from portal.jobs.models import Job, Submission
from portal.jobs.read import conditions
from portal.jobs.state import State


@dataclass(frozen=True)
class Lines:
    """Some of the lines, newest first."""

    page: Page[Job]
    """A job for each line; of a trial the newest that matches. `total` counts lines."""
    jobs: int
    """How many jobs match."""
    trials: Mapping[str, Sequence[Job]]
    """By submission, all visible jobs of each trial among the lines, whatever their state."""


def list_lines(
    session: Session,
    actor: Actor,
    *,
    state: str | Sequence[State] | None = None,
    person: str | None = None,
    text: str | None = None,
    page: int = 1,
    size: int,
) -> Lines:
    """The visible jobs as `list_jobs` finds them, with one line for a trial of which at least one job matches."""
    matching = visible_jobs(actor).where(*conditions(state, person, text, None))
    tries = Job.submission_id.in_(select(Submission.id).where(Submission.trial.is_not(None)))
    newest = matching.where(tries).with_only_columns(func.max(Job.id)).group_by(Job.submission_id).correlate(None)
    query = matching.where(or_(~tries, Job.id.in_(newest)))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    jobs = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    page = max(1, page)
    rows = list(session.scalars(loaded(query.order_by(Job.id.desc())).limit(size).offset(first_of(page, size))))
    trials: dict[str, list[Job]] = {row.submission_id: [] for row in rows if row.submission.trial is not None}
    if trials:
        of_trials = visible_jobs(actor).where(Job.submission_id.in_(trials)).order_by(Job.index)
        for job in session.scalars(of_trials):
            trials[job.submission_id].append(job)
    return Lines(Page(rows, total, page, size, page + 1 if page * size < total else None), jobs, trials)
