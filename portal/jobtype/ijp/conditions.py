"""A condition of IJP in our language: the same signs, with each name told to be a parameter of the dataset."""

import re
from dataclasses import dataclass
from typing import Final

from portal.jobtype.conditions.parse import Names, WrittenWrongError, read_condition

_PARTS: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<sign>&&|\|\||[=!<>]=|[-<>!+*/%()]))"
)
_PLAIN: Final = re.compile(
    r"(?!(and|or|is|in|not|null|true|false|files|array)\b)[A-Za-z_]\w*", re.ASCII | re.IGNORECASE
)
_WORDS: Final = {"True": "true", "False": "false", "null": "null"}
_ORDERING: Final = frozenset({"<", "<=", ">", ">="})
DIVIDED: Final = "there whole numbers are divided without a rest (7 / 2 is 3), here 7 / 2 is 3.5"
WITHOUT_UNIT: Final = (
    "a number without a unit cannot be compared with a parameter that the catalogue records with one: write it "
    "behind, as in 500 nm"
)


@dataclass(frozen=True)
class Translated:
    """The condition as it stands in ours, and what means something else here, in words."""

    text: str
    differs: tuple[str, ...] = ()


def translated(condition: str, slot: str) -> Translated:
    """Raises ValueError, in words, for what is no condition of IJP, or none that can ever hold."""
    said, place, signs, numbers = [], 0, set(), False
    condition = condition.strip()
    while place < len(condition):
        found = _PARTS.match(condition, place)
        if found is None:
            raise ValueError(f"character {place + 1}: {condition[place : place + 20]} is not understood")
        if found["name"]:
            said.append(_WORDS.get(found["name"]) or _parameter(slot, found["name"]))
        else:
            said.append(found[found.lastgroup or 0].strip())
            signs |= {found["sign"]} if found["sign"] else set()
            numbers = numbers or bool(found["number"])
        place = found.end()
    text = re.sub(r"\( | \)|! ", lambda sign: sign[0].strip(), " ".join(said))
    try:
        read_condition(text, Names(slots=[slot]))
    except WrittenWrongError as error:
        raise ValueError(str(error)) from None
    differs = [DIVIDED] if "/" in signs else []
    differs += [WITHOUT_UNIT] if numbers and signs & {*_ORDERING, "==", "!="} else []
    return Translated(text, tuple(differs))


def _parameter(slot: str, name: str) -> str:
    return f"{slot}.{name}" if _PLAIN.fullmatch(name) else f"{slot}.'{name}'"
