"""A day as it is typed: 2026-11-30, or 30 Nov 2026. Which of two numbers is the month is never guessed."""

import re
from typing import Final

_NAMED: Final = re.compile(r"([0-9]{1,2})\.? ([A-Za-z]{3,9})\.? ([0-9]{4})")
NAMES: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


def read_day(raw: object) -> object:
    """The day as 2026-11-30; what cannot be read stays as it is, and is objected to."""
    if not isinstance(raw, str):
        return raw
    text = " ".join(raw.split())
    found = _NAMED.fullmatch(text)
    if found is None:
        return text
    word = found[2].lower()
    month = next((number for number, name in enumerate(NAMES, 1) if word in (name, name[:3])), 0)
    return f"{found[3]}-{month:02}-{int(found[1]):02}" if month else text
