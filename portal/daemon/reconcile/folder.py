"""What lies in an attempt's folder, read through the door: every byte there could be anything."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.errors import NotFoundError, PortalError, UnavailableError
from portal.files.confined import Root
from portal.jobs.result_json import (
    MAX_LINE_BYTES,
    MAX_RESULT_BYTES,
    FormError,
    Testimony,
    parse_event,
    parse_refusal,
    parse_result,
)
from portal.jobs.timing.course import began_anew

MAX_EVENTS_READ = 256 * 1024
KEPT = ("began", "whole", "measured")
BASE = ("stage_since", "stage_from")
"""What outlives an event in a progress document: no event that is read says any of it."""


@dataclass(frozen=True)
class ResultFile:
    """result.json: `testimony`, or why there is none (`invalid` None: the file is absent)."""

    testimony: Testimony | None = None
    invalid: str | None = None
    unreadable: bool = False
    """The file system does not answer: nothing may be concluded."""


@dataclass(frozen=True)
class Tail:
    """New lines of events.jsonl: the latest event, and where to read on."""

    event: Mapping[str, Any] = field(default_factory=dict)
    offset: int = 0


def read_result(
    scratch: Root, attempt: str, *, job_sha256: str | None, job_id: str | None, restarts: int = 0
) -> ResultFile:
    """The testimony, if it is one, about this attempt and its last run. Never raises."""
    try:
        with scratch.open_folder(attempt) as folder:
            raw = _small_file(folder, "result.json", MAX_RESULT_BYTES)
        testimony = parse_result(raw, attempt=attempt, job_sha256=job_sha256, job_id=job_id, restarts=restarts)
        return ResultFile(testimony)
    except FormError as error:
        return ResultFile(invalid=str(error))
    except NotFoundError:
        return ResultFile()
    except UnavailableError:
        return ResultFile(unreadable=True)
    except PortalError as error:
        return ResultFile(invalid=error.message)


def _small_file(folder: Root, name: str, most: int) -> bytes:
    with folder.open_file(name, uid=os.fstat(folder.fd).st_uid, max_bytes=most) as stream:
        return stream.read(most + 1)


def read_events(scratch: Root, attempt: str, offset: int) -> Tail | None:
    """The latest event after byte `offset`; None if there is nothing new or it cannot be read. Never raises."""
    try:
        with scratch.open_folder(attempt) as folder, folder.open_file("events.jsonl") as stream:
            size = stream.seek(0, 2)
            if size <= offset:
                return None
            start = max(offset, size - MAX_EVENTS_READ)
            stream.seek(start)
            raw = stream.read(MAX_EVENTS_READ)
    except PortalError:
        return None
    whole, newline, _unfinished = raw.rpartition(b"\n")
    if not newline:
        # A line that never ends is skipped once it is too long to be one.
        return Tail({}, size) if len(raw) == MAX_EVENTS_READ else None
    for line in reversed(whole.split(b"\n")):
        event = parse_event(line)
        if event is not None:
            return Tail(event, start + len(whole) + 1)
    return Tail({}, start + len(whole) + 1)


def read_refusal(scratch: Root, attempt: str) -> str:
    """Why the program says that it refused, as the last line of its events.jsonl; else empty. Never raises."""
    try:
        with scratch.open_folder(attempt) as folder, folder.open_file("events.jsonl") as stream:
            stream.seek(max(0, stream.seek(0, 2) - MAX_LINE_BYTES - 1))
            raw = stream.read(MAX_LINE_BYTES + 1)
    except PortalError:
        return ""
    return parse_refusal(raw.removesuffix(b"\n").rpartition(b"\n")[2])


def merged_progress(before: Mapping[str, Any], tail: Tail, now: datetime) -> dict[str, Any]:
    """The job's progress after these events; `stage_since` by our clock, since the program's may be anything."""
    if not tail.event:
        return {**before, "offset": tail.offset}
    kept = {name: before[name] for name in KEPT if name in before}
    same = before.get("stage") == tail.event.get("stage") and before.get("step") == tail.event.get("step")
    anew = same and began_anew(before, tail.event)
    base = {name: before[name] for name in BASE if same and not anew and name in before}
    if "stage_since" not in base:
        base = {"stage_since": now.isoformat(), "stage_from": tail.event.get("fraction") or 0.0}
    if anew or (same and before.get("anew")):
        base["anew"] = True
    return {**kept, **tail.event, **base, "offset": tail.offset}
