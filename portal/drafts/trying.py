"""Running a draft: as its author or one whom she named, on what that person may see, and marked as a trial."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from portal.config import Settings
from portal.drafts.publishing import wishes_of
from portal.drafts.revisions import Wished
from portal.drafts.service import draft_for
from portal.errors import ConflictError
from portal.identity.actor import Actor
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobs.submit.write import WrittenSubmission
from portal.jobtype.load import JobTypes, parse_text
from portal.jobtype.model import JobType


def usable(session: Session, actor: Actor, draft_id: int) -> JobType:
    """The draft's text as it is now. Raises NotFoundError, and ConflictError where it is not complete."""
    draft = draft_for(session, actor, draft_id)
    jobtype, _problems = parse_text(draft.text, Path("draft"))
    if jobtype is None:
        raise ConflictError("This draft cannot be used yet. Its text says what is wrong.")
    return jobtype


def tryable(session: Session, actor: Actor, draft_id: int) -> JobType:
    """The draft's text as it is now, if this person may run it.

    Raises NotFoundError for everybody but its author and those whom she named, and ConflictError where the
    publisher has not let this person run this very revision.
    """
    jobtype = usable(session, actor, draft_id)
    asked: Sequence[str] = [
        "" if one.deed.done else one.deed.words
        for one in wishes_of(session, jobtype.revision)
        if one.wished is Wished.TRY and one.person_id == actor.person_id and one.deed is not None
    ]
    if "" in asked:
        return jobtype
    why = f" It was refused: {asked[0]}" if asked else " Ask for it first; it takes a few seconds."
    raise ConflictError(f"This text cannot be tried yet.{why}")


def submit_trial(
    session: Session, actor: Actor, draft_id: int, request: SubmitRequest, *, settings: Settings, now: datetime
) -> WrittenSubmission:
    """Run the draft on datasets that this person sees: `submit` checks what it always does, and raises it."""
    jobtype = tryable(session, actor, draft_id)
    asked = replace(request, jobtype=jobtype.name, draft=jobtype.revision)
    offered = JobTypes({jobtype.name: jobtype})
    return submit(session, actor, asked, jobtypes=offered, settings=settings, now=now)
