"""How much time and memory a run needs, from how far it came with what it had. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal.documents import finite
from portal.jobs.timing.course import heard_at, later_of, left_when_heard, quiet_s, stage_left, within
from portal.jobs.timing.spread import Span
from portal.times import moment_of

MARGIN = 1.25
"""So much more than what a rate tells is asked for: no run keeps its rate."""
DOUBT = 0.8
"""Only what is past the limit even if the rest goes this much faster is told to be."""
LIMITS_MIN = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1080, 1440)
"""Time limits that people would choose, in minutes; above, whole days."""
MEMORY_STEPS_MB = ((1024, 128), (2**62, 512))
"""Memory is asked for in steps: below so much, in steps of so much."""


@dataclass(frozen=True)
class Need:
    """How long a run needs in all, in seconds."""

    seconds: float
    all_of_it: bool
    """False: later stages come on top, and nothing tells how long they take."""
    done: float
    """How much was done then, 0…1: of the whole, or, where that is not known, of its stage."""
    stage: str = ""
    """The stage that `done` speaks of; empty: of the whole."""


def needed(progress: Mapping[str, Any], started: datetime | None, ended: datetime | None) -> Need | None:
    """What a run needs at the rate that it had when it was last heard of; None where it had none to tell.

    `ended`: None while it runs. A run that was at work for longer than its rate had told tells nothing: it stood,
    or became slower, and how much is not known.
    """
    at = moment_of(progress.get("at")) or ended
    if "stage" not in progress or started is None or at is None:
        return None
    at = min(at, ended or at)
    left, done = left_when_heard(progress, started, at), within(progress)
    if left is None or done is None:
        return None
    so_far = max(0.0, (at - started).total_seconds())
    if ended is not None and (
        ended > at + timedelta(seconds=left) or quiet_s(progress, started, ended) is not None
    ):
        return None
    later = later_of(progress)
    if later is None:
        return Need(so_far + left, False, done, str(progress["stage"]))
    seconds = so_far + left + later.high
    return Need(seconds, True, so_far / seconds if seconds > 0 else done)


@dataclass(frozen=True)
class LastWord:
    """What a run that has ended had said last of how far it was."""

    done: float
    """Of its stage, 0…1."""
    before_s: float
    """How long before its end."""
    whole: bool
    """Whether its stage is all there is."""


def last_word(progress: Mapping[str, Any], ended: datetime) -> LastWord | None:
    """For a run of which nothing tells how long it needs; None where it never said how far it was."""
    fraction = progress.get("fraction")
    if not finite(fraction) or fraction <= 0:
        return None
    alone = progress.get("steps") in {None, 1} and later_of(progress) is not None
    return LastWord(float(fraction), (ended - heard_at(progress, ended)).total_seconds(), alone)


def left_in_all(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> Span | None:
    """Seconds that a running job still takes; None where nothing tells."""
    left, later = stage_left(progress, started, now), later_of(progress)
    if left is None or later is None:
        return None
    return Span(left, left).plus(later)


def too_slow(progress: Mapping[str, Any], started: datetime | None, now: datetime, limit_s: float) -> bool:
    """Whether a running job cannot end within its time for work, even if the rest goes somewhat faster."""
    left = stage_left(progress, started, now)
    if left is None or started is None:
        return False
    later = later_of(progress)
    rest = (left + (later.low if later else 0.0)) * DOUBT
    return (now - started).total_seconds() + rest > limit_s


def for_work(limit_s: float, grace_s: float) -> float:
    """How long a program may work under a time limit: it is told to end `grace_s` before, as launch does it."""
    return limit_s - min(grace_s, limit_s / 2)


def time_to_ask(need: Need, most_s: int, grace_s: float = 0.0) -> int | None:
    """The time limit to run again with; None where even the most that may be asked for does not suffice."""
    if need.seconds > for_work(most_s, grace_s):
        return None
    wanted = need.seconds * MARGIN
    return min(_limit(wanted + min(grace_s, wanted)), most_s)


def _limit(seconds: float) -> int:
    minutes = math.ceil(seconds / 60)
    found = next((limit for limit in LIMITS_MIN if limit >= minutes), None)
    return 60 * (found if found is not None else 1440 * math.ceil(minutes / 1440))


def memory_to_ask(
    had_mb: int, peak_mb: float | None, most_mb: int, *, others_mb: float | None = None
) -> int | None:
    """The memory to run again with after it was too little; None where there is no more, or it was passed anyway.

    How much a run would have needed, its peak does not tell: twice what it had, and more where its
    peak was, or that of finished runs like it.
    """
    if had_mb >= most_mb or (peak_mb or 0.0) > most_mb:
        return None
    wanted = max(peak_mb or 0.0, others_mb or 0.0) * MARGIN
    step = next(step for below, step in MEMORY_STEPS_MB if wanted < below)
    return min(max(2 * had_mb, math.ceil(wanted / step) * step), most_mb)
