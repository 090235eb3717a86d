"""What staff look at first: the queue, the nodes, what has not moved for long, and why jobs failed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal import words
from portal.identity.actor import Actor
from portal.jobs.access import loaded, visible_jobs
from portal.jobs.models import Job
from portal.jobs.state import UNFINISHED, State
from portal.scheduler.survey import Node, Partition, Snapshot

HANDED_OVER = timedelta(minutes=5)
SAVING = timedelta(minutes=15)
CANCELLING = timedelta(minutes=5)
WAITING = timedelta(hours=24)


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
class Overview:
    """The portal's queue now, and what the daemon last saw of the cluster; `at` None: nothing yet."""

    queue: tuple[StateNumber, ...]
    at: datetime | None = None
    uses: tuple[Use, ...] = ()
    nodes: tuple[NodeLine, ...] = ()
    nodes_words: str = ""
    partitions: tuple[PartitionLine, ...] = ()
    counts_jobs: bool = False
    """The partitions' jobs are known."""


@dataclass(frozen=True)
class Failures:
    """Jobs that failed for one cause in the last week."""

    cause: str
    number: int
    people: int
    latest: datetime
    example: int
    """A job's id."""


def overview(session: Session, actor: Actor, snapshot: Snapshot | None) -> Overview:
    """The queue by state, what is in use, nodes (those in trouble first) and partitions."""
    some = visible_jobs(actor).where(Job.state.in_(UNFINISHED)).subquery()
    by_word: dict[str, int] = {}
    for state, number in session.execute(select(some.c.state, func.count()).group_by(some.c.state)):
        by_word[state.words] = by_word.get(state.words, 0) + number
    queue = tuple(StateNumber(word, by_word.get(word, 0)) for word in ("Waiting", "On hold", "Running", "Saving"))
    if snapshot is None:
        return Overview(queue)
    return Overview(
        queue,
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
        longest=words.duration(partition.time_s) if partition.time_s else "no limit",
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


def stuck_jobs(session: Session, actor: Actor, now: datetime) -> Sequence[Job]:
    """Unfinished jobs that have not moved for longer than they should, longest first; 20 at most."""
    slow = or_(
        and_(Job.state == State.SUBMITTING, Job.changed < now - HANDED_OVER),
        and_(Job.state == State.COLLECTING, Job.changed < now - SAVING),
        and_(Job.cancel_requested < now - CANCELLING, Job.state.in_(UNFINISHED)),
        and_(Job.state.in_((State.QUEUED, State.PENDING)), Job.changed < now - WAITING),
        Job.state == State.HELD,
        and_(Job.state == State.RUNNING, Job.absent_since.is_not(None)),
    )
    query = loaded(visible_jobs(actor).where(slow).order_by(Job.changed)).limit(20)
    return session.scalars(query).all()


def failures_by_cause(session: Session, actor: Actor, now: datetime) -> list[Failures]:
    """What failed in the last seven days, the most frequent cause first."""
    week = now - timedelta(days=7)
    some = visible_jobs(actor).where(Job.state == State.FAILED, Job.ended > week).subquery()
    query = (
        select(
            some.c.cause,
            func.count(),
            func.count(func.distinct(some.c.person_id)),
            func.max(some.c.ended),
            func.max(some.c.id),
        )
        .group_by(some.c.cause)
        .order_by(func.count().desc())
    )
    return [
        Failures(cause or "not known", number, people, latest, example)
        for cause, number, people, latest, example in session.execute(query)
    ]
