"""Starting a supervisor, and being sure that it has taken over."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from portal.rpc.exchange import clean_environment
from portal.scheduler.base import Ending
from portal.scheduler.local.spool import End, Record, read_record, take_lock, write_end

START_TRIES = 3
START_TIMEOUT_S = 60.0


def start_supervisor(record: Record, now: datetime) -> bool:
    """Start a job's supervisor and see it take over; whether it did. The spool must be locked."""
    lock = take_lock(record.folder)
    if lock is None:
        return False
    try:
        with (record.folder / "starts").open("ab") as tries:
            tries.write(b".")
            count = tries.tell()
        ok = _spawn(record.folder, lock)
        if not ok and count >= START_TRIES and read_record(record.folder) == record:
            message = f"No supervisor could be started for it in {START_TRIES} tries."
            write_end(record.folder, End(Ending.BOOT_FAIL, now, reason=message))
        return ok
    finally:
        os.close(lock)


def _spawn(folder: Path, lock: int) -> bool:
    """Run the supervisor's starter; it returns as soon as the supervisor has written down who it is."""
    command = [sys.executable, "-m", "portal.scheduler.local.supervisor", str(folder), str(lock)]
    with (folder / "supervisor.log").open("ab") as log:
        starter = subprocess.Popen(
            command,
            cwd="/",
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,
        )
        try:
            return starter.wait(START_TIMEOUT_S) == 0
        except subprocess.TimeoutExpired:
            starter.kill()
            starter.wait()
            return False
