"""One raw value -> one typed value: strings from a browser or a command line, or JSON values from the API."""

import math

from portal.form.kinds.days import read_day
from portal.form.kinds.lists import read_numbers, read_several
from portal.form.kinds.ranges import read_range
from portal.form.kinds.texts import parts_text
from portal.form.numbers import NoNumberError, TypedNumber, read_number
from portal.jobtype.kinds.lists import NumbersOption, SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.kinds.texts import DateOption, LongTextOption
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
"""A string, number, boolean, list, map of two ends, or None."""

TRUE = frozenset({"true", "on"})  # a ticked box without a value of its own is sent as "on"
FALSE = frozenset({"false", "off"})
MOST_DIGITS = 18
"""Of a whole number."""


def is_blank(raw: Raw) -> bool:
    """True for what means "nothing given": None and text of spaces only."""
    return raw is None or (isinstance(raw, str) and not raw.strip())


def parse(option: OptionBase, raw: Raw) -> Value:
    """The typed value of a raw one that is not blank. Raises ValueError whose text stands beside the field."""
    value = _read(option, raw)
    objection = option.objection(value)
    if objection is not None:
        raise ValueError(objection)
    assert isinstance(value, bool | int | float | str | list | dict)
    return value


def _read(option: OptionBase, raw: Raw) -> Raw:
    if isinstance(option, SeveralOption | NumbersOption | RangeOption | DateOption | LongTextOption):
        return _read_parts(option, raw)
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


def _read_parts(option: OptionBase, raw: Raw) -> Raw:
    match option:
        case SeveralOption():
            return read_several(option, raw)
        case NumbersOption():
            return read_numbers(option, raw)
        case RangeOption():
            return read_range(option, raw)
        case DateOption():
            return read_day(raw)
    return raw.replace("\r\n", "\n").strip() if isinstance(raw, str) else raw


def how_read(option: OptionBase, raw: Raw) -> str:
    """How a number that was typed is understood ("300 nm = 0.3 um"), or why it is not; empty for what is plain."""
    numeric = isinstance(option, IntegerOption | FloatOption | NumbersOption | RangeOption | DateOption)
    if not numeric or not isinstance(raw, str) or is_blank(raw):
        return ""
    try:
        value = parse(option, raw)
        if isinstance(option, IntegerOption | FloatOption):
            return _typed(raw, option).how
        read = as_text(value)
        return "" if read == " ".join(raw.split()) else f"Read as {f'{read} {option.unit}'.rstrip()}"
    except ValueError as error:
        return str(error)


def _typed(text: str, option: IntegerOption | FloatOption) -> TypedNumber:
    try:
        return read_number(text, option.unit, whole=isinstance(option, IntegerOption))
    except NoNumberError:
        kind = "a whole number" if isinstance(option, IntegerOption) else "a number"
        words = f"Give {kind}{within(option.min, option.max)}; “{_short(text)}” is not one."
        raise ValueError(words) from None


def _whole(text: str, option: IntegerOption) -> int:
    value = _typed(text, option).value
    if value.adjusted() >= MOST_DIGITS:
        raise ValueError(f"Give a whole number{within(option.min, option.max)}; “{_short(text)}” is too large.")
    if value != value.to_integral_value():
        raise ValueError(f"Give a whole number{within(option.min, option.max)}, without decimals.")
    return int(value)


def _number(text: str, option: FloatOption) -> float:
    value = float(_typed(text, option).value)
    if math.isfinite(value):
        return value
    raise ValueError(f"Give a number{within(option.min, option.max)}; “{_short(text)}” is too large.")


def _as_float(value: int, option: FloatOption) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"Give a number{within(option.min, option.max)}; this one is too large.") from None


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"


def as_text(value: Raw) -> str:
    """A value as it stands in a field: booleans as true and false, None as nothing, numbers with all digits
    that somebody wrote (15 at most: what calculating leaves behind them is no part of the value).

    What stands in a field is sent back as it is, so that a digit less would be another value, which nobody typed.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return parts_text(value)
    if isinstance(value, float):
        short = number_words(value)
        return short if float(short) == value else f"{value:.15g}"
    return str(value)
