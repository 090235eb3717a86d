"""Rows of jobs without the way to them: for whoever needs many in the queue at once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.said import Waiting
from portal.jobs.state import State

RESOURCES = {"cpus": 1, "memory_mb": 1024, "time_s": 60}


def write_jobs(
    session: Session, jobs: Iterable[tuple[int, State, datetime | None]], now: datetime, *, chunk: int = 5000
) -> None:
    """A job for each (person, state, not before), ids in that order; one submission a person."""
    revision = JobTypeRevision(name="count", version="1", digest="sha256:0", document={}, created=now)
    session.add(revision)
    session.flush()
    submissions: dict[int, str] = {}
    rows: list[dict[str, Any]] = []
    places: dict[int, int] = {}
    for person_id, state, not_before in jobs:
        if person_id not in submissions:
            made = Submission(
                person_id=person_id,
                revision_id=revision.id,
                title="Many",
                options={},
                variant="small",
                resources=RESOURCES,
                mode="each",
                created=now,
            )
            session.add(made)
            session.flush()
            submissions[person_id] = made.id
        places[person_id] = places.get(person_id, -1) + 1
        rows.append(
            {
                "submission_id": submissions[person_id],
                "person_id": person_id,
                "index": places[person_id],
                "title": "One of many",
                "state": state,
                "options": {},
                "resources": RESOURCES,
                "created": now,
                "changed": now,
                "not_before": not_before,
                "progress": {},
                "waiting": Waiting(),
            }
        )
        if len(rows) >= chunk:
            session.execute(insert(Job), rows)
            rows = []
    if rows:
        session.execute(insert(Job), rows)
