"""Signed-off job types as JSON files, which the agent reads: <folder>/<name>/<revision hex>.json, read-only."""

import os
import tempfile
from pathlib import Path

from portal.jobtype.load import JobTypes
from portal.jobtype.model import JobType
from portal.jobtype.offer.current import note_current


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


def publish_one(jobtype: JobType, folder: Path) -> Path | None:
    """Write one revision under a temporary name, sync it, link it into place (0444); None if it was there."""
    target = published_path(folder, jobtype)
    content = jobtype.canonical()
    if target.is_file() and target.read_bytes() == content:
        return None
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
