"""The values of a trial, from a list that was typed, or from two ends and how many between them."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from portal.errors import InvalidError
from portal.form.numbers import read_number
from portal.form.values import as_text, is_blank, parse
from portal.jobtype.option import ChoiceOption, FloatOption, IntegerOption, OptionBase, Value
from portal.words import count, unlisted

FEWEST, MOST = 2, 12
FIELD = "try.values"
"""The field's name in a form, and in the `fields` of an InvalidError."""
DIGITS = 6
"""Of a value between two ends: what is typed by hand has no more, and is told apart by them on every page."""
MOST_TYPED = 4000


def of_list(option: OptionBase, text: str) -> list[str]:
    """The values of a list as it was typed: between semicolons or lines where there are any, else between commas.

    Raises InvalidError where commas seem to stand both between numbers and inside them.
    """
    if len(text) > MOST_TYPED:
        raise _wrong(f"At most {MOST_TYPED:,} characters.")
    try:
        return unlisted(text, numbers=isinstance(option, IntegerOption | FloatOption))
    except ValueError as error:
        raise _wrong(str(error)) from None


def of_range(option: OptionBase, first: Any, last: Any, number: Any, *, geometric: bool) -> list[Value]:
    """So many values from one end to the other: with equal steps, or each as many times the one before.

    Raises InvalidError.
    """
    if not isinstance(option, IntegerOption | FloatOption):
        raise _wrong(f"{option.label} is no number: give its values in a list.")
    ends = [_end(option, first, "from"), _end(option, last, "to")]
    many = _number(number)
    if geometric and not all(end > 0 for end in ends):
        raise _wrong("Steps that multiply need both ends above 0. Take equal steps, or another end.")
    if ends[0] == ends[1]:
        raise _wrong(f"Both ends are {as_text(ends[0])}. Give two different ones.")
    found = [_between(ends[0], ends[1], place / (many - 1), geometric=geometric) for place in range(many)]
    found[0], found[-1] = ends  # as they were typed
    if isinstance(option, FloatOption):
        inner = [float(f"{value:.{DIGITS}g}") for value in found[1:-1]]
        return [found[0], *inner, found[-1]]
    whole = [round(value) for value in found]
    if len(set(whole)) < many:
        raise _wrong(
            f"There are not {many} different whole numbers in these steps: they would be "
            f"{', '.join(map(str, whole))}. Take fewer, or ends that are further apart."
        )
    return list(whole)


def checked(option: OptionBase, raw: Sequence[Any]) -> list[Value]:
    """The typed values, each once, FEWEST to MOST of them. Raises InvalidError with all that is wrong."""
    if len(raw) > MOST:  # before each is judged: a program may send a million
        raise _wrong(f"Give {FEWEST} to {MOST} values; there are {count(len(raw), 'value')}.")
    wrong: list[str] = []
    found: list[Value] = []
    for one in raw:
        if is_blank(one):
            wrong.append("A value is empty.")
            continue
        try:
            value = parse(option, one)
        except ValueError as error:
            wrong.append(f"{as_text(one)[:30]}: {error}")
            continue
        if value in found:
            wrong.append(f"{value_words(option, value)} is there twice.")
        else:
            found.append(value)
    if wrong:
        raise _wrong(" ".join(dict.fromkeys(wrong)))
    if not FEWEST <= len(found) <= MOST:
        there = (
            f"there {'is' if len(found) == 1 else 'are'} {count(len(found), 'value')}"
            if found
            else "none is given"
        )
        raise _wrong(f"Give {FEWEST} to {MOST} values; {there}.")
    return found


def value_words(option: OptionBase, value: Any) -> str:
    """A value as people read it: a choice by its label, a number with its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(option, ChoiceOption):
        return next((item.label for item in option.items if item.value == value and item.label), as_text(value))
    if isinstance(value, str) and isinstance(option, IntegerOption | FloatOption):
        value = _as_typed(option, value)
        if isinstance(value, str):
            return value
    return f"{as_text(value)} {option.unit}".rstrip()


def _as_typed(option: OptionBase, text: str) -> Value:
    """The number that was typed; the text itself where it cannot be taken."""
    try:
        return parse(option, text)
    except ValueError:
        return text


def _between(first: float, last: float, share: float, *, geometric: bool) -> float:
    if geometric:
        return float(first * math.exp(share * math.log(last / first)))
    return first + share * (last - first)


def _end(option: IntegerOption | FloatOption, raw: Any, which: str) -> float:
    if is_blank(raw):
        raise _wrong(f"Give both ends: “{which}” is empty.")
    try:
        value = parse(option, raw)
    except ValueError as error:
        raise _wrong(f"{which.capitalize()}: {error}") from None
    assert isinstance(value, int | float)
    return value


def _number(raw: Any) -> int:
    try:
        number = read_number(as_text(raw), whole=True).value
    except ValueError:
        number = Decimal(0)
    if number != number.to_integral_value() or not FEWEST <= number <= MOST:
        raise _wrong(f"How many values: a whole number from {FEWEST} to {MOST}.")
    return int(number)


def _wrong(words: str) -> InvalidError:
    return InvalidError(f"Values to try: {words}", fields={FIELD: words})
