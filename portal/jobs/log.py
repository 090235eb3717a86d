"""The end of a job's log, read by offset while it grows; the writer is the person, so it goes through the door."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from portal.config import Settings
from portal.errors import InvalidError, NotFoundError, PortalError
from portal.files.confined import Root
from portal.identity.actor import Actor
from portal.jobs.access import get_job
from portal.jobs.unseen import unseen_names, without_names

Stream = Literal["stdout", "stderr"]
STREAMS: dict[str, str] = {"stdout": "stdout.log", "stderr": "stderr.log"}
MAX_PIECE = 64 * 1024
LAST_LINES_BYTES = 4096
LAST_LINES = 20
CAUSE_BYTES = 16 * 1024
"""Of the end of each log in which a job type's pattern is looked for."""


@dataclass(frozen=True)
class LogTail:
    """A piece of a log. Ask for more from `next_offset`."""

    text: str
    offset: int
    next_offset: int
    size: int
    final: bool
    """True if the job has ended and all of it was read."""
    note: str
    """Why there is nothing, or that the log was capped; empty otherwise."""


def log_tail(
    session: Session, actor: Actor, job_id: int, *, stream: str, offset: int, settings: Settings
) -> LogTail:
    """A piece of at most 64 KiB from byte `offset` on; a negative offset counts from the end.

    Raises NotFoundError (no such job for this person), InvalidError (no such stream).
    """
    if stream not in STREAMS:
        raise InvalidError("A job has the logs stdout and stderr.", fields={"stream": "stdout or stderr"})
    job = get_job(session, actor, job_id)
    attempt = job.attempt
    hidden = unseen_names(session, actor, [job.id]).get(job.id, ())
    if attempt is None:
        return LogTail("", 0, 0, 0, job.state.final, "It has not started yet.")
    if attempt.purged is not None:
        last = attempt.seen.files.last_lines or ""
        return LogTail(
            without_names(last, hidden),
            0,
            0,
            0,
            True,
            "The job's folder was removed; these are the last lines of its log.",
        )
    try:
        with Root(settings.scratch) as scratch, scratch.open_folder(attempt.id) as folder:
            raw, start, size = read_piece(folder, STREAMS[stream], offset)
    except NotFoundError:
        return LogTail("", 0, 0, 0, job.state.final, _nothing(final=job.state.final))
    except PortalError as error:
        return LogTail("", 0, 0, 0, False, f"The log cannot be shown: {error.message}")
    capped = attempt.testimony.get(f"{stream}_truncated") is True
    note = "The program wrote more than is kept; the rest of its log is missing." if capped else ""
    following = start + len(raw)
    if job.state.final and not size:
        note = _nothing(final=True)
    text = without_names(raw.decode(errors="replace"), hidden)
    return LogTail(
        text,
        start,
        following,
        size,
        job.state.final and following >= size,
        note,
    )


def _nothing(*, final: bool) -> str:
    return "It wrote nothing here." if final else "It has not written anything yet."


def read_piece(folder: Root, name: str, offset: int, most: int = MAX_PIECE) -> tuple[bytes, int, int]:
    """At most `most` bytes of a file, where they start, and the file's size. Whole characters of UTF-8."""
    with folder.open_file(name) as stream:
        size = stream.seek(0, 2)
        start = max(0, size + offset) if offset < 0 else min(offset, size)
        stream.seek(start)
        raw = stream.read(most)
    return _whole_characters(raw, at_end=start + len(raw) >= size), start, size


def _whole_characters(raw: bytes, *, at_end: bool) -> bytes:
    """Without the bytes of a character that the piece cuts in two, unless nothing follows."""
    if at_end:
        return raw
    for back in range(1, min(4, len(raw)) + 1):
        byte = raw[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 1 if byte < 0x80 else 2 if byte >> 5 == 6 else 3 if byte >> 4 == 14 else 4
        return raw[:-back] if length > back else raw
    return raw


def log_ends(folder: Root) -> str:
    """The ends of what the program wrote, standard output before standard error. Never raises."""
    found = []
    for name in ("stdout.log", "stderr.log"):
        try:
            raw, _start, _size = read_piece(folder, name, -CAUSE_BYTES, CAUSE_BYTES)
        except PortalError:
            continue
        found.append(raw.decode(errors="replace").replace("\0", "�"))
    return "\n".join(found)


def last_lines(folder: Root) -> str:
    """The last lines that explain a failure: of stderr, or of stdout where stderr is empty. Never raises."""
    for name in ("stderr.log", "stdout.log"):
        try:
            raw, _start, _size = read_piece(folder, name, -LAST_LINES_BYTES, LAST_LINES_BYTES)
        except PortalError:
            continue
        lines = raw.decode(errors="replace").replace("\0", "�").splitlines()[-LAST_LINES:]
        if any(line.strip() for line in lines):
            return "\n".join(line[:500] for line in lines)
    return ""
