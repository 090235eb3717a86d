"""What conditions and defaults can name of a dataset: its parameters, and facts of its files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.catalogue.inputs import input_dataset
from portal.catalogue.models import Dataset
from portal.catalogue.parameters.known import Known
from portal.catalogue.parameters.rows import known_of
from portal.form.conditions.known import facts_of_files
from portal.form.inputs.dataset import InputDataset, Quantity
from portal.jobtype.conditions.parse import FACTS, Names, WrittenWrongError, read_condition
from portal.jobtype.model import JobType
from portal.words import count, listed, size

MOST_PARAMETERS: Final = 200
NOT_ALIKE: Final = "its arrays are not alike in that, so a condition on it would not hold here"
CONTRADICTED: Final = "two values contradict each other, so it is not known"
LABELS: Final[Mapping[str, str]] = {
    "files.count": "Number of files",
    "files.size": "Size of all files",
    "array.count": "Number of arrays",
    "array.dtype": "Type of the pixels",
    "array.axes": "Axes of the array",
    **{f"array.{axis}": f"Length along {axis}" for axis in "XYZ"},
    "array.C": "Channels",
    "array.T": "Time points",
    "array.R": "Positions",
}
_PLAIN: Final = re.compile(r"[^\W\d]\w*")
_WORDS: Final = frozenset({"true", "false", "null", "in", "not", "and", "or", "is", "True", "False", "AND", "OR"})


@dataclass(frozen=True)
class Named:
    """Something that the language has a name for, with what it is on this dataset."""

    key: str
    """`parameter:voxel size x`, `fact:files.count`."""
    label: str
    words: str
    """Its value; empty where it has none here."""
    kind: str = "number"
    """`number`, `text` or `list`; `known` where it can only be asked whether it is known."""
    literal: str = ""
    """The value as it is typed beside an operator."""
    note: str = ""
    """Where it is from, or why it cannot be asked for."""
    name: str = ""
    """As a condition writes it; empty where none can ask for it here."""
    place: str = ""
    """Of a parameter: where in a file it was read."""

    @property
    def parameter(self) -> str:
        """The parameter's name; empty of a fact."""
        return self.key.partition(":")[2] if self.key.startswith("parameter:") else ""


def named_of(jobtype: JobType, slot: str, dataset: Dataset) -> list[Named]:
    """Facts of the files first, then the parameters by name."""
    given = input_dataset(dataset, arrays=True)
    slots = [one.name for one in jobtype.inputs]
    known = known_of(dataset)
    names = sorted(known, key=str.casefold)[:MOST_PARAMETERS]
    return [*_facts(jobtype, slot, given, slots), *(_parameter(known[name], slot, slots) for name in names)]


def _facts(jobtype: JobType, slot: str, dataset: InputDataset, slots: Sequence[str]) -> Iterator[Named]:
    facts = facts_of_files(jobtype, slot, dataset, {})
    apart: list[str] = []
    for fact, label in LABELS.items():
        if fact not in facts:
            continue
        value, key = facts[fact], f"fact:{fact}"
        if value is None:
            apart += [label] if fact.rpartition(".")[2] not in "CTR" else []
            continue
        words, literal = _of_fact(fact, value)
        yield Named(key, label, words, _kind(fact), literal, name=_fact_name(fact, slot, slots))
    if apart:
        yield Named(
            "fact:apart",
            listed([apart[0], *(one[:1].lower() + one[1:] for one in apart[1:])], 9),
            "",
            note=NOT_ALIKE,
        )
    if "array.count" not in facts:
        note = "no array of its files was listed when it was registered, so nothing of arrays is known"
        yield Named("fact:array", "Arrays", "", note=note)


def _of_fact(fact: str, value: Any) -> tuple[str, str]:
    if fact == "files.size":
        number = int(value["number"])
        return size(number), _rounded_up(number)
    if fact == "files.count":
        return count(value, "file"), str(value)
    if isinstance(value, list):
        return ", ".join(value), value[0] if value else ""
    return (f"{value:,}" if isinstance(value, int) else str(value)), str(value)


def _rounded_up(number: int) -> str:
    """At least so much, in a unit that is read well: a condition with it still holds for this dataset."""
    units = (("GB", 9), ("MB", 6), ("kB", 3), ("B", 0))
    unit, power = next((one for one in units if number >= 10 ** one[1]), units[-1])
    return f"{-(-number // 10**power)} {unit}"


def _kind(fact: str) -> str:
    return FACTS[fact].name


def _fact_name(fact: str, slot: str, slots: Sequence[str]) -> str:
    bare = slot == slots[0] and not {"files", "array"} & set(slots)
    return fact if bare else f"{slot}.{fact}"


def _parameter(known: Known, slot: str, slots: Sequence[str]) -> Named:
    key, quantity, one = f"parameter:{known.name}", known.quantity, known.counts[0]
    place = one.source.place
    if quantity.others or quantity.value is None:
        note = CONTRADICTED if quantity.others else "its file does not say it"
        return Named(key, known.name, "", note=note, place=place)
    name = _parameter_name(known.name, slot, slots)
    if isinstance(quantity.value, str):
        return Named(key, known.name, quantity.words, "text", quantity.value, quantity.source, name, place)
    kind, literal, note = _number(name, quantity, slots)
    return Named(key, known.name, quantity.words, kind, literal, note, name, place)


def _number(name: str, quantity: Quantity, slots: Sequence[str]) -> tuple[str, str, str]:
    """Its kind, what is typed for its value, and what is to be known of it."""
    try:
        read_condition(f"{name} == {quantity.words}", Names({}, slots))
    except WrittenWrongError:
        note = f"conditions know no unit “{quantity.units}”, so it can only be asked whether it is known"
        return "known", quantity.number, note
    return "number", quantity.words, quantity.source


def _parameter_name(name: str, slot: str, slots: Sequence[str]) -> str:
    taken = {*_WORDS, *slots, "files", "array", "dataset"}
    if slot == slots[0] and _PLAIN.fullmatch(name) and name not in taken:
        return name
    quoted = name.replace("'", "''")
    return f"{slot}.'{quoted}'"
