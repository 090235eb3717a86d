"""Who said what of a job: the documents of its rows, typed. Pure.

A document is read whatever release wrote it: a name that is not known is left out, and so is a value that is not
what it should be. Texts are cut to a length, since they come from outside.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from portal.documents import finite
from portal.times import iso, moment_of

T = TypeVar("T")
MOST_TEXT = 2000
MOST_LINES = 32 * 1024
MOST_WHOLE = 2**62


@dataclass(frozen=True)
class Waiting:
    """Why a job waits.

    `reason`, `position` and `start` are the scheduler's while it has the job; until then the reason is the
    portal's. Nothing of it comes from a person's files.
    """

    reason: str | None = None
    """In words for people."""
    position: int | None = None
    """How many jobs go first."""
    start: datetime | None = None
    """When the scheduler plans to start it."""
    tries: int = 0
    """How often something did not answer when the portal went on with the job."""

    def document(self) -> dict[str, Any]:
        """JSON types only; what is not known is left out."""
        return _document(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """What a row says."""
        return _read(cls, document)


@dataclass(frozen=True)
class SchedulerSaid:
    """What the scheduler said of an attempt's start and end."""

    ending: str | None = None
    """A word of scheduler.base.Ending."""
    raw: str | None = None
    """Its own word."""
    exit_code: int | None = None
    signal: int | None = None
    node: str | None = None
    reason: str | None = None
    by: str | None = None
    """Who cancelled it."""
    started: datetime | None = None
    ended: datetime | None = None
    cpu_s: float | None = None
    memory_peak_bytes: int | None = None


@dataclass(frozen=True)
class FilesSaid:
    """What lay in the attempt's folder, which the person's program could write. Nothing in it is proof."""

    invalid_result: str | None = None
    """Why result.json counts as none."""
    last_lines: str | None = field(default=None, metadata={"most": MOST_LINES})
    """The end of its log, where it did not end well."""


@dataclass(frozen=True)
class PortalNoted:
    """What the portal did, and when."""

    ended_seen: datetime | None = None
    """When the scheduler first said that it ended."""
    cancel_sent: datetime | None = None
    cancel_refused: str | None = None
    detail: str | None = None
    """What the agent said when it refused the attempt, for the technical view."""


@dataclass(frozen=True)
class Seen:
    """What was seen of an attempt, by who said it. What result.json says is in `Attempt.testimony`."""

    scheduler: SchedulerSaid = field(default_factory=SchedulerSaid)
    files: FilesSaid = field(default_factory=FilesSaid)
    portal: PortalNoted = field(default_factory=PortalNoted)

    def document(self) -> dict[str, Any]:
        """JSON types only; what is not known is left out."""
        return _document(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """What a row says. Rows of earlier releases have all names side by side, whoever said it."""
        said = [document.get(one.name, document) for one in fields(cls)]
        scheduler, files, portal = (one if isinstance(one, Mapping) else {} for one in said)
        return cls(_read(SchedulerSaid, scheduler), _read(FilesSaid, files), _read(PortalNoted, portal))


def _document(said: Any) -> dict[str, Any]:
    found = {}
    for one in fields(said):
        value = getattr(said, one.name)
        if is_dataclass(value):
            value = _document(value) or None
        elif isinstance(value, datetime):
            value = iso(value)
        elif isinstance(value, str):
            value = _text(value, one)
        if value is not None and value != one.default:
            found[one.name] = value
    return found


def _read(kind: type[T], document: Mapping[str, Any]) -> T:
    values = {}
    for one in fields(kind):  # type: ignore[arg-type]  # a dataclass, as mypy cannot be told
        value = _READ[one.type](document.get(one.name), one)
        if value is not None:
            values[one.name] = value
    return kind(**values)


def _text(value: object, one: Field[Any]) -> str | None:
    return value[: one.metadata.get("most", MOST_TEXT)] if isinstance(value, str) else None


def _whole(value: object, _one: Field[Any]) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -MOST_WHOLE <= value <= MOST_WHOLE else None


def _number(value: object, _one: Field[Any]) -> float | None:
    return float(value) if finite(value) else None


def _moment(value: object, _one: Field[Any]) -> datetime | None:
    return moment_of(value)


_READ: dict[Any, Any] = {
    str | None: _text,
    int | None: _whole,
    int: _whole,
    float | None: _number,
    datetime | None: _moment,
}
