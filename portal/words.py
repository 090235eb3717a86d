"""Quantities and lists in words for people. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime

_SIGNALS = {
    1: "hang-up",
    2: "interrupt",
    3: "quit",
    4: "illegal instruction",
    6: "abort",
    7: "bus error",
    8: "floating point error",
    9: "kill",
    11: "segmentation fault",
    13: "broken pipe",
    15: "request to end",
    24: "processor time used up",
    25: "file too large",
}

_SEPARATORS = str.maketrans(
    {"\uff0c": ",", "\uff1b": ";", "\u3001": ",", "\u00a0": " ", "\u202f": " ", "\u2009": " "}
)
"""Separators of full width, and spaces that do not break."""


def memory(mebibytes: float) -> str:
    """2048 -> "2 GB", 1536 -> "1.5 GB", 300 -> "300 MB"."""
    if mebibytes < 1024:
        return f"{mebibytes:.0f} MB"
    return f"{mebibytes / 1024:.1f}".removesuffix(".0") + " GB"


def size(count: float) -> str:
    """Bytes, of which three digits count: 1 -> "1 byte", 1536 -> "1.5 kB", 249_446 -> "244 kB"."""
    if count < 1024:
        return f"{count:,.0f} {'byte' if round(count) == 1 else 'bytes'}"
    for unit in ("kB", "MB", "GB"):
        count /= 1024
        if round(count) < 1024:
            return f"{_three_digits(count)} {unit}"
    return f"{_three_digits(count / 1024)} TB"


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 99.95 else f"{number:.1f}".removesuffix(".0")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """(1, "job") -> "1 job", (2, "job") -> "2 jobs"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """90 -> "90 seconds", 600 -> "10 minutes", 5400 -> "90 minutes"."""
    whole = max(0, round(seconds))
    if whole == 0 or (whole < 120 and whole % 60):
        return count(whole, "second")
    minutes = round(whole / 60)
    if minutes < 120 and minutes % 60:
        return count(minutes, "minute")
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return count(hours, "hour") + (f" {count(rest, 'minute')}" if rest else "")
    return count(round(minutes / 1440), "day")


def limit(seconds: int) -> str:
    """What may not be exceeded: as `duration` says it, but to the second: 150 -> "2 minutes 30 seconds"."""
    minutes, left = divmod(seconds, 60)
    if minutes < 2 and left:
        return count(seconds, "second")
    hours, minutes = (0, minutes) if minutes < 120 and minutes % 60 else divmod(minutes, 60)
    days, hours = divmod(hours, 24) if hours >= 48 else (0, hours)
    parts = ((days, "day"), (hours, "hour"), (minutes, "minute"), (left, "second"))
    return " ".join(count(number, unit) for number, unit in parts if number) or "0 seconds"


def signal_name(number: int) -> str:
    """11 -> "signal 11, segmentation fault"."""
    known = _SIGNALS.get(number)
    return f"signal {number}, {known}" if known else f"signal {number}"


def clock(moment: datetime) -> str:
    """The time of day as "14:02", in the server's time zone, as the pages show all times."""
    return f"{moment.astimezone():%H:%M}"


def listed(items: Sequence[str], most: int = 3) -> str:
    """["a", "b", "c", "d"] -> "a, b, c and 1 more"."""
    if len(items) <= 1:
        return "".join(items)
    if len(items) <= most:
        return f"{', '.join(items[:-1])} and {items[-1]}"
    return f"{', '.join(items[:most])} and {len(items) - most} more"


def one_line(text: str, most: int = 500) -> str:
    """Foreign text as one printable line of at most `most` characters."""
    cleaned = " ".join("".join(c if c.isprintable() or c.isspace() else "�" for c in text).split())
    return cleaned if len(cleaned) <= most else cleaned[: most - 1] + "…"


def unlisted(text: str, *, numbers: bool = True) -> list[str]:
    """The parts of a list that was typed: between semicolons or lines where there are any, else between commas.

    Raises ValueError where, of `numbers`, commas seem to stand both between them and inside them.
    """
    text = text.translate(_SEPARATORS)
    if re.search(r"[;\n]", text):
        return [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
    if numbers and re.search(r"[0-9],[0-9]", text) and re.search(r",\s", text):
        raise ValueError(
            "It is not clear which commas stand between values. Put semicolons between them: 0,5; 0,7."
        )
    return [part.strip() for part in text.split(",") if part.strip()]
