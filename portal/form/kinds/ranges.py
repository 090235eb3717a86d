"""A range as it is typed or sent: "10 to 200", "10–200", {"low": 10, "high": 200}, [10, 200]."""

import re
from typing import Final

from portal.form.kinds.numbers import read_one, unit_at_each
from portal.jobtype.kinds.ranges import RangeOption

_BETWEEN: Final = (
    re.compile(r"\s+to\s+"),
    re.compile(r"\s*(?:\.\.\.?|…|;)\s*"),
    re.compile(r"\s*[–—]\s*"),
    re.compile(r",\s+"),
    re.compile(r"(?<=[^\s,;eE+-])\s*-\s*(?=[^\s])"),
)
GIVE: Final = "Give both ends: from a number to a number."


def read_range(option: RangeOption, raw: object) -> object:
    """The two ends as {"low": …, "high": …}. Raises ValueError with words for the field."""
    if isinstance(raw, str):
        ends = ends_of(raw)
        if not all(ends):
            raise ValueError(GIVE)
        low, high = (read_one(end, option.unit, whole=option.whole) for end in ends)
        unit_at_each(ends)
        return {"low": low, "high": high}
    if isinstance(raw, list) and len(raw) == 2:
        raw = {"low": raw[0], "high": raw[1]}
    if isinstance(raw, dict) and not option.whole:
        return {name: float(one) if type(one) is int and abs(one) < 10**18 else one for name, one in raw.items()}
    return raw


def ends_of(text: str) -> tuple[str, str]:
    """What stands on both sides of "to" or a dash; the second is empty where there is nothing of the kind."""
    for between in _BETWEEN:
        parts = between.split(f" {text} ", maxsplit=1)
        if len(parts) == 2:
            return parts[0].strip(), parts[1].strip()
    return text.strip(), ""
