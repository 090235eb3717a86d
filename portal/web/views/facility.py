"""The facility for the eye: its queue in the words that people see, nodes and partitions as lines of tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from portal import words
from portal.jobs.facility import Facility
from portal.jobs.status import Cluster, ClusterStatus
from portal.scheduler.survey import Node, Partition, Snapshot

QUEUE = ("Waiting", "On hold", "Running", "Saving")


@dataclass(frozen=True)
class StateNumber:
    """Unfinished jobs in one state that people see."""

    state: str
    number: int


@dataclass(frozen=True)
class Use:
    """How much of what the scheduler hands out is in use: in words, and as 0…1."""

    name: str
    used: str
    total: str
    fraction: float


@dataclass(frozen=True)
class NodeLine:
    """One computer of the cluster, as a line of a table."""

    name: str
    words: str
    works: bool
    uses: tuple[Use, ...]
    partitions: str
    note: str
    """What was written down about it, and by whom; empty for most."""
    since: datetime | None


@dataclass(frozen=True)
class PartitionLine:
    """One queue of the scheduler, as a line of a table."""

    name: str
    words: str
    works: bool
    nodes: int
    longest: str
    waiting: int | None
    running: int | None


@dataclass(frozen=True)
class ClusterView:
    """One cluster: what its scheduler says, and what the daemon last saw of it; `at` None: nothing yet."""

    name: str
    """Its name where there are several; else empty."""
    health: Cluster | None
    stale: bool
    """What was seen before a silence is no news."""
    at: datetime | None = None
    uses: tuple[Use, ...] = ()
    nodes: tuple[NodeLine, ...] = ()
    nodes_words: str = ""
    partitions: tuple[PartitionLine, ...] = ()
    counts_jobs: bool = False
    """The partitions' jobs are known."""


@dataclass(frozen=True)
class Overview:
    """The portal's queue now, and each cluster that the daemon asks."""

    queue: tuple[StateNumber, ...]
    clusters: tuple[ClusterView, ...]


def overview(facility: Facility, status: ClusterStatus) -> Overview:
    """The queue by state; for each cluster what is in use, nodes (those in trouble first) and partitions."""
    by_word: dict[str, int] = {}
    for state, number in facility.queue.items():
        by_word[state.words] = by_word.get(state.words, 0) + number
    queue = tuple(StateNumber(word, by_word.get(word, 0)) for word in QUEUE)
    if not status.clusters:  # none was asked yet
        newest = next(iter(facility.snapshots.values()), None)
        return Overview(queue, (_cluster("", None, newest, status),))
    several = len(status.clusters) > 1
    return Overview(
        queue,
        tuple(
            _cluster(cluster.name if several else "", cluster, facility.snapshots.get(cluster.name), status)
            for cluster in status.clusters
        ),
    )


def _cluster(name: str, health: Cluster | None, snapshot: Snapshot | None, status: ClusterStatus) -> ClusterView:
    stale = not status.daemon_alive or (health is not None and health.answered is False)
    if snapshot is None:
        return ClusterView(name, health, stale)
    return ClusterView(
        name,
        health,
        stale,
        snapshot.at,
        tuple(_uses(snapshot.totals)),
        tuple(_node_line(node) for node in snapshot.nodes),
        _nodes_words(snapshot),
        tuple(_partition_line(partition) for partition in snapshot.partitions),
        any(partition.waiting is not None for partition in snapshot.partitions),
    )


def _uses(amounts: Mapping[str, int]) -> Iterator[Use]:
    kinds = (("Processors", "cpus", str), ("Memory", "memory_mb", words.memory), ("GPUs", "gpus", str))
    for name, key, shown in kinds:
        total, used = amounts.get(key), amounts.get(f"used_{key}", 0)
        if total:
            yield Use(name, shown(used), shown(total), min(1.0, used / total))


def _node_line(node: Node) -> NodeLine:
    amounts = {
        "cpus": node.cpus,
        "used_cpus": node.cpus_used,
        "memory_mb": node.memory_mb,
        "used_memory_mb": node.memory_used_mb,
        "gpus": node.gpus,
        "used_gpus": node.gpus_used,
    }
    noted = f"“{node.reason}”, {node.reason_by}" if node.reason and node.reason_by else node.reason
    kept = f"Reservation {node.reservation}" if node.reservation else ""
    return NodeLine(
        name=node.name,
        words=node.words,
        works=node.works,
        uses=tuple(_uses(amounts)),
        partitions=", ".join(node.partitions),
        note=". ".join(part for part in (noted, kept) if part),
        since=node.reason_since if node.reason else None,
    )


def _partition_line(partition: Partition) -> PartitionLine:
    return PartitionLine(
        name=partition.name,
        words=partition.words,
        works=partition.works,
        nodes=partition.nodes,
        longest=words.limit(partition.time_s) if partition.time_s else "no limit",
        waiting=partition.waiting,
        running=partition.running,
    )


def _nodes_words(snapshot: Snapshot) -> str:
    """How many there are and how many of them do their work, in a sentence or two."""
    there = snapshot.totals.get("nodes", len(snapshot.nodes))
    idle = there - snapshot.totals.get("works", there)
    if there <= 1:
        return "It takes no jobs." if idle else ""
    verb = "does" if idle == 1 else "do"
    sentences = [words.count(there, "node"), f"{idle} of them {verb} not take jobs" if idle else "All take jobs"]
    if snapshot.left_out:
        sentences.append(f"{words.count(snapshot.left_out, 'node')} of those that take jobs not shown")
    return ". ".join(sentences) + "."
