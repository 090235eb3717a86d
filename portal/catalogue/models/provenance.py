"""Where a dataset came from: ICAT's Application, Job and DataCollection."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.models.data import Datafile, Dataset
from portal.catalogue.models.entity import Entity
from portal.catalogue.models.experiment import CASCADE, Facility
from portal.db import Base


class Application(Entity, Base):
    """A program with its version: a job type's revision."""

    __tablename__ = "icat_application"
    __table_args__ = (UniqueConstraint("facility_id", "name", "version"),)

    facility_id: Mapped[int] = mapped_column(ForeignKey("icat_facility.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(255))
    facility: Mapped[Facility] = relationship()


class DataCollection(Entity, Base):
    """A set of datasets and files that went into a run or came out of it."""

    __tablename__ = "icat_data_collection"

    doi: Mapped[str | None] = mapped_column(String(255))
    data_collection_datasets: Mapped[list[DataCollectionDataset]] = relationship(
        back_populates="data_collection", cascade=CASCADE
    )
    data_collection_datafiles: Mapped[list[DataCollectionDatafile]] = relationship(
        back_populates="data_collection", cascade=CASCADE
    )


class DataCollectionDataset(Entity, Base):
    """A dataset in a collection."""

    __tablename__ = "icat_data_collection_dataset"
    __table_args__ = (UniqueConstraint("data_collection_id", "dataset_id"),)

    data_collection_id: Mapped[int] = mapped_column(ForeignKey("icat_data_collection.id", ondelete="CASCADE"))
    dataset_id: Mapped[int] = mapped_column(ForeignKey("icat_dataset.id", ondelete="CASCADE"), index=True)
    slot: Mapped[str] = mapped_column(String(100), default="")
    """Gantry's: which input slot or which output of the job type it filled."""
    data_collection: Mapped[DataCollection] = relationship(back_populates="data_collection_datasets")
    dataset: Mapped[Dataset] = relationship()


class DataCollectionDatafile(Entity, Base):
    """A file in a collection."""

    __tablename__ = "icat_data_collection_datafile"
    __table_args__ = (UniqueConstraint("data_collection_id", "datafile_id"),)

    data_collection_id: Mapped[int] = mapped_column(ForeignKey("icat_data_collection.id", ondelete="CASCADE"))
    datafile_id: Mapped[int] = mapped_column(ForeignKey("icat_datafile.id", ondelete="CASCADE"), index=True)
    data_collection: Mapped[DataCollection] = relationship(back_populates="data_collection_datafiles")
    datafile: Mapped[Datafile] = relationship()


class Job(Entity, Base):
    """ICAT's Job: an application's run from one collection to another. Not the portal's job."""

    __tablename__ = "icat_job"

    application_id: Mapped[int] = mapped_column(ForeignKey("icat_application.id", ondelete="CASCADE"))
    input_data_collection_id: Mapped[int | None] = mapped_column(
        ForeignKey("icat_data_collection.id", ondelete="SET NULL"), index=True
    )
    output_data_collection_id: Mapped[int | None] = mapped_column(
        ForeignKey("icat_data_collection.id", ondelete="SET NULL"), index=True
    )
    arguments: Mapped[str | None] = mapped_column(Text)
    """The typed options as JSON."""
    portal_job: Mapped[int | None] = mapped_column(unique=True)
    """Gantry's: the portal job's id; unique, so that registering twice is harmless."""
    application: Mapped[Application] = relationship()
    input_data_collection: Mapped[DataCollection | None] = relationship(foreign_keys=[input_data_collection_id])
    output_data_collection: Mapped[DataCollection | None] = relationship(foreign_keys=[output_data_collection_id])
