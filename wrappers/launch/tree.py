"""The tree of processes beneath one: who is in it, what it takes, and how it is ended (proc(5), prctl(2))."""

import ctypes
import errno
import os
import signal
import time
from pathlib import Path

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# Kernels may be built without these lists (CONFIG_PROC_CHILDREN).
_HAS_LISTS = Path(f"/proc/self/task/{os.getpid()}/children").exists()
_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def become_subreaper() -> None:
    """Make orphans among the descendants children of this process, so that none is lost from sight."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends. `parent` is the expected parent's pid.

    A parent that ended before the call sends no signal any more, so this is looked at afterwards.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def children(pid: int) -> list[int]:
    """Return the pids of a process's children; none if it has ended."""
    if not _HAS_LISTS:
        return _children_by_scan(pid)
    found: list[int] = []
    try:
        threads = [thread.path for thread in os.scandir(_PROC / str(pid) / "task")]
    except OSError:
        return found
    for thread in threads:
        try:
            found += map(int, Path(thread, "children").read_bytes().split())
        except OSError:
            continue  # the thread has ended
    return found


def _children_by_scan(parent: int) -> list[int]:
    found = []
    for entry in os.scandir(_PROC):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return found


def descendants(root: int) -> list[int]:
    """Return the pids of all processes beneath `root`, parents before their children."""
    found: list[int] = []
    seen = {root}
    queue = [root]
    while queue:
        for pid in children(queue.pop()):
            if pid not in seen:
                seen.add(pid)
                found.append(pid)
                queue.append(pid)
    return found


def end_descendants(patience_s: float) -> int:
    """Kill and reap all processes beneath this one, which must be a subreaper; return how many are left.

    Listed and killed again until none is left: a process may fork between the two. What hangs in the kernel
    (a dead file server) cannot be ended, hence the patience.
    """
    deadline = time.monotonic() + patience_s
    pause = 0.001
    while True:
        left = descendants(os.getpid())
        for pid in left:
            kill(pid, signal.SIGKILL)
        if reap_all() is None:
            return 0
        if time.monotonic() > deadline:
            return len(left)
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


def reap_all() -> dict[int, int] | None:
    """Collect the wait statuses of ended children; None if there is no child at all, ended or alive."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended or None
        if pid == 0:
            return ended
        ended[pid] = status


def kill(pid: int, signum: int) -> None:
    """Send a signal, or to the group where `pid` is negative; one that has ended is left alone."""
    try:
        os.kill(pid, signum)
    except OSError as error:
        if error.errno not in (errno.ESRCH, errno.EPERM):
            raise


def memory_bytes(root: int, known_peak: int) -> int:
    """Return the memory of all processes beneath `root`.

    Resident pages, added up. Where several processes add up to more than `known_peak`, shared pages are divided
    among those who share them (Pss), which costs the kernel more time than the plain sum.
    """
    pids = descendants(root)
    resident = sum(_resident(pid) for pid in pids)
    if len(pids) < 2 or resident <= known_peak:
        return resident
    return sum(_proportional(pid) for pid in pids)


def _resident(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0  # it has ended


def _proportional(pid: int) -> int:
    try:
        for line in (_PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has ended, or may not be looked at so closely
    return _resident(pid)
