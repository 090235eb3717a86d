"""Entries that are made when they are first needed: facility, users, types, applications. Twice is harmless."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.catalogue.models import (
    Application,
    DatasetType,
    Facility,
    ParameterType,
    ParameterValueType,
    Sample,
    User,
)
from portal.catalogue.models.entity import Entity

E = TypeVar("E", bound=Entity)


def ensure_facility(session: Session, name: str) -> Facility:
    """The facility with this name."""
    return _ensure(session, Facility, {"name": name}, {})


def ensure_user(session: Session, name: str, full_name: str | None = None, *, email: str | None = None) -> User:
    """The catalogue's user for a sign-in name; full name and address of an existing one stay."""
    return _ensure(session, User, {"name": name}, {"full_name": full_name, "email": email})


def ensure_dataset_type(
    session: Session,
    facility_id: int,
    name: str,
    *,
    description: str | None = None,
    mapping: Mapping[str, Any] | None = None,
) -> DatasetType:
    """The facility's dataset type with this name; description and mapping of an existing one stay."""
    rest = {"description": description, "mapping": dict(mapping or {})}
    return _ensure(session, DatasetType, {"facility_id": facility_id, "name": name}, rest)


def ensure_parameter_type(
    session: Session, facility_id: int, name: str, units: str, value_type: ParameterValueType
) -> ParameterType:
    """The facility's parameter type with this name and units; it may exist with another value type."""
    unique = {"facility_id": facility_id, "name": name, "units": units}
    return _ensure(session, ParameterType, unique, {"value_type": value_type.value})


def ensure_sample(session: Session, investigation_id: int, name: str) -> Sample:
    """The investigation's sample with this name."""
    return _ensure(session, Sample, {"investigation_id": investigation_id, "name": name}, {})


def ensure_application(session: Session, facility_id: int, name: str, version: str) -> Application:
    """The facility's application with this name and version."""
    return _ensure(session, Application, {"facility_id": facility_id, "name": name, "version": version}, {})


def _ensure(session: Session, kind: type[E], unique: Mapping[str, Any], rest: Mapping[str, Any]) -> E:
    wanted = select(kind).filter_by(**unique)
    found = session.scalar(wanted)
    if found is not None:
        return found
    made = kind(**unique, **rest)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return session.scalars(wanted).one()  # another process was first
    return made
