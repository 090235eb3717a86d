"""What one person may start an analysis from: its own presets, those that are kept, and her last time."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.identity.actor import Actor
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobtype.kinds.lists import SeveralOption
from portal.jobtype.model import JobType
from portal.jobtype.option import Value
from portal.presets.offered import Kept, Offer, kept_as, still_good, told_by_datasets, why_not_kept, with_kept
from portal.presets.service import presets_of

LAST: Final = "last"
AS_LAST_TIME: Final = "As last time"


def offer_for(session: Session, actor: Actor, jobtype: JobType) -> Offer:
    """The analysis with all that this person may start from. Her last time comes before what is kept."""
    last = last_time(session, actor, jobtype)
    kept = [kept_as(jobtype, one) for one in presets_of(session, actor, jobtype.name)]
    return with_kept(jobtype, [*([last] if last is not None else []), *kept])


def last_time(session: Session, actor: Actor, jobtype: JobType) -> Kept | None:
    """The values of this person's newest job of the analysis; None where there is none, or nothing to take over.

    What datasets say themselves, and what was chosen in one, is not taken over.
    """
    if actor.person_id is None:
        return None
    query = (
        select(Job)
        .join(Job.submission)
        .join(Submission.revision)
        .where(
            Job.person_id == actor.person_id,
            JobTypeRevision.name == jobtype.name,
            Submission.trial.is_(None),
            ~Submission.draft,
        )
        .order_by(Job.id.desc())
        .limit(1)
    )
    job = session.scalars(query).first()
    if job is None:
        return None
    # Where none of several was chosen nothing is written down.
    several: dict[str, Value] = {one.name: [] for one in jobtype.options if isinstance(one, SeveralOption)}
    of_data = {one.name for one in jobtype.options if told_by_datasets(one) or why_not_kept(jobtype, one)}
    values = {name: value for name, value in {**several, **job.options}.items() if name not in of_data}
    found = still_good(jobtype, values)
    if not found.values:
        return None
    stays = "What datasets say themselves stays as they say it." if of_data & set(job.options) else ""
    note = " ".join(one for one in (f"As in {job.number}.", stays) if one)
    return Kept(LAST, AS_LAST_TIME, job.number, note, found.values, found.gone, lost=found.lost)
