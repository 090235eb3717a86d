"""Facility, instruments, investigations, people and groups: who owns what follows from these."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.models.entity import Entity
from portal.catalogue.models.searchable import search_column
from portal.db import Base

CASCADE = "all, delete-orphan"


class Facility(Entity, Base):
    """The laboratory or light source that everything belongs to."""

    __tablename__ = "icat_facility"

    name: Mapped[str] = mapped_column(String(255), unique=True)
    full_name: Mapped[str | None] = mapped_column(String(1023))
    description: Mapped[str | None] = mapped_column(String(1023))
    url: Mapped[str | None] = mapped_column(String(1023))
    days_until_release: Mapped[int | None]


class Instrument(Entity, Base):
    """A microscope, beamline or cytometer."""

    __tablename__ = "icat_instrument"
    __table_args__ = (UniqueConstraint("facility_id", "name"),)

    facility_id: Mapped[int] = mapped_column(ForeignKey("icat_facility.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    full_name: Mapped[str | None] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(String(4000))
    type: Mapped[str | None] = mapped_column(String(255))
    pid: Mapped[str | None] = mapped_column(String(255))
    url: Mapped[str | None] = mapped_column(String(255))
    search_text: Mapped[str] = search_column("name", "full_name")
    search_fields: ClassVar[tuple[str, ...]] = ("name", "full_name")
    facility: Mapped[Facility] = relationship()
    scientists: Mapped[list[InstrumentScientist]] = relationship(back_populates="instrument", cascade=CASCADE)


class InvestigationType(Entity, Base):
    """Kind of investigation: proposal, commissioning, in-house."""

    __tablename__ = "icat_investigation_type"
    __table_args__ = (UniqueConstraint("facility_id", "name"),)

    facility_id: Mapped[int] = mapped_column(ForeignKey("icat_facility.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(String(255))
    facility: Mapped[Facility] = relationship()


class Investigation(Entity, Base):
    """An experiment: one visit of one team to the facility. Screens call it experiment."""

    __tablename__ = "icat_investigation"
    __table_args__ = (UniqueConstraint("facility_id", "name", "visit_id"),)

    facility_id: Mapped[int] = mapped_column(ForeignKey("icat_facility.id", ondelete="CASCADE"))
    type_id: Mapped[int] = mapped_column(ForeignKey("icat_investigation_type.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    visit_id: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(255))
    summary: Mapped[str | None] = mapped_column(Text)
    doi: Mapped[str | None] = mapped_column(String(255))
    start_date: Mapped[datetime | None] = mapped_column(index=True)
    end_date: Mapped[datetime | None]
    release_date: Mapped[datetime | None] = mapped_column(index=True)
    """Public from this moment on; None: never by itself."""
    search_text: Mapped[str] = search_column("name", "visit_id", "title")
    search_fields: ClassVar[tuple[str, ...]] = ("name", "visit_id", "title")
    facility: Mapped[Facility] = relationship()
    type: Mapped[InvestigationType] = relationship()
    investigation_users: Mapped[list[InvestigationUser]] = relationship(
        back_populates="investigation", cascade=CASCADE
    )
    investigation_instruments: Mapped[list[InvestigationInstrument]] = relationship(
        back_populates="investigation", cascade=CASCADE
    )
    investigation_groups: Mapped[list[InvestigationGroup]] = relationship(
        back_populates="investigation", cascade=CASCADE
    )


class InvestigationInstrument(Entity, Base):
    """An instrument used in an investigation."""

    __tablename__ = "icat_investigation_instrument"
    __table_args__ = (UniqueConstraint("investigation_id", "instrument_id"),)

    investigation_id: Mapped[int] = mapped_column(ForeignKey("icat_investigation.id", ondelete="CASCADE"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("icat_instrument.id", ondelete="CASCADE"), index=True)
    investigation: Mapped[Investigation] = relationship(back_populates="investigation_instruments")
    instrument: Mapped[Instrument] = relationship()


class User(Entity, Base):
    """A person as the catalogue knows her; may or may not be able to sign in."""

    __tablename__ = "icat_user"

    name: Mapped[str] = mapped_column(String(255), unique=True)
    full_name: Mapped[str | None] = mapped_column(String(255))
    given_name: Mapped[str | None] = mapped_column(String(255))
    family_name: Mapped[str | None] = mapped_column(String(255))
    affiliation: Mapped[str | None] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(255))
    orcid_id: Mapped[str | None] = mapped_column(String(255))


class InvestigationUser(Entity, Base):
    """A member of an investigation's team, with a role such as principal_investigator."""

    __tablename__ = "icat_investigation_user"
    __table_args__ = (UniqueConstraint("user_id", "investigation_id", "role"),)

    investigation_id: Mapped[int] = mapped_column(
        ForeignKey("icat_investigation.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("icat_user.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(255))
    investigation: Mapped[Investigation] = relationship(back_populates="investigation_users")
    user: Mapped[User] = relationship()


class Grouping(Entity, Base):
    """A named group of users."""

    __tablename__ = "icat_grouping"

    name: Mapped[str] = mapped_column(String(255), unique=True)
    user_groups: Mapped[list[UserGroup]] = relationship(back_populates="grouping", cascade=CASCADE)


class UserGroup(Entity, Base):
    """A user's membership in a grouping."""

    __tablename__ = "icat_user_group"
    __table_args__ = (UniqueConstraint("user_id", "grouping_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("icat_user.id", ondelete="CASCADE"))
    grouping_id: Mapped[int] = mapped_column(ForeignKey("icat_grouping.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship()
    grouping: Mapped[Grouping] = relationship(back_populates="user_groups")


class InvestigationGroup(Entity, Base):
    """A grouping that belongs to an investigation, with a role."""

    __tablename__ = "icat_investigation_group"
    __table_args__ = (UniqueConstraint("grouping_id", "investigation_id", "role"),)

    investigation_id: Mapped[int] = mapped_column(
        ForeignKey("icat_investigation.id", ondelete="CASCADE"), index=True
    )
    grouping_id: Mapped[int] = mapped_column(ForeignKey("icat_grouping.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(255))
    investigation: Mapped[Investigation] = relationship(back_populates="investigation_groups")
    grouping: Mapped[Grouping] = relationship()


class InstrumentScientist(Entity, Base):
    """A member of staff who looks after an instrument and sees what it measured."""

    __tablename__ = "icat_instrument_scientist"
    __table_args__ = (UniqueConstraint("user_id", "instrument_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("icat_user.id", ondelete="CASCADE"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("icat_instrument.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship()
    instrument: Mapped[Instrument] = relationship(back_populates="scientists")
