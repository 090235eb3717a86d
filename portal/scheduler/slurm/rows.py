"""Rows out of the JSON that squeue and sacct print, in the dialects of the data_parser plugins.

The dialects differ in how a number ("set", "infinite", "number", or bare) and a list of words (or one word) are
written, and in what is there at all. A row that cannot be read raises ValueError: then nothing was answered.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.scheduler.slurm.arrays import expand

Json = Mapping[str, Any]
NEVER = 0xFFFFFFF0
"""Slurm writes NO_VAL (0xfffffffe) or INFINITE (0xffffffff) where there is no time."""


@dataclass(frozen=True)
class Row:
    """One row of the controller's or accounting's. Of an array, `job_id` is the array's."""

    cluster: str
    job_id: str
    indices: frozenset[int] | None
    """The tasks that this row stands for; None for a job that is no array."""
    name: str
    user: str
    account: str
    folder: str
    """The working directory, which the agent chose."""
    words: tuple[str, ...]
    reason: str
    reason_text: str
    submitted: datetime
    started: datetime | None
    ended: datetime | None
    nodes: str | None
    exit_code: int | None
    signal: int | None
    restart: int | None
    """How often Slurm put it back; None where it does not say."""
    planned: datetime | None = None
    """When Slurm means to start it, if it has planned that yet."""
    ended_by: str | None = None
    cpu_s: float | None = None
    memory_peak_bytes: int | None = None
    partition: str = ""
    """Where it waits or runs; one that may go to several has them all, with commas."""
    priority: int = 0
    """The higher the sooner, among those that wait in one partition."""
    licences: str = ""
    """What it holds or waits for, as it was asked: matlab@flex:1,idl:2."""


def queue_rows(reply: Json) -> list[Row]:
    """The rows of a reply of squeue (or of scontrol show job). Raises ValueError."""
    return list(_rows(reply, _queue_row))


def accounting_rows(reply: Json) -> list[Row]:
    """The rows of a reply of sacct, allocations only; steps are summed up in theirs. Raises ValueError."""
    return list(_rows(reply, _accounting_row))


def of_attempt(rows: Sequence[Row], name: str, folder: str, index: int | None) -> Row | None:
    """The first submission of an attempt: by name and working directory, which the agent chose for it."""
    mine = [
        row
        for row in rows
        if row.name == name
        and row.folder.rpartition("/")[2] == folder
        and (index in row.indices if row.indices is not None else index is None)
    ]
    return min(mine, key=lambda row: row.submitted, default=None)


def _rows(reply: Json, read: Any) -> Iterator[Row]:
    try:
        for job in reply["jobs"]:
            yield read(job)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a row of Slurm's cannot be read: {error!r}") from error


def _queue_row(job: Json) -> Row:
    array_id, nodes = number(job.get("array_job_id")), _nodes(job.get("nodes"))
    code, signal = _exit(job.get("exit_code"))
    return Row(
        cluster=job.get("cluster") or "",
        job_id=str(array_id or job["job_id"]),
        indices=_tasks(array_id, job.get("array_task_id"), job.get("array_task_string")),
        name=job["name"],
        user=job.get("user_name") or str(job["user_id"]),
        account=job.get("account") or "",
        folder=job.get("current_working_directory") or "",
        words=_words(job["job_state"]),
        reason=job.get("state_reason") or "None",
        reason_text=job.get("state_description") or "",
        submitted=_moment_there(job["submit_time"]),
        # A job that never ran has a start all the same, but no nodes.
        started=moment(job.get("start_time")) if nodes else None,
        ended=moment(job.get("end_time")),
        nodes=nodes,
        exit_code=code,
        signal=signal,
        restart=number(job.get("restart_cnt")),
        planned=None if nodes else moment(job.get("start_time")),
        partition=job.get("partition") or "",
        priority=number(job.get("priority")) or 0,
        licences=str(job.get("licenses") or ""),
    )


def _accounting_row(job: Json) -> Row:
    array, time, state = job.get("array") or {}, job["time"], job["state"]
    array_id = number(array.get("job_id"))
    code, signal = _exit(job.get("exit_code"))
    return Row(
        cluster=job.get("cluster") or "",
        job_id=str(array_id or job["job_id"]),
        indices=_tasks(array_id, array.get("task_id"), array.get("task")),
        name=job["name"],
        user=job.get("user") or (job.get("association") or {}).get("user") or "",
        account=job.get("account") or "",
        folder=job.get("working_directory") or "",
        words=_words(state["current"]),
        reason=state.get("reason") or "None",
        reason_text="",
        submitted=_moment_there(time["submission"]),
        started=moment(time.get("start")),
        ended=moment(time.get("end")),
        nodes=_nodes(job.get("nodes")),
        exit_code=code,
        signal=signal,
        restart=number(job.get("restart_cnt")),
        ended_by=job.get("kill_request_user") or None,
        cpu_s=_seconds(time.get("total")),
        memory_peak_bytes=_peak(job.get("steps") or []),
    )


def number(value: Any) -> int | None:
    """A number in either way of writing it; None for one that is not set, or is infinite."""
    if isinstance(value, dict):
        return int(value["number"]) if value.get("set") and not value.get("infinite") else None
    return None if value is None or value == "" else int(value)


def moment(value: Any) -> datetime | None:
    """A time from seconds since 1970; None where Slurm means never."""
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds < NEVER else None


def _moment_there(value: Any) -> datetime:
    found = moment(value)
    if found is None:
        raise ValueError("a row of Slurm's without the time of submission")
    return found


def _words(value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else list(value)
    return tuple(str(word).upper() for word in listed)


def _nodes(value: Any) -> str | None:
    return None if value in (None, "", "None assigned", "(null)") else str(value)


def _tasks(array_id: int | None, task: Any, expression: Any) -> frozenset[int] | None:
    if not array_id:
        return None
    index = number(task)
    if index is not None:
        return frozenset({index})
    # The controller's row for what was left of an array that was cancelled names no task at all.
    return expand(str(expression)) if expression else frozenset()


def _exit(value: Any) -> tuple[int | None, int | None]:
    """Exit code and signal; of a job that a signal ended only the signal."""
    if not isinstance(value, dict):
        return None, None
    sent = value.get("signal") or {}
    signal = number(sent.get("id", sent.get("signal_id"))) or None
    return (None if signal else number(value.get("return_code"))), signal


def _seconds(value: Any) -> float | None:
    if not isinstance(value, dict):
        return None
    return float(value.get("seconds", 0)) + float(value.get("microseconds", 0)) / 1e6


def _peak(steps: Any) -> int | None:
    """The largest memory of any task of any step, in bytes; None where none was measured."""
    peaks = [
        int(entry["count"])
        for step in steps
        for entry in ((step.get("tres") or {}).get("requested") or {}).get("max") or []
        if entry.get("type") == "mem"
    ]
    return max(peaks, default=0) or None
