"""The publisher's folder: what is published, and drafts beside it with the uids that may run them.

<folder>/published/<name>/<revision hex>.json, with the note `current` beside the revisions, and
<folder>/drafts/<name>/<revision hex>.json. A file is never written over with another revision's bytes; what is
there and is not as this account wrote it is refused, and stays for somebody to look at.
"""

import fcntl
import json
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from portal.agent.registered import DRAFTS, PUBLISHED
from portal.documents import canonical_json
from portal.errors import ConflictError
from portal.files.durable import write_json, write_whole
from portal.jobtype.model import JobType
from portal.jobtype.offer.audience import Audience
from portal.jobtype.offer.current import MAX_BYTES, NOTE, current_of
from portal.jobtype.publish import published_path

SCHEMA = 1
MODE = 0o444
MOST_UIDS = 100


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One publisher at a time does what is in the block; another waits."""
    _own_folder(folder / PUBLISHED)
    with _opened(folder / PUBLISHED / ".lock", os.O_RDWR | os.O_CREAT) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def publish_revision(
    folder: Path, jobtype: JobType, audience: Audience, changed: str, *, by: str, now: datetime
) -> None:
    """This revision is on offer to this audience from now on. Twice is harmless.

    Raises ConflictError where a file in its place is another's, or is not what was signed off.
    """
    place = _place(folder / PUBLISHED, jobtype.name)
    _put(published_path(place.parent, jobtype), jobtype.canonical())
    _sound(place / NOTE)
    note = {
        "revision": jobtype.revision,
        "audience": audience.document(),
        "changed": changed,
        "by": by,
    }
    write_json(place / NOTE, note | {"since": now.isoformat(timespec="seconds")}, mode=0o644)


def retire(folder: Path, name: str, *, by: str, now: datetime) -> None:
    """Nobody can start it any more; its revisions stay for what ran. Raises ConflictError."""
    place = _place(folder / PUBLISHED, name)
    if current_of(place.parent, name) is None:
        raise ConflictError(f"Nothing is published under the name {name}.")
    _sound(place / NOTE)
    note = {"revision": None, "by": by, "since": now.isoformat(timespec="seconds")}
    write_json(place / NOTE, note, mode=0o644)


def allow_trial(folder: Path, jobtype: JobType, uids: Collection[int]) -> None:
    """These accounts may run this very revision as a draft, besides those that may already.

    Raises ConflictError where a file in its place is another's, or is no draft of this revision.
    """
    target = published_path(_place(folder / DRAFTS, jobtype.name).parent, jobtype)
    text = jobtype.canonical().decode()
    earlier = _standing(target)
    known: set[int] = set()
    if earlier is not None:
        try:
            document = json.loads(earlier)
            known = set(document["uids"])
            same = document["schema"] == SCHEMA and document["document"] == text
        except (ValueError, KeyError, TypeError, RecursionError):
            same = False
        if not same or not all(type(uid) is int for uid in known):
            raise _replaced(target)
    wanted = sorted(known | set(uids))
    if len(wanted) > MOST_UIDS:
        raise ConflictError(f"{MOST_UIDS} people may try one draft at most.")
    if earlier is None or wanted != sorted(known):
        write_whole(target, canonical_json({"schema": SCHEMA, "uids": wanted, "document": text}), mode=MODE)


def _put(target: Path, content: bytes) -> None:
    earlier = _standing(target)
    if earlier is None:
        write_whole(target, content, mode=MODE)
    elif earlier != content:
        raise _replaced(target)


def _place(tree: Path, name: str) -> Path:
    """The folder of one name, made if it is not there. Raises ConflictError where it is not ours, or no folder."""
    mode = 0o711 if tree.name == DRAFTS else 0o755
    _own_folder(tree, mode)
    _own_folder(tree / name, mode)
    return tree / name


def _own_folder(folder: Path, mode: int = 0o755) -> None:
    """Nobody lists drafts but the publisher: who runs one knows its name and digest."""
    with suppress(FileExistsError):
        folder.mkdir(mode=mode)
    status = folder.lstat()
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid in (0, os.geteuid())
    if not ours or stat.S_IMODE(status.st_mode) & 0o022:
        raise ConflictError(f"{folder} is not the publisher's own folder. Nothing was published.")


def _sound(path: Path) -> bool:
    """Whether a file is there. Raises ConflictError where it is another's, or no ordinary file."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or status.st_uid not in (0, os.geteuid()):
        raise _replaced(path)
    return True


def _standing(path: Path) -> bytes | None:
    """What is there; None if nothing is. Raises ConflictError where it is another's."""
    if not _sound(path):
        return None
    with _opened(path, os.O_RDONLY | os.O_NONBLOCK) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        raw = file.read(2 * MAX_BYTES + 1)
    if len(raw) > 2 * MAX_BYTES:
        raise _replaced(path)
    return raw


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _replaced(path: Path) -> ConflictError:
    return ConflictError(
        f"{path} is not as the publisher wrote it. Nothing was published. An operator must look at it.",
    )
