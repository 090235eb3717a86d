"""What is known under one name of all that a dataset records, and was corrected: what counts, and why. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gantry_formats import factor_between, unit_of
from portal.catalogue.parameters.source import NOT_KEPT, Source, SourceKind
from portal.form.inputs.dataset import Quantity, same


@dataclass(frozen=True)
class Recorded:
    """One value: as it was registered, or a correction."""

    name: str
    value: float | str | datetime | None
    """None in a correction: the file does not say it."""
    units: str = ""
    source: Source = NOT_KEPT
    by: str = ""
    """Sign-in name of who registered, typed or read it again."""
    at: datetime | None = None
    correction: int | None = None
    """The correction's id; None: as it was registered."""
    reason: str = ""

    @property
    def typed(self) -> bool:
        """Somebody said it, and no file or program."""
        return self.source.kind is SourceKind.PERSON

    @property
    def quantity(self) -> Quantity:
        """The same for forms and programs."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return Quantity(value, self.units, source=source_words(self))

    @property
    def words(self) -> str:
        """The value with its unit."""
        return self.quantity.words


@dataclass(frozen=True)
class Known:
    """What is known under one name."""

    name: str
    counts: tuple[Recorded, ...]
    """What counts. Several: they contradict each other, and none is to be taken."""
    also: tuple[Recorded, ...] = ()
    """What says the same as the first that counts, in another unit or place."""
    replaced: tuple[Recorded, ...] = ()
    """What was registered and counts no more."""
    gave_way: tuple[Recorded, ...] = ()
    """What files say that could not be compared with what was typed."""

    @property
    def doubtful(self) -> bool:
        """Which of several values holds is not known."""
        return len(self.counts) > 1

    @property
    def quantity(self) -> Quantity:
        """For forms and programs: what counts, with what contradicts it and what it stands for."""
        first, *others = (one.quantity for one in self.counts)
        before = ", ".join(one.words for one in self.replaced if one.value is not None)
        gave_way = tuple(one.quantity for one in self.gave_way if one.value is not None)
        return Quantity(
            first.value, first.units, tuple(others), source=first.source, before=before, gave_way=gave_way
        )


def known_by_name(recorded: Iterable[Recorded]) -> dict[str, Known]:
    """All that a dataset records and was corrected, in the order in which it was written, by name."""
    named: dict[str, list[Recorded]] = {}
    for one in recorded:
        named.setdefault(one.name, []).append(one)
    return {name: known for name, ones in named.items() if (known := _known(name, ones)) is not None}


def _known(name: str, recorded: Sequence[Recorded]) -> Known | None:
    """What counts: of files and programs, and of people, the correction if there is one. If they agree, one.

    If they do not, both, and it is the person's to say who starts an analysis. Only what says nothing that
    could be compared (no value, or a unit that nobody knows) gives way to what somebody typed.
    """
    read, read_before = in_force([one for one in recorded if not one.typed])
    typed, typed_before = in_force([one for one in recorded if one.typed])
    before = (*read_before, *typed_before)
    if not typed:
        return _counting(name, read, before) if read else None
    if all(_says_nothing(one, typed[0]) for one in read):
        return replace(_counting(name, typed, (*read, *before)), gave_way=tuple(read))
    return _counting(name, [*read, *typed], before)


def in_force(recorded: Sequence[Recorded]) -> tuple[list[Recorded], list[Recorded]]:
    """What holds of these, and what it replaces. Of what was registered without a value nothing is known."""
    corrections = [one for one in recorded if one.correction is not None]
    registered = [one for one in recorded if one.correction is None and one.value is not None]
    return (corrections, registered) if corrections else (registered, [])


def _counting(name: str, recorded: Sequence[Recorded], replaced: tuple[Recorded, ...]) -> Known:
    """The first counts, with what contradicts it; what agrees is beside it."""
    first, *further = recorded
    agree = tuple(other for other in further if same(first.quantity, other.quantity))
    apart = tuple(other for other in further if other not in agree)
    return Known(name, (first, *apart), agree, replaced)


def _says_nothing(one: Recorded, beside: Recorded) -> bool:
    if one.value is None:
        return True
    comparable = one.units == beside.units or unit_of(one.units) is not None
    return isinstance(one.value, int | float) and not comparable


def source_words(one: Recorded) -> str:
    """Where a value is from, in words for a sentence; empty where that was not kept."""
    match one.source.kind:
        case SourceKind.FILE:
            return f"in {one.source.where}" if one.source.where else "in its file"
        case SourceKind.PERSON:
            return f"typed by {one.by}" if one.by else "typed by somebody"
        case SourceKind.JOB:
            return "computed by an analysis"
    return ""


def as_it_stands(one: Recorded) -> str:
    """The value and unit as file or person wrote them, where they were converted since; else empty."""
    source = one.source
    alike = source.units == one.units or factor_between(source.units, one.units) == 1
    if not source.value or (alike and source.value == one.quantity.number):
        return ""
    return f"{source.value} {source.units}".rstrip()


def wanted_units(mapping: Mapping[str, Any], name: str) -> str:
    """The unit in which a dataset type wants this parameter; empty where it does not want a number with one."""
    rule = mapping.get(name)
    if not isinstance(rule, Mapping) or rule.get("kind", "number") == "text":
        return ""
    return str(rule.get("units") or "")


def unit_is_known(one: Recorded, wanted: str) -> bool:
    """False for what is no number in a unit that can be converted into the wanted one."""
    if not wanted or one.value is None:
        return True
    return isinstance(one.value, int | float) and factor_between(one.units, wanted) is not None
