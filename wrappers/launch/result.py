"""result.json: the ending, as launch saw it."""

import json
import os
import signal

from wrappers.launch import SCHEMA, VERSION
from wrappers.launch.claim import Identity
from wrappers.launch.exits import Exit
from wrappers.launch.failpoints import reach
from wrappers.launch.files import put_in_place, utc, write_aside
from wrappers.launch.jobspec import JobSpec
from wrappers.launch.logs import CappedLog
from wrappers.launch.supervise import Ending

MIB = 1024 * 1024


def exit_code_of(ending: Ending) -> tuple[int | None, int | None]:
    """Return (exit code, signal), one of which is None, for a program that was started."""
    if ending.status is None:
        return None, int(signal.SIGKILL)
    code = os.waitstatus_to_exitcode(ending.status)
    return (code, None) if code >= 0 else (None, -code)


def result_document(
    spec: JobSpec,
    me: Identity,
    ending: Ending,
    *,
    refused: Exit | None,
    times: tuple[float, float],
    runner: str,
    logs: tuple[CappedLog, CappedLog] | None,
    devices: str,
) -> dict[str, object]:
    """Return the document. A program that was not started has launch's own exit code; `times` since the epoch."""
    code, signum = exit_code_of(ending) if refused is None else (int(refused), None)
    document: dict[str, object] = {
        "schema": SCHEMA,
        "attempt": spec.attempt,
        "job_sha256": spec.sha256,
        "claim": me.document(),
        "exit_code": code,
        "signal": signum,
        "reason": ending.reason,
        "started": utc(times[0]),
        "ended": utc(times[1]),
        "host": os.uname().nodename,
        "devices": [device for device in devices.split(",") if device] if spec.resources.gpus else [],
        "runner": runner,
        "image": {"name": spec.image.name, "digest": spec.image.digest}
        if spec.image and runner == "apptainer"
        else None,
        "cpus": spec.resources.cpus,
        "cpu_s": ending.cpu_s,
        "memory_peak_bytes": ending.memory_peak_bytes,
        "memory_limit_bytes": spec.resources.memory_mb * MIB,
        "log": {
            "stdout_bytes": logs[0].total if logs else 0,
            "stderr_bytes": logs[1].total if logs else 0,
            "stdout_truncated": logs[0].truncated if logs else False,
            "stderr_truncated": logs[1].truncated if logs else False,
        },
        "launch_version": VERSION,
    }
    if ending.detail:
        document["detail"] = ending.detail
    return document


def write_result(folder_fd: int, document: dict[str, object]) -> None:
    """Write result.json durably, in one step for whoever looks. Raises OSError."""
    aside = write_aside(folder_fd, "result.json", json.dumps(document).encode() + b"\n")
    reach("launch-result-written-aside")
    put_in_place(folder_fd, aside, "result.json")
    reach("launch-after-result")
