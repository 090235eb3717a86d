"""Who goes next on one machine: pure arithmetic over what runs, what waits and what was used.

Fair share after Slurm's idea (multifactor priority, usage with a half-life), cut down to one level: people are
ordered by what they used lately divided by their share, and each person's jobs by age. Free slots that the first
job cannot use are lent to later jobs only if that does not delay it (EASY backfill, Lifka 1995).
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

GIB = 1024


@dataclass(frozen=True)
class Limits:
    """What jobs may use together: CPUs ("slots"), MiB of memory, GPUs. Usage halves every `half_life_s`."""

    cpus: int
    memory_mb: int
    gpus: int = 0
    half_life_s: float = 7 * 86400.0


@dataclass(frozen=True)
class Amount:
    """What one job holds while it runs; memory in MiB."""

    cpus: int
    memory_mb: int
    gpus: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.cpus + other.cpus, self.memory_mb + other.memory_mb, self.gpus + other.gpus)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.cpus - other.cpus, self.memory_mb - other.memory_mb, self.gpus - other.gpus)

    def fits(self, free: "Amount") -> bool:
        """Whether it can be held with this much free."""
        return self.cpus <= free.cpus and self.memory_mb <= free.memory_mb and self.gpus <= free.gpus


@dataclass(frozen=True)
class Waiting:
    """A job that waits. `number` grows with the time of submission."""

    number: int
    person: str
    share: float
    amount: Amount
    time_s: int


@dataclass(frozen=True)
class Running:
    """A job that runs and will have ended at `ends` at the latest."""

    person: str
    amount: Amount
    ends: datetime


@dataclass(frozen=True)
class Charge:
    """What a person used: CPU seconds (CPUs held × seconds, Slurm's cputime), at the time it was over."""

    person: str
    cpu_s: float
    at: datetime


@dataclass(frozen=True)
class Table:
    """All that the order depends on."""

    limits: Limits
    running: Sequence[Running]
    waiting: Sequence[Waiting]
    usage: dict[str, float] = field(default_factory=dict)

    @property
    def free(self) -> Amount:
        """What no running job holds."""
        total = Amount(self.limits.cpus, self.limits.memory_mb, self.limits.gpus)
        return total - sum((job.amount for job in self.running), Amount(0, 0))


def decayed(charges: Iterable[Charge], now: datetime, half_life_s: float) -> dict[str, float]:
    """CPU seconds by person, each weighted by 2^(-age / half-life)."""
    usage: dict[str, float] = defaultdict(float)
    for charge in charges:
        age = max((now - charge.at).total_seconds(), 0.0)
        usage[charge.person] += charge.cpu_s * 2.0 ** (-age / half_life_s)
    return dict(usage)


def order(table: Table) -> list[Waiting]:
    """The waiting jobs in the order in which they should start.

    The person with the least usage by share goes first; among equals the one with the fewest CPUs at work or
    already placed before, so that a long list of one person's never hides another's single job.
    """
    queues: dict[str, deque[Waiting]] = defaultdict(deque)
    for job in sorted(table.waiting, key=lambda job: job.number):
        queues[job.person].append(job)
    held: dict[str, int] = defaultdict(int)
    for active in table.running:
        held[active.person] += active.amount.cpus
    ordered = []
    while queues:
        first = min(
            (queue[0] for queue in queues.values()),
            key=lambda job: (
                table.usage.get(job.person, 0.0) / job.share,
                held[job.person] / job.share,
                job.number,
            ),
        )
        ordered.append(queues[first.person].popleft())
        held[first.person] += first.amount.cpus
        if not queues[first.person]:
            del queues[first.person]
    return ordered


def startable(table: Table, now: datetime) -> list[Waiting]:
    """The jobs to start now, in order."""
    free = table.free
    running = list(table.running)
    starts: list[Waiting] = []
    shadow: datetime | None = None
    spare = free
    for job in order(table):
        ends = now + timedelta(seconds=job.time_s)
        if not job.amount.fits(free):
            if shadow is None:
                shadow, spare = _reservation(job.amount, free, running, now)
            continue
        if shadow is not None and ends > shadow:
            if not job.amount.fits(spare):
                continue
            spare -= job.amount
        starts.append(job)
        free -= job.amount
        running.append(Running(job.person, job.amount, ends))
    return starts


def _reservation(
    wanted: Amount, free: Amount, running: Sequence[Running], now: datetime
) -> tuple[datetime, Amount]:
    """When `wanted` fits at the latest, and what is left beside it then."""
    for job in sorted(running, key=lambda job: job.ends):
        free += job.amount
        if wanted.fits(free):
            return max(job.ends, now), free - wanted
    return datetime.max.replace(tzinfo=now.tzinfo), Amount(0, 0)


def latest_start(table: Table, number: int, now: datetime) -> datetime | None:
    """When a waiting job starts if every job before it uses its whole time limit; None if it never fits."""
    free = table.free
    running = sorted(table.running, key=lambda job: job.ends)
    clock = now
    for job in order(table):
        while not job.amount.fits(free):
            if not running:
                return None
            ended = running.pop(0)
            clock = max(clock, ended.ends)
            free += ended.amount
        if job.number == number:
            return clock
        free -= job.amount
        ends = clock + timedelta(seconds=job.time_s)
        running = sorted([*running, Running(job.person, job.amount, ends)], key=lambda job: job.ends)
    return None


def reason(table: Table, ordered: Sequence[Waiting], position: int) -> str:
    """Why the job at `position` of the order waits, in words for people; how many go first is said beside them."""
    job, free, limits = ordered[position], table.free, table.limits
    if job.amount.cpus > free.cpus:
        text = f"Waiting for a free slot: {limits.cpus - free.cpus} of {limits.cpus} are busy."
    elif job.amount.memory_mb > free.memory_mb:
        used = (limits.memory_mb - free.memory_mb) / GIB
        text = f"Waiting for memory: {used:.1f} of {limits.memory_mb / GIB:.1f} GB are in use."
    elif job.amount.gpus > free.gpus:
        text = f"Waiting for a GPU: {limits.gpus - free.gpus} of {limits.gpus} are busy."
    elif position == 0:
        return "Starting in a moment."
    else:
        text = "Waiting: the free slots are kept for a larger job that goes first."
    mine = table.usage.get(job.person, 0.0) / job.share
    lighter = any(
        other.number > job.number and table.usage.get(other.person, 0.0) / other.share < mine
        for other in ordered[:position]
    )
    return f"{text} Others used less lately, so they go first." if lighter else text


def with_waiting(table: Table, job: Waiting) -> Table:
    """The table with one more job in the queue."""
    return replace(table, waiting=[*table.waiting, job])
