"""May jobs that exist be queued once more: what a new submission would be asked is asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from portal import words
from portal.config import LimitSettings
from portal.errors import ConflictError, LimitError
from portal.identity.actor import Actor
from portal.jobs.models import Job
from portal.jobs.submit.quota import Admission, admit, releasable
from portal.jobs.submit.submit import lock_person, unfinished_of
from portal.jobtype.load import JobTypes
from portal.jobtype.model import JobType


@dataclass(frozen=True)
class Terms:
    """What is on offer now, and how much a person may have."""

    jobtypes: JobTypes
    limits: LimitSettings


def largest(jobtype: JobType) -> dict[str, int]:
    """The most of each resource that any variant of a job type has."""
    requests = [variant.request(jobtype.grace_s) for variant in jobtype.resources.variants]
    return {name: max(request[name] for request in requests) for name in requests[0]}


def check_again(session: Session, actor: Actor, jobs: Sequence[Job], terms: Terms) -> None:
    """Whether ended jobs may be queued again. Their people are locked until the transaction ends, so that of two
    requests at once the second counts what the first has queued.

    Raises ConflictError (the analysis is not on offer any more) or LimitError.
    """
    for job in jobs:
        _check_offered(job, terms.jobtypes)
    by_person: dict[int, list[Job]] = {}
    for job in jobs:
        by_person.setdefault(job.person_id, []).append(job)
    for person_id in sorted(by_person):
        lock_person(session, person_id)
        unfinished, held = unfinished_of(session, person_id)
        theirs = by_person[person_id]
        answer = admit(
            wanted=len(theirs),
            unfinished=unfinished,
            held=held,
            queued_limit=terms.limits.queued_per_person,
            submission_limit=max(len(theirs), terms.limits.datasets_per_submission),  # they were submitted before
        )
        if answer.admission is not Admission.ADMITTED:
            raise LimitError(_full(actor, theirs[0], unfinished + held, len(theirs), terms))


def check_release(session: Session, job: Job, terms: Terms) -> None:
    """Whether a job on hold may go ahead. Raises ConflictError or LimitError."""
    _check_offered(job, terms.jobtypes)
    lock_person(session, job.person_id)
    unfinished, _held = unfinished_of(session, job.person_id)
    if not releasable(unfinished=unfinished, queued_limit=terms.limits.queued_per_person):
        most = words.count(terms.limits.queued_per_person, "unfinished job")
        raise LimitError(
            f"{job.person.full_name} may have {most} at once and has them. "
            "The job is released by itself when one of them ends."
        )


def _full(actor: Actor, job: Job, unfinished: int, wanted: int, terms: Terms) -> str:
    has = "You have" if job.person_id == actor.person_id else f"{job.person.full_name} has"
    most = f"{terms.limits.queued_per_person:,} at once"
    again = "this would add one" if wanted == 1 else f"this would add {wanted:,}"
    return (
        f"{has} {words.count(unfinished, 'unfinished job')}, of {most}; {again}. "
        "Nothing was started: try again when some have ended."
    )


def _check_offered(job: Job, jobtypes: JobTypes) -> None:
    """Its analysis is on offer, and no variant of it may use less than the job asks for."""
    name = job.submission.revision.name
    if job.submission.draft:
        raise ConflictError(
            f"{job.number} tried a draft, which may have changed since. Try the draft again instead."
        )
    offered = jobtypes.by_name.get(name)
    if offered is None:
        raise ConflictError(
            f"{job.number} cannot run again: the analysis {name} is not on offer any more. Its results stay."
        )
    asked: Mapping[str, Any] = job.resources
    for what, most in largest(offered).items():
        if isinstance(asked.get(what), int) and asked[what] > most:
            raise LimitError(
                f"{job.number} asks for more than the analysis may use now ({what}: {asked[what]:,}, at most "
                f"{most:,}). Start the analysis anew."
            )
    if asked.get("constraint") not in {None, *(one.constraint for one in offered.resources.variants)}:
        raise LimitError(
            f"{job.number} asks for a kind of node that the analysis uses no more. Start the analysis anew."
        )
