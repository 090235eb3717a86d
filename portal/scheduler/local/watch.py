"""What a supervisor does between the start of launch and its end: wait, measure, enforce."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.files.durable import read_json
from portal.scheduler.base import Ending
from portal.scheduler.local import procfs
from portal.scheduler.local.spool import End, Record, Supervision

TURN_S = 0.2
MEMORY_EVERY_S = 1.0
TIME_GRACE_S = 10.0
"""Between SIGTERM and SIGKILL at the time limit: launch has already warned its program before."""
MEMORY_SLACK = 1.1
MEMORY_SLACK_MB = 128
"""The supervisor is the backstop: launch enforces the limit itself and can say more about it."""


def start_launch(record: Record) -> int:
    """Start the job's first program; its pid. Raises OSError."""
    command = record.request.argv
    process = subprocess.Popen(
        command,
        cwd="/",
        env=_environment(record),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=procfs.dies_with(os.getpid()),  # noqa: PLW1509 - this process has one thread
    )
    # The supervisor waits by itself; Popen must not, nor complain that nobody did.
    process.returncode = 0
    return process.pid


def _environment(record: Record) -> dict[str, str]:
    return dict(os.environ) | {"GANTRY_JOB_ID": record.job_id, "GANTRY_ATTEMPT": record.request.attempt}


class Watch:
    """The eyes on one running job."""

    def __init__(self, record: Record, launch: int) -> None:
        self.record = record
        self.launch = launch
        self.cause: Ending | None = None
        """Why this supervisor asked for the end; None if it did not."""
        self.reason: str | None = None
        self.ended_by: str | None = None
        self.peak_bytes = 0
        self.orphans_cpu_s = 0.0
        self._begun = time.monotonic()
        self._kill_at: float | None = None
        self._measure_at = self._begun

    def until_it_ends(self) -> None:
        """Return when launch has ended. It is then a zombie, so that its status can still be asked for."""
        while not self._reap_orphans():
            received = signal.sigtimedwait({signal.SIGCHLD, signal.SIGTERM}, TURN_S)
            if received is not None and received.si_signo == signal.SIGTERM:
                self._ask(Ending.NODE_FAIL, "The computer told the job's supervisor to stop.")
            self._turn(time.monotonic())

    def _reap_orphans(self) -> bool:
        """Reap what has ended, except launch; whether that has ended."""
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if ended.si_pid == self.launch:
                return True
            usage = os.wait4(ended.si_pid, 0)[2]
            self.orphans_cpu_s += usage.ru_utime + usage.ru_stime
        return False

    def _turn(self, now: float) -> None:
        request = self.record.request
        if self._kill_at is not None:
            if now >= self._kill_at:
                self._kill_tree()
            return
        if now >= self._measure_at:
            self._measure_at = now + MEMORY_EVERY_S
            self._measure()
        cancelled = self._cancelled()
        if cancelled is not None:
            self.ended_by = cancelled.get("by")
            self._ask(Ending.CANCELLED, "Cancelled while it ran.")
        elif now - self._begun >= request.time_s:
            self._ask(Ending.TIMEOUT, f"It reached its time limit of {request.time_s} s.")

    def _measure(self) -> None:
        pids = procfs.descendants(os.getpid())
        used = procfs.resident_bytes(pids)
        limit = int((self.record.request.memory_mb * MEMORY_SLACK + MEMORY_SLACK_MB) * (1 << 20))
        if used > limit:
            used = procfs.proportional_bytes(pids)
        self.peak_bytes = max(self.peak_bytes, used)
        if used > limit:
            text = f"It used more than its {self.record.request.memory_mb} MiB of memory."
            self._ask(Ending.OUT_OF_MEMORY, text)
            self._kill_at = time.monotonic()

    def _cancelled(self) -> Mapping[str, Any] | None:
        path: Path = self.record.folder / "cancel.json"
        return read_json(path) if path.exists() else None

    def _ask(self, cause: Ending, reason: str) -> None:
        """SIGTERM to launch, which passes it on; SIGKILL to all that is left after the grace."""
        if self.cause is not None:
            return
        self.cause, self.reason = cause, reason
        grace = self.record.request.grace_s if cause is Ending.CANCELLED else TIME_GRACE_S
        self._kill_at = time.monotonic() + grace
        os.kill(self.launch, signal.SIGTERM)

    def _kill_tree(self) -> None:
        for pid in procfs.descendants(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def end(self, supervision: Supervision) -> End:
        """The ending of a launch that is a zombie now."""
        status = os.waitid(os.P_PID, self.launch, os.WEXITED | os.WNOWAIT)
        if status is None:
            raise RuntimeError("launch has not ended")
        code = status.si_status if status.si_code == os.CLD_EXITED else None
        stat = procfs.read_stat(self.launch)
        ending = self.cause or (Ending.COMPLETED if code == 0 else Ending.FAILED)
        return End(
            ending,
            datetime.now(UTC),
            started=supervision.started,
            exit_code=code,
            signal=None if code is not None else status.si_status,
            reason=self.reason,
            ended_by=self.ended_by,
            cpu_s=round((stat.cpu_s if stat else 0.0) + self.orphans_cpu_s, 3),
            memory_peak_bytes=self.peak_bytes or None,
            host=supervision.host,
        )
