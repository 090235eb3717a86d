"""The rows of a dataset's arrays: written when it is registered or listed again, read for pages and forms."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from portal.catalogue.arrays.entries import ArrayEntry
from portal.catalogue.models import Dataset, DatasetArray
from portal.data.parsing.listed import ArrayPicture
from portal.files.durable import write_whole
from portal.files.formats import png_size
from portal.form.inputs.arrays import InputArray
from portal.portions import portions

ROWS_AT_ONCE = 500
NO_ARRAY = ArrayEntry("", "")
# Without asking for the row's number, which the daemon may not read: it adds arrays, and sees none.
ADD = insert(DatasetArray).inline()
OF_DATASETS = (
    select(
        DatasetArray.id,
        DatasetArray.dataset_id,
        DatasetArray.file,
        DatasetArray.name,
        DatasetArray.shape,
        DatasetArray.dtype,
        DatasetArray.axes,
        DatasetArray.labels,
        DatasetArray.sizes,
        DatasetArray.pictures,
        DatasetArray.left_out,
        DatasetArray.unusable,
        DatasetArray.interval_s,
    )
    .where(DatasetArray.dataset_id.in_(bindparam("ids", expanding=True)))
    .order_by(DatasetArray.dataset_id, DatasetArray.position)
)


def add_arrays(
    session: Session, dataset: Dataset, entries: Sequence[ArrayEntry], *, folder: Path, by: str
) -> None:
    """Give the dataset, which has none, its arrays, and write their pictures into the pictures folder.

    A picture that is written though the transaction fails is harmless: the next try writes the same name.
    """
    for entry in entries:
        for one in _pictures(entry):
            _write_picture(folder / _path(dataset.id, one.png), one.png)
    by_whom = {"create_id": by, "mod_id": by}
    rows = [_row(dataset.id, place, entry) | by_whom for place, entry in enumerate(entries)]
    for some in portions(rows, ROWS_AT_ONCE):
        session.connection().execute(ADD, some)
    session.expire(dataset, ["arrays"])


def replace_arrays(
    session: Session, dataset: Dataset, entries: Sequence[ArrayEntry], *, folder: Path, by: str
) -> None:
    """Give the dataset these arrays in the place of those that were listed before.

    Pictures of those stay on disk until `remove_unnamed`: whether this is kept is not known yet.
    """
    session.execute(delete(DatasetArray).where(DatasetArray.dataset_id == dataset.id))
    add_arrays(session, dataset, entries, folder=folder, by=by)


def are_listed(rows: Sequence[DatasetArray], number: int, entries: Sequence[ArrayEntry]) -> bool:
    """Whether the rows of the dataset with this id, in order, say what these entries say, pictures included."""
    wanted = [_row(number, place, entry) for place, entry in enumerate(entries)]
    return [{key: getattr(row, key) for key in _row(0, 0, NO_ARRAY)} for row in rows] == wanted


def _row(number: int, place: int, entry: ArrayEntry) -> dict[str, Any]:
    return {
        "dataset_id": number,
        "position": place,
        "file": entry.file,
        "name": entry.name,
        "shape": list(entry.shape),
        "dtype": entry.dtype[:100],
        "axes": entry.axes,
        "labels": {axis: list(labels) for axis, labels in entry.labels.items()},
        "sizes": dict(entry.sizes),
        "pictures": [
            {"axis": one.axis, "place": one.place, "path": _path(number, one.png)} for one in _pictures(entry)
        ],
        "left_out": entry.left_out,
        "unusable": entry.unusable,
        "interval_s": entry.interval_s,
    }


def _pictures(entry: ArrayEntry) -> list[ArrayPicture]:
    return [one for one in entry.pictures if png_size(one.png) is not None]


def _path(number: int, png: bytes) -> str:
    return f"{number}/{hashlib.sha256(png).hexdigest()}.png"


def _write_picture(path: Path, png: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, png)


def arrays_of_all(connection: Connection, ids: Sequence[int]) -> Mapping[int, tuple[InputArray, ...]]:
    """The arrays of datasets that the actor was found to see: they are as visible as their dataset.

    A dataset that was registered before arrays were listed has none.
    """
    found: dict[int, list[InputArray]] = {}
    for some in portions(list(ids)):
        for row in connection.execute(OF_DATASETS, {"ids": list(some)}):
            found.setdefault(row.dataset_id, []).append(_input_array(row))
    return {dataset: tuple(arrays) for dataset, arrays in found.items()}


def input_arrays(rows: Sequence[DatasetArray]) -> tuple[InputArray, ...]:
    """The same of rows that were loaded."""
    return tuple(_input_array(row) for row in rows)


def _input_array(row: Any) -> InputArray:
    return InputArray(
        id=row.id,
        file=row.file,
        name=row.name,
        shape=tuple(row.shape),
        dtype=row.dtype,
        axes=row.axes,
        labels={axis: tuple(labels) for axis, labels in row.labels.items()},
        pictures=tuple((one["axis"], one["place"]) for one in row.pictures),
        sizes={axis: float(size) for axis, size in row.sizes.items()},
        left_out=row.left_out,
        unusable=row.unusable,
        interval_s=row.interval_s,
    )
