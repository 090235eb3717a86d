"""Datasets as rows of a table: by which columns they can be sorted, and what stands in columns of parameters.

Sorting is the database's. What cannot be put into the unit of the column is unknown to the order, and comes last
either way.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from gantry_formats import factor_between
from portal.catalogue.access import visible
from portal.catalogue.models import (
    Dataset,
    DatasetParameter,
    DatasetType,
    Instrument,
    Investigation,
    ParameterCorrection,
    ParameterType,
)
from portal.catalogue.parameters.known import Known, wanted_units
from portal.identity.actor import Actor

MOST_COLUMNS: Final = 6
LONGEST_NAME: Final = 255
MOST_TYPES: Final = 50
"""Units under which one name is recorded that are looked at."""

FIXED: Final = ("name", "date", "size", "type", "instrument", "experiment")


@dataclass(frozen=True)
class Column:
    """A column with a parameter: its name, and the unit that all its numbers are given in."""

    name: str
    units: str
    numeric: bool


@dataclass(frozen=True)
class Cell:
    """What is known of one dataset in a column."""

    value: float | str | None = None
    """In the column's unit; None: nothing is known, or not what holds."""
    words: str = ""
    """What stands there in place of a value in the column's unit."""

    @property
    def empty(self) -> bool:
        """Nothing is known."""
        return self.value is None and not self.words


def columns_of(session: Session, actor: Actor, names: Sequence[str]) -> list[Column]:
    """Columns for these names of parameters, MOST_COLUMNS at most.

    A name that nothing records which the actor may see is left out: whether others record it is not told.
    """
    wanted = [name for name in dict.fromkeys(names) if 0 < len(name) <= LONGEST_NAME][:MOST_COLUMNS]
    mappings = list(session.scalars(select(DatasetType.mapping).limit(200))) if wanted else []
    found = []
    for name in wanted:
        types = _types(session, name)
        if not types or not _seen(session, actor, types):
            continue
        mapped = next((units for mapping in mappings if (units := wanted_units(mapping, name))), "")
        numeric = any(one.value_type == "NUMERIC" for one in types)
        units = mapped or next((one.units for one in types if one.value_type == "NUMERIC"), "")
        found.append(Column(name, units if numeric else "", numeric))
    return found


def _seen(session: Session, actor: Actor, types: Sequence[ParameterType]) -> bool:
    recorded = visible(actor, DatasetParameter).with_only_columns(DatasetParameter.id)
    some = recorded.where(DatasetParameter.type_id.in_([one.id for one in types])).limit(1)
    return session.scalar(some) is not None


def _types(session: Session, name: str) -> Sequence[ParameterType]:
    query = select(ParameterType).where(ParameterType.name == name).order_by(ParameterType.id).limit(MOST_TYPES)
    return session.scalars(query).all()


def cell_of(known: Known | None, column: Column) -> Cell:
    """What is to be shown: a number in the column's unit, else words that say what is recorded."""
    if known is None:
        return Cell()
    if known.doubtful:
        return Cell(words=" or ".join(one.words or "nothing" for one in known.counts))
    first = known.counts[0]
    if first.value is None:
        return Cell()
    if column.numeric and isinstance(first.value, int | float):
        factor = _factor(first.units, column.units)
        return Cell(words=first.words) if factor is None else Cell(value=first.value * factor)
    return Cell(words=first.words)


def _factor(units: str, target: str) -> float | None:
    return 1.0 if units == target else factor_between(units, target)


def order_by(session: Session, wanted: str, columns: Collection[Column]) -> list[ColumnElement[Any]] | None:
    """What to sort by: a name of FIXED or `parameter:NAME` of one of the columns, `-` before it for the reverse.

    None for what is no such name.
    """
    reverse, key = wanted.startswith("-"), wanted.removeprefix("-")
    value = _fixed().get(key)
    if value is None:
        column = next((one for one in columns if f"parameter:{one.name}" == key), None)
        if column is None:
            return None
        value = _parameter(session, column)
    return [case((value.is_(None), 1), else_=0), value.desc() if reverse else value.asc()]


def _fixed() -> Mapping[str, ColumnElement[Any]]:
    def named(kind: Any, label: Any, key: Any) -> ScalarSelect[Any]:
        return select(label).where(kind.id == key).scalar_subquery()

    title = func.coalesce(Instrument.full_name, Instrument.name)
    return {
        "name": Dataset.name.expression,
        "type": named(DatasetType, DatasetType.name, Dataset.type_id),
        "instrument": named(Instrument, title, Dataset.instrument_id),
        "experiment": named(Investigation, Investigation.title, Dataset.investigation_id),
        "date": Dataset.date.expression,
        "size": Dataset.file_size.expression,
    }


def _parameter(session: Session, column: Column) -> ColumnElement[Any]:
    """The corrected value, else the first that was registered, in the column's unit."""
    types = _types(session, column.name)
    factors = {one.id: _factor(one.units, column.units) for one in types if one.value_type == "NUMERIC"}
    usable = {number: factor for number, factor in factors.items() if factor is not None}

    def value(row: Any) -> Any:
        if not column.numeric:
            return row.string_value
        return row.numeric_value * case(usable, value=row.type_id, else_=None) if usable else None

    registered, corrected, newer = (
        aliased(DatasetParameter), aliased(ParameterCorrection), aliased(ParameterCorrection),
    )  # fmt: skip
    first = (
        select(value(registered))
        .where(registered.dataset_id == Dataset.id, registered.type_id.in_([one.id for one in types]))
        .order_by(registered.id)
        .limit(1)
        .correlate(Dataset)
        .scalar_subquery()
    )
    holds = (
        select(value(corrected))
        .where(corrected.dataset_id == Dataset.id, corrected.name == column.name, corrected.withdrawn.is_(None))
        .order_by(corrected.id)
        .limit(1)
        .correlate(Dataset)
        .scalar_subquery()
    )
    is_corrected = (
        select(newer.id)
        .where(and_(newer.dataset_id == Dataset.id, newer.name == column.name, newer.withdrawn.is_(None)))
        .correlate(Dataset)
        .exists()
    )
    return case((is_corrected, holds), else_=first)
