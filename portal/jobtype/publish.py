"""Signed-off job types as JSON files, which the agent reads: <folder>/<name>/<revision hex>.json, read-only."""

import os
import tempfile
from pathlib import Path

from portal.jobtype.load import JobTypes
from portal.jobtype.model import JobType
from portal.jobtype.offer.current import check_writable, current_of, note_current


def published_path(folder: Path, jobtype: JobType) -> Path:
    """Where this revision is published."""
    return folder / jobtype.name / f"{jobtype.revision.removeprefix('sha256:')}.json"


def publish(jobtypes: JobTypes, folder: Path) -> list[Path]:
    """Write every sound job type, which is on offer from then on. Returns what was written now.

    A revision that is there already stays, and one whose file is broken or gone stays on offer.
    """
    written = []
    for jobtype in jobtypes.by_name.values():
        if (path := publish_one(jobtype, folder)) is not None:
            written.append(path)
        note_current(folder, jobtype)
    return written


def to_publish(jobtypes: JobTypes, folder: Path) -> list[Path]:
    """What `publish` would write. Raises PermissionError where it could not."""
    check_writable(folder)
    return [published_path(folder, one) for one in jobtypes.by_name.values() if not _is_there(one, folder)]


def offered_again(jobtypes: JobTypes, folder: Path) -> list[JobType]:
    """Those whose revision is written already, but is not the one on offer: `publish` offers it again."""
    return [one for one in jobtypes.by_name.values() if _is_there(one, folder) and not _is_on_offer(one, folder)]


def _is_on_offer(jobtype: JobType, folder: Path) -> bool:
    current = current_of(folder, jobtype.name)
    return current is not None and current.revision == jobtype.revision


def _is_there(jobtype: JobType, folder: Path) -> bool:
    target = published_path(folder, jobtype)
    return target.is_file() and target.read_bytes() == jobtype.canonical()


def publish_one(jobtype: JobType, folder: Path) -> Path | None:
    """Write one revision under a temporary name, sync it, link it into place (0444); None if it was there."""
    if _is_there(jobtype, folder):
        return None
    target, content = published_path(folder, jobtype), jobtype.canonical()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".publish-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), 0o444)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(target)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target
