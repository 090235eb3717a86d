"""Why a job failed or waits: codes for programs, words for people, and what running again could change. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from portal import words


class Cause(StrEnum):
    """The code in `Job.cause`; stable, because people and programs search by it."""

    MEMORY = "memory"
    TIME = "time"
    EXIT = "exit code"
    SIGNAL = "signal"
    NODE = "node"
    PREEMPTED = "preempted"
    DEADLINE = "deadline"
    INPUT = "input"
    IMAGE = "image"
    DISK = "disk full"
    FOLDER = "folder"
    START = "start"
    ORDER = "order"
    CLAIMED = "claimed"
    NO_RESULT = "no result"
    DIFFERS = "launch and scheduler differ"
    UNKNOWN = "not known to the scheduler"
    LOST = "lost"
    CANCELLED = "cancelled"
    REFUSED = "result refused"
    MISSING_OUTPUT = "output missing"
    ACCESS = "access"
    SUBMISSION = "not accepted"
    QUOTA = "quota"
    ACCOUNT = "account"
    AWAY = "temporary"
    """Something needed does not answer now; it is tried again by itself."""


class Retry(StrEnum):
    """What has to be different for another try to end otherwise."""

    NEVER = "never"
    """The same will happen; a person has to change something first."""
    SAME = "same"
    """Nothing: the machine was at fault."""
    MORE_MEMORY = "more memory"
    MORE_TIME = "more time"


RETRY: dict[Cause, Retry] = {
    Cause.MEMORY: Retry.MORE_MEMORY,
    Cause.TIME: Retry.MORE_TIME,
    Cause.NODE: Retry.SAME,
    Cause.PREEMPTED: Retry.SAME,
    Cause.LOST: Retry.SAME,
    Cause.CLAIMED: Retry.SAME,
    Cause.FOLDER: Retry.SAME,
}
"""Causes that are not listed: NEVER."""

SAFE = "Your dataset is unchanged."
_MARKS = str.maketrans("“”", "‘’")


@dataclass(frozen=True)
class Asked:
    """What the attempt had, and the next step up that its analysis allows (None: it had the most)."""

    memory_mb: int = 1024
    time_s: int = 3600
    more_memory_mb: int | None = None
    more_time_s: int | None = None
    success_codes: tuple[int, ...] = (0,)


def retry_of(cause: Cause) -> Retry:
    """What another try needs after this cause."""
    return RETRY.get(cause, Retry.NEVER)


def out_of_memory(asked: Asked) -> str:
    """What is said of a job that needed more memory than it had asked for."""
    start = f"It ran out of memory ({words.memory(asked.memory_mb)}). {SAFE}"
    if asked.more_memory_mb is None:
        return f"{start} It had the most that this analysis may use; a smaller part of the data may fit."
    return f"{start} Run again with {words.memory(asked.more_memory_mb)}?"


def out_of_time(asked: Asked) -> str:
    """The time limit, and the next one."""
    start = f"It reached its time limit ({words.limit(asked.time_s)}). {SAFE}"
    if asked.more_time_s is None:
        return f"{start} It had the most that this analysis may use."
    return f"{start} Run again with {words.limit(asked.more_time_s)}?"


def refused_by_program(why: str) -> str:
    """Why the program says that it refused: between marks, as its words, of which none ends them."""
    return f"The program says: “{why.translate(_MARKS)}” {SAFE}"


def exit_code(code: int) -> str:
    """The program's own verdict on itself."""
    return f"The program ended with exit code {code}. {SAFE} The last lines of its log may say why."


def by_signal(number: int, node: str | None = None) -> str:
    """A signal ended it."""
    where = f" on {node}" if node else ""
    return f"The program was stopped{where} ({words.signal_name(number)}). {SAFE}"


def node_failed(node: str | None, reason: str | None = None) -> str:
    """The machine, or what watched over the job there, is gone."""
    where = f"The computer it ran on ({node})" if node else "The computer it ran on"
    said = f" ({words.one_line(reason, 200).rstrip('.')})" if reason else ""
    return f"{where} stopped working on it{said}. {SAFE} Running it again should help."


def cancelled(by: str | None) -> str:
    """Who ended it, by a wish that this portal has kept."""
    return f"Cancelled by {by}." if by else "Cancelled outside this portal, for example by the cluster's staff."


def cancelled_outside(by: str | None, *, own: bool) -> str:
    """Somebody ended it at the scheduler: its owner, or an account of the cluster's that the scheduler names."""
    if own:
        return "Cancelled by its owner on the cluster, outside this portal."
    return f"Cancelled by the cluster's staff ({by}), outside this portal." if by else cancelled(None)


def input_gone(detail: str | None) -> str:
    """An input is not what was chosen."""
    said = words.one_line(detail) if detail else "An input is gone or has changed since it was chosen"
    return f"{said.rstrip('.')}. Nothing was computed. Choose the dataset again, or ask who looks after it."


def start_failed(detail: str | None) -> str:
    """The program could not be started."""
    said = f" ({words.one_line(detail).rstrip('.')})" if detail else ""
    return f"The program could not be started{said}. {SAFE} Please tell staff: the analysis is set up wrongly."


def image_gone(detail: str | None) -> str:
    """The container image is missing or not the one that was signed off."""
    said = f" ({words.one_line(detail).rstrip('.')})" if detail else ""
    return f"The analysis's software image is missing or has changed{said}. {SAFE} Please tell staff."


def disk_full(detail: str | None = None) -> str:
    """No room where the job works."""
    said = f" ({words.one_line(detail, 200).rstrip('.')})" if detail else ""
    return f"The disk that jobs work on is full{said}. {SAFE} Run it again when there is room."


def no_result(late_s: float, invalid: str | None, node: str | None = None) -> str:
    """It ended without saying how."""
    where = f" on {node}" if node else ""
    if invalid:
        note = f"its report cannot be used: {words.one_line(invalid, 200).rstrip('.')}"
        return f"It ended{where} without a result; {note}. {SAFE}"
    waited = f" within {words.duration(late_s)}" if late_s >= 1 else ""
    return f"It ended{where} without a result, and none appeared{waited}. {SAFE}"


def refused(why: str) -> str:
    """The collector does not take the result. `why` is a clause: "output/x is a link"."""
    clause = words.one_line(why).rstrip(".")
    return f"The result was not accepted: {clause}. {SAFE} Nothing was added to the catalogue."
