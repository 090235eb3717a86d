"""What a tree comes to. The same, operation by operation, as frontend/src/conditions.ts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gantry_formats.conditions.tree import Tree
from gantry_formats.conditions.values import UNKNOWN, Number, Unknown, Value, before, from_json, number, same


@dataclass(frozen=True)
class Facts:
    """What is known, as JSON: values that were chosen, and of each slot's dataset its parameters and facts.

    A name that is not there, or has null, is missing.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def holds(tree: Tree, facts: Facts) -> bool:
    """If a condition is certainly true: what cannot be told does not hold."""
    return evaluate(tree, facts) is True


def verdict(tree: Tree, facts: Facts) -> bool | Unknown:
    """True, false, or unknown where it cannot be told."""
    value = evaluate(tree, facts)
    return value if isinstance(value, bool) else UNKNOWN


def evaluate(tree: Tree, facts: Facts) -> Value:
    """The value of a tree that `check_tree` has passed."""
    if "of" in tree:
        return _OF[tree["op"]]([evaluate(part, facts) for part in tree["of"]])
    return from_json(_said(tree, facts))


def _said(tree: Tree, facts: Facts) -> Any:
    if tree["op"] == "value":
        return tree["value"]
    if tree["op"] == "option":
        return facts.options.get(tree["name"])
    of_slots = facts.parameters if tree["op"] == "parameter" else facts.facts
    return of_slots.get(tree["slot"], {}).get(tree["name"])


def _all(parts: Sequence[Value]) -> Value:
    """False where one is false, whatever the others are; unknown where one cannot be told."""
    if any(part is False for part in parts):
        return False
    return True if all(part is True for part in parts) else UNKNOWN


def _not(part: Value) -> Value:
    return not part if isinstance(part, bool) else UNKNOWN


def _in(parts: Sequence[Value]) -> Value:
    one, among = parts
    if not isinstance(among, tuple):
        return UNKNOWN
    found = [same(one, other) for other in among]
    return True if True in found else UNKNOWN if UNKNOWN in found else False


def _numbers(compute: Callable[..., Number | Unknown]) -> Callable[[Sequence[Value]], Value]:
    def computed(parts: Sequence[Value]) -> Value:
        return compute(*parts) if all(isinstance(part, Number) for part in parts) else UNKNOWN

    return computed


def _alike_in_kind(*parts: Number) -> bool:
    return len({part.dimension for part in parts}) == 1


def _plus(a: Number, b: Number) -> Number | Unknown:
    return number(a.value + b.value, a.dimension) if _alike_in_kind(a, b) else UNKNOWN


def _minus(a: Number, b: Number) -> Number | Unknown:
    return number(a.value - b.value, a.dimension) if _alike_in_kind(a, b) else UNKNOWN


def _times(a: Number, b: Number) -> Number | Unknown:
    if a.dimension and b.dimension:
        return UNKNOWN
    return number(a.value * b.value, a.dimension or b.dimension)


def _by(a: Number, b: Number) -> Number | Unknown:
    if b.value == 0 or (b.dimension and a.dimension != b.dimension):
        return UNKNOWN
    return number(a.value / b.value, "" if b.dimension else a.dimension)


def _rest(a: Number, b: Number) -> Number | Unknown:
    """What is left of a division, with the sign of what is divided."""
    if b.value == 0 or not _alike_in_kind(a, b):
        return UNKNOWN
    return number(math.fmod(a.value, b.value), a.dimension)


def _least(*parts: Number) -> Number | Unknown:
    return min(parts, key=lambda part: part.value) if _alike_in_kind(*parts) else UNKNOWN


def _most(*parts: Number) -> Number | Unknown:
    return max(parts, key=lambda part: part.value) if _alike_in_kind(*parts) else UNKNOWN


def _each(compute: Callable[[float], float]) -> Callable[[Sequence[Value]], Value]:
    return _numbers(lambda part: number(compute(part.value), part.dimension))


_OF: Final[Mapping[str, Callable[[Sequence[Value]], Value]]] = {
    "list": tuple,
    "and": _all,
    "or": lambda parts: _not(_all([_not(part) for part in parts])),
    "not": lambda parts: _not(parts[0]),
    "==": lambda parts: same(*parts),
    "!=": lambda parts: _not(same(*parts)),
    "<": lambda parts: before(parts[0], parts[1]),
    ">": lambda parts: before(parts[1], parts[0]),
    "<=": lambda parts: _not(before(parts[1], parts[0])),
    ">=": lambda parts: _not(before(parts[0], parts[1])),
    "in": _in,
    "+": _numbers(_plus),
    "-": _numbers(_minus),
    "*": _numbers(_times),
    "/": _numbers(_by),
    "%": _numbers(_rest),
    "negative": _each(lambda value: -value),
    "min": _numbers(_least),
    "max": _numbers(_most),
    "abs": _each(abs),
    "floor": _each(lambda value: float(math.floor(value))),
    "ceil": _each(lambda value: float(math.ceil(value))),
    "round": _each(lambda value: float(math.floor(value + 0.5))),
}
