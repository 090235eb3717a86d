"""Which jobs a person may see: the one filter that every query about jobs carries."""

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.catalogue.access import team_investigations
from portal.identity.actor import Actor
from portal.identity.missing import check_id, not_found
from portal.jobs.batches.models import Batch, id_of
from portal.jobs.models import Job, Submission
from portal.jobs.unseen import hide


def visible_jobs(actor: Actor) -> Select[Job]:
    """A Select of the jobs this person may see: one's own, the experiments' whose team one is in; staff: all."""
    query = select(Job)
    if actor.staff:
        return query
    if not actor.signed_in:
        return query.where(false())
    in_team = Job.investigation_id.in_(team_investigations(actor))
    return query.where(or_(Job.person_id == actor.person_id, in_team))


def of_submission(key: str) -> ColumnElement[bool]:
    """The condition on jobs of one submission: its id, or a batch's short number, B-17."""
    number = id_of(key)
    if number is None:
        return Job.submission_id == key
    return Job.submission_id == select(Batch.submission_id).where(Batch.id == number).scalar_subquery()


def get_job(session: Session, actor: Actor, job_id: int) -> Job:
    """The job, its inputs, attempts, outputs and history loaded. Raises NotFoundError."""
    found = read_jobs(session, actor, visible_jobs(actor).where(Job.id == check_id(actor, job_id)))
    if not found:
        raise not_found(actor)
    return found[0]


def read_jobs(session: Session, actor: Actor, query: Select[Job]) -> list[Job]:
    """Jobs for somebody to look at, with all that a card shows; names that she may not read are taken out.

    `query` comes from `visible_jobs`.
    """
    jobs = list(session.scalars(_loaded(query)))
    hide(session, actor, jobs)
    return jobs


def _loaded(query: Select[Job]) -> Select[Job]:
    """The query with all that a card shows, in a fixed number of statements."""
    return query.options(
        selectinload(Job.submission).options(selectinload(Submission.revision), joinedload(Submission.batch)),
        selectinload(Job.person),
        selectinload(Job.inputs),
        selectinload(Job.attempts),
        selectinload(Job.outputs),
        selectinload(Job.events),
    )
