"""What the limited child says when it cannot go on, and the plain values that it may hand out."""

import math
from typing import Any

from gantry_formats import decoded
from gantry_formats.text import as_written

MAX_TEXT = 500


class FileError(Exception):
    """The file cannot be used; the message is for people.

    `code` is `unsafe`, `unseen`, `limit`, `writing`, `in part` (some of it is damaged), `other kind` or `invalid`.
    """

    def __init__(self, code: str, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail


def plain(value: Any) -> bool | int | float | str | None:
    """One JSON value from what HDF5 or TIFF gave; None if it is not a single, finite value."""
    if hasattr(value, "size") and hasattr(value, "reshape"):
        if value.size != 1:
            return None
        value = as_written(value)
    if isinstance(value, bytes | str):
        return decoded(value).rstrip("\0")[:MAX_TEXT]
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None
