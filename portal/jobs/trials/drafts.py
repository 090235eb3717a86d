"""Trials of drafts: which of the submissions that results are of, and keeping what one made."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.errors import ConflictError, ForbiddenError
from portal.identity.actor import Actor
from portal.jobs.models import Job, Submission
from portal.jobs.read import get_job
from portal.jobs.state import State


def draft_trials(session: Session, submissions: Iterable[str | None]) -> set[str]:
    """Those that tried a draft and no values, so that they have no sheet. No question where there are none."""
    wanted = {one for one in submissions if one is not None}
    if not wanted:
        return set()
    query = select(Submission.id).where(Submission.id.in_(wanted), Submission.draft, Submission.trial.is_(None))
    return set(session.scalars(query))


def keep(session: Session, actor: Actor, job_id: int, *, now: datetime) -> Job:
    """Have the results of a draft's trial stand among the others, which the daemon does. Twice is harmless.

    Raises NotFoundError, ForbiddenError, and ConflictError where it is no trial of a draft that succeeded.
    """
    job = get_job(session, actor, job_id)
    submission = job.submission
    if job.person_id != actor.person_id:
        raise ForbiddenError("Only the person who started it may do this.")
    if not submission.draft or submission.trial is not None:
        raise ConflictError(f"{job.number} is no trial of a draft.")
    if job.state is not State.SUCCEEDED:
        raise ConflictError(f"{job.number} left no result that could be kept.")
    if submission.kept is None:
        submission.kept = now
        thing = Thing(Kind.SUBMISSION, submission.id, submission.title)
        record(session, actor, Action.TRIAL_KEPT, thing, at=now)
    return job
