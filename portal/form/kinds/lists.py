"""Several values of one option, as they are typed or sent."""

import re
from typing import Any, Final

from portal.form.kinds.numbers import read_one, unit_at_each
from portal.form.numbers import read_number
from portal.jobtype.kinds.lists import NumbersOption, SeveralOption
from portal.jobtype.option import LARGEST_WHOLE
from portal.words import one_line, unlisted

_FROM_TO: Final = re.compile(r"([+-]?[0-9]{1,18})\s*(?:-|\u2013|\u2212|to|\.\.)\s*([+-]?[0-9]{1,18})")
_SPACES: Final = re.compile(r"[0-9]\s+[0-9]")
MOST_TYPED: Final = 20_000


def read_several(option: SeveralOption, raw: object) -> object:
    """The chosen values in the order of the job type, from a list or a text; what is none of them stays."""
    if isinstance(raw, str):
        raw = separated(raw, {item.value for item in option.items})
    if not isinstance(raw, list):
        return raw
    known = [item.value for item in option.items]
    if any(one not in known for one in raw) or len(set(raw)) < len(raw):
        return raw  # which is objected to
    return [value for value in known if value in raw]


def separated(text: str, known: set[str]) -> list[str]:
    """The parts of a text: it is one where it is a known value, else between lines, semicolons or commas."""
    text = text.strip()
    if text in known:
        return [text]
    if "\n" in text:
        return [part.strip() for part in text.splitlines() if part.strip()]
    return unlisted(text[:MOST_TYPED], numbers=False)


def read_numbers(option: NumbersOption, raw: object) -> object:
    """The numbers of a list or a text. Raises ValueError with words for the field."""
    if isinstance(raw, str):
        return _typed(option, raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        raw = [raw]
    if isinstance(raw, list) and not option.whole and all(_is_number(one) for one in raw):
        return [float(one) for one in raw]
    return raw


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or abs(value) < LARGEST_WHOLE


def _typed(option: NumbersOption, text: str) -> list[int | float]:
    if len(text) > MOST_TYPED:
        raise ValueError(f"At most {MOST_TYPED:,} characters.")
    found: list[int | float] = []
    parts = unlisted(text)
    if len(parts) == 1 and not re.search(r"[,;\n]", text) and _SPACES.search(text):
        parts = _between_spaces(text)
    for part in parts:
        if ends := _FROM_TO.fullmatch(part):
            found += _counted(option, part, int(ends[1]), int(ends[2]), len(found))
        else:
            found.append(read_one(part, option.unit, whole=option.whole))
    unit_at_each(parts)
    return found


def _between_spaces(text: str) -> list[str]:
    """ "1 2 5": what could also be one number ("10 200") is asked for."""
    try:
        read_number(text.strip(), whole=False)
    except ValueError:
        return text.split()
    raise ValueError(f"“{one_line(text, 30)}” can be one number or several. Put commas between numbers.")


def _counted(option: NumbersOption, part: str, first: int, last: int, before: int) -> list[int | float]:
    shown = one_line(part, 30)
    if not option.whole:
        raise ValueError(f"“{shown}” stands for whole numbers only: give each value, with commas between.")
    if first > last:
        raise ValueError(f"“{shown}”: {first} is above {last}.")
    if last - first >= option.max_items - before:
        raise ValueError(f"At most {option.max_items} numbers; “{shown}” makes more.")
    return list(range(first, last + 1))
