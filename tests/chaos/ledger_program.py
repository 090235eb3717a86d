"""The program that the exercise's jobs run: it writes down itself that it started and how it ends.

Each start and each end is one line, appended whole and forced to the disk before anything else happens, so that
the ledger knows what really ran, whatever the portal and Slurm believe. Standard library only, one file: it is
copied to the common file system and started by its path.

Fates: `succeed` writes a result of `value` kilobytes; `exit` ends with that code; `signal` ends itself with that
signal; `overrun` works until somebody stops it; `nothing` ends well and leaves no result; `withdrawn` works on,
its person cancels it; `by dataset`: the input file says which, with its own seconds and value.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path


def main(argv: list[str]) -> int:
    """Run one task as its arguments or its input say."""
    parser = argparse.ArgumentParser()
    for name in ("ledger", "token", "seconds", "fate", "value"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("inputs", nargs="+")
    given = parser.parse_args(argv)
    task = {"token": given.token, "seconds": given.seconds, "fate": given.fate, "value": given.value}
    if given.fate == "by dataset":
        task |= json.loads(Path(given.inputs[0]).read_text(encoding="utf-8"))
    order = json.loads(Path(os.environ["GANTRY_JOB"]).read_text(encoding="utf-8"))["job"]
    who = {
        "token": str(task["token"]),
        "attempt": order["attempt"],
        "slurm_job": os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ.get("SLURM_JOB_ID", ""),
        "slurm_task": os.environ.get("SLURM_ARRAY_TASK_ID", ""),
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
    }
    note(given.ledger, {"what": "start", **who})
    return work(given.ledger, who, task)


def work(ledger: str, who: dict[str, object], task: dict[str, object]) -> int:
    """Do what the task's fate is; the exit code, unless a signal comes first."""
    fate, value = str(task["fate"]), int(str(task["value"]))
    time.sleep(float(str(task["seconds"])))
    if fate in {"overrun", "withdrawn"}:
        time.sleep(3600)
    if fate == "exit":
        note(ledger, {"what": "end", **who, "exit": value})
        return value
    if fate == "signal":
        note(ledger, {"what": "end", **who, "signal": value})
        signal.signal(value, signal.SIG_DFL) if value != signal.SIGKILL else None
        os.kill(os.getpid(), value)
        time.sleep(60)
    digest = write_result(who, value) if fate == "succeed" else None
    note(ledger, {"what": "end", **who, "exit": 0, "sha256": digest})
    return 0


def write_result(who: dict[str, object], kilobytes: int) -> str:
    """Write output/result.json, which names the run that made it; its SHA-256."""
    document = {**who, "filler": "g" * (kilobytes * 1024)}
    data = json.dumps(document).encode()
    folder = Path(os.environ["GANTRY_FOLDER"]) / "output"
    (folder / "result.json").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def note(ledger: str, line: dict[str, object]) -> None:
    """Append one line in one write, and wait until the disk has it."""
    data = (json.dumps({**line, "at": time.time()}) + "\n").encode()
    fd = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        if os.write(fd, data) != len(data):
            raise OSError("The ledger took a part of a line only.")
        os.fsync(fd)
    finally:
        os.close(fd)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
