"""Numbers with their units as files hold them: in one text, beside it, or one value for each pixel."""

from __future__ import annotations

import math
import re
from typing import Any

from gantry_formats.text import as_written, plain_quantity, plain_text
from gantry_formats.units import factor_between

MOST_ELEMENTS = 2**24
"""As many as a detector of 4096 x 4096 pixels has."""
BLOCK = 2**20
ALIKE = 1e-6
"""By which share values may differ that mean one: differences of positions, numbers of single precision."""
_DECIMAL_COMMA = re.compile(r"[+]?0,[0-9]+(?![0-9.])")


def stated_unit(inside: str, *beside: Any) -> str:
    """The unit that is named in a value's own text ("0.2 um"), or beside it, the first that is; empty for none.

    Where text and neighbour name different ones, both: that is no unit that anybody knows.
    """
    other = next((text for value in beside if (text := plain_text(value))), "")
    if inside and other and factor_between(inside, other) != 1:
        return f"{inside} or {other}"
    return inside or other


def plain_size(value: Any) -> tuple[float, str] | None:
    """A size, which is more than nothing, and the text of its unit, as `plain_quantity` gives them.

    A decimal comma is taken for one behind a single zero ("0,34 um"): neither thousands nor a pair of sizes could
    be meant. "3,45" could be two sizes, and is none.
    """
    text = plain_text(value)
    if text and _DECIMAL_COMMA.match(text) and text.count(",") == 1:
        value = text.replace(",", ".")
    quantity = plain_quantity(value)
    return quantity if quantity is not None and quantity[0] > 0 else None


def value_for_all(array: Any) -> Any:
    """The one value of an array of HDF5: its only element, or the number that each of its elements is.

    None for all else. Raises what reading it raises.
    """
    if array.shape is None or not array.size:
        return None
    if array.size == 1:
        return array[()]
    if array.dtype.kind not in "uif" or array.size > MOST_ELEMENTS:
        return None
    first: Any = None
    step = max(1, BLOCK * len(array) // array.size)
    for start in range(0, len(array), step):
        values = array[start : start + step]
        low, high = float(values.min()), float(values.max())
        first = values.min() if first is None else first
        # What is no number is unlike all.
        if not (
            math.isclose(low, float(first), rel_tol=ALIKE) and math.isclose(high, float(first), rel_tol=ALIKE)
        ):
            return None
    return float(as_written(first))
