"""Which of the submissions that results are trials of tried a draft, and not several values."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.jobs.models import Submission


def draft_trials(session: Session, submissions: Iterable[str | None]) -> set[str]:
    """Those that tried a draft and no values, so that they have no sheet. No question where there are none."""
    wanted = {one for one in submissions if one is not None}
    if not wanted:
        return set()
    query = select(Submission.id).where(Submission.id.in_(wanted), Submission.draft, Submission.trial.is_(None))
    return set(session.scalars(query))
