"""What one dataset's page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from flask import url_for

from portal.catalogue.models import Dataset, DatasetParameter
from portal.config import Settings
from portal.web.views.pictures import Picture, picture_of

KEY_PARAMETERS = 5
REPORTS = frozenset({".html", ".htm"})


@dataclass(frozen=True)
class Figure:
    """A parameter as it is shown."""

    name: str
    value: object
    units: str


@dataclass(frozen=True)
class FileLine:
    """A file with where to get it."""

    name: str
    size: int | None
    checksum: str | None
    download: str
    report: str | None
    """Where a report opens in the browser, walled off; None for other files."""


@dataclass(frozen=True)
class Place:
    """Where the files lie."""

    path: str | None
    writable: bool
    """People can write there: registered in place, checked again whenever it is read."""


def figures(parameters: Sequence[DatasetParameter]) -> list[Figure]:
    """Parameters with what has a unit first, for those are what people compare; otherwise as they were registered."""
    shown = [
        Figure(row.type.name, row.value, row.type.units)
        for row in sorted(parameters, key=lambda row: (not row.type.units, row.numeric_value is None, row.id))
        if row.value is not None
    ]
    return shown


def previews(dataset: Dataset) -> list[Picture]:
    """Its pictures, in the order of the program that made them."""
    return [picture_of(row) for row in dataset.pictures]


def file_line(dataset_id: int, file_id: int, name: str, size: int | None, checksum: str | None) -> FileLine:
    """One line of the list of files."""
    is_report = PurePosixPath(name).suffix.lower() in REPORTS
    return FileLine(
        name=name,
        size=size,
        checksum=checksum,
        download=url_for("datasets.download", dataset_id=dataset_id, file_id=file_id),
        report=url_for("datasets.report", dataset_id=dataset_id, file_id=file_id) if is_report else None,
    )


def place(settings: Settings, dataset: Dataset) -> Place:
    """Where the files lie for people who work on the facility's computers."""
    root, colon, relative = (dataset.location or "").partition(":")
    if not colon:
        return Place(None, False)
    if root == "results":
        return Place(str(settings.results / relative), False)
    known = settings.roots.get(root)
    return Place(str(known.path / relative), known.writable_by_people) if known else Place(None, False)


def first_picture(dataset: Dataset) -> Picture | None:
    """The picture on top of the page: the first preview, which is larger than the thumbnail, else the thumbnail."""
    shown = sorted(dataset.pictures, key=lambda row: (row.role == "thumbnail", row.position))
    return picture_of(shown[0]) if shown else None
