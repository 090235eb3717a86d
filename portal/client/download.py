"""Downloading a file: resumed where it was cut short, checked before it gets its name."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import requests

from portal.errors import UnavailableError, UnsafeFileError

Progress = Callable[[str, int, int | None], None]
"""Told the file's name, how many bytes are there, and how many there will be (None: not known)."""

Stream = Callable[[str, Mapping[str, str]], requests.Response]

PIECE = 64 * 1024  # what a broken connection costs at most
PARTIAL_CONTENT = 206


def target_of(name: str, folder: Path) -> Path:
    """Where a file of that name goes. Raises UnsafeFileError where that is not beneath the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise UnsafeFileError(f"The file “{name}” would lie outside {folder}; it is not taken.")
    return folder.joinpath(*path.parts)


def download_file(
    stream: Stream, dataset: int, file: Mapping[str, Any], folder: Path, progress: Progress | None
) -> Path:
    """One file of a dataset. Raises UnsafeFileError if its checksum is not the catalogue's, UnavailableError."""
    name, size, checksum = str(file["name"]), file.get("size"), file.get("checksum")
    target = target_of(name, folder)
    if target.is_file() and _is_right(target, size, checksum):
        if progress:
            progress(name, target.stat().st_size, size)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for piece in _pieces(stream, f"datasets/{dataset}/files/{int(file['id'])}/content", part):
        if progress:
            progress(name, piece, size)
    if not _is_right(part, size, checksum):
        part.unlink()
        raise UnsafeFileError(f"“{name}” did not arrive as the catalogue describes it. Get it again.")
    part.replace(target)
    return target


def _pieces(stream: Stream, path: str, part: Path) -> Iterator[int]:
    """Write the rest of a file; how much of it is there, after every piece."""
    there = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={there}-"} if there else {}
    # Compressed on the way, a range would not be one of the file.
    with stream(path, {**headers, "Accept-Encoding": "identity"}) as response:
        if response.status_code != PARTIAL_CONTENT:
            there = 0
        with part.open("ab" if there else "wb") as out:
            try:
                for chunk in response.iter_content(PIECE):
                    out.write(chunk)
                    there += len(chunk)
                    yield there
            except requests.RequestException as error:
                raise UnavailableError(
                    "The connection broke; the same command goes on where it stopped.", detail=str(error)
                ) from error


def _is_right(path: Path, size: int | None, checksum: str | None) -> bool:
    if size is not None and path.stat().st_size != size:
        return False
    if not checksum:
        return size is not None
    kind, _, wanted = checksum.partition(":")
    if kind != "sha256":
        return size is not None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == wanted.lower()
