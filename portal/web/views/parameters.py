"""Parameters as pages show them: what counts, where it is from, what was corrected, what is not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.catalogue.models import Dataset
from portal.catalogue.parameters.known import Known, Recorded, as_it_stands, unit_is_known, wanted_units
from portal.catalogue.parameters.missing import missing_of
from portal.catalogue.parameters.rows import known_of
from portal.catalogue.parameters.source import SourceKind
from portal.jobs.models import Job
from portal.web.formats import date, unit, value


@dataclass(frozen=True)
class Figure:
    """A parameter as it is shown."""

    name: str
    value: object
    """None: it is not known."""
    units: str
    """Empty where it is not known what is meant by the unit."""
    flag: str
    """`unit not known`, `no one number`, `contradicted`, `not known` or `corrected`; empty: nothing to say."""
    why: str
    """A sentence or two about the flag."""
    source: str
    """Where the value is from."""


IN_DOUBT = frozenset({"unit not known", "no one number", "contradicted", "not known"})


def figures(dataset: Dataset) -> list[Figure]:
    """Its parameters: what is in doubt first, then those with a unit, for these are what people compare."""
    found = [
        _figure(known, one, dataset.type.mapping)
        for known in known_of(dataset).values()
        for one in (*known.counts, *known.also)
    ]
    return sorted(
        found,
        key=lambda one: (one.flag not in IN_DOUBT, not one.units, not isinstance(one.value, int | float)),
    )


def missing_lines(dataset: Dataset) -> list[tuple[str, str]]:
    """Names and words of what its type maps and is not known, axes that have the same words on one line."""
    lines: dict[tuple[str, str], list[str]] = {}
    for one in missing_of(dataset):
        said = ", ".join(f"{value(size)} {unit(one.units)}" for size in one.differs)
        words = f"differs between its pictures: {said}" if said else "not known"
        what, _space, axis = one.name.rpartition(" ")
        stem, tail = (what, axis) if what and axis in ("x", "y", "z") else (one.name, "")
        lines.setdefault((stem, words), []).append(tail)
    return [(f"{stem} {', '.join(filter(None, tails))}".rstrip(), words) for (stem, words), tails in lines.items()]


def _figure(known: Known, one: Recorded, mapping: Mapping[str, Any]) -> Figure:
    wanted = wanted_units(mapping, one.name)
    unknown = not unit_is_known(one, wanted)
    flag, why = "", ""
    if one.value is None:
        flag, why = "not known", f"Its file does not say it. {_before(known)}"
    elif known.doubtful and one in known.counts:
        flag = "contradicted"
        why = "Which of the values holds is not known, and analyses ask for it."
    elif unknown and isinstance(one.value, str):
        flag, why = "no one number", f"A number in {unit(wanted)} is wanted, and analyses ask for it."
    elif unknown:
        named = f"names “{one.units}”" if one.units else "names no unit"
        who = "Whoever typed it" if one.typed else "Its file"
        flag = "unit not known"
        why = f"{who} {named}; {unit(wanted)} is wanted. It is not converted, and analyses ask for it."
    elif known.replaced and one in known.counts:
        flag, why = "corrected", _before(known)
    return Figure(one.name, one.value, "" if unknown else one.units, flag, why.strip(), source_line(one))


def _before(known: Known) -> str:
    """What was registered first, and who corrected it when."""
    first = ", ".join(one.words for one in known.replaced if one.value is not None)
    one = known.counts[0]
    by = f" by {one.by}" if one.by else ""
    how = "Typed" if one.typed else "Read again"
    when = f" {how} on {date(one.at)}{by}." if one.at is not None else ""
    return f"{f'{first} was registered first.' if first else ''}{when}".strip()


def source_line(one: Recorded) -> str:
    """Where a value is from, on a line of its own, with what stands there if it was converted."""
    stands = as_it_stands(one)
    match one.source.kind:
        case SourceKind.FILE:
            words = one.source.where or "its file"
        case SourceKind.PERSON:
            words = f"typed by {one.by}" if one.by else "typed"
        case SourceKind.JOB:
            job = one.source.job
            words = f"computed by {Job.number_of(job)}" if job is not None else "computed by an analysis"
        case None:
            return "where it is from was not kept"
    reason = f" ({one.reason})" if one.reason else ""
    return f"{words}: {stands}{reason}" if stands else f"{words}{reason}"
