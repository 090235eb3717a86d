"""The spool of the local backend: a folder a job, in which files only ever appear whole.

<spool>/lock                    held by whoever submits, starts, cancels or prunes
<spool>/sequence                the last job id given
<spool>/limits.json             what jobs may use together
<spool>/jobs/<id>-<attempt>/
    request.json                what was asked for; never changes
    lock                        made with the folder; held by the supervisor as long as any of the job lives
    starts                      a byte for each try to start a supervisor
    supervisor.json             who supervises: there before anything of the job runs
    cancel.json                 the wish that it ends
    ending.json                 how it ended
    supervisor.log              what supervisor and launch printed
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.files.durable import read_json, sync_directory, write_json, write_whole
from portal.scheduler.base import Ending, JobRequest
from portal.scheduler.local.fair_share import Limits
from portal.scheduler.local.procfs import Identity
from portal.times import from_iso, iso


@dataclass(frozen=True)
class Supervision:
    """Who supervises a job, and since when its program runs (None: not written down yet)."""

    identity: Identity
    host: str
    since: datetime
    launch_pid: int | None = None
    started: datetime | None = None


@dataclass(frozen=True)
class End:
    """How a job ended, as its supervisor saw it."""

    ending: Ending
    ended: datetime
    started: datetime | None = None
    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None
    ended_by: str | None = None
    cpu_s: float | None = None
    memory_peak_bytes: int | None = None
    host: str | None = None


@dataclass(frozen=True)
class Record:
    """One job of the spool, as it was when it was read."""

    folder: Path
    job_id: str
    request: JobRequest
    submitted: datetime
    supervision: Supervision | None
    end: End | None


class Spool:
    """The folder and its locks. All paths are absolute; one uid owns everything."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.jobs = path / "jobs"
        self.jobs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._ended: dict[str, Record] = {}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among all processes: nobody else submits, starts, cancels or prunes meanwhile."""
        fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def limits(self) -> Limits | None:
        """What jobs may use together, if somebody has said so."""
        document = read_json(self.path / "limits.json")
        return None if document is None else Limits(**document)

    def set_limits(self, limits: Limits) -> None:
        """Say what jobs may use together, for every process that uses this spool."""
        if self.limits() != limits:
            write_json(self.path / "limits.json", asdict(limits))

    def folder_of(self, attempt: str) -> Path | None:
        """The folder of an attempt's job, if the spool has one."""
        for name in self._names():
            if name.partition("-")[2] == attempt:
                return self.jobs / name
        return None

    def add(self, request: JobRequest, suffix: tuple[str, ...], now: datetime) -> Record:
        """Write a new job down; it exists at once or not at all. The spool must be locked.

        `suffix` holds the arguments that only the backend knows; `{id}` in it stands for the job's id.
        """
        job_id = self._next_id()
        request = replace(request, argv=request.argv + tuple(word.replace("{id}", job_id) for word in suffix))
        document = asdict(request) | {"folder": str(request.folder), "submitted": iso(now), "schema": 1}
        name = f"{job_id}-{request.attempt}"
        temporary = self.jobs / f".{name}"
        if temporary.exists():
            shutil.rmtree(temporary)
        temporary.mkdir(mode=0o700)
        write_whole(temporary / "lock", b"", mode=0o600)
        write_json(temporary / "request.json", document, mode=0o600)
        folder = temporary.rename(self.jobs / name)
        sync_directory(self.jobs)
        return Record(folder, job_id, request, from_iso(document["submitted"]), None, None)

    def _next_id(self) -> str:
        path = self.path / "sequence"
        number = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
        write_whole(path, str(number).encode(), mode=0o600)
        return str(number)

    def records(self) -> list[Record]:
        """Every job of the spool, oldest first: one pass. Ended jobs never change and are remembered."""
        names = self._names()
        self._ended = {name: record for name in names if (record := self._ended.get(name)) is not None}
        found = []
        for name in sorted(names, key=lambda name: int(name.partition("-")[0])):
            record = self._ended.get(name) or read_record(self.jobs / name)
            if record is None:
                continue
            if record.end is not None:
                self._ended[name] = record
            found.append(record)
        return found

    def _names(self) -> list[str]:
        return [path.name for path in self.jobs.iterdir() if not path.name.startswith(".")]

    def remove(self, record: Record) -> None:
        """Forget a job. The spool must be locked."""
        hidden = record.folder.rename(record.folder.with_name(f".gone-{record.folder.name}"))
        shutil.rmtree(hidden)


def read_record(folder: Path) -> Record | None:
    """One job's folder; None if it has gone meanwhile."""
    document = read_json(folder / "request.json")
    if document is None:
        return None
    submitted = from_iso(document.pop("submitted"))
    document.pop("schema")
    document |= {"argv": tuple(document["argv"]), "folder": Path(document["folder"])}
    document["licences"] = tuple((name, count) for name, count in document.get("licences", ()))
    request = JobRequest(**_known(JobRequest, document))
    # The order matters: an ending is written last, so what is read after it is at least as old.
    end = read_end(folder)
    return Record(folder, folder.name.partition("-")[0], request, submitted, read_supervision(folder), end)


def read_end(folder: Path) -> End | None:
    """How the job ended, if that is written."""
    document = read_json(folder / "ending.json")
    if document is None:
        return None
    document |= {
        "ending": Ending(document["ending"]),
        "ended": from_iso(document["ended"]),
        "started": _moment(document["started"]),
    }
    return End(**_known(End, document))


def _known(kind: type[JobRequest | End], document: dict[str, Any]) -> dict[str, Any]:
    """Only what this version knows: jobs outlive upgrades, and a newer agent may have written more."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in document.items() if name in names}


def write_end(folder: Path, end: End) -> None:
    """Write the ending; the first one stands."""
    if read_end(folder) is None:
        document = asdict(end) | {"ended": iso(end.ended), "started": end.started and iso(end.started)}
        write_json(folder / "ending.json", document, mode=0o600)


def read_supervision(folder: Path) -> Supervision | None:
    """Who supervises the job, if anybody ever did."""
    document = read_json(folder / "supervisor.json")
    if document is None:
        return None
    identity = Identity(**document.pop("identity"))
    times: dict[str, Any] = {
        "since": from_iso(document.pop("since")),
        "started": _moment(document.pop("started")),
    }
    return Supervision(identity, **document, **times)


def write_supervision(folder: Path, supervision: Supervision) -> None:
    """Write down who supervises."""
    document = asdict(supervision) | {
        "since": iso(supervision.since),
        "started": supervision.started and iso(supervision.started),
    }
    write_json(folder / "supervisor.json", document, mode=0o600)


def take_lock(folder: Path) -> int | None:
    """Lock a job's folder for a supervisor: a descriptor to hand on, or None if somebody holds it."""
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def is_supervised(folder: Path) -> bool:
    """Whether somebody holds the lock. Asking takes it for a moment: only of jobs that were started."""
    fd = take_lock(folder)
    if fd is None:
        return True
    os.close(fd)
    return False


def _moment(text: str | None) -> datetime | None:
    return None if text is None else from_iso(text)
