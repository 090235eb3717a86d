"""A condition as the end of a sentence that begins with "only if": for the field to which it belongs."""

from collections.abc import Mapping
from typing import Final

from gantry_formats.conditions import Tree, from_json, names_in
from portal.jobtype.conditions.words import Called, name_of, shown, written

_IS: Final[Mapping[str, str]] = {
    "==": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
}
_TURNED: Final[Mapping[str, str]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE: Final[Mapping[str, str]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def phrase(tree: Tree, called: Called) -> str:
    """ "method is manual and wavelength is more than 500 nm". What is hard to say stands as it was written."""
    op, parts = tree["op"], tree.get("of", [])
    if op in ("and", "or"):
        inside = "or" if op == "and" else "and"
        said = [phrase(part, called) for part in parts]
        return f" {op} ".join(
            f"({one})" if part["op"] == inside else one for part, one in zip(parts, said, strict=True)
        )
    if op == "not":
        return _not(parts[0], called)
    if op in _IS:
        return _compared(op, parts[0], parts[1], called)
    if op == "in" and parts[1]["op"] == "list" and parts[1]["of"]:
        said = [_value(parts[0], one, called) for one in parts[1]["of"]]
        return f"{_name(parts[0], called)} is {_either(said)}"
    if _named(tree):
        return f"{_name(tree, called)} is on"
    return written(tree)


def _not(tree: Tree, called: Called) -> str:
    op, parts = tree["op"], tree.get("of", [])
    if op in _OPPOSITE:
        return phrase({"op": _OPPOSITE[op], "of": parts}, called)
    if op == "not":
        return phrase(parts[0], called)
    if op == "in" and parts[1]["op"] == "list" and parts[1]["of"]:
        said = [_value(parts[0], one, called) for one in parts[1]["of"]]
        return f"{_name(parts[0], called)} is {'not' if len(said) == 1 else 'neither'} {' nor '.join(said)}"
    if op in ("and", "or"):
        turned = {"op": "or" if op == "and" else "and", "of": [{"op": "not", "of": [part]} for part in parts]}
        return phrase(turned, called)
    if _named(tree):
        return f"{_name(tree, called)} is off"
    return f"not {written(tree)}"


def _compared(op: str, one: Tree, other: Tree, called: Called) -> str:
    if not names_in(one) and names_in(other):
        one, other, op = other, one, _TURNED.get(op, op)
    if other == {"op": "value", "value": None} and op in ("==", "!="):
        return f"{_name(one, called)} is {'missing' if op == '==' else 'known'}"
    return f"{_name(one, called)} {_IS[op]} {_value(one, other, called)}"


def _either(said: list[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"


def _named(tree: Tree) -> bool:
    return tree["op"] in ("option", "parameter", "fact")


def _name(tree: Tree, called: Called) -> str:
    if not _named(tree):
        return written(tree)
    name = name_of(tree, called)
    return name[:1].lower() + name[1:] if tree["op"] == "fact" else name


def _value(one: Tree, tree: Tree, called: Called) -> str:
    if tree["op"] != "value":
        return _name(tree, called)
    if "said" in tree:
        return str(tree["said"])
    if one["op"] == "option" and ("value", one["name"], str(tree["value"])) in called:
        return called["value", one["name"], str(tree["value"])]
    return shown(from_json(tree["value"]))
