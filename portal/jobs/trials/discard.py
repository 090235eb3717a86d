"""Discarding what was tried, and taking that back."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.errors import ForbiddenError
from portal.identity.actor import Actor
from portal.jobs.actions import cancel_all
from portal.jobs.models import Submission
from portal.jobs.trials.sheet import get_sheet


def discard(session: Session, actor: Actor, submission_id: str, *, now: datetime) -> Submission:
    """Leave the results out of every list, and ask for the end of what has not ended. Twice is harmless.

    No file is removed: results of jobs stay as they were filed. Raises NotFoundError, ForbiddenError.
    """
    submission = _own(session, actor, submission_id)
    cancel_all(session, actor, submission_id, now=now)
    if submission.discarded is None:
        submission.discarded = now
        record(session, actor, Action.TRIAL_DISCARDED, _thing(submission), at=now)
    return submission


def take_back(session: Session, actor: Actor, submission_id: str, *, now: datetime) -> Submission:
    """Have the results listed as trials again. Raises NotFoundError, ForbiddenError."""
    submission = _own(session, actor, submission_id)
    if submission.discarded is not None:
        submission.discarded = None
        record(session, actor, Action.TRIAL_TAKEN_BACK, _thing(submission), at=now)
    return submission


def discarded_trials() -> Select[str]:
    """The ids of all that are discarded, as a part of a question."""
    return select(Submission.id).where(Submission.discarded.is_not(None))


def _own(session: Session, actor: Actor, submission_id: str) -> Submission:
    submission = get_sheet(session, actor, submission_id).submission
    if submission.person_id != actor.person_id and not actor.staff:
        raise ForbiddenError("Only the person who started it, or staff, may do this.")
    return submission


def _thing(submission: Submission) -> Thing:
    return Thing(Kind.SUBMISSION, submission.id, submission.title)
