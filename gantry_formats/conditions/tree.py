"""The tree of a condition, as it is published: maps and lists of JSON, bounded.

{"op": "value", "value": V}                       true, "li", 3.5, null, {"number": 5e-7, "dimension": "length"};
                                                  with "said": "500 nm" where it was written otherwise
{"op": "list", "of": [T, …]}
{"op": "option", "name": "method"}                what was chosen
{"op": "parameter", "slot": "stack", "name": "Emission wavelength"}
{"op": "fact", "slot": "stack", "name": "files.count"}
{"op": O, "of": [T, …]}                           O: a key of OPERATORS, with so many parts
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gantry_formats.conditions.values import Unknown, from_json

Tree = Mapping[str, Any]

MANY: Final = 50
DEEPEST: Final = 40
MOST_NODES: Final = 500
LONGEST: Final = 1000
"""Characters of a text in a tree."""

OPERATORS: Final[Mapping[str, tuple[int, int]]] = {
    "and": (2, MANY),
    "or": (2, MANY),
    "not": (1, 1),
    "==": (2, 2),
    "!=": (2, 2),
    "<": (2, 2),
    "<=": (2, 2),
    ">": (2, 2),
    ">=": (2, 2),
    "in": (2, 2),
    "+": (2, 2),
    "-": (2, 2),
    "*": (2, 2),
    "/": (2, 2),
    "%": (2, 2),
    "negative": (1, 1),
    "min": (1, MANY),
    "max": (1, MANY),
    "abs": (1, 1),
    "floor": (1, 1),
    "ceil": (1, 1),
    "round": (1, 1),
}
"""The least and most parts of each."""
NAMES: Final[Mapping[str, frozenset[str]]] = {
    "option": frozenset({"name"}),
    "parameter": frozenset({"slot", "name"}),
    "fact": frozenset({"slot", "name"}),
}


class ConditionError(ValueError):
    """This is no tree, or one that is too large; in words."""


def check_tree(tree: Any) -> None:
    """Raises ConditionError for what `evaluate` could not evaluate in a short time."""
    nodes = 0
    pending = [(tree, 1)]
    while pending:
        node, depth = pending.pop()
        nodes += 1
        if nodes > MOST_NODES:
            raise ConditionError(f"a condition has at most {MOST_NODES} parts")
        if depth > DEEPEST:
            raise ConditionError(f"a condition is at most {DEEPEST} levels deep")
        if not isinstance(node, Mapping) or not isinstance(node.get("op"), str):
            raise ConditionError("each part of a condition is a map with `op`")
        pending.extend((part, depth + 1) for part in _checked_parts(node))


def _checked_parts(node: Mapping[str, Any]) -> list[Any]:
    op = node["op"]
    if op == "value":
        _check_value(node)
        return []
    if op in NAMES:
        wanted = NAMES[op]
        if set(node) != wanted | {"op"} or not all(
            isinstance(node[key], str) and len(node[key]) <= LONGEST for key in wanted
        ):
            raise ConditionError(f"{op} needs {' and '.join(sorted(wanted))}, as texts")
        return []
    least, most = (0, MOST_NODES) if op == "list" else OPERATORS.get(op, (0, -1))
    if most < 0:
        raise ConditionError(f"{op[:40]} is nothing that a condition can do")
    parts = node.get("of")
    if set(node) != {"op", "of"} or not isinstance(parts, list) or not least <= len(parts) <= most:
        raise ConditionError(f"{op} has a list `of` {least} to {most} parts")
    return list(parts)


def _check_value(node: Mapping[str, Any]) -> None:
    value, said = from_json(node.get("value", [])), node.get("said", "")
    wrong = isinstance(value, tuple | Unknown) or not isinstance(said, str) or len(said) > LONGEST
    if wrong or set(node) - {"said"} != {"op", "value"}:
        raise ConditionError("a value is null, true, false, a text or a number")
    if isinstance(value, str) and len(value) > LONGEST:
        raise ConditionError(f"a text has at most {LONGEST} characters")


def nodes_of(tree: Tree) -> Iterator[Tree]:
    """The tree and all its parts, from the left."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.get("of", ())))


def names_in(tree: Tree) -> list[Tree]:
    """The options, parameters and facts that a tree asks for, each once, in the order of their first use."""
    found: dict[tuple[str, ...], Tree] = {}
    for node in nodes_of(tree):
        if node["op"] in NAMES:
            found.setdefault((node["op"], node.get("slot", ""), node["name"]), node)
    return list(found.values())
