"""What drafts made and is to be kept stands among the other results from then on; the daemon alone sees to it."""

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from portal.catalogue.models import Dataset
from portal.db import Database
from portal.jobs.models import Submission


def keep_trials(database: Database) -> int:
    """Have the results of trials that are kept be no trial's any more; how many there were. Twice is harmless."""
    with database.read() as session:
        if session.scalar(_results().limit(1)) is None:
            return 0
    with database.write() as session:
        return _keep(session)


def _keep(session: Session) -> int:
    ids = list(session.scalars(_results().limit(1000)))
    session.execute(update(Dataset).where(Dataset.id.in_(ids)).values(trial=None))
    return len(ids)


def _results() -> Select[int]:
    kept = select(Submission.id).where(Submission.kept.is_not(None), Submission.draft, Submission.trial.is_(None))
    return select(Dataset.id).where(Dataset.trial.in_(kept)).order_by(Dataset.id)
