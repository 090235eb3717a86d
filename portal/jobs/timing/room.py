"""How many jobs could start now, by what there is, what runs and what waits before them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.scheduler.survey import Node, Snapshot


@dataclass(frozen=True)
class Asks:
    """What one job holds while it runs; memory in MiB."""

    cpus: int
    memory_mb: int
    gpus: int = 0

    @classmethod
    def of(cls, resources: Mapping[str, int]) -> "Asks":
        """From a job's resources: all its ranks together."""
        ranks = int(resources.get("ranks", 1) or 1)
        return cls(
            int(resources.get("cpus", 1)) * ranks, int(resources["memory_mb"]), int(resources.get("gpus", 0) or 0)
        )


@dataclass
class _Free:
    cpus: int
    memory_mb: int
    gpus: int

    def takes(self, asks: Asks) -> bool:
        if asks.cpus > self.cpus or asks.memory_mb > self.memory_mb or asks.gpus > self.gpus:
            return False
        self.cpus -= asks.cpus
        self.memory_mb -= asks.memory_mb
        self.gpus -= asks.gpus
        return True


@dataclass(frozen=True)
class Room:
    """How jobs that are asked for now would begin."""

    at_once: int
    """So many start at once."""
    before: int
    """Jobs of the portal that wait for room before them."""
    together: int
    """So many could run at the same time if nothing else did; 0: none fits."""
    cpus: int
    used_cpus: int


def room_for(
    asks: Asks, jobs: int, snapshot: Snapshot, *, running: Sequence[Asks], waiting: Sequence[Asks]
) -> Room:
    """Room for so many jobs that ask for the same.

    What was seen of the cluster may be minutes old: what the portal itself knows to run by now counts at least.
    Jobs that wait and fit are taken to start first. Nodes that are not shown one by one count as one.
    """
    nodes = snapshot.nodes_for(gpus=asks.gpus > 0)
    told = bool(snapshot.nodes) and not snapshot.left_out
    free = [_free(node) for node in nodes] if told else [_rest(snapshot)]
    used = int(snapshot.totals.get("used_cpus", 0))
    unseen = max(0, sum(one.cpus for one in running) - used)
    for one in reversed(running):  # the newest are those that were not seen yet
        if unseen <= 0:
            break
        unseen -= one.cpus
        used += one.cpus
        _place(one, free)
    before = sum(not _place(one, free) for one in waiting)
    at_once = 0
    while not before and at_once < jobs and _place(asks, free):
        at_once += 1
    empty = [_Free(node.cpus, node.memory_mb or UNTOLD_MB, node.gpus) for node in nodes]
    if not told:
        totals = snapshot.totals
        memory_mb = int(totals.get("memory_mb", 0)) or UNTOLD_MB
        empty = [_Free(int(totals.get("cpus", 0)), memory_mb, int(totals.get("gpus", 0)))]
    together = 0
    while together < jobs and _place(asks, empty):
        together += 1
    cpus = int(snapshot.totals.get("cpus", 0))
    return Room(at_once, before, together, cpus, min(cpus, used))


def _place(asks: Asks, free: Sequence[_Free]) -> bool:
    return any(one.takes(asks) for one in free)


UNTOLD_MB = 2**50
"""What a node has of memory where its scheduler does not say: it then hands out none of it either."""


def _free(node: Node) -> _Free:
    memory_mb = node.memory_mb - node.memory_used_mb if node.memory_mb else UNTOLD_MB
    return _Free(node.cpus - node.cpus_used, memory_mb, node.gpus - node.gpus_used)


def _rest(snapshot: Snapshot) -> _Free:
    totals = snapshot.totals
    memory_mb = int(totals.get("memory_mb", 0))
    return _Free(
        int(totals.get("cpus", 0)) - int(totals.get("used_cpus", 0)),
        memory_mb - int(totals.get("used_memory_mb", 0)) if memory_mb else UNTOLD_MB,
        int(totals.get("gpus", 0)) - int(totals.get("used_gpus", 0)),
    )
