"""Listing the arrays of what is registered already: what was registered before they were listed gets them.

A listing says what lies in the files. It is no edit of a dataset, so that one that is complete gets it too: its
own row, files and parameters stay as they are. For operators; files are read outside of any transaction, and each
dataset is written in one of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.catalogue.arrays.entries import ArrayEntry
from portal.catalogue.arrays.rows import are_listed, replace_arrays
from portal.catalogue.files.reading import read_arrays
from portal.catalogue.files.registered_files import files_of
from portal.catalogue.models import Dataset, DatasetArray
from portal.catalogue.parameters.corrections import dataset_for_operator
from portal.catalogue.pictures import remove_unnamed
from portal.config import Settings
from portal.db import Database
from portal.errors import ConflictError, PortalError
from portal.files.formats import is_named_as_array
from portal.identity.actor import Actor


class State(StrEnum):
    """What the catalogue has of a dataset's arrays."""

    MISSING = "not listed yet"
    DIFFERENT = "differ"
    SAME = "unchanged"


@dataclass(frozen=True)
class ArraysLook:
    """What came of looking for the arrays of one dataset's files again."""

    dataset: int
    name: str
    state: State | None = None
    """None where they could not be compared."""
    listed: int = 0
    """Arrays that can be taken, by the catalogue."""
    found: int = 0
    """The same in the files."""
    unread: str = ""
    """Why they were not compared, in words."""
    entries: tuple[ArrayEntry, ...] = field(default=(), repr=False)
    rows: tuple[int, ...] = ()
    """The rows that were compared."""
    mod_time: datetime | None = None

    @property
    def to_write(self) -> bool:
        """Whether the catalogue has something else than the files."""
        return self.state in (State.MISSING, State.DIFFERENT)


def look(database: Database, settings: Settings, number: int) -> ArraysLook:
    """List one dataset's arrays and compare. Raises NotFoundError; all else that goes wrong is said in it.

    A result's were listed when it was filed, and nothing in it changes: they are listed where that was not done.
    """
    with database.read() as session:
        dataset = dataset_for_operator(session, number)
        known = list(dataset.arrays)
    if dataset.is_result and known:
        return _seen(dataset, known, State.SAME, _count(known))
    try:
        entries = _read(dataset, settings)
    except (PortalError, OSError) as error:
        words = error.message if isinstance(error, PortalError) else f"It cannot be read ({error.strerror})."
        return ArraysLook(dataset.id, dataset.name, unread=words)
    if lost := _lost(known, entries):
        return ArraysLook(dataset.id, dataset.name, unread=lost)
    if are_listed(known, dataset.id, entries):
        return _seen(dataset, known, State.SAME, _count(entries))
    return _seen(dataset, known, State.DIFFERENT if known else State.MISSING, _count(entries), entries)


def _read(dataset: Dataset, settings: Settings) -> list[ArrayEntry]:
    with files_of(dataset, settings) as (root, place, entries):
        if dataset.is_result and not any(is_named_as_array(entry.path) for entry in entries):
            return []  # a table or a report: nothing is said of arrays, as when it is filed
        return read_arrays(root, place, entries, complete=dataset.complete)


def _seen(
    dataset: Dataset, known: Sequence[DatasetArray], state: State, found: int, entries: Sequence[ArrayEntry] = ()
) -> ArraysLook:
    return ArraysLook(
        dataset.id,
        dataset.name,
        state,
        _count(known),
        found,
        entries=tuple(entries),
        rows=tuple(row.id for row in known),
        mod_time=dataset.mod_time,
    )


def _count(arrays: Sequence[DatasetArray] | Sequence[ArrayEntry]) -> int:
    return sum(not one.left_out for one in arrays)


def _lost(known: Sequence[DatasetArray], entries: Sequence[ArrayEntry]) -> str:
    """Why what was listed stays: of a file that cannot be read now nothing is known. Empty: nothing is lost."""
    held = {row.file for row in known if not row.left_out} - {one.file for one in entries if not one.left_out}
    why = {one.file: one.left_out for one in entries if one.left_out and not one.name}
    return next((f"{file} cannot be read now: {why[file]}." for file in sorted(held & why.keys())), "")


def write(database: Database, settings: Settings, actor: Actor, seen: ArraysLook, *, now: datetime) -> None:
    """Write the arrays of one dataset down, all or none; pictures that no row names any more go.

    Raises ConflictError if it was registered or listed anew meanwhile, OSError where a picture cannot be written.
    """
    if seen.to_write:
        with database.write() as session:
            _list(session, settings, actor, seen, now)
    # Not before the rows are certain: what is rolled back still names the pictures of before.
    with database.write() as session:
        remove_unnamed(session, seen.dataset, settings.pictures)


def _list(session: Session, settings: Settings, actor: Actor, seen: ArraysLook, now: datetime) -> None:
    dataset = dataset_for_operator(session, seen.dataset, lock=True)
    if (dataset.mod_time, tuple(row.id for row in dataset.arrays)) != (seen.mod_time, seen.rows):
        raise ConflictError("It was registered or listed anew meanwhile; look at it again.")
    replace_arrays(session, dataset, seen.entries, folder=settings.pictures, by=actor.name)
    details = {"was": str(seen.listed) if seen.rows else State.MISSING.value, "is": str(seen.found)}
    thing = Thing(Kind.DATASET, dataset.id, dataset.name)
    record(session, actor, Action.ARRAYS_LISTED, thing, at=now, details=details)
