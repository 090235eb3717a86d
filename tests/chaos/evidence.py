"""Collecting what the checker reads: what others wrote, as it is, and nothing of it by way of the portal.

A folder of evidence can be kept and checked again: `python -m tests.chaos.checker FOLDER`.
"""

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hosts.cluster import Cluster
from hosts.host import Host
from hosts.place import LabError

from tests.chaos.lab import FOLDER, Ready, told
from tests.chaos.plan import Plan
from tests.chaos.workload import Record

COLUMNS = "JobID,JobName,User,State,ExitCode,Submit,Start,End,NodeList,Restarts,WorkDir"
STATEMENT = "evidence.sql"
WITNESS_S = 8.0
LONGEST_DOCUMENT = 1 << 20


def sacct(ctl: Host, since: str) -> str:
    """All rows of accounting since a moment (Slurm's notation), the put-back runs too; a header line first."""
    words = ("-D", "-X", "--allusers", "--parsable2", "--array", "-S", since, "-o", COLUMNS)
    # Without the zero, long lists of tasks are cut off.
    return told(ctl, "env", "SLURM_BITSTR_LEN=0", "sacct", *words, timeout=60)


def controller_rows(ctl: Host) -> str:
    """All jobs that the controller remembers, a line each."""
    return told(ctl, "env", "SLURM_BITSTR_LEN=0", "scontrol", "--oneliner", "--all", "show", "job", timeout=40)


def database(portal: Host, run: str) -> dict[str, Any]:
    """The portal's rows about the exercise's jobs."""
    words = (
        "psql",
        "-XAtq",
        "-v",
        f"prefix={run}-%",
        "-v",
        "ON_ERROR_STOP=1",
        "-f",
        f"/shared/{FOLDER}/{STATEMENT}",
    )
    document: dict[str, Any] = json.loads(told(portal, "runuser", "-u", "postgres", "--", *words, "gantry"))
    return document


class Witness:
    """Writes down every word that Slurm says about a job during the exercise, since it may say another later."""

    def __init__(self, ctl: Host, since: str, file: Path) -> None:
        self.ctl, self.since, self.file = ctl, since, file
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="witness", daemon=True)
        self._known: set[str] = set()

    def __enter__(self) -> "Witness":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def _watch(self) -> None:
        while True:
            # Once more after the end has come, so that the last word is heard too.
            last = self.stop.wait(WITNESS_S)
            for source, ask in (("sacct", lambda: sacct(self.ctl, self.since)), ("scontrol", self._controller)):
                try:
                    self._note(source, ask())
                except (LabError, OSError):
                    continue  # What is broken cannot be asked; it is asked again.
            if last:
                return

    def _controller(self) -> str:
        return "\n".join(_short(line) for line in controller_rows(self.ctl).splitlines())

    def _note(self, source: str, text: str) -> None:
        fresh = [line for line in text.splitlines() if f"{source} {line}" not in self._known]
        self._known |= {f"{source} {line}" for line in fresh}
        at = round(time.time(), 1)
        with self.file.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({"at": at, "from": source, "line": line}) + "\n" for line in fresh)


KEPT = (
    "JobId=",
    "ArrayJobId=",
    "ArrayTaskId=",
    "JobName=",
    "JobState=",
    "Reason=",
    "Restarts=",
    "ExitCode=",
    "SubmitTime=",
    "StartTime=",
    "NodeList=",
)


def _short(line: str) -> str:
    return " ".join(word for word in line.split() if word.startswith(KEPT))


def gather(
    cluster: Cluster, ready: Ready, plan: Plan, record: Record, faults: list[dict[str, Any]], since: str, to: Path
) -> None:
    """Everything that the checker reads, as files in the folder `to`."""
    ctl, portal, shared = cluster.hosts["ctl"], cluster.hosts["portal"], cluster.place.shared
    rows = database(portal, ready.run)
    _write(to / "sql.json", rows)
    _write(to / "plan.json", plan.document())
    _write(to / "people.json", {"run": ready.run, **asdict(record)})
    _write(to / "faults.json", faults)
    (to / "sacct.txt").write_text(sacct(ctl, since), encoding="utf-8")
    # It asks whether it is to mend them, and asks again for ever if nobody answers.
    runaway = told(ctl, "sh", "-c", "echo n | sacctmgr --parsable2 show runawayjobs", timeout=60)
    (to / "runaway.txt").write_text(runaway, encoding="utf-8")
    lines = [line for line in _text(ready.ledger).splitlines() if f'"token": "{ready.run}-' in line]
    (to / "ledger.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    _write(to / "folders.json", {one["id"]: folder(shared / "scratch" / one["id"]) for one in rows["attempts"]})
    _write(to / "arrays.json", arrays(shared / "scratch"))
    _write(to / "results.json", [_registered(shared / "results", one) for one in rows["datasets"]])


def arrays(scratch: Path) -> Mapping[str, Mapping[str, str]]:
    """Which attempt each task of each array is."""
    lists = {one.parent.name: json.loads(_text(one)) for one in sorted(scratch.glob("array-*/array.json"))}
    return {name: one["attempts"] for name, one in lists.items()}


def folder(path: Path) -> Mapping[str, Any]:
    """What lies in an attempt's folder: its claim, and result.json of this and earlier runs, as text."""
    return {
        "exists": path.is_dir(),
        "claim": _text(path / "claim"),
        "result": _text(path / "result.json"),
        "earlier": {one.name: _text(one / "result.json") for one in sorted(path.glob("restart-*"))},
    }


def _registered(results: Path, row: Mapping[str, Any]) -> dict[str, Any]:
    """A registered file as it lies on the disk: who made it, by its own words, and the digest of its bytes."""
    place = results / str(row["location"]).partition(":")[2] / str(row["file"])
    found: dict[str, Any] = {"dataset": row["id"], "file": str(place.relative_to(results))}
    try:
        data = place.read_bytes()
    except OSError as error:
        return found | {"trouble": error.strerror}
    document = json.loads(data)
    document.pop("filler", None)
    return found | {"sha256": hashlib.sha256(data).hexdigest(), "made_by": document}


def _text(path: Path) -> str:
    """A small file's text, empty if there is none."""
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_DOCUMENT * 64 if path.suffix == ".jsonl" else LONGEST_DOCUMENT).decode(
                errors="replace"
            )
    except FileNotFoundError:
        return ""


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=1, default=str), encoding="utf-8")
