"""Datasets: finding them, what is known of them, their files and pictures."""

from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from portal.catalogue.models import Dataset
from portal.catalogue.names import check_names
from portal.catalogue.provenance import came_from, came_of
from portal.catalogue.search import DatasetQuery, find_datasets
from portal.catalogue.service import get_dataset, list_files, who_sees
from portal.data.files import open_datafile
from portal.data.pictures import open_array_picture, open_picture
from portal.jobs.trials.discard import discarded_trials
from portal.web.api.answer import answer
from portal.web.api.blueprint import PREFIX, make_blueprint
from portal.web.api.cursor import PageQuery, decode, encode
from portal.web.api.dataset_shapes import (
    DatasetDetails,
    DatasetList,
    FileList,
    PictureOut,
    arrays_out,
    dataset_fields,
    dataset_out,
    file_out,
    run_out,
)
from portal.web.api.parameter_shapes import missing_out, parameters_out
from portal.web.api.parameters import Moment
from portal.web.bounded import Id, PathId
from portal.web.context import actor, portal, session
from portal.web.files.downloads import hand_out
from portal.web.files.sending import send_open_file

api = make_blueprint("datasets", "What was measured or computed.")

CONTENT = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
PICTURE = {"image/png": {"schema": {"type": "string", "format": "binary"}}}


class DatasetsQuery(PageQuery):
    """Which datasets."""

    text: str | None = Field(None, max_length=200, description="Words in name, description, experiment, sample.")
    type: str | None = Field(None, max_length=255, description="Dataset type.")
    instrument: str | None = Field(None, max_length=255, description="Name of the instrument.")
    experiment: Id | None = Field(None, description="Id of the experiment.")
    kind: Literal["raw", "results", "trials"] | None = Field(
        None,
        description="Measured, made by analyses, or made by trying several values: these are in no other list.",
    )
    complete: bool | None = Field(None, description="False: only what is still being written.")
    start: Moment | None = Field(None, description="Measured at or after this time.")
    end: Moment | None = Field(None, description="Measured before this time.")
    sort: Literal["newest", "oldest", "name"] = "newest"


class DatasetPath(BaseModel):
    """Which dataset."""

    dataset: PathId


class FilePath(DatasetPath):
    """Which file of it."""

    file: PathId


class PicturePath(DatasetPath):
    """Which picture of it."""

    picture: PathId


class ArrayPicturePath(DatasetPath):
    """Which picture of which of its arrays, counted from 0."""

    array: PathId
    number: PathId


@api.get("/datasets", summary="Datasets that match", responses={200: DatasetList})
def read_datasets(query: DatasetsQuery) -> Response:
    """Only what this person may see; so are the counts. A type or instrument that does not exist is an error."""
    check_names(session(), actor(), type_name=query.type, instrument=query.instrument)
    asked = DatasetQuery(
        text=query.text,
        type=query.type,
        instrument=query.instrument,
        investigation=query.experiment,
        start=query.start,
        end=query.end,
        complete=query.complete,
        raw=None if query.kind is None else query.kind == "raw",
        trials=query.kind == "trials",
        without_trials=discarded_trials() if query.kind == "trials" else None,
        sort=query.sort,
        size=query.limit,
        after=decode(query.cursor, "dataset"),
    )
    found = find_datasets(session(), actor(), asked)
    page = DatasetList(
        items=[dataset_out(dataset) for dataset in found.items],
        total=found.total,
        total_is_exact=not found.at_least,
        next=encode({"dataset": found.items[-1].id}) if found.next else None,
    )
    return answer(page)


@api.get("/datasets/<int:dataset>", summary="One dataset", responses={200: DatasetDetails})
def read_dataset(path: DatasetPath) -> Response:
    """With parameters, pictures, where it came from and what came of it."""
    dataset = get_dataset(session(), actor(), path.dataset)
    source = came_from(session(), actor(), dataset)
    details = DatasetDetails.model_validate(
        {
            **dataset_fields(dataset),
            "description": dataset.description,
            "sample": dataset.sample.name if dataset.sample else None,
            "seen_by": who_sees(session(), dataset.investigation),
            "remarks": dataset.remarks,
            "parameters": parameters_out(dataset),
            "not_known": missing_out(dataset),
            "pictures": _pictures(dataset),
            "made_by": run_out(source) if source else None,
            "used_by": [run_out(run) for run in came_of(session(), actor(), dataset)],
            "arrays": arrays_out(dataset, f"{PREFIX}/datasets/{dataset.id}/arrays"),
        }
    )
    return answer(details)


def _pictures(dataset: Dataset) -> list[PictureOut]:
    return [
        PictureOut(
            id=picture.id,
            role=picture.role,
            caption=picture.caption,
            width=picture.width,
            height=picture.height,
            url=f"{PREFIX}/datasets/{dataset.id}/pictures/{picture.id}",
        )
        for picture in dataset.pictures
    ]


@api.get("/datasets/<int:dataset>/files", summary="A dataset's files", responses={200: FileList})
def read_files(path: DatasetPath, query: PageQuery) -> Response:
    """With sizes and checksums."""
    number = decode(query.cursor, "page") or 1
    found = list_files(session(), actor(), path.dataset, number, size=query.limit)
    address = f"{PREFIX}/datasets/{path.dataset}/files"
    page = FileList(
        items=[file_out(file, f"{address}/{file.id}/content") for file in found.items],
        total=found.total,
        next=encode({"page": found.next}) if found.next else None,
    )
    return answer(page)


@api.get(
    "/datasets/<int:dataset>/pictures/<int:picture>",
    summary="A picture of a dataset",
    responses={200: {"description": "A PNG picture.", "content": PICTURE}},
)
def read_picture(path: PicturePath) -> Response:
    """As it is shown on the dataset's page."""
    found = open_picture(session(), actor(), path.dataset, path.picture, settings=portal().settings)
    etag = found.picture.path.rsplit("/", 1)[-1]
    return send_open_file(found.file, "picture.png", etag=etag, inline=True)


@api.get(
    "/datasets/<int:dataset>/arrays/<int:array>/pictures/<int:number>",
    summary="A small picture of an array in a dataset's files",
    responses={200: {"description": "A PNG picture.", "content": PICTURE}},
)
def read_array_picture(path: ArrayPicturePath) -> Response:
    """Of the whole, or of one place along an axis."""
    etag, file = open_array_picture(
        session(), actor(), path.dataset, path.array, path.number, settings=portal().settings
    )
    return send_open_file(file, "picture.png", etag=etag, inline=True)


@api.get(
    "/datasets/<int:dataset>/files/<int:file>/content",
    summary="A file, whole or in ranges",
    responses={
        200: {
            "description": "The file, or a folder as a ZIP archive. Ranges of files are answered with 206.",
            "content": CONTENT,
        }
    },
)
def read_content(path: FilePath) -> Response:
    """As it was registered: a file that has changed since is not handed out."""
    opened = open_datafile(session(), actor(), path.dataset, path.file, settings=portal().settings)
    row = opened.datafile
    etag = row.checksum.replace(":", "-") if row.checksum and row.dataset.complete else None
    return hand_out(opened, row.location or row.name, etag=etag)
