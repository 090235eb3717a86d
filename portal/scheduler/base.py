"""What every scheduler backend speaks: a request goes in, reports come out, phases are closed.

Standard library only: the agent imports this too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # only the daemon makes surveys
    from portal.scheduler.survey import Survey


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
    """All a backend needs to start one attempt.

    `argv` is the command that runs `launch` (never a shell string) up to what the agent knows: folder and
    digest of the job spec. A backend adds what only it knows (its cluster's name, the job's id, who watches the
    memory).
    """

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
    grace_s: int = 30
    """Seconds between the request to end (SIGTERM) and the end (SIGKILL) when a job is cancelled."""
    ranks: int = 1
    """MPI ranks; `cpus` is then a rank's, memory and GPUs are the whole job's."""
    index: int | None = None
    """Its place in its submission: jobs of one name that have one may be handed over as one array."""
    at_once: int = 0
    """How many jobs of its array may run at the same time; 0: as many as the scheduler likes."""
    licences: tuple[tuple[str, int], ...] = ()
    """Of programs, by the names that the site offers, and how many."""
    constraint: str = ""
    """The kind of node that it needs, by the name that the site offers; empty: any."""


@dataclass(frozen=True)
class JobHandle:
    """What identifies a submitted job for ever. Ids wrap and are reused, so an id alone never does."""

    cluster: str
    job_id: str
    array_index: int | None
    name: str
    submitted: datetime
    user: str | None = field(default=None, compare=False)
    """The Unix account it runs as, where that is known; a job of another is then not this one."""


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
    position: int | None = None
    """How many jobs go before a pending one (0: it is next), where the backend knows."""
    expected_start: datetime | None = None
    """When the backend plans to start a pending one, where it has planned it."""
    restarts: int = 0
    """How often the scheduler put it back and started it again."""
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
    """Why it did not answer, or why its absences do not count, in words."""
    absences_count: bool = True
    """False: it is not sure that everything was to be seen, so that a missing name is not even absent."""


@dataclass(frozen=True)
class Estimate:
    """When a job would start if it were submitted now; `start` None means that the backend cannot say."""

    start: datetime | None
    basis: str
    """What the estimate rests on, in words for people."""


class Owner(Protocol):
    """What an account does with its own jobs: the agent's part of a backend.

    Submit, find and cancel take many and give one result an item, in order; what went wrong with an item is its
    result, a SchedulerError, and harms no other. One job is a list of one.
    """

    @property
    def cluster(self) -> str:
        """The name that stands in handles and claims."""

    def submit(self, requests: Sequence[JobRequest]) -> "list[JobHandle | SchedulerError]":
        """Hand attempts over; twice with one attempt gives the first handle."""

    def find(self, items: Sequence[tuple[str, str]]) -> "list[JobHandle | SchedulerError | None]":
        """The jobs of (attempt, name) if the backend has ever taken them, ended ones included; else None."""

    def cancel(self, handles: Sequence[JobHandle], *, by: str | None = None) -> "list[bool | SchedulerError]":
        """Ask for their end; False if it had ended already. `by`: who wishes it, where that can be kept."""

    def estimate(self, request: JobRequest) -> Estimate:
        """When this request would start. Raises SchedulerError if it never could."""

    def start(self, now: datetime) -> bool:
        """Start what may start, where the backend does not do that by itself; whether anything was started."""

    def forget(self, attempt: str) -> None:
        """The attempt's folder is about to be removed: remove what the backend keeps in it and beside it."""


class Scheduler(Owner, Protocol):
    """A whole backend: an owner's verbs, and what the daemon asks about everybody's jobs."""

    @property
    def batch_size(self) -> int:
        """How many jobs are handed over at once."""

    @property
    def joins(self) -> bool:
        """Jobs that were submitted one by one go over together under one name, each with its place."""

    @property
    def near(self) -> bool:
        """It is on this machine: to ask it often costs nobody anything."""

    @property
    def running_per_person(self) -> int:
        """How many jobs of one person may be there at once, unless the site says otherwise."""

    def observe(self, handles: Sequence[tuple[str, JobHandle]]) -> Observation:
        """One bulk query: (key, handle) pairs in, an Observation by key out. Never raises for an outage."""

    def survey(self) -> "Survey":
        """What there is and what is in use: the daemon's other bulk question. Never raises for an outage."""

    def prune(self, before: datetime) -> int:
        """Forget jobs that ended before a time, where the backend does not do that by itself; how many."""


@dataclass(frozen=True)
class Kind:
    """A backend as factory.py lists it. Both functions take what is written about the cluster, by setting, and
    the folder of all attempts, and raise ValueError in words where it cannot be used."""

    owner: Callable[[Mapping[str, Any], Path], Owner]
    scheduler: Callable[[Mapping[str, Any], Path], Scheduler]
    own_accounts: bool
    """Jobs run as the account that hands them over; otherwise all run as the daemon's."""


class SchedulerError(Exception):
    """The backend refused (`retry` False) or did not answer (`retry` True). The text is for people."""

    def __init__(self, message: str, *, retry: bool, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry = retry
        self.detail = detail


class AccountError(SchedulerError):
    """The backend takes no jobs of this account, or not where it would go: staff must mend that."""
