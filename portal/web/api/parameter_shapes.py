"""A dataset's parameters as JSON: what counts, where it is from, what was corrected."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from portal.catalogue.models import Dataset
from portal.catalogue.parameters.known import Known, Recorded, unit_is_known, wanted_units
from portal.catalogue.parameters.missing import missing_of
from portal.catalogue.parameters.rows import known_of
from portal.jobs.models import Job

Value = float | str | datetime | None


class SourceOut(BaseModel):
    """Where a value is from."""

    kind: Literal["file", "person", "job"]
    file: str | None = Field(description="The file's path in the dataset.")
    place: str | None = Field(description="The place in the file, such as ome:PhysicalSizeX.")
    value: str | None = Field(description="The number as it stands there, before it was converted.")
    units: str | None = Field(description="The unit as the file, or the person, named it; null where none was.")
    by: str | None = Field(description="Who typed it.")
    job: str | None = Field(description="Number of the job that computed it.")


class ReplacedOut(BaseModel):
    """What was registered first and does not count any more."""

    value: Value
    units: str
    source: SourceOut | None


class CorrectionOut(BaseModel):
    """How a value came to count instead of what was registered."""

    id: int
    by: str
    at: datetime | None
    reason: str | None
    replaced: list[ReplacedOut]


class ParameterOut(BaseModel):
    """A quantity with its units: the corrected one, where it was corrected."""

    name: str
    value: Value = Field(description="Null: its file does not say it, though something was registered first.")
    units: str
    unit_known: bool = Field(
        description="False: the type wants a number with a unit, and this is none, or has none that is known."
    )
    wanted_units: str | None = Field(description="The unit that the dataset type wants.")
    contradicted: bool = Field(
        description="Another value of this name says something else, and which holds is not known."
    )
    source: SourceOut | None = Field(description="Null: where it is from was not kept.")
    correction: CorrectionOut | None


class MissingOut(BaseModel):
    """What the dataset's type maps and its files do not tell."""

    name: str
    wanted_units: str | None = Field(description="The unit that the dataset type wants.")
    differs: list[float] = Field(
        description="In that unit, what the dataset's pictures say where they differ; empty: nothing tells it."
    )


def missing_out(dataset: Dataset) -> list[MissingOut]:
    """What is not known of a dataset; its parameters, corrections, arrays and type should be loaded."""
    return [
        MissingOut(name=one.name, wanted_units=one.units or None, differs=list(one.differs))
        for one in missing_of(dataset)
    ]


def parameters_out(dataset: Dataset) -> list[ParameterOut]:
    """What is known of a dataset; its parameters, corrections and type should be loaded."""
    return list(_parameters(dataset))


def _parameters(dataset: Dataset) -> Iterator[ParameterOut]:
    for known in known_of(dataset).values():
        wanted = wanted_units(dataset.type.mapping, known.name)
        for one in (*known.counts, *known.also):
            yield ParameterOut(
                name=one.name,
                value=one.value,
                units=one.units,
                unit_known=unit_is_known(one, wanted),
                wanted_units=wanted or None,
                contradicted=known.doubtful and one in known.counts,
                source=_source(one),
                correction=_correction(known, one),
            )


def _source(one: Recorded) -> SourceOut | None:
    source = one.source
    if source.kind is None:
        return None
    return SourceOut(
        kind=source.kind.value,
        file=source.file or None,
        place=source.place or None,
        value=source.value or None,
        units=source.units or None,
        by=one.by or None if one.typed else None,
        job=Job.number_of(source.job) if source.job is not None else None,
    )


def _correction(known: Known, one: Recorded) -> CorrectionOut | None:
    if one.correction is None:
        return None
    replaced = [
        ReplacedOut(value=first.value, units=first.units, source=_source(first))
        for first in known.replaced
        if first.value is not None
    ]
    return CorrectionOut(id=one.correction, by=one.by, at=one.at, reason=one.reason or None, replaced=replaced)
