"""The facility for the eye: its queue in the words that people see, nodes and partitions as lines of tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal import words
from portal.jobs.cause import Cause, in_short, title_of
from portal.jobs.clusters.facility import Facility, Failures, Stuck
from portal.jobs.clusters.status import Cluster, ClusterStatus
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


@dataclass(frozen=True)
class FailureLine:
    """What failed of one analysis for one cause, as a line of a table."""

    analysis: str
    what: str
    words: str
    """What was said of the last one, its program's words among them."""
    number: int
    people: int
    latest: datetime
    example: int


def failure_lines(found: Sequence[Failures], titles: Mapping[str, str]) -> list[FailureLine]:
    """Failures with their analyses' titles, the analysis with the most first, and within it its causes."""
    of_all: dict[tuple[str, bool], int] = {}
    for one in found:
        of_all[one.analysis, one.draft] = of_all.get((one.analysis, one.draft), 0) + one.number
    ordered = sorted(
        found, key=lambda one: (-of_all[one.analysis, one.draft], one.analysis, one.draft, -one.number)
    )
    return [
        FailureLine(
            f"{one.analysis}, trials of a draft" if one.draft else titles.get(one.analysis, one.analysis),
            title_of(one.cause),
            in_short(one.words),
            one.number,
            one.people,
            one.latest,
            one.example,
        )
        for one in ordered
    ]


STUCK = {
    Stuck.HELD: ("job is on hold", "jobs are on hold"),
    Stuck.WAITING: ("job has waited for more than a day", "jobs have waited for more than a day"),
    Stuck.HANDED_OVER: ("job could not be handed over", "jobs could not be handed over"),
    Stuck.SAVING: ("result is not saved yet", "results are not saved yet"),
    Stuck.CANCELLING: ("cancellation has no effect yet", "cancellations have no effect yet"),
    Stuck.ABSENT: ("running job is not listed by the scheduler", "running jobs are not listed by the scheduler"),
}


FAILED = {
    Cause.REFUSED: ("result was not accepted", "results were not accepted"),
    Cause.MISSING_OUTPUT: ("job ended well but left no result", "jobs ended well but left no result"),
    Cause.START: ("program could not be started", "programs could not be started"),
    Cause.IMAGE: (
        "job found its software image missing or changed",
        "jobs found their software image missing or changed",
    ),
}
"""Failures that staff can mend, and only they: how an analysis is set up is at fault."""


@dataclass(frozen=True)
class StuckLine:
    """One thing that staff should look at, and where on the facility's page it stands."""

    words: str
    anchor: str


def stuck_lines(
    counts: Mapping[Stuck, int],
    failures: Sequence[Failures],
    snapshots: Mapping[str, Snapshot],
    status: ClusterStatus,
    problems: int,
) -> list[StuckLine]:
    """What does not move, failures of how analyses are set up, nodes and clusters in trouble, faulty job types.

    That a draft's trial failed is its author's to see: it was tried for that.
    """
    lines = [StuckLine(words.count(number, *STUCK[why]), "stuck-title") for why, number in counts.items()]
    for cause, said in FAILED.items():
        if number := sum(one.number for one in failures if one.cause == cause and not one.draft):
            lines.append(StuckLine(f"{words.count(number, *said)} in the last 24 hours", "failures-title"))
    lines += [StuckLine(_capital(f"{status.called(one)} does not answer"), "now-title") for one in status.silent]
    if not status.daemon_alive:
        lines.append(StuckLine("Jobs are not looked after: the daemon is silent", "now-title"))
    for place, cluster in enumerate(status.clusters or (None,), 1):
        seen = snapshots.get(cluster.name) if cluster else next(iter(snapshots.values()), None)
        idle = seen.totals.get("nodes", 0) - seen.totals.get("works", 0) if seen else 0
        if idle > 0:
            at = f" of {cluster.name}" if cluster and len(status.clusters) > 1 else ""
            nodes = words.count(idle, f"node{at} does not take jobs", f"nodes{at} do not take jobs")
            lines.append(StuckLine(nodes, f"nodes-{place}-title"))
    lines += [StuckLine(trouble.rstrip("."), "now-title") for trouble in status.troubles]
    if problems:
        lines.append(StuckLine(f"{words.count(problems, 'problem')} in job types", "types-title"))
    return lines


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


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
