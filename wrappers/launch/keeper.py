"""The keeper: a process between launch and the program, so that neither's death leaves anything running.

launch forks it. It starts the program in a session of its own and adopts whatever that leaves behind. When the
program ends, when launch says so, or when launch itself dies (its end of the control pipe closes), the keeper
kills all that is beneath it. If the keeper dies, the kernel kills the program (PR_SET_PDEATHSIG) and launch,
an adopter too, ends the rest.
"""

import errno
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from wrappers.launch.files import write_all
from wrappers.launch.tree import become_subreaper, die_with_parent, end_descendants, kill, reap_all

PATIENCE_S = 10.0
TOO_LONG = (
    "its command line is longer than Linux takes; where the analysis names each file by {input: …}, "
    "{input_list: …} names any number in a file"
)
_IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP)
# These are ignored by Python itself or by who started us; a program expects the system's behaviour.
_RESTORED = (*_IGNORED, signal.SIGQUIT, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ)


@dataclass(frozen=True, slots=True)
class Command:
    """What to start: arguments, the whole environment, the working directory."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    directory: str


@dataclass(frozen=True, slots=True)
class Ends:
    """The keeper's ends of the pipes: where it is told, where it tells, and the program's two outputs."""

    control: int
    report: int
    stdout: int
    stderr: int


def keep(command: Command, ends: Ends) -> NoReturn:
    """Be the keeper: never returns.

    Reports lines `started PID EPOCH_S`, `failed WORDS`, `exited STATUS`, `ended CPU_S MAXRSS LEFT`.
    """
    code = 1
    try:
        _keep(command, ends)
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())
        os._exit(code)


def _keep(command: Command, ends: Ends) -> None:
    os.setsid()  # a signal to launch's process group must not end the keeper with it
    for signum in _IGNORED:
        signal.signal(signum, signal.SIG_IGN)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda signum, frame: None)
    become_subreaper()
    begun = time.time()  # here, and not where launch hears of it: on a busy machine that is later
    pid, failure = _start(command, ends)
    os.close(ends.stdout)
    os.close(ends.stderr)
    if failure:
        _tell(ends.report, f"failed {failure}")
        return
    _tell(ends.report, f"started {pid} {begun:.6f}")
    status = _attend(pid, ends.control, wake_read)
    _tell(ends.report, f"exited {status}")
    left = end_descendants(PATIENCE_S)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = usage.ru_utime + usage.ru_stime
    _tell(ends.report, f"ended {cpu_s:.3f} {usage.ru_maxrss * 1024} {left}")


def _attend(pid: int, control: int, wake: int) -> int:
    """Pass on what launch says until the program has ended; return its wait status, -1 if it cannot be ended."""
    while True:
        ready, _, _ = select.select([control, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
        ended = reap_all() or {}
        if pid in ended:
            return ended[pid]
        if control in ready:
            said = os.read(control, 1)
            if not said or said[0] == signal.SIGKILL:
                return end(pid)
            # The program is not reaped yet, so its number belongs to nobody else.
            kill(-pid, said[0])


def end(pid: int) -> int:
    """Kill the program alone and return its wait status, -1 if it cannot be ended or is no child of ours.

    `end_descendants` would throw its status away. One that had ended already keeps the status that it has.
    """
    kill(pid, signal.SIGKILL)
    alarm = select.poll()
    waited = 0.0
    while waited < PATIENCE_S:
        try:
            found, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return -1
        if found:
            return status
        alarm.poll(5)
        waited += 0.005
    return -1


def _start(command: Command, ends: Ends) -> tuple[int, str]:
    """Fork and execute; return the pid and, if it could not be executed, why."""
    said, say = os.pipe()
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(command, ends, keeper, say)
    os.close(say)
    with os.fdopen(said, "rb") as stream:
        failure = stream.read().decode(errors="replace")
    if failure:
        os.waitpid(pid, 0)
    return pid, failure


def _become(command: Command, ends: Ends, keeper: int, say: int) -> NoReturn:
    try:
        die_with_parent(keeper)
        os.setsid()
        signal.set_wakeup_fd(-1)
        for signum in _RESTORED:
            signal.signal(signum, signal.SIG_DFL)
        os.chdir(command.directory)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, number in ((nothing, 0), (ends.stdout, 1), (ends.stderr, 2)):
            os.dup2(source, number)
        _close_others(say)
        os.execvpe(command.argv[0], list(command.argv), dict(command.environment))  # noqa: S606 - a list, and meant so
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        too_long = getattr(error, "errno", None) == errno.E2BIG
        why = TOO_LONG if too_long else getattr(error, "strerror", None) or error
        os.write(say, f"{command.argv[0]}: {why}".encode())
    finally:
        os._exit(127)


def _close_others(kept: int) -> None:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names of descriptors, not files
        if int(name) > 2 and int(name) != kept:
            try:
                os.close(int(name))
            except OSError:
                continue  # the descriptor of the listing itself


def _tell(report: int, line: str) -> None:
    try:
        write_all(report, f"{line}\n".encode())
    except BrokenPipeError:
        return  # launch has died; there is nobody to tell
