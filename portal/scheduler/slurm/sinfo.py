"""Nodes and partitions out of the JSON that sinfo prints, in words for people. Pure.

`sinfo -N` gives a row for each node in each partition: without -N it lays nodes together and tells the GPUs in use
of the first one only. The dialects differ as in rows.py; what a release does not tell counts as nothing.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from portal.scheduler.base import Phase
from portal.scheduler.slurm.rows import Row, moment, number
from portal.scheduler.slurm.states import meaning
from portal.scheduler.survey import Node, Partition, Survey

Json = Mapping[str, Any]

# Words for what is the matter with a node, the most telling first; sinfo(1), "NODE STATE CODES".
TROUBLES: Mapping[str, str] = {
    "DOWN": "Out of order",
    "NOT_RESPONDING": "Does not answer",
    "ERROR": "Out of order",
    "FAIL": "About to fail",
    "FUTURE": "Not there yet",
    "POWERED_DOWN": "Switched off to save power",
    "POWERING_DOWN": "Being switched off to save power",
    "POWER_DOWN": "Being switched off to save power",
    "POWERING_UP": "Being switched on",
    "POWER_UP": "Being switched on",
    "REBOOT_ISSUED": "Being restarted",
    "REBOOT_REQUESTED": "Is restarted when its jobs end",
    "MAINTENANCE": "Kept for maintenance",
    "DRAIN": "Taken out for service",
    "UNKNOWN": "Not known yet",
    "INVALID_REG": "Set up wrongly",
    "INVALID": "Set up wrongly",
    "BLOCKED": "Kept for one job",
    "RESERVED": "Kept by a reservation",
    "PLANNED": "Kept for the next job",
}
# Those that still run jobs, or would take one as soon as it comes.
WORKING = frozenset({"POWERED_DOWN", "POWERING_UP", "POWER_UP", "BLOCKED", "RESERVED", "PLANNED"})
BASES: Mapping[str, str] = {
    "IDLE": "Free",
    "MIXED": "Partly in use",
    "ALLOCATED": "In use",
    "ALLOC": "In use",
    "MIX": "Partly in use",
    "COMPLETING": "Clearing up after a job",
}
PARTITIONS: Mapping[str, tuple[str, bool]] = {
    "UP": ("Takes and starts jobs", True),
    "DOWN": ("Takes jobs and starts none", False),
    "DRAIN": ("Takes no new jobs", False),
    "INACTIVE": ("Takes no jobs and starts none", False),
}


def survey(reply: Json, queue: Sequence[Row] | None) -> Survey:
    """A reply of sinfo -N, with the jobs of the latest list (None: not asked). Raises ValueError."""
    try:
        rows = list(reply["sinfo"])
        nodes: dict[str, Node] = {}
        partitions: dict[str, list[Any]] = {}
        for row in rows:
            partition = row["partition"]["name"]
            partitions.setdefault(partition, [row["partition"], 0])
            for name in row["nodes"]["nodes"]:
                partitions[partition][1] += 1
                before = nodes[name].partitions if name in nodes else ()
                nodes[name] = _node(name, row, (*before, partition))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a row of sinfo's cannot be read: {error!r}") from error
    jobs = _jobs(queue) if queue is not None else None
    return Survey(
        True,
        tuple(sorted(nodes.values(), key=lambda node: _natural(node.name))),
        tuple(_partition(name, said, count, jobs) for name, (said, count) in sorted(partitions.items())),
    )


def _node(name: str, row: Json, partitions: tuple[str, ...]) -> Node:
    """One node. A row of several nodes (a release that lays them together) is shared out among them evenly."""
    alike = max(1, len(row["nodes"]["nodes"]))
    state, reason = _words(row["node"]["state"]), row.get("reason") or {}
    cpus, memory, gres = row.get("cpus") or {}, row.get("memory") or {}, row.get("gres") or {}
    words, works = node_words(state)
    return Node(
        name=name,
        words=words,
        works=works,
        cpus=(number(cpus.get("total")) or 0) // alike,
        cpus_used=(number(cpus.get("allocated")) or 0) // alike,
        memory_mb=number(memory.get("minimum")) or 0,
        memory_used_mb=(number(memory.get("allocated")) or 0) // alike,
        gpus=gpus(gres.get("total")),
        gpus_used=gpus(gres.get("used")),
        partitions=tuple(dict.fromkeys(partitions)),
        reason=_line(reason.get("description") if isinstance(reason, dict) else reason),
        reason_by=_line(reason.get("user")) if isinstance(reason, dict) else "",
        reason_since=_since(reason),
        reservation=_line(row.get("reservation")),
    )


def node_words(state: Sequence[str]) -> tuple[str, bool]:
    """What a node's state words say together, and whether it works; an unknown word counts as trouble."""
    troubles = [word for word in TROUBLES if word in state]
    unknown = [word for word in state if word not in TROUBLES and word not in BASES and word not in QUIET]
    works = not unknown and all(word in WORKING for word in troubles) and bool(state)
    base = next((BASES[word] for word in state if word in BASES), "")
    if "DRAIN" in troubles and not {"DOWN", "NOT_RESPONDING", "MAINTENANCE"} & set(troubles):
        busy = {"MIXED", "ALLOCATED", "MIX", "ALLOC", "COMPLETING"} & set(state)
        return ("Being taken out for service: its jobs may end" if busy else TROUBLES["DRAIN"]), False
    if troubles and not (works and base in {"In use", "Partly in use"}):
        return TROUBLES[troubles[0]], works
    if unknown:
        return f"In a state that is not known here ({unknown[0].lower()})", False
    return base or "Not known yet", works


QUIET = frozenset(
    {"CLOUD", "DYNAMIC_FUTURE", "DYNAMIC_NORM", "UNDRAIN", "RESUME", "EXTERNAL", "RES", "NO_RESPOND"}
)
"""Words that change nothing of what people can expect of a node."""


def gpus(gres: Any) -> int:
    """How many GPUs an expression of gres stands for: `gpu:a100:4(S:0-1),shard:8` is 4."""
    text = re.sub(r"\([^)]*\)", "", gres) if isinstance(gres, str) else ""
    count = 0
    for part in text.split(","):
        kind, *rest = part.strip().removeprefix("gres/").split(":")
        if kind == "gpu":
            count += int(rest[-1]) if rest and rest[-1].isdigit() else 1
    return count


def _partition(name: str, said: Json, nodes: int, jobs: Mapping[tuple[str, Phase], int] | None) -> Partition:
    state = _words((said.get("partition") or {}).get("state") or said.get("state") or "UP")
    unknown = (f"In a state that is not known here ({'+'.join(state).lower()})", False)
    words, works = PARTITIONS.get(state[0], unknown) if state else unknown
    minutes = number((said.get("maximums") or {}).get("time"))
    return Partition(
        name=name,
        words=words,
        works=works,
        nodes=nodes,
        time_s=minutes * 60 if minutes else None,
        waiting=jobs.get((name, Phase.PENDING), 0) if jobs is not None else None,
        running=jobs.get((name, Phase.RUNNING), 0) if jobs is not None else None,
    )


def _jobs(queue: Sequence[Row]) -> Counter[tuple[str, Phase]]:
    """Jobs by partition; one that may go to several counts in each, an array by its tasks."""
    counted: Counter[tuple[str, Phase]] = Counter()
    for row in queue:
        found = meaning(row.words)
        if found is not None and found.phase is not Phase.ENDED:
            for partition in row.partition.split(","):
                counted[partition, found.phase] += max(1, len(row.indices or ()))
    return counted


def _words(value: Any) -> list[str]:
    """State words; older dialects write one word, perhaps with flags behind plus signs or one sign at its end."""
    listed = value.split("+") if isinstance(value, str) else list(value)
    return [str(word).strip("*~#!%$@^- ").upper() for word in listed if str(word).strip()]


def _since(reason: Any) -> datetime | None:
    return moment(reason.get("time")) if isinstance(reason, dict) else None


def _line(value: Any) -> str:
    return " ".join(str(value or "").split())[:300]


def _natural(name: str) -> list[tuple[int, str]]:
    """node2 before node10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
