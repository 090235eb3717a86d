"""What the agent notes in an attempt's folder about its submission: so that asking twice submits once.

The note is written before sbatch is asked (without an id: perhaps Slurm has it, perhaps not); what Slurm answered
is added after, for an array once in its own folder. It saves questions; where it is gone, Slurm itself is asked by
name and working directory.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.errors import NotFoundError, PortalError
from portal.files.confined import Root
from portal.files.removal import remove_tree
from portal.scheduler.base import JobHandle, JobRequest, SchedulerError
from portal.times import from_iso, iso

NOTE = "slurm.json"
MANIFEST = "array.json"
ANSWER = "answer.json"
"""In an array's folder: the id and the time of submission that all its tasks have."""
ARRAY = re.compile(r"array-[0-9a-f]{32}")
JOB_ID = re.compile(r"[0-9]{1,10}")
MAX_BYTES = 16 << 20
SCHEMA = 1


@dataclass(frozen=True)
class Note:
    """One submission of one attempt."""

    name: str
    asked: datetime
    """When sbatch was about to be asked."""
    array: str | None = None
    """The folder of the array that it went into, and its task's index there."""
    index: int | None = None
    job_id: str | None = None
    submitted: datetime | None = None

    def handle(self, cluster: str) -> JobHandle | None:
        """What identifies the job; None as long as that is not known."""
        if self.job_id is None or self.submitted is None:
            return None
        return JobHandle(cluster, self.job_id, self.index, self.name, self.submitted)

    def taken(self, job_id: str, submitted: datetime) -> "Note":
        """The note with what Slurm said."""
        return replace(self, job_id=job_id, submitted=submitted)


def read(folder: Path) -> Note | None:
    """The note of an attempt's folder; None if there is none, or what is there is no note.

    Raises SchedulerError if there is one that cannot be opened: perhaps the attempt was handed over.
    """
    with _opened(folder.parent) as scratch:
        return _note(scratch, folder.name)


def read_all(scratch: Path, attempts: Iterable[str]) -> list[Note | SchedulerError | None]:
    """The notes of many attempts, as `read` has them; the error in place of one that it would raise."""
    with _opened(scratch) as root:
        return [_note_or_error(root, attempt) for attempt in attempts]


def _note_or_error(scratch: Root, attempt: str) -> Note | SchedulerError | None:
    try:
        return _note(scratch, attempt)
    except SchedulerError as error:
        return error


def _opened(scratch: Path) -> Root:
    try:
        return Root(scratch, listed=False)
    except PortalError as error:
        raise _unreadable(error) from error


def _note(scratch: Root, attempt: str) -> Note | None:
    document = _document(scratch, attempt, NOTE)
    try:
        if document is None or document["schema"] != SCHEMA:
            return None
        note = Note(str(document["name"]), from_iso(document["asked"]), document["array"], document["index"])
        if note.array is not None and not ARRAY.fullmatch(note.array):
            return None
        if note.index is not None and type(note.index) is not int:
            return None
        answered = document
        if note.array is not None and document["job_id"] is None:
            answered = _document(scratch, note.array, ANSWER) or {}
        job_id, submitted = str(answered.get("job_id")), answered.get("submitted")
        # The folder is the person's: what stands there may end up among the words of a command.
        return note.taken(job_id, from_iso(submitted)) if JOB_ID.fullmatch(job_id) and submitted else note
    except (KeyError, TypeError, ValueError):
        return None


def write(folder: Path, note: Note) -> None:
    """Keep the note, in the place of one that is there. Raises SchedulerError if it cannot be written.

    It is not forced to the disk: after a power cut Slurm is asked.
    """
    _put(folder / NOTE, _as_written(note))


def write_first(folder: Path, note: Note) -> None:
    """Keep the first note, before Slurm is asked. Raises SchedulerError: then nothing must be submitted.

    Of two agents with one attempt only one comes through here: the note appears whole, by link(2), which fails
    where there is one. What is there and is no note was cut by a power cut, after which Slurm is asked.
    """
    try:
        aside = _written_aside(folder / NOTE, _as_written(note))
        try:
            (folder / NOTE).hardlink_to(aside)
        finally:
            aside.unlink()
    except FileExistsError:
        if read(folder) is not None:
            raise SchedulerError("Another agent is handing this attempt over.", retry=True) from None
        write(folder, note)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _as_written(note: Note) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "name": note.name,
        "asked": iso(note.asked),
        "array": note.array,
        "index": note.index,
        "job_id": note.job_id,
        "submitted": iso(note.submitted) if note.submitted else None,
    }


def write_taken(folder: Path, note: Note) -> None:
    """Keep what Slurm answered: in the attempt's folder, or once for all in that of its array."""
    if note.array is None:
        write(folder, note)
    elif note.job_id is not None and note.submitted is not None:
        answer = {"schema": SCHEMA, "job_id": note.job_id, "submitted": iso(note.submitted)}
        _put(folder.parent / note.array / ANSWER, answer)


def array_folder(scratch: Path, requests: Mapping[int, JobRequest], asked: datetime) -> Path:
    """Make the folder of an array, with its manifest: index -> attempt. The same array gives the same folder."""
    attempts = {str(index): request.attempt for index, request in requests.items()}
    digest = hashlib.sha256(json.dumps(attempts, sort_keys=True).encode()).hexdigest()[:32]
    folder = scratch / f"array-{digest}"
    try:
        folder.mkdir(mode=0o2750, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise _unwritable(folder, error) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise SchedulerError("The folder of the list of jobs belongs to somebody else.", retry=False)
    name = next(iter(requests.values())).name
    _put(folder / MANIFEST, {"schema": SCHEMA, "name": name, "asked": iso(asked), "attempts": attempts})
    return folder


def array_of(folder: Path) -> str | None:
    """The name of the array's folder that an attempt went into; None if it went alone."""
    try:
        note = read(folder)
    except SchedulerError:
        return None
    return note.array if note else None


def forget(folders: Iterable[Path]) -> None:
    """Slurm certainly has not taken the attempts of these folders: remove their notes, and their array."""
    arrays = set()
    for folder in folders:
        array = array_of(folder)
        arrays |= {folder.parent / array} if array else set()
        (folder / NOTE).unlink(missing_ok=True)
    for array_path in arrays:
        _remove_array(array_path)


def forget_attempt(scratch: Path, attempt: str) -> None:
    """Remove the note of an attempt that is over, and the folder of its array with the last of its attempts.

    The note goes before the others are counted: of two agents that forget the last two, one finds none left.
    """
    array = array_of(scratch / attempt)
    if array is None:
        return
    with suppress(OSError):
        (scratch / attempt / NOTE).unlink(missing_ok=True)
    if remaining(scratch / array) == 0:
        _remove_array(scratch / array)


def _remove_array(path: Path) -> None:
    with suppress(OSError, SchedulerError), _opened(path.parent) as scratch:
        remove_tree(scratch.fd, path.name)


def remaining(folder: Path) -> int | None:
    """How many attempts of an array's manifest still have a note beside it; None if there is no manifest."""
    try:
        with _opened(folder.parent) as scratch:
            document = _document(scratch, folder.name, MANIFEST)
    except SchedulerError:
        return None
    attempts = (document or {}).get("attempts")
    if not isinstance(attempts, dict):
        return None
    return sum((folder.parent / str(attempt) / NOTE).exists() for attempt in attempts.values())


def _document(scratch: Root, folder: str, name: str) -> dict[str, Any] | None:
    """A document in a folder beside the attempts', through the door: a person could have put a pipe there."""
    try:
        # A note has two names for a moment, and for ever if its agent is killed then.
        path = f"{folder}/{name}"
        with scratch.open_file(path, uid=os.geteuid(), max_bytes=MAX_BYTES, hard_links=True) as file:
            document = json.loads(file.read())
    except (NotFoundError, ValueError, RecursionError):
        return None
    except PortalError as error:
        raise _unreadable(error) from error
    return document if isinstance(document, dict) else None


def _unreadable(error: PortalError) -> SchedulerError:
    message = f"What was noted of this job's submission cannot be read: {error.message}"
    return SchedulerError(message, retry=error.retry, detail=error.detail)


def _put(path: Path, document: object) -> None:
    try:
        _written_aside(path, document).rename(path)
    except OSError as error:
        raise _unwritable(path.parent, error) from error


def _written_aside(path: Path, document: object) -> Path:
    aside = path.with_name(f".{path.name}-{os.getpid()}")
    aside.write_text(json.dumps(document), encoding="utf-8")
    return aside


def _unwritable(folder: Path, error: OSError) -> SchedulerError:
    return SchedulerError(
        f"The job's folder cannot be written: {error.strerror}.", retry=True, detail=f"{folder}: {error}"
    )
