"""What the job type knows to look for in a program's files, put into output/metadata.json."""

import json
import os
import stat
from collections.abc import Iterator
from typing import Any

from gantry_formats.limits import (
    MAX_CAPTION,
    MAX_METADATA_BYTES,
    MAX_PARAMETERS,
    MAX_PREVIEWS,
    MAX_WARNING,
    MAX_WARNINGS,
)
from wrappers.launch.files import put_in_place, write_aside
from wrappers.launch.reports.spec import Pictures, Reports
from wrappers.launch.reports.values import NotFoundError, value_of

METADATA = "metadata.json"
MOST_ENTRIES = 20_000
"""Files and folders of output/ among which pictures are looked for."""
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
MOST_PICTURE_BYTES = 64 << 20


def report(folder_fd: int, reports: Reports) -> None:
    """Add what is found to metadata.json, which the program may have written too: its own words stay.

    What is not found becomes a warning of the result: a figure that is missing must not pass for one that was not
    wanted. Where the program's own metadata.json cannot be read nothing is written, and the portal says why.
    Raises OSError where it cannot be written.
    """
    if not reports.parameters and not reports.pictures:
        return
    output_fd = os.open("output", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder_fd)
    try:
        document = _own(output_fd)
        if document is None:
            return
        warnings = [*_parameters(output_fd, reports, document), *_pictures(output_fd, reports, document)]
        kept = document["warnings"]
        kept += [one[:MAX_WARNING] for one in warnings][: max(0, MAX_WARNINGS - len(kept))]
        data = json.dumps(document, ensure_ascii=False).encode()
        if len(data) <= MAX_METADATA_BYTES:
            put_in_place(output_fd, write_aside(output_fd, METADATA, data), METADATA)
    finally:
        os.close(output_fd)


def _own(output_fd: int) -> dict[str, Any] | None:
    """What the program wrote itself; None where that cannot be read."""
    try:
        fd = os.open(METADATA, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=output_fd)
    except FileNotFoundError:
        return {"schema": 1, "parameters": [], "previews": [], "warnings": []}
    except OSError:
        return None
    with os.fdopen(fd, "rb") as stream:
        regular = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
        raw = stream.read(MAX_METADATA_BYTES + 1) if regular else b""
    try:
        document = json.loads(raw) if len(raw) <= MAX_METADATA_BYTES else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("schema") != 1:
        return None
    lists = {key: document.get(key, []) for key in ("parameters", "previews", "warnings")}
    return document | lists if all(isinstance(one, list) for one in lists.values()) else None


def _parameters(output_fd: int, reports: Reports, document: dict[str, Any]) -> Iterator[str]:
    there = {one.get("name") for one in document["parameters"] if isinstance(one, dict)}
    for wanted in reports.parameters:
        if wanted.name in there:
            continue
        try:
            value = value_of(output_fd, wanted)
        except NotFoundError as error:
            yield f"“{wanted.name}” is not known: {wanted.file} {error}."
            continue
        if len(document["parameters"]) < MAX_PARAMETERS:
            document["parameters"].append({"name": wanted.name, "value": value, "units": wanted.units})


def _pictures(output_fd: int, reports: Reports, document: dict[str, Any]) -> Iterator[str]:
    if not reports.pictures:
        return
    previews = document["previews"]
    there = {one.get("file") for one in previews if isinstance(one, dict)}
    thumbnail = any(isinstance(one, dict) and one.get("role") == "thumbnail" for one in previews)
    paths = sorted(_files(output_fd))
    for pictures in reports.pictures:
        fitting = [path for path in paths if pictures.pattern.takes(path) and path not in there]
        usable = [path for path in fitting if _is_picture(output_fd, path)]
        if not usable:
            what = "no picture" if fitting else "no file"
            yield f"The picture “{pictures.caption}” is missing: {what} like {pictures.written} was written."
        lost = [path for path in usable if not reports.keeps(path)]
        if lost:
            yield f"The picture “{pictures.caption}” is not shown: no output takes {lost[0]}."
        usable = [path for path in usable if path not in lost]
        for path in usable[: MAX_PREVIEWS - len(previews)]:
            stands_for_it = pictures.thumbnail and not thumbnail
            thumbnail = thumbnail or stands_for_it
            there.add(path)
            previews.append(
                {
                    "file": path,
                    "caption": _caption(pictures, path, several=len(usable) > 1),
                    "role": "thumbnail" if stands_for_it else "preview",
                }
            )


def _caption(pictures: Pictures, path: str, *, several: bool) -> str:
    name = path.rpartition("/")[2]
    told = f"{pictures.caption} ({name})" if several and name.isprintable() else pictures.caption
    return told[:MAX_CAPTION]


def _files(output_fd: int) -> Iterator[str]:
    """Regular files beneath output/, no link followed."""
    left = MOST_ENTRIES
    for folder, folders, names, _fd in os.fwalk(".", dir_fd=output_fd, follow_symlinks=False):
        left -= len(folders) + len(names)
        if left < 0:
            return
        for name in names:
            path = f"{folder}/{name}".removeprefix("./")
            if len(path) <= 1000 and path.isprintable():
                yield path


def _is_picture(output_fd: int, path: str) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=output_fd)
    except OSError:
        return False
    with os.fdopen(fd, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_PICTURE_BYTES:
            return False
        return stream.read(8).startswith(SIGNATURES)
