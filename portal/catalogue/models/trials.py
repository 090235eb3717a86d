"""What is kept of a result of a trial, so that several can be drawn at one scale."""

from __future__ import annotations

from sqlalchemy import Float, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalogue.models.entity import Entity
from portal.db import Base


class TrialPicture(Entity, Base):
    """Gantry's: the picture of a result as values of its data (`portal.data.grey.GreyPlane`)."""

    __tablename__ = "trial_picture"

    dataset_id: Mapped[int] = mapped_column(ForeignKey("icat_dataset.id", ondelete="CASCADE"), unique=True)
    width: Mapped[int]
    height: Mapped[int]
    black: Mapped[float] = mapped_column(Float(53))
    white: Mapped[float] = mapped_column(Float(53))
    pixels: Mapped[bytes] = mapped_column(LargeBinary)
