"""What kind of value a tree has, as far as that is known before there is a dataset.

What can never go together is refused where it is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from gantry_formats.conditions import ConditionError

ORDERED: Final = frozenset({"<", "<=", ">", ">="})
SUMS: Final = frozenset({"+", "-", "%", "min", "max"})


@dataclass(frozen=True)
class Kind:
    """boolean, text, number, list, nothing (null), or any, which a dataset's parameter may be."""

    name: str
    dimension: str | None = None
    """Of a number what it measures, empty for what is only counted; None: it is not known before."""
    choices: tuple[str, ...] = ()
    """Of an option that is a choice: all that it can be."""
    values: tuple[str, ...] = ()
    """Of a text, or of a list of texts, that stands in the condition: which."""

    @property
    def words(self) -> str:
        """With its article."""
        what = {
            "boolean": "true or false",
            "text": "a text",
            "list": "a list",
            "nothing": "nothing",
            "any": "a value",
        }
        if self.name != "number":
            return what[self.name]
        return f"a number of {self.dimension}" if self.dimension else "a number"


ANY, BOOLEAN, TEXT, LIST, NOTHING = (Kind(name) for name in ("any", "boolean", "text", "list", "nothing"))


def counted(dimension: str | None = "") -> Kind:
    """A number."""
    return Kind("number", dimension)


def combined(op: str, parts: Sequence[Kind]) -> Kind:
    """The kind of what an operator makes of its parts. Raises ConditionError where these never go together."""
    if op == "list":
        return Kind("list", values=tuple(value for part in parts for value in part.values))
    if op in ("and", "or", "not"):
        for part in parts:
            if part.name not in ("boolean", "any"):
                raise ConditionError(f"{_SAID[op]} stands with what is true or false, and here is {part.words}")
        return BOOLEAN
    if op == "in":
        if parts[1].name not in ("list", "any"):
            raise ConditionError(f"behind “in” stands a list, as in ['a', 'b'], and here is {parts[1].words}")
        _check_choices(*parts)
        return BOOLEAN
    if op in ("==", "!=") or op in ORDERED:
        _check_compared(op, parts)
        return BOOLEAN
    return _of_numbers(op, parts)


_SAID: Final[Mapping[str, str]] = {"and": "&&", "or": "||", "not": "!"}


def of_value(value: Any) -> Kind:
    """The kind of a value that stands in a tree."""
    match value:
        case None:
            return NOTHING
        case bool():
            return BOOLEAN
        case str():
            return Kind("text", values=(value,))
        case {"dimension": str() as dimension}:
            return counted(dimension)
    return counted()


def _check_compared(op: str, parts: Sequence[Kind]) -> None:
    a, b = parts
    if op in ORDERED:
        for part in parts:
            if part.name in ("boolean", "list", "nothing"):
                raise ConditionError(f"{op} compares numbers or dates, and here is {part.words}")
    if {"any", "nothing"} & {part.name for part in parts}:
        return
    if a.name != b.name:
        raise ConditionError(f"{a.words} is never {b.words}")
    _check_choices(a, b)
    _check_dimensions(a, b)


def _check_choices(a: Kind, b: Kind) -> None:
    """Raises ConditionError where a choice is compared with texts that are none of its values."""
    for asked, given in ((a, b), (b, a)):
        for value in given.values if asked.choices else ():
            if value not in asked.choices:
                known = ", ".join(asked.choices[:10])
                raise ConditionError(f"{value} is none of the values that can be chosen: {known}")


def _check_dimensions(*parts: Kind) -> None:
    known = [part for part in parts if part.name == "number" and part.dimension is not None]
    for one, other in pairwise(known):
        if one.dimension != other.dimension:
            raise ConditionError(f"{one.words} and {other.words} do not go together: a unit is missing, or wrong")


def _of_numbers(op: str, parts: Sequence[Kind]) -> Kind:
    for part in parts:
        if part.name not in ("number", "any"):
            raise ConditionError(f"{op} calculates with numbers, and here is {part.words}")
    dimensions = [part.dimension for part in parts]
    if op in SUMS:
        _check_dimensions(*parts)
        return counted(next((one for one in dimensions if one is not None), None))
    if op == "*":
        if all(dimensions):
            raise ConditionError(f"{parts[0].words} times {parts[1].words} is nothing that is known here")
        return counted(None if None in dimensions else dimensions[0] or dimensions[1])
    if op == "/":
        above, below = dimensions
        if None in dimensions:
            return counted(None)
        if below and above != below:
            raise ConditionError(f"{parts[0].words} divided by {parts[1].words} is nothing that is known here")
        return counted("" if below else above)
    return parts[0] if parts[0].name == "number" else counted(None)
