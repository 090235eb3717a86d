"""The process that sees one local job to its end: `python -m portal.scheduler.local.supervisor FOLDER LOCK_FD`.

Three processes: the *starter* returns as soon as the job is in good hands; the *guard* is the parent of the
*supervisor*, which starts launch and enforces the limits. Whatever of a job becomes an orphan becomes a child of
the supervisor, or, if that is killed, of the guard, which then ends all of it. Both hold the lock: a free lock
means that nothing of the job is left.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from portal import failpoints
from portal.scheduler.base import Ending
from portal.scheduler.local import procfs
from portal.scheduler.local.spool import (
    End,
    Record,
    Supervision,
    read_end,
    read_record,
    read_supervision,
    write_end,
    write_supervision,
)
from portal.scheduler.local.watch import Watch, start_launch

BETWEEN_KILLS_S = 0.01


def main() -> int:
    """Start guard and supervisor; 0 as soon as the supervisor has written down who it is."""
    folder, lock = Path(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(lock, False)
    record = read_record(folder)
    if record is None:
        sys.stderr.write(f"{folder} holds no job\n")
        return 1
    ready, tell = os.pipe()
    if os.fork() > 0:
        os.close(tell)
        return 0 if os.read(ready, 1) else 1
    os.close(ready)
    os.setsid()
    guard(record, tell)
    return 0


def guard(record: Record, tell: int) -> None:
    """Outlive the supervisor: if it dies without an ending, end the job and write down what happened."""
    for number in procfs.ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    procfs.become_subreaper()
    supervisor = os.fork()
    if supervisor == 0:
        supervise(record, tell)
        os._exit(0)
    os.close(tell)
    os.waitpid(supervisor, 0)
    statuses = end_tree()
    supervision = read_supervision(record.folder)
    if read_end(record.folder) is None and supervision is not None:
        write_end(record.folder, _end_without_supervisor(supervision, statuses))


def _end_without_supervisor(supervision: Supervision, statuses: dict[int, int]) -> End:
    """The truth after the supervisor's death: launch's exit code if it had ended by itself, else the kill."""
    status = statuses.get(supervision.launch_pid or 0)
    now = datetime.now(UTC)
    if status is not None and os.WIFEXITED(status):
        code = os.WEXITSTATUS(status)
        return End(
            Ending.FAILED if code else Ending.COMPLETED,
            now,
            started=supervision.started,
            exit_code=code,
            host=supervision.host,
        )
    return End(
        Ending.NODE_FAIL,
        now,
        started=supervision.started,
        reason="The supervisor of the job was killed, and the job with it.",
        host=supervision.host,
    )


def supervise(record: Record, tell: int) -> None:
    """Start launch, watch it, end it where it must end, and write the ending."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the guard's ignoring it would be inherited, and lose it
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
    failpoints.reach("supervisor-locked")
    folder = record.folder
    supervision = Supervision(procfs.myself(), os.uname().nodename, datetime.now(UTC))
    write_supervision(folder, supervision)
    os.write(tell, b"1")
    os.close(tell)
    procfs.become_subreaper()
    try:
        launch = start_launch(record)
    except OSError as error:
        reason = f"Its first program could not be started: {error.strerror}."
        write_end(folder, End(Ending.BOOT_FAIL, datetime.now(UTC), reason=reason, host=supervision.host))
        return
    failpoints.reach("supervisor-started")
    supervision = replace(supervision, launch_pid=launch, started=datetime.now(UTC))
    write_supervision(folder, supervision)
    watch = Watch(record, launch)
    watch.until_it_ends()
    failpoints.reach("supervisor-ended")
    # Launch stays a zombie until its ending is written: if this process dies now, the guard can still ask it.
    end_tree(keep=launch)
    write_end(folder, watch.end(supervision))
    os.waitpid(launch, 0)


def end_tree(keep: int | None = None) -> dict[int, int]:
    """Kill and reap every descendant of this process, except the zombie `keep`: wait statuses by pid."""
    statuses: dict[int, int] = {}
    while left := [pid for pid in procfs.descendants(os.getpid()) if pid != keep]:
        for pid in left:
            if (stat := procfs.read_stat(pid)) is None or stat.state == "Z":
                continue
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:
            with suppress(ChildProcessError):
                reaped, status = os.waitpid(pid, os.WNOHANG)
                if reaped:
                    statuses[reaped] = status
        time.sleep(BETWEEN_KILLS_S)
    return statuses


if __name__ == "__main__":
    sys.exit(main())
