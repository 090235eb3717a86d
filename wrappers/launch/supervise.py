"""Watching the program: its output, its memory, its time, and the signals that reach launch."""

import fcntl
import math
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from wrappers.launch.exits import FIRST_SIGNAL_EXIT
from wrappers.launch.keeper import PATIENCE_S, Command, Ends, end, keep
from wrappers.launch.logs import CappedLog
from wrappers.launch.reports.progress import Watcher
from wrappers.launch.tree import become_subreaper, end_descendants, kill, memory_bytes

SAMPLE_S = 0.2
_CHUNK = 1 << 20
_DRAIN_S = 2.0
_LATE_S = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When the program has to end, by time.monotonic(). Without `enforce_memory` its memory is only measured."""

    deadline: float
    grace_s: float
    memory_limit_bytes: int
    enforce_memory: bool


@dataclass(slots=True)
class Ending:
    """What was seen of the program. `status` is a wait status; None if it was not started or not seen to end."""

    started: bool = False
    status: int | None = None
    reason: str | None = None
    detail: str | None = None
    cpu_s: float = 0.0
    memory_peak_bytes: int = 0
    left_running: int = 0


class Signals:
    """Collects the signals that reach launch from outside, from the moment it is made."""

    CAUGHT = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)

    def __init__(self) -> None:
        self.received: list[int] = []
        self.wake, writing = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for signum in self.CAUGHT:
            signal.signal(signum, lambda number, frame: self.received.append(number))
        # Whoever started launch may have blocked signals, and a blocked mask is inherited.
        signal.pthread_sigmask(signal.SIG_SETMASK, [])


@dataclass(slots=True)
class Supervisor:
    """One run of one program, from fork to the last byte of its output."""

    limits: Limits
    signals: Signals
    stdout: CappedLog
    stderr: CappedLog
    on_start: Callable[[float], None]
    watcher: Watcher | None = None
    ending: Ending = field(default_factory=Ending)
    _keeper: int = 0
    _program: int = 0
    _control: int = -1
    _kill_at: float | None = None
    _give_up_at: float = math.inf
    _next_sample: float = 0.0
    _passed_on: int = 0
    _reports: bytes = b""
    _keeper_gone: bool = False
    _exited: bool = False
    _told_all: bool = False

    def run(self, command: Command) -> Ending:
        """Run the command to its end, and all that it started; return what was seen."""
        become_subreaper()
        try:
            streams = self._fork(command)
        except OSError as error:
            self.ending.reason = "start"
            self.ending.detail = f"The program could not be started. {error.strerror}"
            return self.ending
        poll = select.poll()
        for fd in (*streams, self.signals.wake):
            poll.register(fd, select.POLLIN)
        while not self._keeper_gone:
            for fd, _ in poll.poll(self._milliseconds()):
                if not self._take(fd, streams):
                    poll.unregister(fd)
            self._pass_on_signals()
            self._watch(time.monotonic())
        os.close(self._control)
        os.waitpid(self._keeper, 0)
        if not self._told_all and self.ending.reason != "start":
            self._stand_in_for_the_keeper()
        self._drain(streams)
        self._hear_late()
        return self.ending

    def _fork(self, command: Command) -> dict[int, Callable[[bytes], None]]:
        """Fork the keeper; return what to do with what each descriptor brings."""
        control_read, self._control = os.pipe()
        reading = [os.pipe() for _ in range(3)]
        (report, report_write), (out, out_write), (err, err_write) = reading
        for fd in (out, err):
            _widen(fd)
        self._keeper = os.fork()
        if self._keeper == 0:
            for fd in (self._control, report, out, err, self.signals.wake):
                os.close(fd)
            keep(command, Ends(control_read, report_write, out_write, err_write))
        for fd in (control_read, report_write, out_write, err_write):
            os.close(fd)
        takers: dict[str, Callable[[bytes], None]] = {"stdout": self.stdout.write, "stderr": self.stderr.write}
        if self.watcher:
            takers = {name: self.watcher.beside(name, write) for name, write in takers.items()}
        return {report: self._report, out: takers["stdout"], err: takers["stderr"]}

    def _take(self, fd: int, streams: dict[int, Callable[[bytes], None]]) -> bool:
        """Read what is there and hand it on; false at the end of the stream."""
        data = os.read(fd, _CHUNK)
        if fd == self.signals.wake:
            return True
        if data:
            streams[fd](data)
            return True
        if streams[fd] == self._report:
            self._keeper_gone = True
        os.close(fd)
        del streams[fd]
        return False

    def _report(self, data: bytes) -> None:
        *lines, self._reports = (self._reports + data).split(b"\n")
        for line in lines:
            match line.decode().split(" ", 1):
                case ["started", told]:
                    pid, begun = told.split()
                    self._program = int(pid)
                    self.ending.started = True
                    self.on_start(float(begun))
                case ["exited", status]:
                    self._exited = True
                    self.ending.status = int(status) if int(status) >= 0 else None
                case ["failed", words]:
                    self.ending.reason = "start"
                    self.ending.detail = f"The program could not be started. {words}"
                case ["ended", figures]:
                    self._told_all = True
                    cpu_s, largest, left = figures.split()
                    self.ending.cpu_s = float(cpu_s)
                    self.ending.memory_peak_bytes = max(self.ending.memory_peak_bytes, int(largest))
                    self.ending.left_running = int(left)

    def _milliseconds(self) -> float:
        now = time.monotonic()
        due = [self._kill_at or self.limits.deadline - self.limits.grace_s, self._give_up_at]
        if self.ending.started:
            due.append(self._next_sample)
        return min(max(0.0, min(due) - now), 3600.0) * 1000 + 1

    def _pass_on_signals(self) -> None:
        for signum in self.signals.received[self._passed_on :]:
            self._passed_on += 1
            self._end("cancelled", signum, time.monotonic() + self.limits.grace_s)

    def _watch(self, now: float) -> None:
        if now >= self._next_sample and self.ending.started:
            self._sample()
            # Never more than a twentieth of a core, however large the tree.
            self._next_sample = now + max(SAMPLE_S, 20 * (time.monotonic() - now))
        if now >= self._give_up_at:
            kill(self._keeper, signal.SIGKILL)
            self._give_up_at = math.inf
        if self._kill_at is not None and now >= self._kill_at:
            self._say(signal.SIGKILL)
            self._kill_at = math.inf
        elif self._kill_at is None and now >= self.limits.deadline - self.limits.grace_s:
            self._end("time", signal.SIGTERM, self.limits.deadline)

    def _sample(self) -> None:
        used = memory_bytes(self._keeper, self.ending.memory_peak_bytes)
        self.ending.memory_peak_bytes = max(self.ending.memory_peak_bytes, used)
        if self.limits.enforce_memory and used > self.limits.memory_limit_bytes:
            self._end("memory", signal.SIGKILL, math.inf)

    def _end(self, reason: str, signum: int, kill_at: float) -> None:
        """Begin to end the program; the first reason stays, the earliest end holds."""
        if self._exited:
            return
        self.ending.reason = self.ending.reason or reason
        self._kill_at = kill_at if self._kill_at is None else min(self._kill_at, kill_at)
        self._say(signum)

    def _say(self, signum: int) -> None:
        if signum == signal.SIGKILL:
            # The keeper has its own patience; one that does not answer after it hangs, and is ended itself.
            self._give_up_at = min(self._give_up_at, time.monotonic() + 2.5 * PATIENCE_S)
        try:
            os.write(self._control, bytes([signum]))
        except BrokenPipeError:
            return  # the keeper has ended, and its report is on the way

    def _stand_in_for_the_keeper(self) -> None:
        """It was killed: what it left behind are launch's own children now."""
        self.ending.detail = "The process that watched the program was ended from outside."
        if self.ending.status is None and self._program:
            status = end(self._program)
            self.ending.status = status if status >= 0 else None
        self.ending.left_running = end_descendants(PATIENCE_S)

    def _hear_late(self) -> None:
        """Slurm signals process after process: the program may have died of it before launch has its own."""
        if self.ending.reason or self.ending.status is None:
            return
        code = os.waitstatus_to_exitcode(self.ending.status)
        # A container's runtime tells of its program's signal by the shell's code for it.
        signum = -code if code < 0 else code - FIRST_SIGNAL_EXIT
        if signum not in Signals.CAUGHT:
            return
        if not self.signals.received:
            select.select([self.signals.wake], [], [], _LATE_S)
        if signum in self.signals.received:
            self.ending.reason = "cancelled"

    def _drain(self, streams: dict[int, Callable[[bytes], None]]) -> None:
        """Read what is left in the pipes. Nobody should hold them any more; who does is not waited for."""
        until = time.monotonic() + _DRAIN_S
        while streams and time.monotonic() < until:
            for fd in select.select(list(streams), [], [], _DRAIN_S)[0]:
                self._take(fd, streams)
        for fd in streams:
            os.close(fd)


def _widen(fd: int) -> None:
    try:
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _CHUNK)
    except OSError:
        return  # the user's share of pipe pages is spent; the default is enough
