"""Downloading a file: resumed where it was cut short, checked before it gets its name."""

import hashlib
import shutil
import zipfile
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
    if file.get("files") is not None:
        return _download_folder(stream, dataset, file, target, progress)
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


def _download_folder(
    stream: Stream, dataset: int, file: Mapping[str, Any], target: Path, progress: Progress | None
) -> Path:
    """A folder that is one entry: it comes as an archive, whole, and is unpacked beside its place first."""
    if _has(target, file):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part, unpacked = target.with_name(f"{target.name}.zip.part"), target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    shutil.rmtree(unpacked, ignore_errors=True)
    for piece in _pieces(stream, f"datasets/{dataset}/files/{int(file['id'])}/content", part):
        if progress:
            progress(str(file["name"]), piece, None)
    try:
        with zipfile.ZipFile(part) as archive:
            for member in archive.infolist():
                beneath = target_of(member.filename, unpacked)
                beneath.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, beneath.open("wb") as out:
                    shutil.copyfileobj(packed, out)
    except (zipfile.BadZipFile, EOFError) as error:
        raise UnavailableError("The archive did not arrive whole. Get it again.", detail=str(error)) from error
    finally:
        part.unlink(missing_ok=True)
    if not _has(unpacked / target.name, file):
        shutil.rmtree(unpacked)
        raise UnsafeFileError(f"“{file['name']}” did not arrive as the catalogue describes it. Get it again.")
    shutil.rmtree(target, ignore_errors=True)
    (unpacked / target.name).replace(target)
    unpacked.rmdir()
    return target


def download_whole(stream: Stream, path: str, target: Path, progress: Progress | None, *, zipped: bool) -> Path:
    """What is made while it is sent: it cannot be resumed. Raises UnavailableError where it did not come whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    for piece in _pieces(stream, path, part):
        if progress:
            progress(target.name, piece, None)
    if zipped and not zipfile.is_zipfile(part):
        part.unlink()
        raise UnavailableError("The archive did not arrive whole. Get it again.")
    part.replace(target)
    return target


def _has(folder: Path, file: Mapping[str, Any]) -> bool:
    """Whether a folder has as many files and bytes as the catalogue says."""
    sizes = [one.stat().st_size for one in folder.rglob("*") if one.is_file()] if folder.is_dir() else []
    return bool(sizes) and len(sizes) == file["files"] and file.get("size") in (None, sum(sizes))


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
