"""Registering data where it lies, beneath a configured root. Twice is harmless."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.catalogue.access import Action, may
from portal.catalogue.arrays.entries import plane_sizes
from portal.catalogue.arrays.rows import add_arrays
from portal.catalogue.ensure import ensure_sample
from portal.catalogue.entries import (
    PictureEntry,
    add_files,
    add_parameters,
    add_pictures,
    free_name,
    remove_entries,
    storable_path,
    time_of_ns,
)
from portal.catalogue.files.not_followed import why_nothing_is_left
from portal.catalogue.files.reader import Place, Progress
from portal.catalogue.files.reading import Contents, FileLook, look_around, look_of, read, with_linked
from portal.catalogue.models import Datafile, Dataset, DatasetParameter, DatasetType, Instrument, Investigation
from portal.catalogue.parameters.corrections import withdraw_read
from portal.catalogue.pictures import remove_unnamed
from portal.config import Settings
from portal.data.grey import scale_of_png
from portal.db import Database, is_id
from portal.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, UnsafeFileError
from portal.files.confined import Entry, Kind, Root, kind_of
from portal.files.folders import is_one_thing
from portal.identity.actor import Actor
from portal.level import level


@dataclass(frozen=True)
class _Wish:
    """What the caller said."""

    type_name: str
    investigation_id: int
    name: str | None
    sample: str | None
    description: str | None
    instrument: str | None
    complete: bool
    by: str


@dataclass(frozen=True)
class _Order:
    """The wish, checked against the file system and the catalogue."""

    place: Place
    wish: _Wish
    facility_id: int
    type: DatasetType
    instrument_id: int | None

    @property
    def location(self) -> str:
        return storable_path(f"{self.place.root}:{self.place.location}")

    @property
    def default_name(self) -> str:
        """The file's name without its suffix, or the folder's name."""
        only = self.place.only
        return (Path(only).stem if only else Path(self.place.location).name).replace("_", " ")


def add_in_place(
    database: Database,
    actor: Actor,
    path: Path,
    *,
    type_name: str,
    investigation: int,
    settings: Settings,
    now: datetime,
    progress: Progress | None = None,
    name: str | None = None,
    sample: str | None = None,
    description: str | None = None,
    instrument: str | None = None,
    complete: bool = True,
    dry_run: bool = False,
) -> Dataset:
    """The dataset for a file or folder at the absolute `path`; what is read, is read outside of any transaction.

    A place that is registered as complete and has not changed gives that dataset again, without reading; one that
    was incomplete is brought up to date. A file that is damaged gives a dataset with `problem` in words.
    `dry_run`: all is read and checked, the database takes it, and nothing of it is kept; its id means nothing.
    Raises ForbiddenError (neither staff nor ingest), InvalidError (not beneath a root, unknown type or
    instrument), NotFoundError, UnsafeFileError (links, devices, files that lead out of themselves), ConflictError
    (changed while it was read, or since it was registered; or registered in another experiment).
    """
    if not actor.may_ingest:
        raise ForbiddenError("Registering data is for staff and for the accounts of instruments.")
    wish = _Wish(type_name, investigation, name, sample, description, instrument, complete, actor.name)
    root_name, folder, relative = _beneath_root(path, settings)
    with Root(folder) as root:
        place = _place(root, root_name, relative, links=not settings.roots[root_name].writable_by_people)
        entries, not_followed = look_around(root, place)
        if not entries and complete:
            why = f" {why_nothing_is_left(not_followed)}" if not_followed else ""
            raise InvalidError(f"There is no file in {path}.{why}")
        with database.read() as session:
            order = _check(session, place, wish)
            known = _registered(session, order)
            looks = looks_of_known(root, place, entries, known) if known is not None else []
            if known is not None and _is_settled(known, looks) and not _lies_anew(known, looks):
                return known
        contents = read(root, place, entries, order.type.mapping, complete=complete, progress=progress)
    with database.write() as session:
        # One registration into an experiment at a time: the question below must not race with another answer.
        session.execute(select(Investigation.id).where(Investigation.id == investigation).with_for_update())
        known = _registered(session, order)
        if known is not None and _is_settled(known, contents.looks):
            _pin_anew(known, contents)
            return known
        dataset = known or _new(session, order, now)
        _fill(session, dataset, order, contents, now)
        if dry_run:
            session.flush()
            session.expunge(dataset)
            session.rollback()
            return dataset
        add_pictures(session, dataset, _pictures(contents), folder=settings.pictures, by=wish.by)
        add_arrays(session, dataset, contents.arrays, folder=settings.pictures, by=wish.by)
    if known is not None:
        with database.write() as session:
            remove_unnamed(session, dataset.id, settings.pictures)
    return dataset


def _pictures(contents: Contents) -> list[PictureEntry]:
    if not contents.thumbnail:
        return []
    scale = scale_of_png(contents.thumbnail, plane_sizes(contents.arrays))
    return [PictureEntry("thumbnail.png", contents.thumbnail, "thumbnail", scale=scale)]


def investigation_for_ingest(session: Session, actor: Actor, text: str) -> Investigation:
    """The experiment with this id, or the only one with this title, name or visit, for those who register data.

    An instrument's account is in no team, so `visible` does not show it the experiments it delivers to.
    Raises ForbiddenError, NotFoundError, InvalidError (several).
    """
    if not may(session, actor, Action.CREATE, Dataset):
        raise ForbiddenError("Registering data is for staff and for the accounts of instruments.")
    return investigation_named(session, text)


def investigation_named(session: Session, text: str) -> Investigation:
    """The same for an operator. Raises NotFoundError, InvalidError (several)."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    by_id = session.get(Investigation, number) if is_id(number) else None
    if by_id is not None:
        return by_id
    named = or_(Investigation.title == text, Investigation.name == text, Investigation.visit_id == text)
    found = list(session.scalars(select(Investigation).where(named).limit(3)))
    if not found:
        close = get_close_matches(text, session.scalars(select(Investigation.title).limit(1000)).all(), n=1)
        meant = f" Did you mean “{close[0]}”?" if close else ""
        raise NotFoundError(f"There is no {level().one} “{text}”.{meant}")
    if len(found) > 1:
        listed = ", ".join(f"{one.id} ({one.title}, {one.visit_id})" for one in found)
        raise InvalidError(f"“{text}” is not one {level().one}: {listed}. Give the id.")
    return found[0]


def _beneath_root(path: Path, settings: Settings) -> tuple[str, Path, str]:
    """Name and folder of the innermost root that holds `path`, and the path beneath it; links are not followed."""
    wanted = Path(os.path.normpath(path))
    fitting = [
        (len(folder.parts), name, root.path, str(wanted.relative_to(folder)))
        for name, root in settings.roots.items()
        for folder in (root.path, root.path.resolve())
        if wanted.is_relative_to(folder) and wanted != folder
    ]
    if not wanted.is_absolute() or not fitting:
        roots = ", ".join(str(root.path) for root in settings.roots.values()) or "none is configured"
        raise InvalidError(f"{path} is not beneath a folder that data may be registered from ({roots}).")
    return max(fitting)[1:]


def looks_of_known(root: Root, place: Place, entries: Sequence[Entry], known: Dataset) -> list[FileLook]:
    """The files that are there now of those that are registered, with those that others lead to."""
    linked = [file.location for file in known.datafiles if file.linked and file.location is not None]
    return [look_of(entry) for entry in with_linked(root, place, entries, linked)]


def _place(root: Root, name: str, relative: str, *, links: bool) -> Place:
    match kind_of(root.stat(relative)):
        case Kind.FOLDER if is_one_thing(root, relative):
            folder, _slash, only = relative.rpartition("/")
            return Place(name, folder, only, links)
        case Kind.FOLDER:
            return Place(name, relative, None, links)
        case Kind.FILE:
            folder, _slash, file = relative.rpartition("/")
            return Place(name, folder, file, links)
    raise UnsafeFileError(f"{relative} is a link or a device. Only files and folders can be registered.")


def _check(session: Session, place: Place, wish: _Wish) -> _Order:
    number = wish.investigation_id
    investigation = session.get(Investigation, number) if is_id(number) else None
    if investigation is None:
        raise NotFoundError(f"There is no {level().one} {number}.")
    types = select(DatasetType).where(DatasetType.facility_id == investigation.facility_id)
    kind = session.scalar(types.where(DatasetType.name == wish.type_name))
    if kind is None:
        known = sorted(one.name for one in session.scalars(types))
        raise InvalidError(
            f"There is no dataset type “{wish.type_name}”. The types are: {', '.join(known) or 'none yet'}.",
            fields={"type": "Unknown."},
        )
    instrument_id = _instrument_id(session, investigation, wish.instrument)
    return _Order(place, wish, investigation.facility_id, kind, instrument_id)


def _instrument_id(session: Session, investigation: Investigation, name: str | None) -> int | None:
    """The instrument with this name; without one, the experiment's if it used only one."""
    if name is None:
        used = {row.instrument_id for row in investigation.investigation_instruments}
        return used.pop() if len(used) == 1 else None
    found = session.scalar(
        select(Instrument.id).where(
            Instrument.facility_id == investigation.facility_id,
            or_(Instrument.name == name, Instrument.full_name == name),
        )
    )
    if found is None:
        raise InvalidError(f"There is no instrument “{name}”.", fields={"instrument": "Unknown."})
    return found


def _registered(session: Session, order: _Order) -> Dataset | None:
    """The dataset that was registered from this very place. Raises ConflictError if it belongs elsewhere."""
    only = order.place.only
    query = select(Dataset).where(Dataset.location == order.location, Dataset.single_file.is_(only is not None))
    if only is not None:
        # A file that another one leads to may have been registered with that, and by itself.
        query = query.where(Dataset.datafiles.any(and_(Datafile.location == only, Datafile.linked.is_(False))))
    options = (
        selectinload(Dataset.datafiles),
        selectinload(Dataset.parameters).joinedload(DatasetParameter.type),
        joinedload(Dataset.type),
    )
    dataset = session.scalars(query.options(*options)).first()
    if dataset is not None and dataset.investigation_id != order.wish.investigation_id:
        raise ConflictError(
            f"This is registered in another {level().one} already.", detail=f"dataset {dataset.id}"
        )
    return dataset


def _is_settled(known: Dataset, looks: Sequence[FileLook]) -> bool:
    """True if nothing is to be done. Raises ConflictError if a whole dataset's files have changed."""
    if not known.complete:
        return False
    names = changed_files(known, looks)
    if not names:
        return True
    if known.problem is not None:
        return False  # a damaged file that was copied again
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    raise ConflictError(
        f"This was registered as “{known.name}”, and has changed since: {shown}. What is registered is left as it "
        "is; put the new data into a folder of its own."
    )


def changed_files(known: Dataset, looks: Sequence[FileLook]) -> list[str]:
    """Names of the files that are not what was registered, are new, or gone."""
    registered = {
        FileLook(file.location or "", file.file_size, file.mtime_ns, None, file.folder_stamp)
        for file in known.datafiles
    }
    return sorted({one.path for one in registered ^ set(looks)})


def _lies_anew(known: Dataset, looks: Sequence[FileLook]) -> bool:
    """Whether files of the same size and time lie in the place of those that were registered: moved, or others."""
    there = {look.path: look.inode for look in looks}
    return any(file.inode is not None and there.get(file.location or "") != file.inode for file in known.datafiles)


def _pin_anew(known: Dataset, contents: Contents) -> None:
    """Take files for the registered ones that have their content. Raises ConflictError where it is another."""
    there = {file.path: file for file in contents.files}
    for row in known.datafiles:
        now = there[row.location or ""]
        if row.checksum is not None and row.checksum != f"sha256:{now.sha256}":
            raise ConflictError(
                f"This was registered as “{known.name}”, and has changed since: {row.location} is another file of "
                "the same size and time. What is registered is left as it is."
            )
        if row.inode is not None:
            row.inode = now.inode


def _new(session: Session, order: _Order, now: datetime) -> Dataset:
    wish = order.wish
    return Dataset(
        investigation_id=wish.investigation_id,
        name=free_name(session, wish.investigation_id, wish.name or order.default_name),
        location=order.location,
        single_file=order.place.only is not None,
        create_id=wish.by,
        create_time=now,
    )


def _fill(session: Session, dataset: Dataset, order: _Order, contents: Contents, now: datetime) -> None:
    wish = order.wish
    dataset.type_id, dataset.instrument_id = order.type.id, order.instrument_id
    dataset.complete, dataset.problem = wish.complete, contents.problem
    dataset.remarks = [{"file": one.file, "place": one.place, "words": one.words} for one in contents.remarks]
    dataset.description = (wish.description or dataset.description or "")[:255] or None
    dataset.mod_id, dataset.mod_time = wish.by, now
    if wish.sample:
        dataset.sample_id = ensure_sample(session, wish.investigation_id, wish.sample).id
    times = [time_of_ns(file.mtime_ns) for file in contents.files] or [now]
    dataset.start_date = dataset.start_date or min(times)
    dataset.end_date = max(times) if wish.complete else None
    dataset.file_count, dataset.file_size = len(contents.files), sum(file.size for file in contents.files)
    session.add(dataset)
    session.flush()
    remove_entries(session, dataset)
    withdraw_read(session, dataset, by=wish.by, now=now)
    add_files(session, dataset, contents.files, by=wish.by)
    add_parameters(session, dataset, contents.parameters, facility_id=order.facility_id, by=wish.by)
