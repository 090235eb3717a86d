"""Trees as text, and why a condition does not hold, in sentences for the person whose dataset it is."""

from collections.abc import Mapping
from typing import Any, Final

from gantry_formats import unit_of
from gantry_formats.conditions import Facts, Number, Tree, Unknown, Value, evaluate, from_json, names_in, verdict
from portal.jobtype.conditions.parse import BYTES
from portal.jobtype.option import number_words

_SIGNS: Final[Mapping[str, str]] = {"and": "&&", "or": "||"}
_BINDS: Final[Mapping[str, int]] = {
    "or": 1,
    "and": 2,
    "not": 3,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 4),
    **dict.fromkeys("+-", 5),
    **dict.fromkeys("*/%", 6),
    "negative": 7,
}
"""How closely an operator binds; what binds less stands in brackets."""
_MUST_BE: Final[Mapping[str, str]] = {
    "==": "must be",
    "!=": "must not be",
    "<": "must be less than",
    "<=": "must be at most",
    ">": "must be more than",
    ">=": "must be at least",
}
_TURNED: Final[Mapping[str, str]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE: Final[Mapping[str, str]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def written(tree: Tree) -> str:
    """The condition as a person would write it."""
    return _written(tree, 0)


def _written(tree: Tree, around: int) -> str:
    op = tree["op"]
    if "of" not in tree:
        return _leaf(tree)
    if op == "list":
        return f"[{', '.join(map(written, tree['of']))}]"
    if op not in _BINDS:
        return f"{op}({', '.join(map(written, tree['of']))})"
    binds = _BINDS[op]
    match tree["of"]:
        case [{"op": "in", "of": [one, among]}] if op == "not":
            text, binds = f"{_written(one, 5)} not in {_written(among, 5)}", 4
        case [one]:
            text = ("!" if op == "not" else "-") + _written(one, binds)
        case [first, *others]:
            sign = f" {_SIGNS.get(op, op)} "
            text = sign.join([_written(first, binds), *(_written(one, binds + 1) for one in others)])
    return f"({text})" if binds < around else text


def _leaf(tree: Tree) -> str:
    if tree["op"] == "value":
        return str(tree["said"]) if "said" in tree else _literal(from_json(tree["value"]))
    if tree["op"] == "option":
        return str(tree["name"])
    name = tree["name"] if tree["op"] == "fact" else _quoted(tree["name"])
    return f"{tree['slot']}.{name}"


def _literal(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case Number(size, dimension):
            return f"{size:.17g}" if not dimension else _in_unit(value, "")
    return "null"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


Called = Mapping[tuple[str, ...], str]
"""What people call an option or a fact, by ("option", name); a choice's value, by ("value", option, value); and a
slot after the first, by ("slot", name). A parameter has its own name."""


def why_not(tree: Tree, facts: Facts, called: Called) -> list[str]:
    """Why a condition does not certainly hold, a sentence a reason; none where it does."""
    if verdict(tree, facts) is True:
        return []
    op, parts = tree["op"], tree.get("of", [])
    if op == "and":
        return [reason for part in parts for reason in why_not(part, facts, called)]
    if op == "or":
        return [" Or: ".join(reason for part in parts for reason in why_not(part, facts, called))]
    if op == "not" and (turned := _opposite(parts[0])) is not None:
        return why_not(turned, facts, called)
    return [_reason(tree, facts, called)]


def _opposite(tree: Tree) -> Tree | None:
    """What holds where this does not, where that can be said without "not"."""
    op = tree["op"]
    if op in _OPPOSITE:
        return {"op": _OPPOSITE[op], "of": tree["of"]}
    if op in ("and", "or"):
        return {"op": "or" if op == "and" else "and", "of": [{"op": "not", "of": [part]} for part in tree["of"]]}
    return tree["of"][0] if op == "not" else None


def _reason(tree: Tree, facts: Facts, called: Called) -> str:
    op, parts = tree["op"], tree.get("of", [])
    if op in _MUST_BE:
        one, other = parts
        if not names_in(one) and names_in(other):
            one, other, op = other, one, _TURNED[op]
        value, wanted = evaluate(one, facts), evaluate(other, facts)
        name = name_of(one, called)
        if other == {"op": "value", "value": None}:
            return f"{name} {'must be missing' if op == '==' else 'is missing'}."
        unit = str(other.get("said", "")).rpartition(" ")[2]
        told = _wanted(other, wanted, unit, called)
        return f"{name} {_MUST_BE[op]} {told}; {_is_now(value, wanted, unit)}."
    if op == "in" and parts[1]["op"] == "list":
        value = evaluate(parts[0], facts)
        among = ", ".join(_wanted(one, evaluate(one, facts), "", called) for one in parts[1]["of"])
        return f"{name_of(parts[0], called)} must be one of {among}; {_is_now(value, value, '')}."
    if _is_name(tree):
        return f"{name_of(tree, called)} {_yes(evaluate(tree, facts), True)}."
    if op == "not" and _is_name(parts[0]):
        return f"{name_of(parts[0], called)} {_yes(evaluate(parts[0], facts), False)}."
    return f"This must hold: {written(tree)}."


def _yes(value: Value, wanted: bool) -> str:
    if value is None or isinstance(value, Unknown):
        return "is not known"
    return f"must be {'on' if wanted else 'off'}" if isinstance(value, bool) else "is neither on nor off"


def _is_name(tree: Tree) -> bool:
    return tree["op"] in ("option", "parameter", "fact")


def name_of(tree: Tree, called: Called) -> str:
    """What people call an option, a parameter or a fact; all else as it was written."""
    if not _is_name(tree):
        return written(tree)
    name = called.get((tree["op"], tree["name"]), str(tree["name"]))
    of = called.get(("slot", tree.get("slot", "")))
    return f"{name} of {of}" if of else name


def _wanted(tree: Tree, value: Value, unit: str, called: Called) -> str:
    if "said" in tree:
        return str(tree["said"])
    told = shown(value, unit)
    return f"{name_of(tree, called)} ({told})" if _is_name(tree) else told


def _is_now(value: Value, wanted: Value, unit: str) -> str:
    if isinstance(value, Number) and isinstance(wanted, Number) and value.dimension != wanted.dimension:
        if not value.dimension:
            return f"it is {shown(value, '')}, and its unit is not known"
        return f"it is {shown(value, '')}, which measures something else"
    if value is None or isinstance(value, Unknown):
        return "it is not known"
    return f"it is {shown(value, unit)}"


def shown(value: Value, unit: str = "") -> str:
    """A value as people read it; a number in this unit where it can be."""
    match value:
        case None | Unknown():
            return "not known"
        case bool():
            return "on" if value else "off"
        case Number():
            return _in_unit(value, unit)
        case tuple():
            return ", ".join(shown(one, unit) for one in value)
    return str(value)


def _in_unit(value: Number, unit: str) -> str:
    """With six digits that count, in this unit, or else the one that is read best."""
    sizes = _sizes(value.dimension)
    if unit not in sizes:
        fitting = [name for name, size in sizes.items() if abs(value.value) >= size]
        unit = max(fitting, key=lambda name: sizes[name]) if fitting else next(iter(sizes), "")
    size = value.value / sizes.get(unit, 1.0)
    return f"{number_words(float(f'{size:.6g}'))} {unit}".strip().replace(".0 ", " ").removesuffix(".0")


_READ_BEST: Final[Mapping[str, tuple[str, ...]]] = {
    "length": ("nm", "um", "mm", "m"),
    "time": ("ms", "s", "min", "h"),
    "angle": ("deg",),
    "energy": ("eV", "keV", "MeV"),
    "current": ("nA", "uA", "mA", "A"),
    "pixels": ("px",),
}


def _sizes(dimension: str) -> dict[str, float]:
    """The units of a dimension that are shown, the smallest first."""
    if dimension == "bytes":
        return {name: size for name, size in BYTES.items() if "i" not in name}
    named: dict[str, Any] = {name: unit_of(name) for name in _READ_BEST.get(dimension, ())}
    return {name: unit.size for name, unit in named.items() if unit is not None}
