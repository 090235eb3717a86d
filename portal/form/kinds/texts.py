"""The one text that stands for a value of several parts: in a field, an address and behind `--set NAME=`.

A list has commas between its parts (lines where a part has a comma itself), a range is "10 to 200". Every number
has all its digits.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from portal.form.numbers import number_text

BETWEEN_ENDS = " to "


def parts_text(value: Sequence[Any] | dict[str, Any]) -> str:
    """A list or a range as text."""
    if isinstance(value, dict):
        return BETWEEN_ENDS.join(_text(value.get(end)) for end in ("low", "high"))
    return joined([_text(one) for one in value])


def joined(parts: Sequence[str]) -> str:
    """Texts as one that `separated` takes apart again."""
    plain = all("," not in part and ";" not in part for part in parts)
    return (", " if plain else "\n").join(parts)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return str(value)
    return number_text(Decimal(repr(value)))
