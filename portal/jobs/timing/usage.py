"""How often each analysis was used of late, how often it worked, and how long it took: over everybody's jobs.

Counts alone leave this module: neither who, nor on what.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.state import State
from portal.jobs.timing.models import DONE, JobRun
from portal.jobs.timing.runs import MOST_LOOKED_AT
from portal.jobs.timing.spread import Span, span_words, spread
from portal.jobtype.kind import Kind
from portal.words import count

DAYS = 90
ENOUGH = 5
"""Runs of which most tell how long the next takes."""


@dataclass(frozen=True)
class Usage:
    """Of one analysis: jobs that ended by themselves in the last DAYS days, and how long whole runs took."""

    worked: int = 0
    failed: int = 0
    span: Span | None = None
    """Seconds; None where too few ran to their end."""
    runs: int = 0

    @property
    def ended(self) -> int:
        """How many ended, cancelled ones not counted."""
        return self.worked + self.failed

    @property
    def words(self) -> str:
        """`Used 212 times in the last 90 days; 97 % worked.`"""
        if not self.ended:
            return f"Not used in the last {DAYS} days."
        times = "once" if self.ended == 1 else f"{self.ended:,} times"
        return f"Used {times} in the last {DAYS} days; {self._how_many()} worked."

    @property
    def takes(self) -> str:
        """`2 to 7 minutes, by the last 40 runs`; empty where that is not known."""
        return f"{span_words(self.span)}, by the last {count(self.runs, 'run')}" if self.span else ""

    def _how_many(self) -> str:
        if self.failed == 0:
            return "it" if self.ended == 1 else "all"
        if self.worked == 0:
            return "it has not" if self.ended == 1 else "none"
        if self.ended < 20:
            return f"{self.worked}"
        # Never all nor none, which it was not.
        return f"{max(1, min(99, round(100 * self.worked / self.ended)))} %"


UNUSED = Usage()


def usage(session: Session, now: datetime) -> Mapping[str, Usage]:
    """By name of the job type, those alone that were used. Two queries over the jobs of DAYS days."""
    since = now - timedelta(days=DAYS)
    counted: dict[str, dict[State, int]] = {}
    ended = (
        select(JobTypeRevision.name, Job.state, func.count(Job.id))
        .join(Submission, Submission.id == Job.submission_id)
        .join(JobTypeRevision, JobTypeRevision.id == Submission.revision_id)
        .where(
            Submission.created > since,
            Submission.trial.is_(None),
            ~Submission.draft,
            Job.kind == Kind.RUN,
            Job.state.in_([State.SUCCEEDED, State.FAILED]),
        )
        .group_by(JobTypeRevision.name, Job.state)
    )
    for name, state, number in session.execute(ended):
        counted.setdefault(name, {})[state] = number
    times = _times(session, since)
    return {
        name: Usage(
            worked=states.get(State.SUCCEEDED, 0),
            failed=states.get(State.FAILED, 0),
            span=spread(times[name]) if len(times.get(name, ())) >= ENOUGH else None,
            runs=len(times.get(name, ())),
        )
        for name, states in counted.items()
    }


def _times(session: Session, since: datetime) -> Mapping[str, list[float]]:
    """How long the newest whole runs of each took, in seconds; those of a part of the data tell nothing of it."""
    place = func.row_number().over(partition_by=JobRun.jobtype, order_by=JobRun.ended.desc())
    newest = (
        select(JobRun.jobtype, JobRun.ran_s, place.label("place"))
        .where(JobRun.ended > since, ~JobRun.part, JobRun.outcome == DONE)
        .subquery()
    )
    found: dict[str, list[float]] = {}
    for name, seconds in session.execute(
        select(newest.c.jobtype, newest.c.ran_s).where(newest.c.place <= MOST_LOOKED_AT)
    ):
        found.setdefault(name, []).append(seconds)
    return found
