"""What /proc tells about processes: who one is for ever, who descends from it, what it uses.

A pid alone names nobody for long. A process is identified by the boot id of its machine, its pid and its start
time in clock ticks since that boot (proc(5), field 22 of /proc/PID/stat).
"""

import ctypes
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Stat:
    """One line of /proc/PID/stat, as far as it is used here."""

    state: str
    parent: int
    start: int
    cpu_s: float
    """Own and waited-for children's user and system time."""
    resident_bytes: int


@dataclass(frozen=True)
class Identity:
    """One process, never to be taken for another."""

    boot_id: str
    pid: int
    start: int

    def alive(self) -> bool:
        """Whether this very process still runs on this very boot. A zombie does not."""
        if boot_id() != self.boot_id:
            return False
        stat = read_stat(self.pid)
        return stat is not None and stat.start == self.start and stat.state not in "ZX"


def boot_id() -> str:
    """The kernel's random name for this boot."""
    return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def myself() -> Identity:
    """The identity of the calling process."""
    stat = read_stat(os.getpid())
    if stat is None:
        raise OSError("/proc does not show this process")
    return Identity(boot_id(), os.getpid(), stat.start)


def read_stat(pid: int) -> Stat | None:
    """What /proc says of one process; None if there is none."""
    try:
        line = (PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold spaces and parentheses itself: count from the last one.
    fields = line[line.rindex(b")") + 2 :].split()
    ticks = sum(int(value) for value in fields[11:15])
    return Stat(fields[0].decode(), int(fields[1]), int(fields[19]), ticks / TICKS, int(fields[21]) * PAGE)


def descendants(pid: int) -> list[int]:
    """Every process whose chain of parents leads to `pid`, zombies included, parents before children."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (stat := read_stat(int(entry.name))) is not None:
            children[stat.parent].append(int(entry.name))
    found: list[int] = []
    level = children.get(pid, [])
    while level:
        found += level
        level = [child for parent in level for child in children.get(parent, [])]
    return found


def resident_bytes(pids: Iterable[int]) -> int:
    """The sum of the resident set sizes: an upper bound, as shared pages count more than once."""
    return sum(stat.resident_bytes for pid in pids if (stat := read_stat(pid)) is not None)


def proportional_bytes(pids: Iterable[int]) -> int:
    """The sum of the proportional set sizes: shared pages count once. Costs a walk of the page tables."""
    total = 0
    for pid in pids:
        try:
            text = (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
    return total


def become_subreaper() -> None:
    """Orphans among the descendants of this process become its children (prctl(2))."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def dies_with(parent: int) -> Callable[[], None]:
    """What a new child calls before exec: it is killed when `parent` dies (prctl(2)), and no signal is blocked."""
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    return prepare


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
