"""Which jobs are whose, where settings name several clusters: by job type before they go, by their attempt after.

The first cluster has what no other names: job types that nobody claims, and attempts at clusters that are no
longer set. With one cluster, it has all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from portal.jobs.models import Attempt, Job, JobTypeRevision, Submission


@dataclass(frozen=True)
class Share:
    """What is one cluster's; `rest`: all but what these clusters and job types say."""

    clusters: frozenset[str] = frozenset()
    jobtypes: frozenset[str] = frozenset()
    rest: bool = True

    def attempts(self) -> ColumnElement[bool]:
        """The condition on attempts."""
        return Attempt.cluster.not_in(self.clusters) if self.rest else Attempt.cluster.in_(self.clusters)

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
    others = [Share(frozenset([name]), frozenset(jobtypes), rest=False) for name, jobtypes in claims[1:]]
    clusters = frozenset[str]().union(*(share.clusters for share in others))
    jobtypes = frozenset[str]().union(*(share.jobtypes for share in others))
    return [Share(clusters, jobtypes), *others]
