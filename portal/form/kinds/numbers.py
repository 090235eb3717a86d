"""One number among several."""

import math
import re
from collections.abc import Sequence

from portal.form.numbers import NoNumberError, read_number
from portal.words import one_line

_UNIT = re.compile(r"[^\W\d_]|[%°]")
_POWER = re.compile(r"[0-9.][eE][+-]?[0-9]")


def read_one(text: str, unit: str, *, whole: bool) -> int | float:
    """The number, in the option's unit. Raises ValueError with words for the field."""
    kind = "a whole number" if whole else "a number"
    shown = one_line(text, 30)
    try:
        value = read_number(text.strip(), unit, whole=whole).value
    except NoNumberError:
        raise ValueError(f"“{shown}” is not {kind}.") from None
    if whole and (value.adjusted() >= 18 or value != value.to_integral_value()):
        raise ValueError(f"“{shown}” is not {kind} that can be taken.")
    number = int(value) if whole else float(value)
    if not math.isfinite(number):
        raise ValueError(f"“{shown}” is too large.")
    return number


def unit_at_each(parts: Sequence[str]) -> None:
    """Raises ValueError where some have a unit and others have none: which one theirs would be is not guessed."""
    with_unit = [bool(_UNIT.search(_POWER.sub("0", part))) for part in parts]
    if any(with_unit) and not all(with_unit):
        raise ValueError("Give the unit behind each number, or behind none.")
