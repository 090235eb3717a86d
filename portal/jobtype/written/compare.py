"""Two revisions of a job type beside each other: field by field in words, and as the YAML that was written."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.jobtype.model import JobType

MOST_LINES: Final = 3000
"""Lines of a text that are compared: the time grows with the lines of one times those of the other."""
MOST_SHOWN: Final = 300
"""Fields that differ and are told one by one."""
LONGEST: Final = 300
TREES: Final = frozenset({"tree"})
"""What follows from the text beside it and is no difference of its own."""


@dataclass(frozen=True)
class Difference:
    """A field that is not the same in both; empty where it is not there."""

    place: str
    """In words: `options, sigma: default`."""
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """A line of the YAML: `-` taken out, `+` put in, a space where it is the same, `@` where some are left out."""

    sign: str
    text: str


def differences(before: JobType, after: JobType) -> list[Difference]:
    """Every field that differs, in the order of the later document; MOST_SHOWN at most."""
    old, new = (dict(_fields((), one.document())) for one in (before, after))
    places = [*new, *(place for place in old if place not in new)]
    found = (Difference(_words(place), old.get(place, ""), new.get(place, "")) for place in places)
    return [one for one in found if one.before != one.after][:MOST_SHOWN]


def lines(before: str, after: str) -> list[Line] | None:
    """What changed in the text, with three lines around; None where the texts are too long to be compared."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MOST_LINES:
        return None
    told = list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]
    return [Line("@", "…") if one.startswith("@@") else Line(one[:1], one[1:]) for one in told]


Place = tuple[str, ...]


def _fields(place: Place, value: Any) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            if key not in TREES:
                yield from _fields((*place, str(key)), inner)
    elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        for number, one in enumerate(value, 1):
            yield from _fields((*place, _called(one, number)), one)
    else:
        yield place, _shown(value)


def _called(one: Mapping[str, Any], number: int) -> str:
    """By what an item of a list is known: what it is called, else its place."""
    name = one.get("name") or one.get("value") or one.get("code")
    return str(name) if isinstance(name, str | int) else f"number {number}"


def _shown(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _words(place: Sequence[str]) -> str:
    *before, last = (part.replace("_", " ") for part in place)
    return f"{', '.join(before)}: {last}" if before else last
