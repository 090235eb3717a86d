"""Rows below a dataset: its files, parameters and pictures, given as plain values that were checked for form."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from portal.catalogue.ensure import ensure_parameter_type
from portal.catalogue.models import (
    Datafile,
    Dataset,
    DatasetArray,
    DatasetParameter,
    DatasetPicture,
    FolderManifest,
    ParameterCorrection,
    ParameterType,
    ParameterValueType,
)
from portal.catalogue.models.data import LOCATION_LENGTH
from portal.catalogue.parameters.source import NOT_KEPT, Source
from portal.data.grey import UNSAID, PictureScale
from portal.errors import ConflictError, InvalidError
from portal.files.durable import write_whole
from portal.files.formats import png_size
from portal.level import level
from portal.portions import portions
from portal.words import one_line

NAME_LENGTH = 255
NAMES_TRIED = 1000
ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class FolderFiles:
    """The files of a folder that is one entry: how many, what they are known again by, and all of them."""

    files: int
    stamp: str
    manifest: bytes
    """Compressed, as `portal.catalogue.files.manifest` makes it."""


@dataclass(frozen=True)
class FileEntry:
    """A file: path relative to the dataset's location, bytes, modification time, SHA-256 as hex.

    The digest is None for a file that is still being written. `inode`: of what lies where it was registered;
    `linked`: another file of the dataset leads to it; `alias`: by which kind of link it has this name. Of a folder
    that is one entry the digest is its manifest's.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str | None
    inode: int | None = None
    linked: bool = False
    alias: str | None = None
    folder: FolderFiles | None = None


@dataclass(frozen=True)
class ParameterEntry:
    """A quantity with its units; a number or a text. Two that say the same are equal, wherever they are from."""

    name: str
    value: float | str
    units: str = ""
    source: Source = field(default=NOT_KEPT, compare=False)


@dataclass(frozen=True)
class PictureEntry:
    """A PNG that the portal's own code encoded. `role` is `thumbnail` or `preview`."""

    name: str
    png: bytes
    role: str = "preview"
    caption: str = ""
    scale: PictureScale = UNSAID


def remove_entries(session: Session, dataset: Dataset) -> None:
    """Take away the dataset's files, parameters, pictures and arrays, to give it others."""
    for kind in (Datafile, DatasetParameter, DatasetPicture, DatasetArray):
        session.execute(delete(kind).where(kind.dataset_id == dataset.id))
    session.expire(dataset, ["datafiles", "parameters", "pictures", "arrays"])


def add_files(session: Session, dataset: Dataset, files: Sequence[FileEntry], *, by: str) -> None:
    """Give the dataset, which has none, its files; their number and size are the caller's. Raises InvalidError."""
    rows = [_file_row(dataset, file, by) for file in files]
    for some in portions(rows, ROWS_AT_ONCE):
        session.execute(insert(Datafile), some)
    _add_manifests(session, dataset, files)
    session.expire(dataset, ["datafiles"])


def _add_manifests(session: Session, dataset: Dataset, files: Sequence[FileEntry]) -> None:
    manifests = {file.path: file.folder.manifest for file in files if file.folder is not None}
    if not manifests:
        return
    rows = session.execute(
        select(Datafile.id, Datafile.location).where(
            Datafile.dataset_id == dataset.id, Datafile.folder_files.is_not(None)
        )
    )
    for row in rows:
        session.add(FolderManifest(datafile_id=row.id, document=manifests[row.location]))
    session.flush()


def _file_row(dataset: Dataset, file: FileEntry, by: str) -> dict[str, object]:
    return {
        "dataset_id": dataset.id,
        "name": short_name(storable_path(file.path)),
        "location": file.path,
        "file_size": file.size,
        "checksum": f"sha256:{file.sha256}" if file.sha256 else None,
        "datafile_mod_time": time_of_ns(file.mtime_ns),
        "mtime_ns": file.mtime_ns,
        "inode": file.inode,
        "linked": file.linked,
        "alias": file.alias,
        "folder_files": file.folder.files if file.folder else None,
        "folder_stamp": file.folder.stamp if file.folder else None,
        "create_id": by,
        "mod_id": by,
    }


def time_of_ns(mtime_ns: int) -> datetime:
    """A modification time in nanoseconds as a time in UTC, cut (not rounded) to microseconds."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=mtime_ns // 1000)


def storable_path(path: str) -> str:
    """`path` if the catalogue can hold it. Raises InvalidError."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        name = path.encode("utf-8", "replace").decode("utf-8")
        raise InvalidError(f"The name {name} is not valid UTF-8; rename it first.") from error
    if len(path) > LOCATION_LENGTH:
        raise InvalidError(f"The path {path[:100]}… is longer than {LOCATION_LENGTH} characters.")
    return path


def short_name(path: str) -> str:
    """A path as ICAT's name of a file: itself, or its beginning and a digest if it is too long."""
    if len(path) <= NAME_LENGTH:
        return path
    digest = hashlib.sha256(path.encode()).hexdigest()[:16]
    return f"{path[: NAME_LENGTH - 17]}…{digest}"


def add_parameters(
    session: Session, dataset: Dataset, parameters: Iterable[ParameterEntry], *, facility_id: int, by: str
) -> None:
    """Give the dataset, which has none, its parameters; what is no finite number and no text is left out."""
    taken: set[int] = set()
    for entry in parameters:
        row = _parameter_row(session, dataset, entry, facility_id)
        if row is not None and row.type.id not in taken:
            taken.add(row.type.id)
            row.create_id = row.mod_id = by
            session.add(row)
    session.flush()
    session.expire(dataset, ["parameters"])


def _parameter_row(
    session: Session, dataset: Dataset, entry: ParameterEntry, facility_id: int
) -> DatasetParameter | None:
    number = _number(entry.value)
    if isinstance(entry.value, float | int) and number is None:
        return None
    kind = type_of_entry(session, entry, facility_id)
    row = DatasetParameter(dataset_id=dataset.id, type=kind)
    fill_value(row, entry)
    return row


def type_of_entry(session: Session, entry: ParameterEntry, facility_id: int) -> ParameterType:
    """The facility's parameter type for this entry, made if it is the first; what is too long is cut."""
    is_text, units = isinstance(entry.value, str), one_line(entry.units, NAME_LENGTH)
    wanted = ParameterValueType.STRING if is_text else ParameterValueType.NUMERIC
    kind = ensure_parameter_type(session, facility_id, entry.name, units, wanted)
    if kind.value_type == ParameterValueType.NUMERIC and _number(entry.value) is None:
        # Somebody registered the same quantity as a number: the text needs a type of its own.
        kind = ensure_parameter_type(session, facility_id, f"{entry.name} (text)", units, wanted)
    return kind


def fill_value(row: DatasetParameter | ParameterCorrection, entry: ParameterEntry) -> None:
    """Put value and source into a row whose type is set."""
    assert row.type is not None
    if row.type.value_type == ParameterValueType.NUMERIC:
        row.numeric_value = _number(entry.value)
    else:
        row.string_value = str(entry.value).replace("\0", "")[:4000]
    row.source = entry.source


def _number(value: float | str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def add_pictures(
    session: Session, dataset: Dataset, pictures: Sequence[PictureEntry], *, folder: Path, by: str
) -> None:
    """Give the dataset, which has none, its pictures, and write them into the pictures folder, named by content.

    A picture that is written though the transaction fails is harmless: the next try writes the same name.
    """
    for position, entry in enumerate(pictures):
        size = png_size(entry.png)
        if size is None:
            raise InvalidError(f"The picture {entry.name} is not a PNG.")
        path = f"{dataset.id}/{hashlib.sha256(entry.png).hexdigest()}.png"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / path, entry.png)
        row = DatasetPicture(
            dataset_id=dataset.id,
            name=entry.name,
            role=entry.role,
            caption=entry.caption[:255],
            position=position,
            path=path,
            width=size[0],
            height=size[1],
            black=entry.scale.black,
            white=entry.scale.white,
            width_um=entry.scale.width_um,
            height_um=entry.scale.height_um,
            create_id=by,
            mod_id=by,
        )
        session.add(row)
    session.flush()
    session.expire(dataset, ["pictures"])


def free_name(session: Session, investigation_id: int, wanted: str) -> str:
    """`wanted`, or `wanted (2)`, `wanted (3)` …: a name that no dataset of the investigation has."""
    wanted = " ".join(wanted.split()) or "Dataset"
    for number in range(1, NAMES_TRIED):
        tail = f" ({number})" if number > 1 else ""
        name = wanted[: NAME_LENGTH - len(tail)] + tail
        taken = select(Dataset.id).where(Dataset.investigation_id == investigation_id, Dataset.name == name)
        if session.scalar(taken) is None:
            return name
    raise ConflictError(f"There are too many datasets called {wanted} in this {level().one}. Choose another name.")
