"""Which revision of each job type is on offer: <published>/<name>/current, beside the revisions themselves.

Of a folder that an earlier release wrote, without such a note, the revision that was written last is meant.
"""

import errno
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portal.documents import digest
from portal.errors import ConflictError, NotFoundError
from portal.files.durable import read_json, write_json
from portal.jobtype.model import JobType

NOTE = "current"
MAX_BYTES = 4 << 20
"""Of a published document; the agent takes no larger one either."""
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
REVISION = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Current:
    """One published job type: which revision counts, since when. `revision` is None once it was withdrawn."""

    name: str
    revision: str | None
    since: datetime | None
    path: Path

    def load(self) -> JobType:
        """The job type of that revision. Raises ValueError in words where its document cannot be used."""
        raw = _read(self.path)
        if digest(raw) != self.revision:
            raise ValueError("its published document is not what was signed off")
        try:
            jobtype = JobType.model_validate(json.loads(raw))
        except (ValueError, RecursionError) as error:
            raise ValueError("its published document is of another release, and cannot be read by this") from error
        if jobtype.revision != self.revision or jobtype.name != self.name:
            raise ValueError("its published document is of another release: publish it anew")
        return jobtype


def note_current(folder: Path, jobtype: JobType, *, now: datetime | None = None) -> None:
    """From now on this revision, which is published already, is the one on offer."""
    _note(folder / jobtype.name, jobtype.revision, now or datetime.now(UTC))


def withdraw(folder: Path, name: str, *, now: datetime | None = None, dry_run: bool = False) -> None:
    """Take a job type from offer; its revisions stay, for jobs that have them. Raises NotFound-, ConflictError.

    `dry_run`: only the checks. Raises PermissionError where its note could not be written.
    """
    found = current_of(folder, name) if NAME.fullmatch(name) else None
    if found is None:
        raise NotFoundError(f"Nothing is published under the name {name}.")
    if found.revision is None:
        raise ConflictError(f"{name} was withdrawn already.")
    if dry_run:
        check_writable(folder / name)
        return
    _note(folder / name, None, now or datetime.now(UTC))


def check_writable(folder: Path) -> None:
    """Raises PermissionError where nothing could be written there, nor the folder made."""
    place = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def all_current(folder: Path) -> Iterator[Current]:
    """Every job type that was ever published here, by name."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and NAME.fullmatch(entry.name))
    except OSError:
        return
    for name in names:
        found = current_of(folder, name)
        if found is not None:
            yield found


def current_of(folder: Path, name: str) -> Current | None:
    """What counts for one name; None where nothing of it was ever published."""
    place = folder / name
    noted = _noted(place)
    if noted is not None:
        revision, since = noted
        file = place / f"{(revision or '').removeprefix('sha256:')}.json"
        return Current(name, revision, since, file)
    return _newest(place)


def _noted(place: Path) -> tuple[str | None, datetime | None] | None:
    try:
        document = read_json(place / NOTE)
        if document is None:
            return None
        revision, since = document["revision"], datetime.fromisoformat(document["since"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if revision is None:
        return None, since
    if not isinstance(revision, str) or not REVISION.fullmatch(revision.removeprefix("sha256:")):
        return None
    return revision, since


def _newest(place: Path) -> Current | None:
    try:
        found = [(path.stat().st_mtime, path) for path in place.glob("*.json") if REVISION.fullmatch(path.stem)]
    except OSError:
        return None
    if not found:
        return None
    written, path = max(found)
    return Current(place.name, f"sha256:{path.stem}", datetime.fromtimestamp(written, UTC), path)


def _note(place: Path, revision: str | None, now: datetime) -> None:
    noted = _noted(place)
    if noted is None or noted[0] != revision:
        write_json(place / NOTE, {"revision": revision, "since": now.isoformat(timespec="seconds")}, mode=0o644)


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ValueError("its published document is too large")
    return raw
