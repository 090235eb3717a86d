"""How soon a live part asks again: often while something is likely to change, ever more rarely later."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from portal.jobs.models import Job
from portal.jobs.state import State

STEPS = ((60, 1), (300, 2), (1800, 5))
"""Up to so many seconds after the last change of state, ask every so many seconds; after that every 15."""
SLOWEST_S = 15


def ask_again_s(job: Job, now: datetime) -> int | None:
    """Seconds until a job's live part asks again; None when nothing can change any more."""
    return _after_s(job.state, job.changed, now)


def _after_s(state: State, changed: datetime, now: datetime) -> int | None:
    if state.final:
        return None
    if state is State.HELD:
        return SLOWEST_S
    quiet = (now - changed).total_seconds()
    return next((seconds for limit, seconds in STEPS if quiet < limit), SLOWEST_S)


def ask_again_for_all_s(jobs: Sequence[Job], now: datetime) -> int | None:
    """The same for a list: as soon as its liveliest job, but never below two seconds."""
    return ask_again_after_s(((job.state, job.changed) for job in jobs), now)


def ask_again_after_s(moments: Iterable[tuple[State, datetime]], now: datetime) -> int | None:
    """The same by states and since when jobs are in them."""
    soonest = [seconds for one in moments if (seconds := _after_s(*one, now)) is not None]
    return max(2, min(soonest)) if soonest else None
