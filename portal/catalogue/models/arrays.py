"""The arrays in a dataset's files."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalogue.models.entity import Entity
from portal.db import Base


class DatasetArray(Entity, Base):
    """Gantry's: an array in a file of a dataset, as it was when the dataset was registered.

    A dataset that was registered before arrays were listed has no row; one without any array has one that says so.
    """

    __tablename__ = "dataset_array"
    __table_args__ = (UniqueConstraint("dataset_id", "position"),)

    dataset_id: Mapped[int] = mapped_column(ForeignKey("icat_dataset.id", ondelete="CASCADE"))
    position: Mapped[int]
    file: Mapped[str] = mapped_column(String(1023), default="")
    name: Mapped[str] = mapped_column(String(300), default="")
    """In its file: a path, or a series' name."""
    shape: Mapped[list[int]]
    dtype: Mapped[str] = mapped_column(String(100), default="")
    axes: Mapped[str] = mapped_column(String(64), default="")
    """A letter each, as OME and TIFF use them; "?" where it is not known what an axis is."""
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Names of the places along an axis: {"C": ["DAPI", "GFP"]}."""
    sizes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Of an element, in µm, by axis."""
    pictures: Mapped[list[dict[str, Any]]]
    """`{"axis", "place", "path"}`, beneath the pictures folder; as a whole where `axis` is empty."""
    left_out: Mapped[str] = mapped_column(Text, default="")
    """Why this is no array to be taken, as a clause; empty for one that can be."""
    unusable: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """Why its file is of no use as it is (`portal.files.unusable`); empty where that is not known."""
    interval_s: Mapped[float | None] = mapped_column(Float(53))
    """The time between its time points; None where it is not known, or where it has no axis of time."""
