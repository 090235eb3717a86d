"""What has the wrong shape in a job type, in words: a list where a number belongs, a name of too many letters."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from portal.jobtype.strict import Name, Slug
from portal.words import count

NAMES = "names with values, such as “words: …”"
IS_A = {
    "model_type": NAMES,
    "model_attributes_type": NAMES,
    "dict_type": NAMES,
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number that is finite",
}
"""By the kind of error of the library that checks shapes: what belongs there."""

BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
PATTERNS = {
    r"^[^\n\r\t]+$": "must be one line, without tabs",
    get_args(Name)[1].pattern: "is a name: small letters, digits and _ after a letter",
    get_args(Slug)[1].pattern: "is a name: small letters and digits, with - between words",
}
VALUE = frozenset({"bool", "int", "float", "str"})
"""The kinds of values that an option may have, as the library puts them behind a place."""


def shape_words(item: Mapping[str, Any], place: str) -> str | None:
    """What is wrong with the shape of what stands at `place`; None for what is no shape."""
    kind, context = item["type"], item.get("ctx", {})
    if kind in IS_A:
        return f"{place} must be {IS_A[kind]}"
    if kind in BOUNDS:
        words, name = BOUNDS[kind]
        return f"{place} must be {words} {context[name]}"
    if kind in {"literal_error", "enum"}:
        return f"{place} must be {context['expected']}"
    if kind == "string_pattern_mismatch":
        form = context["pattern"]
        return f"{place} {PATTERNS.get(form, f'is not of the form {form}')}"
    return _too_much(kind, context, item["input"], place)


def _too_much(kind: str, context: Mapping[str, Any], given: Any, place: str) -> str | None:
    if kind == "string_too_short":
        least = context["min_length"]
        return f"{place} is empty" if not given else f"{place} needs {count(least, 'character')} at least"
    if kind == "string_too_long":
        return f"{place} may have {count(context['max_length'], 'character')} at most; there are {len(given):,}"
    if kind not in {"too_short", "too_long"}:
        return None
    bound = context["min_length" if kind == "too_short" else "max_length"]
    entries = count(bound, "entry", "entries")
    wanted = f"needs {entries} at least" if kind == "too_short" else f"may have {entries} at most"
    return f"{place} {wanted}; there {'is' if len(given) == 1 else 'are'} {len(given):,}"


def is_value(loc: Sequence[str | int]) -> bool:
    """Whether the place is one of the kinds that a value may have, each of which is found wrong on its own."""
    return bool(loc) and loc[-1] in VALUE
