"""The SHA-256 of a file that may still grow."""

import hashlib
from collections.abc import Callable
from typing import BinaryIO

CHUNK = 4 << 20


def sha256_of(file: BinaryIO, size: int, tell: Callable[[int], None]) -> str:
    """Of the first `size` bytes: a file that grows as fast as it is read must not be read for ever.

    `tell` hears how many bytes were read since it was last called.
    """
    digest = hashlib.sha256()
    left = size
    while data := file.read(min(CHUNK, left)):
        digest.update(data)
        left -= len(data)
        tell(len(data))
    return digest.hexdigest()
