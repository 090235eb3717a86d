"""What every scheduler backend speaks: a request goes in, reports come out, phases are closed.

Standard library only: the agent imports this too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Phase(StrEnum):
    """Where a job is, as the scheduler sees it."""

    PENDING = "pending"
    RUNNING = "running"
    ENDED = "ended"


class Ending(StrEnum):
    """How a job ended, as the scheduler saw it: Slurm's own final states, one word each."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out of memory"
    NODE_FAIL = "node fail"
    PREEMPTED = "preempted"
    BOOT_FAIL = "boot fail"
    DEADLINE = "deadline"


@dataclass(frozen=True)
class JobRequest:
    """All a backend needs to start one attempt. `argv` is the command that runs `launch` (never a shell string)."""

    attempt: str
    name: str
    person: str
    argv: tuple[str, ...]
    folder: Path
    cpus: int
    memory_mb: int
    time_s: int
    gpus: int = 0
    share: float = 1.0
    """Relative weight of the person in a backend that does fair share itself."""


@dataclass(frozen=True)
class JobHandle:
    """What identifies a submitted job for ever. Ids wrap and are reused, so an id alone never does."""

    cluster: str
    job_id: str
    array_index: int | None
    name: str
    submitted: datetime


@dataclass(frozen=True)
class JobReport:
    """One observation of one job. A field that the backend does not know is None."""

    handle: JobHandle
    phase: Phase
    ending: Ending | None = None
    """Set if and only if `phase` is ENDED and the backend's word for the ending is known."""
    exit_code: int | None = None
    signal: int | None = None
    started: datetime | None = None
    ended: datetime | None = None
    node: str | None = None
    reason: str | None = None
    """Why it waits, or why it ended, in words for people."""
    ended_by: str | None = None
    """Who cancelled it, where the backend knows."""
    memory_peak_bytes: int | None = None
    cpu_s: float | None = None
    raw: str | None = None
    """The backend's own word, for the technical details."""


@dataclass(frozen=True)
class Observation:
    """One answer of the scheduler about many jobs.

    `answered` False means that nothing at all may be concluded. A name that was asked for and is missing from
    `reports` is *absent*; absence by itself never moves a job.
    """

    answered: bool
    reports: dict[str, JobReport] = field(default_factory=dict)
    """By attempt name plus index: the key that was asked for."""
    message: str | None = None
    """Why it did not answer, in words."""


class Scheduler(Protocol):
    """The verbs. `submit`, `find` and `cancel` act as a person (in the agent); `observe` is the daemon's bulk query."""

    cluster: str

    def submit(self, request: JobRequest) -> JobHandle:
        """Hand one attempt over. Raises SchedulerError; twice with one attempt gives the first handle."""

    def find(self, attempt: str, name: str) -> JobHandle | None:
        """The job of this attempt if the backend has ever taken it, ended ones included."""

    def cancel(self, handle: JobHandle) -> bool:
        """Ask for its end; False if it had ended already."""

    def observe(self, handles: Sequence[tuple[str, JobHandle]]) -> Observation:
        """One bulk query: (key, handle) pairs in, an Observation by key out. Never raises for an outage."""


class SchedulerError(Exception):
    """The backend refused (`retry` False) or did not answer (`retry` True). The text is for people."""

    def __init__(self, message: str, *, retry: bool, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry = retry
        self.detail = detail
