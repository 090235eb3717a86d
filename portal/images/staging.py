"""Taking an image into the folder that jobs use, and looking at night whether it is still the same."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from portal.errors import InvalidError, PortalError
from portal.files.durable import read_json, sync_directory
from portal.images.manifest import Manifest, beside, difference, parse, read, write

BUILT = "manifest.json"
CHUNK = 1 << 22
IMAGE_MODE = 0o644
WITHDRAWN = ".withdrawn"


@dataclass(frozen=True)
class Finding:
    """What was found of one staged file; `trouble` is the end of a sentence, None if all is well."""

    manifest: Manifest
    trouble: str | None


def stage(built: Path, into: Path) -> Manifest | None:
    """Take the image in the folder `built` (a file and manifest.json) in, and give it to new jobs of its name.

    None if that very image is there already and is as it should be. Raises InvalidError if the file is not what
    its manifest says; then nothing is changed.
    """
    given = parse(read_json(built / BUILT), str(built / BUILT))
    present = read(into, given.name)
    if present and present.digest == given.digest and not present.withdrawn and not difference(into, present):
        return None
    kept = _kept(into, given)
    if kept:
        write(into, f"{given.name}.json", kept)
        return kept
    making = into / f".{given.file}.{os.getpid()}"
    try:
        found = _copy(built / given.file, making)
        if found != given.digest:
            raise InvalidError(f"{built / given.file} is {found}, its manifest says {given.digest}.")
        making.rename(into / given.file)
    finally:
        making.unlink(missing_ok=True)
    sync_directory(into)
    status = (into / given.file).stat()
    manifest = replace(given, size=status.st_size, mtime_ns=status.st_mtime_ns, withdrawn=None)
    # Its own first: what new jobs get is never without one.
    write(into, beside(given.file), manifest)
    write(into, f"{given.name}.json", manifest)
    return manifest


def _kept(into: Path, given: Manifest) -> Manifest | None:
    """The same image if an earlier staging left it: its file stays as it is, since jobs may be queued with it."""
    document = read_json(into / beside(given.file))
    kept = parse(document, beside(given.file)) if document else None
    if kept is None or kept.withdrawn or kept.digest != given.digest or difference(into, kept):
        return None
    return kept if hash_file(into / kept.file) == given.digest else None


def staged(folder: Path) -> list[Manifest]:
    """Every image file that is kept, the newest of a name last. Raises InvalidError for a bad manifest."""
    found = [parse(read_json(path), str(path)) for path in sorted(folder.glob("*.sif.json"))]
    return sorted(found, key=lambda manifest: (manifest.name, manifest.mtime_ns))


def check(folder: Path) -> Iterator[Finding]:
    """Hash every staged file; one finding each. What was withdrawn already is told again."""
    for manifest in staged(folder):
        trouble = manifest.withdrawn or difference(folder, manifest)
        if trouble is None:
            found = hash_file(folder / manifest.file)
            trouble = None if found == manifest.digest else f"is {found} now, it was {manifest.digest}"
        yield Finding(manifest, trouble)


def withdraw(folder: Path, manifest: Manifest, trouble: str, now: datetime) -> None:
    """Let no job begin in this image any more: submissions are refused in words, queued jobs find no file."""
    words = f"on {now:%Y-%m-%d} at {now:%H:%M} UTC its file {trouble}"
    try:
        (folder / manifest.file).rename(folder / f"{manifest.file}{WITHDRAWN}")
    except FileNotFoundError:
        words += " (it was gone already)"
    write(folder, beside(manifest.file), replace(manifest, withdrawn=words))
    current = read(folder, manifest.name)
    if current and current.file == manifest.file:
        write(folder, f"{manifest.name}.json", replace(current, withdrawn=words))


def hash_file(path: Path) -> str:
    """`sha256:<hex>` of a file."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> str:
    """Copy, force to disk, and return the digest of what was copied."""
    sha = hashlib.sha256()
    try:
        with source.open("rb") as reading, target.open("xb") as writing:
            while chunk := reading.read(CHUNK):
                sha.update(chunk)
                writing.write(chunk)
            writing.flush()
            os.fchmod(writing.fileno(), IMAGE_MODE)
            os.fsync(writing.fileno())
    except OSError as error:
        raise PortalError(f"{source} cannot be staged: {error.strerror}.") from error
    return f"sha256:{sha.hexdigest()}"


def utc_now() -> datetime:
    """The time of a withdrawal."""
    return datetime.now(UTC)
