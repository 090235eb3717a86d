"""How a cluster is, as its last answers show: kept in memory by the daemon and as a row for the pages to read.

A step that asked a cluster notes it in that cluster's `Health`; `write_health` keeps all of them, a row a cluster.
What is wrong with the daemon's other parts (agents, store, folders, its steps) is no cluster's: see `Troubles`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.daemon.log import log_event
from portal.jobs.clusters.rows import ClusterHealth
from portal.scheduler.base import Observation


@dataclass
class Troubles:
    """What is wrong, by what it is about, in words for staff."""

    problems: dict[str, str] = field(default_factory=dict)

    def trouble(self, about: str, text: str | None) -> None:
        """Note that something is wrong (or, with None, well again)."""
        if text is None:
            self.problems.pop(about, None)
        elif self.problems.get(about) != text:
            self.problems[about] = text
            log_event("trouble", about=about, message=text)

    def sorted(self) -> list[str]:
        """All of it, in an order that does not depend on what was noted first."""
        return sorted(self.problems.values())


@dataclass
class Health(Troubles):
    """What one cluster's last answers were; kept in memory, since a new daemon must see for itself."""

    answered: bool | None = None
    """None: it was not asked yet."""
    since: datetime | None = None
    message: str | None = None

    def copy(self) -> "Health":
        """As it is now; other threads may go on noting things in the original."""
        return Health(dict(self.problems), self.answered, self.since, self.message)

    def record(self, observation: Observation, now: datetime) -> None:
        """Note an answer about jobs, or a silence."""
        was = self.answered
        self.answer(answered=observation.answered, message=observation.message, now=now)
        if observation.answered is was and not observation.absences_count:
            # The absence rule counts from an answer that showed everything.
            self.since = now
        self.trouble("sight", observation.message if observation.answered else None)
        self.message = observation.message

    def answer(self, *, answered: bool, message: str | None, now: datetime) -> None:
        """Note that the cluster answered a question, or did not."""
        if answered is not self.answered:
            self.answered, self.since = answered, now
            log_event("scheduler", answered=answered, message=message)
        if not answered:
            self.message = message


def write_health(session: Session, clusters: Mapping[str, Health]) -> None:
    """Keep the health of these clusters, by name. A cluster that is none of them any more is forgotten."""
    rows = {row.cluster: row for row in session.scalars(select(ClusterHealth))}
    for gone in rows.keys() - clusters.keys():
        session.delete(rows[gone])
    for name, health in clusters.items():
        row = rows.get(name)
        if row is None:
            row = ClusterHealth(cluster=name)
            session.add(row)
        row.answered, row.since, row.message = health.answered, health.since, health.message
        row.problems = health.sorted()
