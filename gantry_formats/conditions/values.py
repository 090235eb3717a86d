"""The values of conditions: missing, true and false, texts, numbers with what they measure, and lists of these.

A number stands in the first unit of its dimension (m, s, bytes …), so that nobody who evaluates converts units.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

ALIKE: Final = 1e-9
"""By which share two numbers may differ that mean one: 500 nm and 0.5 um are not the same bits."""
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Number:
    """A finite number, and what it measures: a word such as "length", or nothing for what is only counted."""

    value: float
    dimension: str = ""


@dataclass(frozen=True)
class Unknown:
    """What cannot be told: a value is missing that would decide it, or the values do not go together."""


UNKNOWN: Final = Unknown()

Value = None | bool | str | Number | tuple["Value", ...] | Unknown


def number(value: float, dimension: str = "") -> Number | Unknown:
    """A number; unknown where it is none that can be written down (a division by zero, an overflow)."""
    return Number(value, dimension) if math.isfinite(value) else UNKNOWN


def from_json(item: Any) -> Value:
    """The value that stands in a tree or in facts. What is no value there is unknown."""
    match item:
        case None | bool() | str():
            return item
        case int() | float():
            return _finite(item, "")
        case {"number": int() | float() as size, "dimension": str() as dimension} if not isinstance(size, bool):
            return _finite(size, dimension)
        case list() | tuple():
            return tuple(from_json(one) for one in item)
    return UNKNOWN


def _finite(size: int | float, dimension: str) -> Number | Unknown:
    try:
        return number(float(size), dimension)
    except OverflowError:
        return UNKNOWN


def as_json(value: Value) -> Any:
    """The opposite of `from_json`; unknown is {"unknown": true}."""
    match value:
        case Number(size, ""):
            return size
        case Number(size, dimension):
            return {"number": size, "dimension": dimension}
        case Unknown():
            return {"unknown": True}
        case tuple():
            return [as_json(one) for one in value]
    return value


def is_number_of(item: Mapping[str, Any]) -> bool:
    """If this JSON map is a number with a dimension."""
    return set(item) == {"number", "dimension"}


def same(a: Value, b: Value) -> bool | Unknown:
    """If two values are one. Missing is the same as missing only; values of two kinds are never one.

    Numbers that measure different things, or of which one has no unit, cannot be told.
    """
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return UNKNOWN
    if isinstance(a, Number) and isinstance(b, Number):
        if a.dimension != b.dimension:
            return UNKNOWN
        return alike(a.value, b.value)
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            return False
        found = [same(one, other) for one, other in zip(a, b, strict=True)]
        return False if False in found else UNKNOWN if UNKNOWN in found else True
    return type(a) is type(b) and a == b


def alike(a: float, b: float) -> bool:
    """If two numbers are one but for rounding."""
    return abs(a - b) <= ALIKE * max(abs(a), abs(b))


def before(a: Value, b: Value) -> bool | Unknown:
    """If `a` is less than `b`: numbers that measure the same, and dates as 2026-11-30. All else cannot be told."""
    if isinstance(a, Number) and isinstance(b, Number) and a.dimension == b.dimension:
        return a.value < b.value and not alike(a.value, b.value)
    if isinstance(a, str) and isinstance(b, str) and _DATE.fullmatch(a) and _DATE.fullmatch(b):
        return a < b
    return UNKNOWN
