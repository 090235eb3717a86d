"""A dataset's parameters and their corrections out of the database, as plain values."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, String, bindparam, func, literal, null, select, union_all
from sqlalchemy.engine import Connection, Row

from portal.catalogue.models import Dataset, DatasetParameter, ParameterCorrection, ParameterType
from portal.catalogue.models.data import Sourced, source_of
from portal.catalogue.parameters.known import Known, Recorded, known_by_name, unit_is_known, wanted_units


def known_of(dataset: Dataset) -> dict[str, Known]:
    """What is known of a dataset by name; its parameters and corrections, with their types, should be loaded."""
    return known_by_name(recorded_of(dataset))


def in_doubt(dataset: Dataset) -> list[str]:
    """What of its parameters an analysis will ask for, each in words; loaded as for `known_of`."""
    found = []
    for name, known in known_of(dataset).items():
        wanted = wanted_units(dataset.type.mapping, name)
        said = " and ".join(one.words or "nothing" for one in known.counts)
        if known.doubtful:
            found.append(f"{name}: {said}, and which of them holds is not known")
        elif not unit_is_known(known.counts[0], wanted):
            what = "no one number" if isinstance(known.counts[0].value, str) else "unit not known"
            found.append(f"{name}: {said}, {what}; {wanted} is wanted")
    return found


def recorded_of(dataset: Dataset) -> Iterator[Recorded]:
    """All that a dataset records, and the corrections that hold."""
    for row in sorted(dataset.parameters, key=lambda row: row.id):
        yield Recorded(row.type.name, row.value, row.type.units, row.source, row.create_id, row.create_time)
    for correction in sorted(dataset.corrections, key=lambda row: row.id):
        if correction.withdrawn is None:
            yield recorded_correction(correction)


def recorded_correction(row: ParameterCorrection) -> Recorded:
    """A correction as a value."""
    units = row.type.units if row.type is not None else ""
    return Recorded(
        row.name, row.value, units, row.source, row.create_id, row.create_time, row.id, row.reason or ""
    )


def known_of_all(
    connection: Connection, ids: Sequence[int], names: Collection[str] | None = None
) -> dict[int, dict[str, Known]]:
    """The same for many datasets in one statement, of these names only where they are given."""
    given: dict[str, Any] = {"ids": list(ids)}
    if names is not None:
        given["names"] = sorted(names)
    recorded: dict[int, list[Recorded]] = {}
    rows = connection.execute(_statement(named=names is not None), given).all()
    # Registered first, in the order in which it was: the first of what agrees is the one that counts.
    for row in sorted(rows, key=lambda row: (row.correction is not None, row.id)):
        recorded.setdefault(row.dataset_id, []).append(_recorded(row))
    return {dataset: known_by_name(ones) for dataset, ones in recorded.items()}


def _recorded(row: Row[Any]) -> Recorded:
    values = (row.numeric_value, row.date_time_value, row.string_value)
    value = next((value for value in values if value is not None), None)
    return Recorded(row.name, value, row.units, source_of(row), row.create_id, None, row.correction)


@cache
def _statement(*, named: bool) -> CompoundSelect[Any]:
    registered = (
        select(
            DatasetParameter.dataset_id,
            ParameterType.name,
            ParameterType.units,
            DatasetParameter.numeric_value,
            DatasetParameter.date_time_value,
            DatasetParameter.string_value,
            DatasetParameter.create_id,
            *_source_columns(DatasetParameter),
            DatasetParameter.id,
            null().label("correction"),
        )
        .join(DatasetParameter.type)
        .where(DatasetParameter.dataset_id.in_(bindparam("ids", expanding=True)))
    )
    corrected = (
        select(
            ParameterCorrection.dataset_id,
            ParameterCorrection.name,
            func.coalesce(ParameterType.units, literal("")),
            ParameterCorrection.numeric_value,
            null(),
            ParameterCorrection.string_value,
            ParameterCorrection.create_id,
            *_source_columns(ParameterCorrection),
            ParameterCorrection.id,
            ParameterCorrection.id,
        )
        .outerjoin(ParameterCorrection.type)
        .where(
            ParameterCorrection.dataset_id.in_(bindparam("ids", expanding=True)),
            ParameterCorrection.withdrawn.is_(None),
        )
    )
    if named:
        names = bindparam("names", expanding=True, type_=String)
        registered = registered.where(ParameterType.name.in_(names))
        corrected = corrected.where(ParameterCorrection.name.in_(names))
    return union_all(registered, corrected)


def _source_columns(kind: type[Sourced]) -> list[Any]:
    return [
        kind.source_kind,
        kind.source_file,
        kind.source_place,
        kind.source_value,
        kind.source_units,
        kind.source_job,
    ]
