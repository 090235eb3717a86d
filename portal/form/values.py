"""One raw value -> one typed value: strings from a browser or a command line, or JSON values from the API."""

import math
import re

from portal.jobtype.option import (
    BooleanOption,
    ChoiceOption,
    FloatOption,
    IntegerOption,
    OptionBase,
    Value,
    number_words,
    within,
)

Raw = object
"""A string, number, boolean or None."""

TRUE = frozenset({"true", "on"})  # a ticked box without a value of its own is sent as "on"
FALSE = frozenset({"false", "off"})
INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


def is_blank(raw: Raw) -> bool:
    """True for what means "nothing given": None and text of spaces only."""
    return raw is None or (isinstance(raw, str) and not raw.strip())


def parse(option: OptionBase, raw: Raw) -> Value:
    """The typed value of a raw one that is not blank. Raises ValueError whose text stands beside the field."""
    value = _read(option, raw)
    objection = option.objection(value)
    if objection is not None:
        raise ValueError(objection)
    assert isinstance(value, bool | int | float | str)
    return value


def _read(option: OptionBase, raw: Raw) -> Raw:
    if isinstance(option, FloatOption):
        value = _number(raw.strip(), option) if isinstance(raw, str) else raw
        return _as_float(value, option) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(raw, str):
        return raw
    if isinstance(option, BooleanOption):
        word = raw.strip().lower()
        return True if word in TRUE else False if word in FALSE else raw
    if isinstance(option, IntegerOption):
        return _whole(raw.strip(), option)
    return raw.strip() if isinstance(option, ChoiceOption) else raw.strip(" ")


def _whole(text: str, option: IntegerOption) -> int:
    if INTEGER.fullmatch(text):
        return int(text)
    _no_comma(text)
    if DECIMAL.fullmatch(text):
        raise ValueError(f"Give a whole number{within(option.min, option.max)}, without decimals.")
    raise ValueError(f"Give a whole number{within(option.min, option.max)}; “{_short(text)}” is not one.")


def _number(text: str, option: FloatOption) -> float:
    if DECIMAL.fullmatch(text):
        value = float(text)
        if math.isfinite(value):
            return value
        raise ValueError(f"Give a number{within(option.min, option.max)}; “{_short(text)}” is too large.")
    _no_comma(text)
    raise ValueError(f"Give a number{within(option.min, option.max)}; “{_short(text)}” is not one.")


def _as_float(value: int, option: FloatOption) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"Give a number{within(option.min, option.max)}; this one is too large.") from None


def _no_comma(text: str) -> None:
    if COMMA.fullmatch(text):
        raise ValueError(f"Write the number with a point: {text.replace(',', '.')} instead of {text}.")


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"


def as_text(value: Raw) -> str:
    """A value as it stands in a field: numbers short, booleans as true and false, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_words(value)
    return str(value)
