"""What is known of a staged image, and whether its file is still that.

An images folder holds `<name>.json`, the manifest of the image that new jobs of that name get, and image files
whose names carry their digest, each with a manifest of its own beside it (`<file>.json`): jobs that are queued
keep theirs when a newer one is staged.
"""

import json
import os
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from portal.errors import InvalidError, PortalError
from portal.files.confined import Root
from portal.files.durable import read_json, write_json

SCHEMA = 1
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
FILE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,150}\.sif")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MANIFEST_MODE = 0o644


@dataclass(frozen=True)
class Manifest:
    """One image. `size` in bytes, `mtime_ns` of the staged file, `built` in UTC, `withdrawn` in words if it is."""

    name: str
    file: str
    digest: str
    size: int
    mtime_ns: int
    built: str | None = None
    withdrawn: str | None = None

    def document(self) -> dict[str, Any]:
        """As it is written."""
        return {"schema": SCHEMA} | asdict(self)


def parse(document: object, where: str) -> Manifest:
    """A checked manifest; what else is in the document is left alone. Raises InvalidError."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InvalidError(f"{where} is not the manifest of an image.")
    given: dict[str, Any] = {field.name: document.get(field.name) for field in fields(Manifest)}
    patterns = {"name": NAME, "file": FILE, "digest": DIGEST}
    wrong = [
        key for key, pattern in patterns.items()
        if not isinstance(given[key], str) or not pattern.fullmatch(str(given[key]))
    ]  # fmt: skip
    wrong += [key for key in ("size", "mtime_ns") if type(given[key]) is not int]
    wrong += [key for key in ("built", "withdrawn") if not isinstance(given[key], (str, type(None)))]
    if wrong:
        raise InvalidError(f"{where} has no usable {', '.join(wrong)}.")
    return Manifest(**given)


def read(folder: Path, name: str) -> Manifest | None:
    """The manifest of the image that new jobs of this name get; None if none is staged. Raises InvalidError."""
    path = folder / f"{name}.json"
    document = read_json(path)
    if document is None and not path.exists():
        return None
    return parse(document, str(path))


def document_beside(folder: Path, name: str, *, max_bytes: int) -> dict[str, Any] | None:
    """The JSON object in a plain file of an images folder; None where there is none that can be read whole."""
    try:
        with Root(folder) as root, root.open_file(name, max_bytes=max_bytes) as file:
            document = json.loads(file.read(max_bytes + 1))
    except (PortalError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def names(folder: Path) -> tuple[str, ...]:
    """The names of all images that are staged in a folder; none where there is none."""
    try:
        found = [path.stem for path in folder.glob("*.json") if not path.stem.endswith(".sif")]
    except OSError:
        return ()
    return tuple(sorted(name for name in found if NAME.fullmatch(name)))


def usable(folder: Path, name: str) -> Manifest | None:
    """The same, with its file looked at as a submission does: owner, size, modification time.

    Raises InvalidError, in words for people, if it was withdrawn, or its file is gone or is not what was hashed.
    """
    manifest = read(folder, name)
    if manifest is None:
        return None
    check_usable(folder, manifest)
    return manifest


def check_usable(folder: Path, manifest: Manifest, *, owners: Collection[int] | None = None) -> None:
    """Look at the file as a submission does. `owners`: as of `difference`. Raises InvalidError, in words."""
    if manifest.withdrawn:
        raise InvalidError(f"The software image {manifest.name} was withdrawn: {manifest.withdrawn}")
    trouble = difference(folder, manifest, owners=owners)
    if trouble:
        raise InvalidError(f"The software image {manifest.name} {trouble}.")


def difference(folder: Path, manifest: Manifest, *, owners: Collection[int] | None = None) -> str | None:
    """How the file's owner, size or time differ from the manifest, as the end of a sentence; else None.

    `owners`: whose it may be; None: root's or this account's.
    """
    try:
        with Root(folder) as root, root.open_file(manifest.file) as file:
            status = os.fstat(file.fileno())
    except PortalError as error:
        return f"cannot be used: {error.message.rstrip('.')}"
    if status.st_uid not in ((0, os.geteuid()) if owners is None else owners):
        return "belongs to an account that may not stage images"
    if (status.st_size, status.st_mtime_ns) != (manifest.size, manifest.mtime_ns):
        return "has changed since it was staged"
    return None


def beside(file: str) -> str:
    """The name of the manifest that belongs to an image file."""
    return f"{file}.json"


def write(folder: Path, file: str, manifest: Manifest) -> None:
    """Write a manifest so that a reader sees the old one or the new one."""
    write_json(folder / file, manifest.document(), mode=MANIFEST_MODE)
