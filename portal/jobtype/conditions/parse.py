"""A condition as people write it -> the tree that is published, or what is wrong with it, and at which column."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError
from lark.visitors import Transformer_NonRecursive

from gantry_formats import unit_of
from gantry_formats.conditions import ConditionError, check_tree
from portal.jobtype.conditions.kinds import ANY, BOOLEAN, Kind, combined, counted, of_value

LONGEST: Final = 1000
DEEPEST: Final = 30
"""Brackets and signs within each other."""

FACTS: Final[Mapping[str, Kind]] = {
    "files.count": counted(),
    "files.size": counted("bytes"),
    "array.dtype": Kind("text"),
    "array.axes": Kind("list"),
    "array.count": counted(),
    **{f"array.{axis}": counted() for axis in "XYZCTR"},
}
"""What is known of a dataset's files, and what kind of value each is."""

BYTES: Final[Mapping[str, float]] = {
    "B": 1.0,
    **{f"{prefix}B": 1000.0**power for power, prefix in enumerate(("k", "M", "G", "T", "P"), 1)},
    **{f"{prefix}iB": 1024.0**power for power, prefix in enumerate(("K", "M", "G", "T", "P"), 1)},
}


@dataclass(frozen=True)
class Names:
    """What a condition may ask for: the options with the kinds of their values, and the slots, the first first."""

    options: Mapping[str, Kind] = field(default_factory=dict)
    slots: Sequence[str] = ()
    later: Sequence[str] = ()
    """Options that stand behind the one that is asked about, whose values are not known yet."""
    apart: Sequence[str] = ()
    """Options of which it cannot speak at all."""


class WrittenWrongError(ValueError):
    """What is wrong with a condition, in words, and where: `column` counts from 1."""

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.column = column


def read_condition(text: str, names: Names) -> dict[str, Any]:
    """The tree of what is true or false. Raises WrittenWrongError."""
    part = _read(text, names)
    if part.kind.name not in (BOOLEAN.name, ANY.name):
        raise WrittenWrongError(f"this is {part.kind.words}, and no condition: compare it with something")
    return part.tree


def read_number(text: str, names: Names, dimension: str) -> dict[str, Any]:
    """The tree of a number of `dimension` ("bytes", "time"; "": a count). Raises WrittenWrongError."""
    part = _read(text, names)
    wanted = counted(dimension)
    fits = part.kind.name == ANY.name or (part.kind.name == "number" and part.kind.dimension in (None, dimension))
    if not fits:
        raise WrittenWrongError(f"this is {part.kind.words}, and {wanted.words} is needed")
    return part.tree


@dataclass(frozen=True)
class _Part:
    """What was read of a condition: its tree, the kind of its value, and where it stands."""

    tree: dict[str, Any]
    kind: Kind
    column: int


def _read(text: str, names: Names) -> _Part:
    _check_size(text)
    try:
        part = _Reader(names).transform(_grammar().parse(text))
        check_tree(part.tree)
    except UnexpectedInput as error:
        raise WrittenWrongError(_what_is_wrong(text, error), _column(text, error)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, WrittenWrongError):
            raise error.orig_exc from None
        raise
    except ConditionError as error:
        raise WrittenWrongError(str(error)) from None
    assert isinstance(part, _Part)
    return part


@cache
def _grammar() -> Lark:
    written = files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(written, parser="lalr", maybe_placeholders=False, propagate_positions=True)


def _check_size(text: str) -> None:
    if not text.strip():
        raise WrittenWrongError("there is nothing here")
    if len(text) > LONGEST:
        raise WrittenWrongError(f"a condition has at most {LONGEST} characters", LONGEST)
    depth = 0
    for place, character in enumerate(re.sub(r"'[^']*'|\"[^\"]*\"", lambda found: "x" * len(found[0]), text)):
        depth += (character in "([!-") - (character in ")]")
        if depth > DEEPEST:
            raise WrittenWrongError(f"more than {DEEPEST} brackets and signs within each other", place + 1)


_INSTEAD: Final[Mapping[str, str]] = {
    "=": "write == to compare",
    "&": "write && for “and”",
    "|": "write || for “or”",
    "and": "write && for “and”",
    "or": "write || for “or”",
    "AND": "write && for “and”",
    "OR": "write || for “or”",
    "is": "write == to compare",
    "’": "write texts between ' and '",
    "‘": "write texts between ' and '",
    "“": 'write texts between " and "',
    "`": "write texts between ' and '",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "×": "write * to multiply",
    "$": "an option is called by its name alone",
}


def _what_is_wrong(text: str, error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return "something is missing at the end"
    found = _found(text, error)
    if found in ("'", '"'):
        return f"the text that begins with {found} does not end"
    if found in ("<", ">", "<=", ">=", "==", "!="):
        before = text[: error.pos_in_stream or 0].rstrip()
        if not before or not re.search(r"[\w)\]'\"°]$", before):
            return f"{found} needs something before it"
        return f"there is one comparison too many: put && between two, as in a {found} b && b {found} c"
    hint = _INSTEAD.get(found)
    if found == "=" and text[(error.pos_in_stream or 0) - 1 : error.pos_in_stream] in (">", "<", "="):
        hint = "there is one = too many"
    return f"{found} is not understood here" + (f": {hint}" if hint else "")


def _found(text: str, error: UnexpectedInput) -> str:
    """The word or sign that nobody expected."""
    if isinstance(error, UnexpectedToken):
        return str(error.token)
    rest = text[error.pos_in_stream or 0 :]
    word = re.match(r"\w+", rest)
    return word[0][:40] if word else rest[0]


def _column(text: str, error: UnexpectedInput) -> int:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return len(text.rstrip()) + 1
    place = error.pos_in_stream if isinstance(error, UnexpectedToken | UnexpectedCharacters) else 0
    return (place or 0) + 1


def _text_of(token: Token) -> str:
    mark = token[0]
    return token[1:-1].replace(mark * 2, mark)


class _Reader(Transformer_NonRecursive[Token, Any]):
    """Makes trees of JSON, with names resolved and numbers in the first unit of their dimension."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self.names = names

    def number(self, parts: list[Any]) -> _Part:
        size, column = float(parts[0]), parts[0].column
        if len(parts) == 1:
            return _value(_finite(size, parts[0]), column)
        unit = parts[1].children[0]
        size, dimension = _in_first_unit(size, unit)
        value = {"number": _finite(size, parts[0]), "dimension": dimension}
        return _value(value, column, said=f"{parts[0]} {unit}")

    def text(self, parts: list[Token]) -> _Part:
        return _value(_text_of(parts[0]), parts[0].column)

    def true(self, parts: list[Token]) -> _Part:
        return _value(True, parts[0].column)

    def false(self, parts: list[Token]) -> _Part:
        return _value(False, parts[0].column)

    def null(self, parts: list[Token]) -> _Part:
        return _value(None, parts[0].column)

    def name(self, parts: list[Token]) -> _Part:
        name, column = str(parts[0]), parts[0].column or 1
        if name in self.names.options:
            return _Part({"op": "option", "name": name}, self.names.options[name], column)
        if name in self.names.later:
            raise WrittenWrongError(f"{name} stands behind this: move it before", column)
        if name in self.names.apart:
            said = f"{name} is an option, and this speaks of datasets alone; of a parameter write {{}}.{name}"
            raise WrittenWrongError(said.format(self.names.slots[0] if self.names.slots else "dataset"), column)
        near = get_close_matches(name, self.names.options, 1, 0.8)
        if near or not self.names.slots:
            meant = f"; {near[0]}?" if near else ""
            raise WrittenWrongError(f"there is no option called {name}{meant}", column)
        return _Part({"op": "parameter", "slot": self.names.slots[0], "name": name}, ANY, column)

    def of_slot(self, parts: list[Token]) -> _Part:
        said, column = ".".join(map(str, parts)), parts[0].column or 1
        if said in self.names.options:  # an end of a range
            return _Part({"op": "option", "name": said}, self.names.options[said], column)
        slot, rest = self._slot(parts, said)
        if len(rest) == 1:
            name = _text_of(rest[0]) if rest[0].type == "TEXT" else str(rest[0])
            return _Part({"op": "parameter", "slot": slot, "name": name}, ANY, column)
        fact = ".".join(map(str, rest))
        if fact not in FACTS:
            near = get_close_matches(fact, FACTS, 1, 0.6)
            meant = f"; {near[0]}?" if near else f"; there are {', '.join(FACTS)}"
            raise WrittenWrongError(f"there is nothing called {said}{meant}", column)
        return _Part({"op": "fact", "slot": slot, "name": fact}, FACTS[fact], column)

    def _slot(self, parts: list[Token], said: str) -> tuple[str, list[Token]]:
        """The slot that is meant and what of it: `stack.x` and `stack.files.count`, or the first slot's."""
        first, column = str(parts[0]), parts[0].column or 1
        if not self.names.slots:
            raise WrittenWrongError(f"{said} is of a dataset, and this takes none", column)
        if first in self.names.slots:
            return first, parts[1:]
        if first == "dataset":
            return self.names.slots[0], parts[1:]
        if len(parts) == 2 and first in {fact.partition(".")[0] for fact in FACTS}:
            return self.names.slots[0], parts
        near = get_close_matches(first, [*self.names.slots, "dataset"], 1, 0.6)
        meant = f"; {near[0]}?" if near else f"; there are {', '.join([*self.names.slots, 'files', 'array'])}"
        raise WrittenWrongError(f"there is no slot called {first}{meant}", column)

    def call(self, parts: list[Any]) -> _Part:
        name, column = str(parts[0]), parts[0].column or 1
        if name not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise WrittenWrongError(f"there is no function called {name}; there are {known}", column)
        if len(parts) < 2 or (len(parts) > 2 and name not in ("min", "max")):
            raise WrittenWrongError(
                f"{name} takes one value" + (" at least" if name in ("min", "max") else ""), column
            )
        return _made(name, parts[1:], column)

    def list_(self, parts: list[_Part]) -> _Part:
        return _made("list", parts, parts[0].column if parts else 1)

    def or_(self, parts: list[_Part]) -> _Part:
        return _made("or", parts)

    def and_(self, parts: list[_Part]) -> _Part:
        return _made("and", parts)

    def not_(self, parts: list[_Part]) -> _Part:
        return _made("not", parts)

    def in_(self, parts: list[_Part]) -> _Part:
        return _made("in", parts)

    def not_in(self, parts: list[_Part]) -> _Part:
        return _made("not", [_made("in", parts)])

    def negative(self, parts: list[_Part]) -> _Part:
        return _made("negative", parts)

    def compared(self, parts: list[Any]) -> _Part:
        return _made(str(parts[1]), [parts[0], parts[2]])

    def binary(self, parts: list[Any]) -> _Part:
        return _made(str(parts[1]), [parts[0], parts[2]])

    def __default__(self, data: Any, children: Any, meta: Any) -> Any:
        return Tree(data, children, meta)


def _value(value: Any, column: int | None, said: str | None = None) -> _Part:
    tree = {"op": "value", "value": value, **({"said": said} if said else {})}
    return _Part(tree, of_value(value), column or 1)


def _made(op: str, parts: Sequence[_Part], column: int | None = None) -> _Part:
    place = column or parts[0].column
    try:
        kind = combined(op, [part.kind for part in parts])
    except ConditionError as error:
        raise WrittenWrongError(str(error), place) from None
    return _Part({"op": op, "of": [part.tree for part in parts]}, kind, place)


def _in_first_unit(size: float, unit: Token) -> tuple[float, str]:
    """The number in the first unit of its dimension, and the dimension."""
    if unit in BYTES:
        return size * BYTES[unit], "bytes"
    known = unit_of(str(unit))
    if known is None:
        raise WrittenWrongError(f"{unit} is no unit that is known here", unit.column or 1)
    return size * known.size, str(known.dimension)


FUNCTIONS: Final = ("min", "max", "abs", "floor", "ceil", "round")


def _finite(size: float, written: Token) -> float:
    if size in (float("inf"), float("-inf")):
        raise WrittenWrongError(f"{str(written)[:40]} is too large", written.column or 1)
    return size
