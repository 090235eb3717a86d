"""How values of a job type's text stand in fields, and how what is typed becomes values again.

What cannot be read as the kind that is meant stays as it was typed: the check says what is wrong with it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,29}")
_NUMBER: Final = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True)
class Kind:
    """One kind of field: the input that a page shows, and both ways between text and value."""

    input: str
    """line, words, number, tick, select or list."""
    shown: Callable[[Any], str]
    read: Callable[[str], Any]


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else _lines(value)


def _lines(value: Any) -> str:
    """A list as lines or a map as pairs, roughly: what is more than that is written in the YAML."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    return (
        ", ".join(f"{key}: {_plain(one)}" for key, one in value.items()) if isinstance(value, dict) else str(value)
    )


def _integer(text: str) -> Any:
    return int(text) if _WHOLE.fullmatch(text) else text


def _number(text: str) -> Any:
    text = text.replace(",", ".") if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text) else text
    return int(text) if _WHOLE.fullmatch(text) else float(text) if _NUMBER.fullmatch(text) else text


def _listed(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def _minutes_shown(value: Any) -> str:
    return f"{value / 60:.6g}" if type(value) is int else _plain(value)


def _minutes(text: str) -> Any:
    value = _number(text)
    return round(value * 60) if isinstance(value, int | float) and abs(value) < 10**9 else text


def _gigabytes_shown(value: Any) -> str:
    return f"{value / 1024:.6g}" if type(value) is int else _plain(value)


def _gigabytes(text: str) -> Any:
    value = _number(text)
    return round(value * 1024) if isinstance(value, int | float) and abs(value) < 10**9 else text


def _choices_shown(value: Any) -> str:
    """One choice a line: `value` or `value = label`."""
    if not isinstance(value, list):
        return _plain(value)
    lines = []
    for one in value:
        if isinstance(one, dict) and "value" in one:
            label = one.get("label")
            lines.append(f"{_plain(one['value'])} = {_plain(label)}" if label else _plain(one["value"]))
        else:
            lines.append(_plain(one))
    return "\n".join(lines)


def _choices(text: str) -> list[Any]:
    found: list[Any] = []
    for line in text.split("\n"):
        value, sign, label = (part.strip() for part in line.partition(" = "))
        if value:
            found.append({"value": value, "label": label} if sign and label else value)
    return found


def _range_shown(value: Any) -> str:
    both = isinstance(value, dict) and set(value) == {"low", "high"}
    return f"{_plain(value['low'])} to {_plain(value['high'])}" if both else _plain(value)


def _range(text: str) -> Any:
    ends = [_number(part.strip()) for part in re.split(r"\bto\b|…|,", text)]
    numbers = len(ends) == 2 and all(isinstance(one, int | float) for one in ends)
    return {"low": ends[0], "high": ends[1]} if numbers else text


LINE: Final = Kind("line", _plain, str.strip)
WORDS: Final = Kind("words", _plain, lambda text: text.strip("\n"))
INTEGER: Final = Kind("number", _plain, _integer)
NUMBER: Final = Kind("number", _plain, _number)
MINUTES: Final = Kind("number", _minutes_shown, _minutes)
GIGABYTES: Final = Kind("number", _gigabytes_shown, _gigabytes)
TICK: Final = Kind("tick", _plain, lambda text: text == "true")
LIST: Final = Kind("list", _lines, _listed)
CHOICES: Final = Kind("words", _choices_shown, _choices)
SELECT: Final = Kind("select", _plain, str.strip)
NUMBERS: Final = Kind("list", _lines, lambda text: [_number(one) for one in _listed(text)])
DEFAULTS: Final[Mapping[str, Kind]] = {
    "integer": INTEGER,
    "float": NUMBER,
    "boolean": TICK,
    "several": LIST,
    "numbers": NUMBERS,
    "range": Kind("line", _range_shown, _range),
    "long_text": WORDS,
}
"""How the default of an option stands, by its type; of others as a line."""


def _each_line(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _one_a_line(value: Any) -> str:
    return "\n".join(_plain(one) for one in value) if isinstance(value, list) else _plain(value)


def _doi(text: str) -> str:
    """What is pasted as an address, or with “doi:” before it, is the same one."""
    return re.sub(r"^(https?://(dx\.)?doi\.org/|doi:\s*)", "", text.strip(), flags=re.IGNORECASE)


LINES: Final = Kind("words", _one_a_line, _each_line)
"""A list of which each stands in a line of its own: names with commas in them."""
DOI: Final = Kind("line", _plain, _doi)


def with_what_else_they_say(choices: list[Any], before: Any) -> list[Any]:
    """Choices with the further keys that those of the same value had, which one line does not show."""
    known = {one.get("value"): one for one in before if isinstance(one, dict)} if isinstance(before, list) else {}
    made: list[Any] = []
    for one in choices:
        value = one["value"] if isinstance(one, dict) else one
        old = {key: part for key, part in known.get(value, {}).items() if key not in ("value", "label")}
        new = one if isinstance(one, dict) else {"value": one}
        made.append({**new, **old} if old else one)
    return made
