"""The manifest of a folder that is one entry: what each of its files was when it was registered.

Lines of JSON, `[path, size, mtime_ns, sha256]` by path; its SHA-256 is the entry's checksum. It is kept compressed
in the database, where it is backed up and taken away with the entry.
"""

import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

MAX_BYTES = 512 << 20
"""Of a manifest, unpacked: half a million files with long names."""


@dataclass(frozen=True)
class Pinned:
    """A file of the folder. Its digest is None where the folder was still being written."""

    path: str
    size: int
    mtime_ns: int
    sha256: str | None


@dataclass(frozen=True)
class Manifest:
    """The document, compressed, and the digest of what is in it."""

    packed: bytes
    sha256: str


def packed(files: Iterable[Pinned]) -> Manifest:
    """The manifest of these files, which are in the order of their paths."""
    packer, digest = zlib.compressobj(6), sha256()
    parts: list[bytes] = []
    for one in files:
        line = json.dumps([one.path, one.size, one.mtime_ns, one.sha256], ensure_ascii=False).encode() + b"\n"
        digest.update(line)
        parts.append(packer.compress(line))
    return Manifest(b"".join([*parts, packer.flush()]), digest.hexdigest())


def digest_of(document: bytes) -> str:
    """The digest of what is in it, as it was when it was packed. Raises ValueError where it is none."""
    return sha256(_text(document)).hexdigest()


def unpacked(document: bytes) -> Iterator[Pinned]:
    """Its files. Raises ValueError where it is none."""
    for line in io.BytesIO(_text(document)):
        path, size, mtime_ns, digest = json.loads(line)
        yield Pinned(path, size, mtime_ns, digest)


def _text(document: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(document, MAX_BYTES)
    except zlib.error as error:
        raise ValueError("It is no manifest.") from error


def by_path(document: bytes) -> Mapping[str, Pinned]:
    """Its files by their paths beneath the folder."""
    return {one.path: one for one in unpacked(document)}
