"""A job's states, in order, and the one table of allowed moves. Pure: no database, no web."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal.jobs.said import Waiting
from portal.jobtype.kind import Kind


class State(StrEnum):
    """Where a job is. "Unknown" is an observation, never a state."""

    QUEUED = "queued"
    """In the portal; nothing has left it."""
    HELD = "held"
    """Waits for a quota or for staff."""
    SUBMITTING = "submitting"
    """An attempt is written down; the scheduler may or may not have it."""
    PENDING = "pending"
    """The scheduler has it."""
    RUNNING = "running"
    COLLECTING = "collecting"
    """It ended well; its result is being filed."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """True when no move leads on (a retry makes a new attempt and says so)."""
        return self in FINAL

    @property
    def at_scheduler(self) -> bool:
        """True while the scheduler may know about it."""
        return self in AT_SCHEDULER

    @property
    def words(self) -> str:
        """The state that people see: seven words for nine states."""
        return WORDS[self]


FINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})
UNFINISHED = frozenset(State) - FINAL
"""For questions to the database: named states are found by the index, "all but these" reads every job."""
AT_SCHEDULER = frozenset({State.SUBMITTING, State.PENDING, State.RUNNING})
TO_BEGIN = frozenset({State.QUEUED, State.SUBMITTING, State.PENDING})
"""Jobs that wait, and for nobody's word."""

ANOTHER_RUN = frozenset({"", State.HELD.value, State.FAILED.value, State.CANCELLED.value, State.RUNNING.value})
"""From these states a job comes to wait for a run; what the scheduler gave back still waits for the same one."""

WORDS: dict[State, str] = {
    State.QUEUED: "Waiting",
    State.SUBMITTING: "Waiting",
    State.PENDING: "Waiting",
    State.RUNNING: "Running",
    State.COLLECTING: "Saving",
    State.SUCCEEDED: "Done",
    State.FAILED: "Failed",
    State.HELD: "On hold",
    State.CANCELLED: "Cancelled",
}

MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SUBMITTING, State.HELD, State.FAILED, State.CANCELLED}),
    State.HELD: frozenset({State.QUEUED, State.FAILED, State.CANCELLED}),
    # Back to QUEUED or HELD: the scheduler certainly does not have it (refused for now, or fenced).
    State.SUBMITTING: frozenset(
        {State.HELD, State.PENDING, State.RUNNING, State.COLLECTING, State.QUEUED, State.FAILED, State.CANCELLED}
    ),
    State.PENDING: frozenset({State.RUNNING, State.COLLECTING, State.QUEUED, State.FAILED, State.CANCELLED}),
    # Back to PENDING: an administrator requeued it. Back to QUEUED: the attempt is lost and retried.
    State.RUNNING: frozenset({State.PENDING, State.COLLECTING, State.QUEUED, State.FAILED, State.CANCELLED}),
    State.COLLECTING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    # A person asks to run it again: the same job, a new attempt.
    State.FAILED: frozenset({State.QUEUED}),
    State.CANCELLED: frozenset({State.QUEUED}),
}


MOVES_OF_DESKTOPS: dict[State, frozenset[State]] = {
    # Its owner ended it, which is how a desktop ends well. One that declares no outputs has nothing to collect.
    state: frozenset({State.SUCCEEDED})
    for state in (State.SUBMITTING, State.PENDING, State.RUNNING)
}
"""What an interactive job may do besides."""


def may_move(current: State, new: State, kind: Kind = Kind.RUN) -> bool:
    """True if the table allows the move to a job of this kind."""
    if new in MOVES[current]:
        return True
    return kind is Kind.INTERACTIVE and new in MOVES_OF_DESKTOPS.get(current, ())


@dataclass(frozen=True)
class Move:
    """A move and all that changes with it, the same for one job and for many."""

    before: State
    after: State
    at: datetime
    """When the portal wrote it down."""
    by: str
    """Who moved it: a person, or the portal."""
    cause: str | None = None
    words: str | None = None
    happened: datetime | None = None
    """When it was, where the scheduler says so; None: as it was written down."""

    def when(self, before: datetime | None) -> datetime:
        """What its event, a start and an end are stamped with: never before the move `before` it, whosever clocks
        they are, and never after it was written down, unless that one was."""
        moment = min(self.happened or self.at, self.at)
        return max(moment, before) if before is not None else moment

    def allowed(self, kind: Kind = Kind.RUN) -> bool:
        """True if the table has it for a job of this kind."""
        return may_move(self.before, self.after, kind)

    @property
    def begins(self) -> bool:
        """True if the job starts with it, unless it had started before."""
        return self.after is State.RUNNING

    def of_job(self, when: Any = None) -> dict[str, Any]:
        """The job's columns after it, but for the time of its start. `when`: its stamp, or what yields that."""
        values: dict[str, Any] = {"state": self.after, "changed": self.at}
        values |= {"cause": self.cause, "cause_words": self.words}
        if self.after.final:
            values["ended"] = self.at if when is None else when
        if self.after is State.QUEUED:
            values |= dict.fromkeys(("started", "ended", "absent_since", "last_seen"))
            values |= {"progress": {}, "waiting": Waiting()}
        return values

    def of_event(self) -> dict[str, Any]:
        """The columns of its event, but for the job's id and its stamp."""
        states = {"from_state": self.before.value, "to_state": self.after.value}
        return {**states, "by": self.by, "cause": self.cause, "words": self.words}


def after_its_owner_ended_it(kind: Kind, *, outputs: bool) -> State:
    """Where a running job goes when its owner ends it: a run was cancelled; a desktop has done what it was for.

    `outputs`: whether its job type declares any; only then is there something to collect.
    """
    if kind is Kind.RUN:
        return State.CANCELLED
    return State.COLLECTING if outputs else State.SUCCEEDED
