"""Datasets, their files, parameters, samples and pictures."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship

from portal.catalogue.models.arrays import DatasetArray
from portal.catalogue.models.entity import Entity
from portal.catalogue.models.experiment import CASCADE, Facility, Instrument, Investigation
from portal.catalogue.models.searchable import search_column
from portal.catalogue.parameters.source import Source, SourceKind
from portal.db import Base, JSONType
from portal.words import one_line

LOCATION_LENGTH = 1023
RESULTS = "results"
"""The root that the store writes; every other root is a name in the settings."""


class DatasetType(Entity, Base):
    """A kind of dataset; which analyses fit is decided by it."""

    __tablename__ = "icat_dataset_type"
    __table_args__ = (UniqueConstraint("facility_id", "name"),)

    facility_id: Mapped[int] = mapped_column(ForeignKey("icat_facility.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(String(255))
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Gantry's: parameter name -> {"units", "sources", "kind": "number" or "text"}. The first source that a file
    has counts: `hdf5:PATH`, `hdf5:PATH@ATTRIBUTE`, `tiff:TAG`, `ome:ELEMENT@ATTRIBUTE`, `ome:map@KEY` or
    `imagej:KEY`.
    """
    search_text: Mapped[str] = search_column("name", "description")
    search_fields: ClassVar[tuple[str, ...]] = ("name", "description")
    facility: Mapped[Facility] = relationship()


class SampleType(Entity, Base):
    """What a sample is made of."""

    __tablename__ = "icat_sample_type"
    __table_args__ = (UniqueConstraint("facility_id", "name", "molecular_formula"),)

    facility_id: Mapped[int] = mapped_column(ForeignKey("icat_facility.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    molecular_formula: Mapped[str] = mapped_column(String(255), default="")
    safety_information: Mapped[str | None] = mapped_column(String(4000))


class Sample(Entity, Base):
    """A sample that an investigation measured."""

    __tablename__ = "icat_sample"
    __table_args__ = (UniqueConstraint("investigation_id", "name"),)

    investigation_id: Mapped[int] = mapped_column(ForeignKey("icat_investigation.id", ondelete="CASCADE"))
    type_id: Mapped[int | None] = mapped_column(ForeignKey("icat_sample_type.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    pid: Mapped[str | None] = mapped_column(String(255))
    search_text: Mapped[str] = search_column("name")
    search_fields: ClassVar[tuple[str, ...]] = ("name",)
    investigation: Mapped[Investigation] = relationship()
    type: Mapped[SampleType | None] = relationship()


def _date_of(context: DefaultExecutionContext) -> datetime:
    values: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return values.get("start_date") or values.get("create_time") or datetime.now(UTC)


class Dataset(Entity, Base):
    """What is measured or computed together. `location` is `<root>:<relative path>`, for results `results:…`."""

    __tablename__ = "icat_dataset"
    __table_args__ = (
        UniqueConstraint("investigation_id", "name"),
        Index("ix_icat_dataset_date", "date", "id"),
        Index("ix_icat_dataset_type_date", "type_id", "date", "id"),
        Index("ix_icat_dataset_investigation_date", "investigation_id", "date", "id"),
    )

    investigation_id: Mapped[int] = mapped_column(ForeignKey("icat_investigation.id", ondelete="CASCADE"))
    type_id: Mapped[int] = mapped_column(ForeignKey("icat_dataset_type.id", ondelete="CASCADE"))
    sample_id: Mapped[int | None] = mapped_column(ForeignKey("icat_sample.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(String(255))
    location: Mapped[str | None] = mapped_column(String(LOCATION_LENGTH), index=True)
    doi: Mapped[str | None] = mapped_column(String(255))
    single_file: Mapped[bool] = mapped_column(default=False)
    """Gantry's: `location` is the folder of the one file that was registered; the folder itself was not."""
    complete: Mapped[bool] = mapped_column(default=False)
    """False while the instrument (or a person) still writes it."""
    start_date: Mapped[datetime | None]
    end_date: Mapped[datetime | None]
    date: Mapped[datetime] = mapped_column(default=_date_of)
    """Gantry's: what lists are sorted by: the start date, or when it was registered if that is not known."""
    file_count: Mapped[int] = mapped_column(BigInteger, default=0)
    file_size: Mapped[int] = mapped_column(BigInteger, default=0)
    problem: Mapped[str | None] = mapped_column(Text)
    """Gantry's: why the files could not be read, in words ("The file is truncated"); None when all is well."""
    remarks: Mapped[list[dict[str, str]]] = mapped_column(JSONType, default=list)
    """Gantry's: what sound files do not give: `{"file", "place", "words"}`, a clause each ("it is empty")."""
    warnings: Mapped[list[str]] = mapped_column(JSONType, default=list)
    """Gantry's: what makes a result doubtful, in its program's words, a sentence or clause each."""
    instrument_id: Mapped[int | None] = mapped_column(
        ForeignKey("icat_instrument.id", ondelete="SET NULL"), index=True
    )
    """Gantry's: the instrument that measured it, as ICAT's DatasetInstrument but one at most."""
    trial: Mapped[str | None] = mapped_column(String(36))
    """Gantry's: the submission that tried several values, of which it is one; lists leave it out. No key: it tells
    what the dataset is, and may outlive the submission."""
    search_text: Mapped[str] = search_column("name", "description")
    search_fields: ClassVar[tuple[str, ...]] = ("name", "description")
    investigation: Mapped[Investigation] = relationship()
    type: Mapped[DatasetType] = relationship()
    sample: Mapped[Sample | None] = relationship()
    instrument: Mapped[Instrument | None] = relationship()
    datafiles: Mapped[list[Datafile]] = relationship(back_populates="dataset", cascade=CASCADE)
    parameters: Mapped[list[DatasetParameter]] = relationship(back_populates="dataset", cascade=CASCADE)
    arrays: Mapped[list[DatasetArray]] = relationship(cascade=CASCADE, order_by=DatasetArray.position)
    corrections: Mapped[list[ParameterCorrection]] = relationship(back_populates="dataset", cascade=CASCADE)
    """Also those that were withdrawn."""
    pictures: Mapped[list[DatasetPicture]] = relationship(
        back_populates="dataset", cascade=CASCADE, order_by="DatasetPicture.position"
    )

    @property
    def root(self) -> str | None:
        """The name of the root (or `results`) that `location` stands beneath; None without a location."""
        return self.location.partition(":")[0] if self.location else None

    @property
    def is_result(self) -> bool:
        """True for what a job computed, False for what an instrument measured."""
        return self.root == RESULTS

    @property
    def thumbnail(self) -> DatasetPicture | None:
        """The picture for lists: the one with that role, else the first."""
        named = (picture for picture in self.pictures if picture.role == "thumbnail")
        return next(named, self.pictures[0] if self.pictures else None)


@event.listens_for(Dataset, "before_insert")
@event.listens_for(Dataset, "before_update")
def _refresh_date(_mapper: Mapper[Dataset], _connection: Connection, dataset: Dataset) -> None:
    dataset.date = dataset.start_date or dataset.create_time or datetime.now(UTC)


class DatafileFormat(Entity, Base):
    """A file format with its version."""

    __tablename__ = "icat_datafile_format"
    __table_args__ = (UniqueConstraint("facility_id", "name", "version"),)

    facility_id: Mapped[int] = mapped_column(ForeignKey("icat_facility.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(255), default="")
    type: Mapped[str | None] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(String(255))


class Datafile(Entity, Base):
    """One file of a dataset. `location` is relative to the dataset's own location."""

    __tablename__ = "icat_datafile"
    __table_args__ = (UniqueConstraint("dataset_id", "name"),)

    dataset_id: Mapped[int] = mapped_column(ForeignKey("icat_dataset.id", ondelete="CASCADE"))
    format_id: Mapped[int | None] = mapped_column(ForeignKey("icat_datafile_format.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(String(255))
    location: Mapped[str | None] = mapped_column(String(LOCATION_LENGTH))
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    checksum: Mapped[str | None] = mapped_column(String(255))
    """`sha256:<hex>`."""
    datafile_create_time: Mapped[datetime | None]
    datafile_mod_time: Mapped[datetime | None]
    mtime_ns: Mapped[int | None] = mapped_column(BigInteger)
    """Gantry's: the exact modification time, by which a change is noticed."""
    inode: Mapped[int | None] = mapped_column(BigInteger)
    """Gantry's: which file it is, of those registered in place: another one put in its place is noticed."""
    linked: Mapped[bool] = mapped_column(default=False)
    """Gantry's: another file of the dataset leads to it (an external link, a virtual dataset …)."""
    alias: Mapped[str | None] = mapped_column(String(20))
    """Gantry's: `symbolic link` or `hard link`, where the name is one; only in roots that people cannot write."""
    folder_files: Mapped[int | None]
    """Gantry's: how many files it has, of a folder that is one entry (Zarr); None for a file. Size and time are
    then of all of them, and the checksum is that of its manifest.
    """
    folder_stamp: Mapped[str | None] = mapped_column(String(64))
    """Gantry's: differs where a path, a size or a time in the folder does (`gantry_formats.folder_stamp`)."""
    dataset: Mapped[Dataset] = relationship(back_populates="datafiles")
    format: Mapped[DatafileFormat | None] = relationship()


class FolderManifest(Base):
    """Gantry's: path, size, time and SHA-256 of each file of a folder that is one entry, compressed."""

    __tablename__ = "folder_manifest"

    datafile_id: Mapped[int] = mapped_column(ForeignKey("icat_datafile.id", ondelete="CASCADE"), primary_key=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)


class ParameterValueType(StrEnum):
    """Which of the three value columns holds a parameter's value."""

    NUMERIC = "NUMERIC"
    STRING = "STRING"
    DATE_AND_TIME = "DATE_AND_TIME"


class ParameterType(Entity, Base):
    """A named quantity with its units."""

    __tablename__ = "icat_parameter_type"
    __table_args__ = (UniqueConstraint("facility_id", "name", "units"),)

    facility_id: Mapped[int] = mapped_column(ForeignKey("icat_facility.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    units: Mapped[str] = mapped_column(String(255), default="")
    value_type: Mapped[str] = mapped_column(String(20))
    description: Mapped[str | None] = mapped_column(String(255))
    minimum_numeric_value: Mapped[float | None] = mapped_column(Float(53))
    maximum_numeric_value: Mapped[float | None] = mapped_column(Float(53))
    facility: Mapped[Facility] = relationship()


class Sourced:
    """Gantry's, mixin: where a parameter's value is from, see `Source`. All None: that was not kept yet."""

    source_kind: Mapped[str | None] = mapped_column(String(10))
    source_file: Mapped[str | None] = mapped_column(String(LOCATION_LENGTH))
    source_place: Mapped[str | None] = mapped_column(String(255))
    source_value: Mapped[str | None] = mapped_column(String(255))
    source_units: Mapped[str | None] = mapped_column(String(255))
    source_job: Mapped[int | None]
    """No foreign key: what a job computed outlives it."""

    @property
    def source(self) -> Source:
        """Where the value is from."""
        return source_of(self)

    @source.setter
    def source(self, source: Source) -> None:
        self.source_kind = source.kind
        self.source_file = source.file or None
        self.source_place = one_line(source.place, 255) or None
        self.source_value = one_line(source.value, 255) or None
        self.source_units = one_line(source.units, 255) or None
        self.source_job = source.job


def source_of(row: Any) -> Source:
    """The source that a row of `Sourced` columns holds."""
    return Source(
        SourceKind(row.source_kind) if row.source_kind else None,
        row.source_file or "",
        row.source_place or "",
        row.source_value or "",
        row.source_units or "",
        row.source_job,
    )


class DatasetParameter(Sourced, Entity, Base):
    """The value of one quantity for one dataset, as it was registered."""

    __tablename__ = "icat_dataset_parameter"
    __table_args__ = (
        UniqueConstraint("dataset_id", "type_id"),
        Index("ix_icat_dataset_parameter_type_numeric", "type_id", "numeric_value"),
    )

    dataset_id: Mapped[int] = mapped_column(ForeignKey("icat_dataset.id", ondelete="CASCADE"))
    type_id: Mapped[int] = mapped_column(ForeignKey("icat_parameter_type.id", ondelete="CASCADE"))
    numeric_value: Mapped[float | None] = mapped_column(Float(53))
    string_value: Mapped[str | None] = mapped_column(String(4000))
    date_time_value: Mapped[datetime | None]
    error: Mapped[float | None] = mapped_column(Float(53))
    range_bottom: Mapped[float | None] = mapped_column(Float(53))
    range_top: Mapped[float | None] = mapped_column(Float(53))
    dataset: Mapped[Dataset] = relationship(back_populates="parameters")
    type: Mapped[ParameterType] = relationship()

    @property
    def value(self) -> float | str | datetime | None:
        """The value in whichever column holds it."""
        for candidate in (self.numeric_value, self.date_time_value, self.string_value):
            if candidate is not None:
                return candidate
        return None


class ParameterCorrection(Sourced, Entity, Base):
    """Gantry's: what stands beside a parameter as it was registered, and counts instead until it is withdrawn.

    A dataset that is complete is never edited. `create_id` and `create_time` tell who corrected it and when. There
    is at most one of each kind of source that holds: what its file says, and what somebody typed.
    """

    __tablename__ = "dataset_parameter_correction"
    __table_args__ = (
        Index(
            "ix_dataset_parameter_correction_holds",
            "dataset_id",
            "name",
            "source_kind",
            unique=True,
            postgresql_where=text("withdrawn IS NULL"),
            sqlite_where=text("withdrawn IS NULL"),
        ),
        Index("ix_dataset_parameter_correction_dataset", "dataset_id"),
    )

    dataset_id: Mapped[int] = mapped_column(ForeignKey("icat_dataset.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    """The parameter's name: whatever the dataset records under it is corrected."""
    type_id: Mapped[int | None] = mapped_column(ForeignKey("icat_parameter_type.id", ondelete="CASCADE"))
    """None: the file does not say it, so that what was registered does not hold."""
    numeric_value: Mapped[float | None] = mapped_column(Float(53))
    string_value: Mapped[str | None] = mapped_column(String(4000))
    reason: Mapped[str | None] = mapped_column(String(255))
    """Why, in words of who corrected it."""
    withdrawn: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(255))
    dataset: Mapped[Dataset] = relationship(back_populates="corrections")
    type: Mapped[ParameterType | None] = relationship()

    @property
    def value(self) -> float | str | None:
        """The value in whichever column holds it; None where the file does not say it."""
        return self.numeric_value if self.numeric_value is not None else self.string_value


class DatasetPicture(Entity, Base):
    """Gantry's: a picture of a dataset, kept in the portal's own pictures folder (never in a person's)."""

    __tablename__ = "dataset_picture"
    __table_args__ = (UniqueConstraint("dataset_id", "name"),)

    dataset_id: Mapped[int] = mapped_column(ForeignKey("icat_dataset.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(20))
    """`thumbnail` (one a dataset) or `preview`."""
    caption: Mapped[str] = mapped_column(String(255), default="")
    position: Mapped[int] = mapped_column(default=0)
    path: Mapped[str] = mapped_column(String(255))
    """Relative to the pictures folder: `<dataset id>/<sha256>.png`."""
    width: Mapped[int]
    height: Mapped[int]
    black: Mapped[float | None] = mapped_column(Float(53))
    """The value of the data that is drawn as black; between it and `white` grey goes linearly. None: not known."""
    white: Mapped[float | None] = mapped_column(Float(53))
    width_um: Mapped[float | None] = mapped_column(Float(53))
    """What the picture spans, in µm. None: not known."""
    height_um: Mapped[float | None] = mapped_column(Float(53))
    dataset: Mapped[Dataset] = relationship(back_populates="pictures")
