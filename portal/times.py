"""Times as files, answers and documents hold them. Standard library only."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def going_on(now: datetime) -> Callable[[], datetime]:
    """A clock that says `now` and goes on from there.

    A step of the daemon is told when it begins; what it does a minute later is stamped a minute later.
    """
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


def iso(moment: datetime) -> str:
    """A time as files and answers hold it: UTC, milliseconds, `Z`. Naive times are an error."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """The opposite of `iso`. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def moment_of(text: object) -> datetime | None:
    """A stored ISO time with a zone; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
