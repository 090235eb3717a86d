"""What one dataset's page shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from flask import url_for

from portal import words
from portal.catalogue.models import Datafile, Dataset, DatasetPicture
from portal.catalogue.service import writable_by_people
from portal.config import Settings
from portal.files.formats import microscope_format
from portal.web.views.pictures import Picture, picture_of

REPORTS = frozenset({".html", ".htm"})


@dataclass(frozen=True)
class FileLine:
    """A file with where to get it."""

    name: str
    size: int | None
    checksum: str | None
    download: str
    report: str | None
    """Where a report opens in the browser, walled off; None for other files."""
    label: str
    """What it is to the others: another leads to it, or its name is a link; or that it is a folder."""


@dataclass(frozen=True)
class Place:
    """Where the files lie."""

    path: str | None
    writable: bool
    """People can write there: registered in place, checked again whenever it is read."""


def further_pictures(dataset: Dataset) -> list[Picture]:
    """Its pictures beside the one on top of the page, in the order of the program that made them."""
    first = _first(dataset)
    return [picture_of(row) for row in dataset.pictures if row is not first]


def file_line(row: Datafile) -> FileLine:
    """One line of the list of files."""
    name, dataset_id, file_id = row.name, row.dataset_id, row.id
    folder = None
    if row.folder_files is not None:
        folder = f"folder of {words.count(row.folder_files, 'file')}, comes as a ZIP archive"
    labels = (row.alias, "read together with another file" if row.linked and not row.alias else None, folder)
    is_report = PurePosixPath(name).suffix.lower() in REPORTS
    return FileLine(
        name=name,
        size=row.file_size,
        checksum=row.checksum,
        download=url_for("datasets.download", dataset_id=dataset_id, file_id=file_id),
        report=url_for("datasets.report", dataset_id=dataset_id, file_id=file_id) if is_report else None,
        label=", ".join(label for label in labels if label),
    )


def place(settings: Settings, dataset: Dataset) -> Place:
    """Where the files lie for people who work on the facility's computers."""
    _root, colon, relative = (dataset.location or "").partition(":")
    if not colon:
        return Place(None, False)
    if dataset.is_result:
        return Place(str(settings.results / relative), False)
    known = settings.roots.get(dataset.root or "")
    return Place(str(known.path / relative) if known else None, writable_by_people(dataset, settings))


def to_convert(names: Iterable[str], pictures: Sequence[object]) -> str | None:
    """The format that keeps a dataset without a picture and needs converting; None where there is none."""
    formats = (microscope_format(name) for name in names)
    return None if pictures else next((one for one in formats if one), None)


def first_picture(dataset: Dataset) -> Picture | None:
    """The picture on top of the page: the one that its program chose, or else the first."""
    shown = _first(dataset)
    return None if shown is None else picture_of(shown)


def _first(dataset: Dataset) -> DatasetPicture | None:
    return min(dataset.pictures, key=lambda row: (row.role != "thumbnail", row.position), default=None)
