"""What a trial used, as it was measured, and a size that follows of it."""

import math
from dataclasses import dataclass
from typing import Final

from portal.jobs.models import Job
from portal.jobs.state import State
from portal.jobs.timing.runs import limits_the_work
from portal.jobtype.finding import Path
from portal.jobtype.model import JobType, Variant
from portal.jobtype.written.edit import put
from portal.words import duration, limit, memory

MIB: Final = 2**20
MORE_MEMORY: Final = 1.4
MORE_TIME: Final = 2
RULE: Final = (
    "Memory is what it used and 40 % more, up to the next whole GB (below 1 GB: the next 256 MB); the time is "
    "twice what it took, in whole minutes and two at least. A larger dataset may need more than this one did."
)


@dataclass(frozen=True)
class Measured:
    """In words, with what was not measured said as that; and the size that it leads to."""

    words: str
    offer: str = ""
    """“make 16 GB and 8 minutes the default?”; empty where nothing was measured, or it is so already."""
    changes: tuple[tuple[Path, int], ...] = ()
    """The places in the draft, and what would stand there."""


def measured(job: Job, jobtype: JobType) -> Measured | None:
    """What a trial that was done used; None where it is not done."""
    if job.state is not State.SUCCEEDED or job.attempt is None:
        return None
    said = job.attempt.seen.scheduler
    peak = job.attempt.memory_peak_bytes
    took = max(0.0, (said.ended - said.started).total_seconds()) if said.started and said.ended else None
    used = f"{memory(peak / MIB)} of memory" if peak else "its memory was not measured"
    lasted = (
        ("less than a second" if took < 1 else duration(took)) if took is not None else "its time was not measured"
    )
    words = f"It used {used} and took {lasted}." if peak and took is not None else _unknown(used, lasted, peak)
    names = [variant.name for variant in jobtype.resources.variants]
    if job.submission.variant not in names:
        return Measured(words)
    number = names.index(job.submission.variant)
    if limits_the_work(job.submission.revision.document, job.options):
        return Measured(f"{words} That was on a part of the dataset, so it tells no size for the whole.")
    changes = _changes(jobtype.resources.variants[number], number, peak, took)
    return Measured(words, _offer(changes), changes)


def with_measured(text: str, found: Measured) -> str:
    """The draft's text with that size. Raises UnsoundError."""
    for path, value in found.changes:
        text = put(text, path, value)
    return text


def memory_for(peak_bytes: int) -> int:
    """Memory to ask for, in MiB, after a run that used so much."""
    wanted = peak_bytes / MIB * MORE_MEMORY
    step = 256 if wanted < 1024 else 1024
    return max(step, math.ceil(wanted / step) * step)


def time_for(took_s: float) -> int:
    """Time to ask for, in seconds, after a run that took so long."""
    return max(2, math.ceil(took_s * MORE_TIME / 60)) * 60


def _changes(
    variant: Variant, number: int, peak: int | None, took_s: float | None
) -> tuple[tuple[Path, int], ...]:
    place = ("resources", "variants", number)
    found: list[tuple[Path, int]] = []
    if peak and variant.memory is None and memory_for(peak) != variant.memory_mb:
        found.append(((*place, "memory_mb"), memory_for(peak)))
    if took_s is not None and variant.time is None and time_for(took_s) != variant.time_s:
        found.append(((*place, "time_s"), time_for(took_s)))
    return tuple(found)


def _offer(changes: tuple[tuple[Path, int], ...]) -> str:
    parts = [memory(value) if path[-1] == "memory_mb" else limit(value) for path, value in changes]
    return f"Make {' and '.join(parts)} the default" if parts else ""


def _unknown(used: str, lasted: str, peak: int | None) -> str:
    if peak:
        return f"It used {used}; {lasted}."
    return f"{used[0].upper()}{used[1:]}; {lasted if 'not measured' in lasted else f'it took {lasted}'}."
