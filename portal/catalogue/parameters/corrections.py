"""Corrections: rows beside what was registered. They are made and withdrawn by operators, and never removed."""

import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from gantry_formats import factor_between, plain_number
from gantry_formats.positive import is_more_than_nothing
from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.catalogue.entries import NAME_LENGTH, ParameterEntry, fill_value, type_of_entry
from portal.catalogue.models import Dataset, DatasetParameter, Investigation, ParameterCorrection
from portal.catalogue.parameters.known import Known, wanted_units
from portal.catalogue.parameters.rows import known_of, recorded_correction
from portal.catalogue.parameters.source import Source, SourceKind
from portal.db import is_id
from portal.errors import ConflictError, InvalidError, NotFoundError
from portal.form.numbers import NoNumberError, read_number
from portal.identity.actor import Actor
from portal.words import one_line


def dataset_for_operator(session: Session, number: int, *, lock: bool = False) -> Dataset:
    """A dataset with its parameters, corrections and files. Whoever works on the portal's machine sees all."""
    query = (
        select(Dataset)
        .where(Dataset.id == (number if is_id(number) else -1))
        .options(
            joinedload(Dataset.type, innerjoin=True),
            selectinload(Dataset.parameters).joinedload(DatasetParameter.type),
            selectinload(Dataset.corrections).joinedload(ParameterCorrection.type),
            selectinload(Dataset.datafiles),
        )
    )
    found = session.scalar(query.with_for_update(of=Dataset) if lock else query)
    if found is None:
        raise NotFoundError(f"There is no dataset {number}.")
    return found


def correct(
    session: Session,
    actor: Actor,
    dataset: Dataset,
    name: str,
    entry: ParameterEntry | None,
    *,
    kind: SourceKind,
    now: datetime,
    reason: str = "",
) -> ParameterCorrection:
    """Put a correction beside what the dataset records; the one of this kind that held until now is withdrawn.

    `entry` None: its file does not say it.
    """
    was = _words(dataset, name)
    for earlier in dataset.corrections:
        if (earlier.name, earlier.source_kind, earlier.withdrawn) == (name, kind.value, None):
            earlier.withdrawn, earlier.withdrawn_by = now, actor.name
    session.flush()
    # By its id: an object put into the dataset's own list would make the dataset one that was changed.
    made = ParameterCorrection(dataset_id=dataset.id, name=name, create_id=actor.name, create_time=now)
    made.mod_id, made.mod_time, made.reason = actor.name, now, one_line(reason, 255) or None
    made.source = Source(kind)
    if entry is not None:
        made.type = type_of_entry(session, entry, _facility_of(session, dataset))
        fill_value(made, entry)
    session.add(made)
    session.flush()
    session.expire(dataset, ["corrections"])
    details = {"parameter": name, "correction": made.id, "was": was, "is": _words(dataset, name)}
    thing = Thing(Kind.DATASET, dataset.id, dataset.name)
    record(session, actor, Action.PARAMETER_CORRECTED, thing, at=now, details=details | {"reason": reason})
    return made


@dataclass(frozen=True)
class Typed:
    """What somebody typed for a parameter, and why."""

    parameter: str
    value: str
    units: str = ""
    reason: str = ""


def type_in(
    session: Session, actor: Actor, dataset_id: int, typed: Typed, *, now: datetime
) -> ParameterCorrection:
    """What somebody types, beside what the file says: where both differ, whoever starts an analysis is asked.

    A number in another unit than the dataset type wants is converted. Raises NotFoundError, InvalidError.
    """
    dataset = dataset_for_operator(session, dataset_id, lock=True)
    name = one_line(typed.parameter, NAME_LENGTH)
    known = known_of(dataset)
    if name not in known and name not in dataset.type.mapping:
        there = ", ".join(sorted({*known, *dataset.type.mapping})) or "none"
        raise InvalidError(f"“{dataset.name}” has no parameter “{name}”. There are: {there}.")
    source = Source(SourceKind.PERSON, value=typed.value.strip(), units=typed.units.strip())
    if _is_text(dataset, known.get(name), name):
        entry = ParameterEntry(name, one_line(typed.value, 4000), source.units, source)
    else:
        number, units = _number(name, source, wanted_units(dataset.type.mapping, name))
        entry = ParameterEntry(name, number, units, source)
    return correct(session, actor, dataset, name, entry, kind=SourceKind.PERSON, now=now, reason=typed.reason)


def _is_text(dataset: Dataset, known: Known | None, name: str) -> bool:
    if known is not None:
        return isinstance(known.counts[0].value, str)
    return str(dataset.type.mapping[name].get("kind", "number")) == "text"


def _number(name: str, source: Source, wanted: str) -> tuple[float, str]:
    """The number in the unit that is wanted. Raises InvalidError."""
    number, with_unit = _finite(source.value, source.units or wanted)
    if number <= 0 and is_more_than_nothing(wanted or source.units, name):
        raise InvalidError(f"{name} is more than 0 by what it is; “{one_line(source.value, 50)}” is not.")
    if not wanted:
        return number, source.units
    factor = 1.0 if with_unit and not source.units else factor_between(source.units, wanted)
    if factor is None:
        raise InvalidError(f"{name} is wanted in {wanted}: give a unit that can be converted into it.")
    converted = number if factor == 1 else float(f"{number * factor:.15g}")
    if not math.isfinite(converted) or (number and not converted):
        size = "large" if converted else "small"
        raise InvalidError(
            f"“{one_line(source.value, 50)}” {source.units} is too {size} for a number in {wanted}."
        )
    return converted, wanted


def _finite(written: str, unit: str) -> tuple[float, bool]:
    """What was typed, as a number in `unit`, and if one stood behind it. Raises InvalidError, with what to do."""
    number = plain_number(written)
    if number is not None:
        return number, False
    try:
        typed = read_number(written, unit)
        if math.isfinite(float(typed.value)):
            return float(typed.value), bool(typed.unit)
    except NoNumberError:
        pass
    except ValueError as error:
        raise InvalidError(str(error)) from None
    said = f"“{one_line(written, 50)}”"
    try:
        other = float(written)
    except ValueError:
        raise InvalidError(f"{said} is no number. The unit stands behind it, apart.") from None
    if math.isnan(other):
        raise InvalidError(
            f"{said} is no number. What is not known is not typed in; withdraw a correction instead."
        )
    if any(character.isdigit() for character in written):
        raise InvalidError(f"{said} is too large to be kept as a number, or is written in a way that is not read.")
    raise InvalidError(f"{said} is not finite: give a number.")


def withdraw(session: Session, actor: Actor, number: int, *, now: datetime) -> ParameterCorrection:
    """Let a correction count no more; it stays in the history. Raises NotFoundError, ConflictError."""
    found = session.get(ParameterCorrection, number if is_id(number) else -1)
    if found is None:
        raise NotFoundError(f"There is no correction {number}.")
    if found.withdrawn is not None:
        raise ConflictError(f"Correction {number} was withdrawn by {found.withdrawn_by} already.")
    dataset = dataset_for_operator(session, found.dataset_id, lock=True)
    was = _words(dataset, found.name)
    found.withdrawn, found.withdrawn_by = now, actor.name
    session.flush()
    details = {"parameter": found.name, "correction": number, "was": was, "is": _words(dataset, found.name)}
    thing = Thing(Kind.DATASET, dataset.id, dataset.name)
    record(session, actor, Action.CORRECTION_WITHDRAWN, thing, at=now, details=details)
    return found


def withdraw_read(session: Session, dataset: Dataset, *, by: str, now: datetime) -> None:
    """Withdraw what was read again of a dataset whose files are being registered anew; what was typed stays."""
    session.execute(
        update(ParameterCorrection)
        .where(
            ParameterCorrection.dataset_id == dataset.id,
            ParameterCorrection.source_kind == SourceKind.FILE,
            ParameterCorrection.withdrawn.is_(None),
        )
        .values(withdrawn=now, withdrawn_by=by)
    )
    session.expire(dataset, ["corrections"])


def list_corrections(session: Session, datasets: list[int], *, withdrawn: bool) -> list[ParameterCorrection]:
    """Corrections, oldest first, of these datasets or of all; those that were withdrawn only where asked for.

    Raises NotFoundError for a dataset that there is not.
    """
    for number in datasets:
        if not is_id(number) or session.get(Dataset, number) is None:
            raise NotFoundError(f"There is no dataset {number}.")
    query = select(ParameterCorrection).options(
        joinedload(ParameterCorrection.dataset), joinedload(ParameterCorrection.type)
    )
    if datasets:
        query = query.where(ParameterCorrection.dataset_id.in_(datasets))
    if not withdrawn:
        query = query.where(ParameterCorrection.withdrawn.is_(None))
    return list(session.scalars(query.order_by(ParameterCorrection.id)))


def correction_words(row: ParameterCorrection) -> str:
    """What it says."""
    return recorded_correction(row).words or "not in the file"


def _words(dataset: Dataset, name: str) -> str:
    """What counts now, for the record."""
    known = known_of(dataset).get(name)
    return " / ".join(one.words or "not known" for one in known.counts) if known is not None else ""


def _facility_of(session: Session, dataset: Dataset) -> int:
    query = select(Investigation.facility_id).where(Investigation.id == dataset.investigation_id)
    return session.scalars(query).one()
