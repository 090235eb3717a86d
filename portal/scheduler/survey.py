"""What a scheduler has to give, and what of it is in use: one answer for everybody. Standard library only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

MOST_NODES = 200
"""So many nodes stand in a document one by one, those in trouble first; all of them are in its totals."""


@dataclass(frozen=True)
class Node:
    """One computer. Memory in MiB."""

    name: str
    words: str
    """Its state in words for people."""
    works: bool
    """It runs jobs, or would take one."""
    cpus: int = 0
    cpus_used: int = 0
    memory_mb: int = 0
    memory_used_mb: int = 0
    gpus: int = 0
    gpus_used: int = 0
    partitions: tuple[str, ...] = ()
    reason: str = ""
    """What the administrator, or the scheduler, wrote down about it."""
    reason_by: str = ""
    reason_since: datetime | None = None
    reservation: str = ""


@dataclass(frozen=True)
class Partition:
    """One queue of the scheduler. `waiting` and `running` (jobs that the reader may see) are None if not asked."""

    name: str
    words: str
    works: bool
    nodes: int
    time_s: int | None = None
    """The longest that a job may run; None: no limit."""
    waiting: int | None = None
    running: int | None = None


@dataclass(frozen=True)
class Survey:
    """One answer. `answered` False: nothing is known; if `silent` too, the scheduler said nothing of use.

    An answer about nodes that cannot be read does not mean that the scheduler is away.
    """

    answered: bool
    nodes: Sequence[Node] = ()
    partitions: Sequence[Partition] = ()
    message: str | None = None
    silent: bool = False
    goes_to: Mapping[str, str] = field(default_factory=dict)
    """The partition of the portal's jobs, by "cpus" and, for jobs with GPUs, "gpus"; none that is the scheduler's
    own default."""

    def totals(self) -> dict[str, int]:
        """What there is, and what is in use. Of a node that does not work only what jobs still hold counts."""
        amounts = {"cpus": "cpus_used", "memory_mb": "memory_used_mb", "gpus": "gpus_used"}
        totals = {"nodes": len(self.nodes), "works": sum(node.works for node in self.nodes)}
        for there, held in amounts.items():
            totals[there] = sum(getattr(node, there if node.works else held) for node in self.nodes)
            totals[f"used_{there}"] = sum(getattr(node, held) for node in self.nodes)
        return totals

    def document(self) -> dict[str, Any]:
        """As it is kept in the database: JSON types only."""
        ordered = sorted(self.nodes, key=lambda node: node.works)[:MOST_NODES]
        nodes = []
        for node in ordered:
            since = node.reason_since.isoformat() if node.reason_since else None
            nodes.append(asdict(node) | {"reason_since": since, "partitions": list(node.partitions)})
        return {
            "totals": self.totals(),
            "nodes": nodes,
            "left_out": len(self.nodes) - len(nodes),
            "partitions": [asdict(partition) for partition in self.partitions],
            "goes_to": dict(self.goes_to),
        }


@dataclass(frozen=True)
class Snapshot:
    """A survey as it was kept, with the time it was made."""

    at: datetime
    totals: Mapping[str, int] = field(default_factory=dict)
    nodes: Sequence[Node] = ()
    left_out: int = 0
    partitions: Sequence[Partition] = ()
    goes_to: Mapping[str, str] = field(default_factory=dict)

    def nodes_for(self, *, gpus: bool) -> Sequence[Node]:
        """The shown nodes that would take the portal's jobs: those of its partition.

        Where that is not known and there are several, those that are in each of them, of which one can be sure.
        """
        named = self.goes_to.get("gpus" if gpus else "cpus") or self.goes_to.get("cpus")
        closed = {partition.name for partition in self.partitions if not partition.works}
        every = {named} if named else {partition.name for partition in self.partitions}
        if every & closed:
            return []
        return [node for node in self.nodes if node.works and every <= set(node.partitions)]


def snapshot_of(document: Mapping[str, Any], at: datetime) -> Snapshot:
    """The document of a survey, read again."""
    nodes = []
    for kept in document.get("nodes", ()):
        since = datetime.fromisoformat(kept["reason_since"]) if kept.get("reason_since") else None
        nodes.append(Node(**(dict(kept) | {"reason_since": since, "partitions": tuple(kept["partitions"])})))
    return Snapshot(
        at=at,
        totals=dict(document.get("totals", {})),
        nodes=tuple(nodes),
        left_out=int(document.get("left_out", 0)),
        partitions=tuple(Partition(**kept) for kept in document.get("partitions", ())),
        goes_to=dict(document.get("goes_to", {})),
    )
