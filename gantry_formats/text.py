"""Text and numbers as files hold them: bytes in this or that encoding, arrays of one, filled up with NULs."""

from __future__ import annotations

import math
import re
from typing import Any

MOST_CHARACTERS = 200
"""No unit is longer, in however many words."""
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")


def plain_text(value: Any) -> str | None:
    """A text out of bytes, a string, or an array or sequence of one such; None for everything else.

    Bytes are UTF-8, else Latin-1, which takes any. Escapes of ImageJ's (a backslash, u00B5) become the
    character that they stand for; NULs and blanks around are taken away.
    """
    single = _only_one(value)
    if not isinstance(single, str | bytes):
        return None
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), decoded(single[: 4 * MOST_CHARACTERS]))
    return " ".join(text.replace("\0", " ").split())


def plain_number(value: Any) -> float | None:
    """A finite number out of a number, a text of one, or an array or sequence of one such; None for all else."""
    single = _only_one(value)
    if isinstance(single, str | bytes):
        text = plain_text(single)
        single = text if text and _NUMBER.fullmatch(text) else None
    if isinstance(single, bool) or not isinstance(single, int | float | str):
        return None
    try:
        number = float(single)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def plain_quantity(value: Any) -> tuple[float, str] | None:
    """A finite number, and the text of the unit behind it ("0.2 um"), which is empty where there is none.

    None for all else, also for what could be two numbers or a number with separators ("0.2 x 0.3", "1,000").
    """
    number = plain_number(value)
    if number is not None:
        return number, ""
    text = plain_text(value)
    split = _NUMBER.match(text) if text and len(text) <= MOST_CHARACTERS else None
    if text is None or split is None:
        return None
    number, unit = plain_number(split[0]), text[split.end() :].strip()
    if number is None or unit[0] in ".,:;+-*" or any(character.isdigit() for character in unit):
        return None
    return number, unit


def as_written(value: Any) -> Any:
    """The element of an array or scalar of NumPy's; of less than double precision the number that was meant, 0.2.

    The shortest number with that value in its own precision: 0.2 in single precision is 0.20000000298 in double.
    """
    short = value.dtype.kind == "f" and value.dtype.itemsize < 8
    return float(str(value.reshape(-1)[0])) if short else value.item()


def _only_one(value: Any) -> Any:
    """The element of an array (of NumPy's, too, which is not imported here) or sequence of one, however nested."""
    for _ in range(32):
        if isinstance(value, str | bytes | int | float):
            return value
        if getattr(value, "size", None) == 1 and hasattr(value, "item"):
            return as_written(value)
        if not isinstance(value, list | tuple) or len(value) != 1:
            return None
        [value] = value
    return None


def decoded(raw: bytes | str) -> str:
    """Bytes as text: UTF-8, else Latin-1, which takes any. A text that hides bytes (surrogates) is read anew."""
    if isinstance(raw, str):
        if raw.isascii() or not any("\ud800" <= character <= "\udfff" for character in raw):
            return raw
        raw = raw.encode("utf-8", "surrogateescape" if _hides_bytes(raw) else "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _hides_bytes(text: str) -> bool:
    surrogates = [character for character in text if "\ud800" <= character <= "\udfff"]
    return all("\udc80" <= character <= "\udcff" for character in surrogates)
