"""Staging an image that somebody made as a job: copied, looked through anew, and kept with what made it.

Nothing that the job says is believed: the file is copied first, and what was copied is what is looked at.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from portal.errors import ConflictError, InvalidError, PortalError
from portal.files.confined import Root
from portal.files.durable import sync_directory, write_json
from portal.images import manifest
from portal.images.asking import NOBODY, PATH, bounded
from portal.images.made import recipe as kept_recipe
from portal.images.made.sif import Place, file_system
from portal.images.manifest import MANIFEST_MODE, NAME, Manifest
from portal.images.plain import line

IMAGE: Final = "image.sif"
RECIPE: Final = "recipe.json"
MOST_RECIPE: Final = 1 << 20
MOST_LISTED: Final = 128 << 20
LISTED_S: Final = 300.0
CHUNK: Final = 1 << 22
MOST_BYTES: Final = 20 << 30
_ENTRY: Final = re.compile(rb"(?P<kind>[-dlbcps])(?P<mode>[-rwxsStT]{9}) ")


@dataclass(frozen=True)
class Terms:
    """As what an image is taken. `by`: who made it, as whoever stages it knows."""

    name: str
    by: str
    replace: bool = False
    most: int = MOST_BYTES
    """In bytes."""
    digest: str | None = None
    """What it must be; None: whatever it is."""
    uid: int | None = None
    """Whose the files must be; None: anybody's."""
    wish: int | None = None
    """The number of the request that it is staged for."""


def take(made: Path, into: Path, name: str, *, by: str, replace: bool = False, most: int = MOST_BYTES) -> Manifest:
    """Stage the image in the folder `made` (image.sif and recipe.json, as a job left them) under a name.

    Raises what `take_from` raises.
    """
    with Root(made) as root:
        return take_from(root, into, Terms(name, by, replace, most))


def take_from(made: Root, into: Path, terms: Terms) -> Manifest:
    """Stage the image in an opened folder.

    Raises InvalidError for what must not be staged, ConflictError for a name that is taken, LimitError above the
    most bytes, and what the door refuses; then nothing is changed.
    """
    name = terms.name
    if not NAME.fullmatch(name) or name.endswith(".sif"):
        raise InvalidError(f"{name!r} cannot be the name of an image.")
    if manifest.read(into, name) is not None and not terms.replace:
        raise ConflictError(f"An image has the name {name} already.")
    recipe = _recipe(made, terms.uid)
    making = into / f".{name}.{os.getpid()}"
    try:
        with made.open_file(IMAGE, uid=terms.uid, max_bytes=terms.most) as source:
            digest = _copy(source, making, terms.most)
        if terms.digest not in (None, digest):
            raise InvalidError(f"The image is not the one that was meant: its digest is {digest}.")
        look_through(making)
        file = f"{name}-{digest[7:23]}.sif"
        making.rename(into / file)
    finally:
        making.unlink(missing_ok=True)
    sync_directory(into)
    status = (into / file).stat()
    made_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    staged = Manifest(name, file, digest, status.st_size, status.st_mtime_ns, made_at)
    kept = {"schema": 1, "digest": digest, "by": line(terms.by, 200), "staged": made_at, "recipe": recipe}
    if terms.wish is not None:
        kept["wish"] = terms.wish
    write_json(into / kept_recipe.beside(file), kept, mode=MANIFEST_MODE)
    manifest.write(into, manifest.beside(file), staged)
    manifest.write(into, f"{name}.json", staged)
    return staged


def look_through(image: Path) -> None:
    """Raise InvalidError for an image with files that would give rights, or with what is no file."""
    try:
        with image.open("rb") as file:
            place = file_system(file)
        trouble = in_listing(_listing(image, place))
    except InvalidError as error:
        raise InvalidError(f"The image {error.message}. It was not staged.") from error
    if trouble:
        raise InvalidError(f"The image has {trouble}. It was not staged.")


def in_listing(listing: bytes) -> str | None:
    """What in a listing of unsquashfs must not be in an image, as the object of a sentence; None if nothing."""
    count = 0
    for written in listing.splitlines():
        entry = _ENTRY.match(written)
        if entry is None:
            return "a name that holds an end of line"
        count += 1
        path = line(written.decode("utf-8", "replace").rpartition("squashfs-root")[2], 200)
        if entry["kind"] not in b"-dl":
            return f"a device, a socket or a FIFO: {path}"
        if entry["kind"] == b"-" and re.search(rb"[sS]", entry["mode"]):
            return f"a file that is set-uid or set-gid: {path}"
    return None if count else "no files"


def _listing(image: Path, place: Place) -> bytes:
    program = shutil.which("unsquashfs", path=PATH)
    if program is None:
        raise InvalidError("cannot be looked through: this host has no unsquashfs (Debian's squashfs-tools)")
    argv = ["prlimit", "--core=0", "--as=4294967296", "--", program, "-no-progress", "-lln", "-o"]
    with tempfile.TemporaryDirectory(prefix="gantry-images-") as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        environment = {"PATH": PATH, "LANG": "C.UTF-8"}
        printed = bounded(
            [*argv, str(place.offset), str(image)], environment, folder, most=MOST_LISTED, seconds=LISTED_S
        )
    if printed.code != 0 or printed.more:
        raise InvalidError("cannot be looked through: its files could not all be listed")
    return printed.raw


def _recipe(root: Root, uid: int | None) -> Mapping[str, Any]:
    with root.open_file(RECIPE, uid=uid, max_bytes=MOST_RECIPE) as file:
        raw = file.read(MOST_RECIPE + 1)
    with suppress(ValueError, RecursionError):
        document = json.loads(raw)
        if isinstance(document, dict):
            return document
    raise InvalidError("What the image was made from (recipe.json) cannot be read. It was not staged.")


def _copy(source: BinaryIO, target: Path, most: int) -> str:
    sha, left = hashlib.sha256(), most
    try:
        with target.open("xb") as writing:
            os.fchmod(writing.fileno(), 0o644)
            while chunk := source.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise InvalidError("The image grew while it was read. It was not staged.")
                sha.update(chunk)
                writing.write(chunk)
            writing.flush()
            os.fsync(writing.fileno())
    except OSError as error:
        raise PortalError(f"The image cannot be staged: {error.strerror}.") from error
    return f"sha256:{sha.hexdigest()}"
