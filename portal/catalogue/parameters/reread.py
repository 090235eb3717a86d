"""Reading the parameters of what is registered already again, and writing down where its files say otherwise.

A dataset that is complete is never edited: a correction is put beside what was registered. One that is still being
written is brought up to date. For operators; files are read outside of any transaction, each dataset is written in
one of its own, and what was done once is not done again.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record_all
from portal.catalogue.entries import ParameterEntry, fill_value, type_of_entry
from portal.catalogue.files.reading import read_parameters
from portal.catalogue.files.registered_files import files_of
from portal.catalogue.models import Dataset, DatasetParameter, DatasetType, Investigation
from portal.catalogue.models.data import RESULTS
from portal.catalogue.parameters.corrections import correct, dataset_for_operator
from portal.catalogue.parameters.known import Recorded, in_force
from portal.catalogue.parameters.rows import recorded_of
from portal.catalogue.parameters.source import SourceKind
from portal.config import Settings
from portal.db import Database
from portal.errors import ConflictError, InvalidError, PortalError
from portal.form.inputs.dataset import Quantity, same
from portal.identity.actor import Actor

PORTION = 200


@dataclass(frozen=True)
class Selection:
    """Which datasets, and what of them. Nothing that narrows: all that were registered in place."""

    ids: tuple[int, ...] = ()
    type: str | None = None
    experiment: int | None = None
    after: int = 0
    """Only those with larger ids."""
    parameters: frozenset[str] = frozenset()
    """Only these parameters; empty: all that the dataset's type names."""
    results: bool = False
    """Results of analyses as well."""


class Then(StrEnum):
    """What becomes of a difference."""

    CORRECTED = "correction beside it"
    UPDATED = "updated in place"
    WITHDRAWN = "correction withdrawn"


@dataclass(frozen=True)
class Difference:
    """A parameter of which the file says something else than the catalogue, or something new."""

    name: str
    stored: tuple[Recorded, ...]
    found: ParameterEntry | None
    """None: the file does not say it."""
    then: Then

    @property
    def said(self) -> list[Quantity]:
        """What is stored, as it is compared."""
        return [one.quantity for one in self.stored]

    @property
    def stored_words(self) -> str:
        """What is stored."""
        return ", ".join(one.words for one in self.stored if one.value is not None) or "nothing"

    @property
    def found_words(self) -> str:
        """What the file says."""
        return "nothing" if self.found is None else Quantity(self.found.value, self.found.units).words


@dataclass(frozen=True)
class Look:
    """What came of reading one dataset's files again."""

    dataset: int
    name: str
    differences: tuple[Difference, ...] = ()
    unread: str = ""
    """Why it was not compared, or not wholly; in words."""
    mod_time: datetime | None = None
    computed: bool = False
    """A result of an analysis, whose parameters no file says."""


def chosen(database: Database, selection: Selection) -> Iterator[int]:
    """Ids of the datasets that are meant, ascending, asked for in portions.

    Raises InvalidError for a type, or a parameter, that there is not.
    """
    _check_parameters(database, selection.parameters)
    if selection.ids:
        yield from sorted({number for number in selection.ids if number > selection.after})
        return
    query = select(Dataset.id).order_by(Dataset.id).limit(PORTION)
    query = query.where(Dataset.location.is_not(None))
    if not selection.results:
        query = query.where(~Dataset.location.startswith(f"{RESULTS}:"))
    if selection.type is not None:
        named = select(DatasetType.id).where(DatasetType.name == selection.type)
        query = query.where(Dataset.type_id.in_(named))
        _check_type(database, selection.type)
    if selection.experiment is not None:
        query = query.where(Dataset.investigation_id == selection.experiment)
    after, more = selection.after, True
    while more:
        with database.read() as session:
            some = session.scalars(query.where(Dataset.id > after)).all()
        yield from some
        after, more = (some[-1], True) if some else (after, False)


def _check_type(database: Database, name: str) -> None:
    with database.read() as session:
        kinds = session.scalars(select(DatasetType.name).distinct().order_by(DatasetType.name)).all()
    if name not in kinds:
        raise InvalidError(f"There is no dataset type “{name}”. There are: {', '.join(kinds)}.")


def _check_parameters(database: Database, names: Collection[str]) -> None:
    """A name that was mistyped must not look as if all files agreed."""
    if not names:
        return
    with database.read() as session:
        known = sorted(
            {name for mapping in session.scalars(select(DatasetType.mapping)) for name in mapping or ()}
        )
    for name in sorted(set(names).difference(known)):
        listed = ", ".join(known) or "none"
        raise InvalidError(f"No dataset type has a parameter “{name}”. There are: {listed}.")


def look(database: Database, settings: Settings, number: int, parameters: Collection[str] = ()) -> Look:
    """Read one dataset's files again and compare. Raises NotFoundError; all else that goes wrong is said in it."""
    with database.read() as session:
        dataset = dataset_for_operator(session, number)
    try:
        return _compared(dataset, settings, parameters)
    except (PortalError, OSError) as error:
        words = error.message if isinstance(error, PortalError) else f"It cannot be read ({error.strerror})."
        return Look(dataset.id, dataset.name, unread=words)


def _compared(dataset: Dataset, settings: Settings, parameters: Collection[str]) -> Look:
    if dataset.is_result:
        words = "It is the result of an analysis: no file is read for its parameters."
        return Look(dataset.id, dataset.name, unread=words, computed=True)
    rules = {name: rule for name, rule in dataset.type.mapping.items() if not parameters or name in parameters}
    if not rules:
        return Look(dataset.id, dataset.name)
    recorded = list(recorded_of(dataset))
    found, problem = _read(dataset, settings, rules)
    differences = [_difference(dataset, name, recorded, found.get(name), problem) for name in rules]
    known = tuple(one for one in differences if one is not None)
    return Look(dataset.id, dataset.name, known, problem or "", dataset.mod_time)


def _read(
    dataset: Dataset, settings: Settings, rules: dict[str, object]
) -> tuple[dict[str, ParameterEntry], str | None]:
    with files_of(dataset, settings) as (root, place, entries):
        found, problem = read_parameters(root, place, entries, rules, complete=dataset.complete)
        return dict(found), problem


def _difference(
    dataset: Dataset,
    name: str,
    recorded: Sequence[Recorded],
    found: ParameterEntry | None,
    problem: str | None,
) -> Difference | None:
    ours = [one for one in recorded if one.name == name and not one.typed]
    stored, replaced = in_force(ours)
    if found is None and problem is not None:
        return None  # a file that cannot be read says nothing, also not that it does not say it
    if not _says_otherwise(stored, found):
        return None
    typed = any(one.name == name and one.typed and one.correction is None for one in recorded)
    if not dataset.complete and not typed:
        then = Then.UPDATED
    elif replaced and not _says_otherwise(replaced, found):
        then = Then.WITHDRAWN
    else:
        then = Then.CORRECTED
    return Difference(name, tuple(stored), found, then)


def _stored(recorded: Sequence[Recorded], name: str) -> list[Quantity]:
    """What is stored now under this name of what files said."""
    ours, _replaced = in_force([one for one in recorded if one.name == name and not one.typed])
    return [one.quantity for one in ours]


def _says_otherwise(stored: Sequence[Recorded], found: ParameterEntry | None) -> bool:
    valued = [one for one in stored if one.value is not None]
    if found is None or not valued:
        return found is not None or bool(valued)
    return not all(same(one.quantity, Quantity(found.value, found.units)) for one in valued)


def write(database: Database, actor: Actor, seen: Look, *, now: datetime) -> None:
    """Write one dataset's differences down, all or none. Raises ConflictError if it was changed meanwhile."""
    with database.write() as session:
        dataset = dataset_for_operator(session, seen.dataset, lock=True)
        recorded = list(recorded_of(dataset))
        if dataset.mod_time != seen.mod_time or any(
            _stored(recorded, one.name) != one.said for one in seen.differences
        ):
            raise ConflictError("It was registered anew, or corrected, meanwhile; read it again.")
        for one in seen.differences:
            match one.then:
                case Then.CORRECTED:
                    correct(session, actor, dataset, one.name, one.found, kind=SourceKind.FILE, now=now)
                case Then.WITHDRAWN:
                    _withdraw_read(session, actor, dataset, one, now)
                case Then.UPDATED:
                    _update(session, actor, dataset, one, now)


def _withdraw_read(session: Session, actor: Actor, dataset: Dataset, one: Difference, now: datetime) -> None:
    for row in dataset.corrections:
        if (row.name, row.source_kind, row.withdrawn) == (one.name, SourceKind.FILE, None):
            row.withdrawn, row.withdrawn_by = now, actor.name
    record_all(session, actor, Action.CORRECTION_WITHDRAWN, [_deed(dataset, one)], at=now)


def _update(session: Session, actor: Actor, dataset: Dataset, one: Difference, now: datetime) -> None:
    for row in list(dataset.parameters):
        if row.type.name == one.name:
            session.delete(row)
    session.flush()
    if one.found is not None:
        query = select(Investigation.facility_id).where(Investigation.id == dataset.investigation_id)
        kind = type_of_entry(session, one.found, session.scalars(query).one())
        made = DatasetParameter(dataset_id=dataset.id, type=kind, create_id=actor.name, mod_id=actor.name)
        made.create_time = made.mod_time = now
        fill_value(made, one.found)
        session.add(made)
    session.flush()
    record_all(session, actor, Action.PARAMETER_READ_AGAIN, [_deed(dataset, one)], at=now)


def _deed(dataset: Dataset, one: Difference) -> tuple[Thing, dict[str, str]]:
    """For the record: of which dataset, and what was and is."""
    details = {"parameter": one.name, "was": one.stored_words, "is": one.found_words}
    return Thing(Kind.DATASET, dataset.id, dataset.name), details
