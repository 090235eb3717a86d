"""Which jobs are whose, where settings name several clusters: by job type before they go, by their attempt after.

The first cluster has the job types that nobody claims. An attempt is its own cluster's and no other's: where that
is set no more, it waits, since nobody else can tell what became of it. A cluster that is set without a name is the
only one, and has all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.orm import Session

from portal.jobs.models import Attempt, Job, JobTypeRevision, Submission
from portal.jobs.state import AT_SCHEDULER, UNFINISHED, State


def latest_attempt() -> ColumnElement[bool]:
    """The condition on attempts that none of their job came after; in a question about jobs."""
    latest = select(func.max(Attempt.number)).where(Attempt.job_id == Job.id).correlate(Job).scalar_subquery()
    return Attempt.number == latest


@dataclass(frozen=True)
class Share:
    """What is one cluster's; `rest`: all job types but these."""

    cluster: str | None = None
    """None: every attempt is its."""
    jobtypes: frozenset[str] = frozenset()
    rest: bool = True
    others: frozenset[str] = frozenset()
    """The other clusters, where it is the first."""

    def attempts(self) -> ColumnElement[bool]:
        """The condition on attempts."""
        return true() if self.cluster is None else Attempt.cluster == self.cluster

    def folders(self) -> ColumnElement[bool]:
        """The condition on attempts whose folders it removes; the first removes those of clusters long gone."""
        return Attempt.cluster.not_in(self.others) if self.rest else self.attempts()

    def handed_over(self) -> ColumnElement[bool]:
        """The condition on jobs that have been handed over: their latest attempt is its."""
        return exists().where(Attempt.job_id == Job.id, latest_attempt(), self.attempts())

    def counts(self, session: Session) -> dict[State, int]:
        """Its unfinished jobs by state: those at the scheduler by their attempt, all others by their job type."""
        counted = select(Job.state, func.count()).group_by(Job.state)
        if self.cluster is None:
            return dict(session.execute(counted.where(Job.state.in_(UNFINISHED))).all())
        waiting = counted.where(Job.state.in_(UNFINISHED - AT_SCHEDULER), self.jobs())
        handed_over = (
            counted.join(Attempt, Attempt.job_id == Job.id)
            .where(Job.state.in_(AT_SCHEDULER), latest_attempt(), self.attempts())
        )  # fmt: skip
        return dict(session.execute(waiting.union_all(handed_over)).all())

    def jobs(self) -> ColumnElement[bool]:
        """The condition on jobs that wait to be handed over."""
        named = (
            select(Submission.id)
            .join(JobTypeRevision, JobTypeRevision.id == Submission.revision_id)
            .where(JobTypeRevision.name.in_(self.jobtypes))
        )
        return Job.submission_id.not_in(named) if self.rest else Job.submission_id.in_(named)


ALL = Share()
"""That of the only cluster."""


def shares(claims: Sequence[tuple[str, Sequence[str]]]) -> list[Share]:
    """The shares of (cluster, the job types that it names), of which the first's are not asked for."""
    others = [Share(name, frozenset(jobtypes), rest=False) for name, jobtypes in claims[1:]]
    claimed = frozenset[str]().union(*(share.jobtypes for share in others))
    return [Share(claims[0][0], claimed, others=frozenset(name for name, _ in claims[1:])), *others]
