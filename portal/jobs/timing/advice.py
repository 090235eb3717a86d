"""What to do about a run's time and memory, in sentences. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from portal import words
from portal.jobs.cause import MIB, SMALLER, Asked, limit_of
from portal.jobs.timing.course import later_of
from portal.jobs.timing.expect import Peak
from portal.jobs.timing.need import MARGIN, for_work, too_slow
from portal.jobs.timing.spread import about_words
from portal.jobtype.model import Variant

LITTLE = 0.1
"""Less of the memory that was asked for than this is worth a word."""


def while_it_runs(progress: Mapping[str, object], started: datetime | None, now: datetime, asked: Asked) -> str:
    """That it cannot end within its limit, and what can be done; empty where it may."""
    work_s = for_work(asked.time_s, asked.grace_s)
    if asked.need is None or asked.need.seconds <= work_s or not too_slow(progress, started, now, work_s):
        return ""
    about = "about" if later_of(progress) is not None else "at least"
    start = (
        f"At this rate it needs {about} {about_words(asked.need.seconds)}, and its time limit is "
        f"{limit_of(asked)}: it will be ended before it is done. "
        "The limit of a job that runs cannot be raised."
    )
    if asked.more_time_s is not None:
        return f"{start} Cancel it, then run it again with {words.limit(asked.more_time_s)}."
    most = asked.most_time_s or asked.time_s
    return f"{start} This analysis may have {words.limit(most)} at most. {SMALLER}"


def about_memory(
    peak_bytes: int | None,
    had_mb: int,
    time_s: float,
    *,
    variants: Sequence[Variant],
    mine: Variant,
    grace_s: float = 0.0,
) -> str:
    """That a run that ended well used little of its memory, and what is enough; empty where it needed it."""
    if not peak_bytes or peak_bytes >= LITTLE * had_mb * MIB:
        return ""
    share = peak_bytes / (had_mb * MIB)
    percent = f"{round(100 * share)} %" if share >= 0.01 else "less than 1 %"
    enough = [
        one
        for one in variants
        if one.memory_mb < had_mb
        and one.memory_mb * MIB >= peak_bytes * MARGIN
        and one.gpus == mine.gpus
        and one.ranks == mine.ranks
        and one.time_s >= 2 * time_s
        and for_work(one.time_s, grace_s) >= MARGIN * time_s
    ]
    if not enough:
        return ""
    least = min(enough, key=lambda one: one.memory_mb)
    return (
        f"It used {percent} of the memory that it had asked for ({words.size(peak_bytes)} of "
        f"{words.memory(had_mb)}). Next time “{least.label}” ({words.memory(least.memory_mb)}) is enough."
    )


def memory_beforehand(peak: Peak, variant: Variant, variants: Sequence[Variant]) -> str:
    """That runs like one that is to come used more than it may, and what to choose; empty where they did not."""
    may = variant.memory_mb * MIB
    if peak.span.high <= may:
        return ""
    is_likely = "is likely" if peak.span.low > may else "may be"
    start = (
        f"{words.memory(variant.memory_mb)} of memory {is_likely} too little: runs like this used {peak.words}."
    )
    enough = [
        one
        for one in variants
        if one.memory_mb * MIB >= peak.span.high and (one.gpus, one.ranks) == (variant.gpus, variant.ranks)
    ]
    if not enough:
        return f"{start} {SMALLER}"
    least = min(enough, key=lambda one: one.memory_mb)
    return f"{start} Choose “{least.label}” ({words.memory(least.memory_mb)})."
