"""Cancelling what has run for long: what would be lost, before it is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from portal.identity.actor import Actor
from portal.jobs.access import visible_jobs
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.words import count, duration

LONG: Final = timedelta(minutes=10)
"""What has run for longer is not cancelled by one press of a button."""
WORKING: Final = frozenset({State.RUNNING, State.COLLECTING})


def running_jobs(session: Session, actor: Actor, submission_id: str) -> Sequence[Job]:
    """The jobs of a batch that are at work."""
    query = visible_jobs(actor).where(Job.submission_id == submission_id, Job.state.in_(WORKING))
    return session.scalars(query).all()


def asks_first(jobs: Sequence[Job], now: datetime) -> bool:
    """Whether a person who cancels these is asked if that is meant."""
    return any(_ran(job, now) > LONG and job.cancel_requested is None for job in jobs)


def lost_with(jobs: Sequence[Job], now: datetime) -> dict[str, str]:
    """What ends with them, in words."""
    longest = max(_ran(job, now) for job in jobs)
    ran = duration(longest.total_seconds())
    many = count(sum(_ran(job, now) > LONG for job in jobs), "job")
    lost = (
        f"It has run for {ran}." if len(jobs) == 1 else f"{many} of it ran for more than 10 minutes, up to {ran}."
    )
    return {"lost": lost}


def _ran(job: Job, now: datetime) -> timedelta:
    begun = job.started if job.state in WORKING else None
    return now - begun if begun is not None else timedelta()
