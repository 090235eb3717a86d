"""A batch gets another title."""

from datetime import datetime

from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.errors import ForbiddenError
from portal.identity.actor import Actor
from portal.jobs.models import Submission
from portal.jobs.read import get_submission
from portal.jobs.submit.check import checked_title


def rename_batch(session: Session, actor: Actor, key: str, title: str, *, now: datetime) -> Submission:
    """Give a batch another title; its jobs and results keep their names, which are those of their datasets.

    Raises NotFoundError, ForbiddenError (another person's), InvalidError (no title).
    """
    submission = get_submission(session, actor, key)
    if submission.person_id != actor.person_id and not actor.staff:
        whose = f"{submission.title} is {submission.person.full_name}'s"
        raise ForbiddenError(f"{whose}; only they and staff can change it.")
    before, submission.title = submission.title, checked_title(title)
    thing = Thing(Kind.SUBMISSION, submission.id, submission.title)
    record(session, actor, Action.RENAME, thing, at=now, details={"before": before})
    return submission
