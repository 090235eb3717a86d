"""A press in the tree, as a change of the draft: a condition on the datasets, or where a default comes from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gantry_formats.conditions import holds
from portal.catalogue.inputs import input_dataset
from portal.catalogue.models import Dataset
from portal.errors import InvalidError
from portal.form.conditions.known import combinations
from portal.jobtype.conditions.parse import LONGEST, Names, WrittenWrongError, read_condition
from portal.jobtype.kinds.texts import DateOption, LongTextOption
from portal.jobtype.model import JobType
from portal.jobtype.option import ChoiceOption, FloatOption, IntegerOption, TextOption
from portal.jobtype.written.edit import insert, put
from portal.jobtype.written.tree import Tree
from portal.web.views.drafts.inside.named import Named

KNOWN: Final = "known"
OPERATORS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "number": (
        ("==", "is"),
        (">=", "is at least"),
        ("<=", "is at most"),
        (">", "is more than"),
        ("<", "is less than"),
        ("!=", "is not"),
        (KNOWN, "is known, whatever it is"),
    ),
    "text": (
        ("==", "is"),
        ("in", "is one of (commas between)"),
        ("!=", "is not"),
        (KNOWN, "is known, whatever it is"),
    ),
    "list": (("has", "has"), (KNOWN, "is known, whatever it is")),
    KNOWN: ((KNOWN, "is known, whatever it is"),),
}
_NUMBER: Final = re.compile(r"-?\d+(\.\d*)?([eE][+-]?\d+)?(\s*[^\s\d][^\s]*)?")
_LONGEST_REASON: Final = 200


@dataclass(frozen=True)
class Choice:
    """An option whose default the parameter could be: its number in the document, and its name on the form."""

    index: int
    label: str
    has: str
    """The parameter that gives its default now; empty for none."""


def operators(named: Named) -> tuple[tuple[str, str], ...]:
    """Those that its kind knows, the likeliest first."""
    found = OPERATORS.get(named.kind, OPERATORS[KNOWN])
    if named.key == "fact:files.size":
        return tuple(sorted(found, key=lambda one: one[0] != "<="))
    return found


def options_for(jobtype: JobType, named: Named) -> list[Choice]:
    """The options that a parameter of this kind can give a default."""
    numbers = (FloatOption, IntegerOption, TextOption, LongTextOption)
    texts = (TextOption, LongTextOption, ChoiceOption, DateOption)
    kinds: tuple[type, ...] = texts if named.kind == "text" else numbers
    return [
        Choice(index, option.label, option.default_from.parameter if option.default_from else "")
        for index, option in enumerate(jobtype.options)
        if isinstance(option, kinds) and not option.pick
    ]


def condition_of(named: Named, operator: str, value: str, slots: Sequence[str]) -> str:
    """The condition as a text. Raises InvalidError where it cannot be read."""
    if operator not in [one for one, _words in operators(named)]:
        raise InvalidError("Choose how it is compared.")
    text = _written(named, operator, value.strip())
    try:
        if len(text) > LONGEST:
            raise WrittenWrongError(f"it is longer than {LONGEST} characters")
        read_condition(text, Names({}, slots))
    except WrittenWrongError as error:
        raise InvalidError(f"That makes no condition: {error}.") from None
    return text


def with_condition(text: str, condition: str, because: str) -> tuple[str, int]:
    """The draft's text with one more condition on the datasets, and its number. Raises InvalidError."""
    because = because.strip()
    if len(because) > _LONGEST_REASON or re.search(r"[\n\r\t]", because):
        raise InvalidError(f"Say why in one line of {_LONGEST_REASON} characters at most.")
    tree = Tree(text)
    before = tree.get(("needs",)) if tree.has(("needs",)) else []
    before = before if isinstance(before, list) else []
    if condition in [one.get("when") for one in before if isinstance(one, dict)]:
        raise InvalidError(f"The condition {condition} stands there already.")
    new = {"when": condition, **({"because": because} if because else {})}
    return insert(text, ("needs",), len(before), new), len(before)


def with_default(text: str, named: Named, index: int, choices: Sequence[Choice], slot: str) -> tuple[str, str]:
    """The draft's text with a parameter as an option's default, and what to say of it. Raises InvalidError.

    `slot` is empty for the first. What stood there of another parameter (a factor, an axis) goes with it.
    """
    chosen = next((one for one in choices if one.index == index), None)
    if chosen is None or not named.parameter:
        raise InvalidError("Choose the option whose default it is.")
    new: dict[str, Any] = {"parameter": named.parameter, **({"slot": slot} if slot else {})}
    said = f"“{chosen.label}” is at first the dataset's “{named.parameter}”."
    if chosen.has and chosen.has != named.parameter:
        said += f" It was “{chosen.has}” before."
    return put(text, ("options", index, "default_from"), new), said


def met_by(jobtype: JobType, slot: str, condition: str, dataset: Dataset) -> bool:
    """If the condition holds on this dataset."""
    tree = read_condition(condition, Names({}, [one.name for one in jobtype.inputs]))
    given = {slot: [input_dataset(dataset, arrays=True)]}
    return all(holds(tree, one.facts) for one in combinations(jobtype, [slot], {}, given))


def _written(named: Named, operator: str, value: str) -> str:
    if operator == KNOWN:
        return f"{named.name} != null"
    if not value:
        raise InvalidError("Type the value that it is compared with.")
    if operator == "has":
        return f"{_quoted(value)} in {named.name}"
    if named.kind == "text":
        if operator == "in":
            values = ", ".join(_quoted(one.strip()) for one in value.split(",") if one.strip())
            return f"{named.name} in [{values}]"
        return f"{named.name} {operator} {_quoted(value)}"
    if not _NUMBER.fullmatch(value):
        raise InvalidError(f"“{value[:80]}” is no number: write it as 0.5, 500 nm or 2 GB, with a point.")
    return f"{named.name} {operator} {value}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
