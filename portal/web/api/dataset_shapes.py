"""Datasets and experiments as JSON."""

from datetime import datetime

from pydantic import BaseModel, Field

from gantry_formats.arrays import names_of
from portal.catalogue.arrays.rows import input_arrays
from portal.catalogue.models import Datafile, Dataset, DatasetArray, Investigation
from portal.catalogue.provenance import Linked, Run
from portal.web.api.parameter_shapes import MissingOut, ParameterOut

OptionOut = bool | int | float | str | list[int | float | str] | dict[str, int | float] | None
"""An option's value: a list where it takes several, {"low": 10, "high": 200} of a range."""


class ExperimentRef(BaseModel):
    """An experiment in short."""

    id: int
    title: str


class DatasetRef(BaseModel):
    """A dataset in short."""

    id: int
    name: str
    type: str


class DatasetOut(BaseModel):
    """What was measured or computed together."""

    id: int
    name: str
    type: str
    kind: str = Field(description="raw: measured by an instrument; results: made by an analysis.")
    experiment: ExperimentRef
    instrument: str | None
    date: datetime = Field(description="When it was measured, else when it was registered.")
    size: int
    file_count: int
    complete: bool = Field(description="False while it is still being written.")
    problem: str | None = Field(description="Why its files could not be read.")
    warnings: list[str] = Field(description="Of a result: what makes it doubtful, in words.")


class PictureOut(BaseModel):
    """A picture of a dataset."""

    id: int
    role: str
    caption: str
    width: int
    height: int
    url: str


class ArrayPictureOut(BaseModel):
    """A small picture of an array."""

    axis: str = Field(description="Empty: of the whole; else the axis along which it is one place.")
    place: int
    url: str


class ArrayOut(BaseModel):
    """An array in a dataset's files."""

    name: str = Field(
        description="What it is called in options: its own name, with its file's where that is needed."
    )
    file: str
    shape: list[int]
    dtype: str
    axes: str = Field(description='A letter each: Z, Y, X, C channel, T time, R position …; "?" is not known.')
    labels: dict[str, list[str]] = Field(
        description="Names of the places along an axis; beneath `?` those of axes that are not known."
    )
    sizes: dict[str, float] = Field(description="Of an element in µm, by axis.")
    interval_s: float | None = Field(description="The time between time points; null where it is not known.")
    pictures: list[ArrayPictureOut]


class LeftOutOut(BaseModel):
    """What is in a file and no array to be taken."""

    name: str
    file: str
    why: str
    unusable: bool = Field(description="The whole file is known to be damaged, empty or of another kind.")


class ArraysOut(BaseModel):
    """What is in a dataset's files."""

    listed: bool = Field(description="False where it was registered before arrays were listed.")
    items: list[ArrayOut]
    left_out: list[LeftOutOut]


class RunOut(BaseModel):
    """An analysis that used or made a dataset."""

    analysis: str
    version: str
    job: int | None
    person: str
    at: datetime
    options: dict[str, OptionOut]
    inputs: list[DatasetRef]
    outputs: list[DatasetRef]
    hidden_inputs: int = Field(description="Inputs that you may not see.")


class RemarkOut(BaseModel):
    """What a sound file does not give."""

    file: str = Field(description="Its path beneath the dataset; empty for several.")
    place: str = Field(description="The path in the file; empty for all of it.")
    words: str = Field(description="A clause: “it leads to raw.h5, which is not there”.")


class DatasetDetails(DatasetOut):
    """A dataset with its parameters, pictures and history."""

    description: str | None
    sample: str | None
    seen_by: str = Field(description="Who can see it, in words.")
    remarks: list[RemarkOut] = Field(description="What its files, sound as they are, do not give.")
    parameters: list[ParameterOut]
    not_known: list[MissingOut] = Field(description="What the type maps and the files do not tell.")
    pictures: list[PictureOut]
    made_by: RunOut | None
    used_by: list[RunOut]
    arrays: ArraysOut


class DatasetList(BaseModel):
    """A page of datasets."""

    items: list[DatasetOut]
    total: int
    total_is_exact: bool = Field(description="False where more match than were counted.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class FileOut(BaseModel):
    """A file of a dataset."""

    id: int
    name: str = Field(description="Its path beneath the dataset.")
    size: int | None
    checksum: str | None = Field(description="sha256:…; of a folder that is one entry, its manifest's.")
    files: int | None = Field(
        description="How many files a folder that is one entry (Zarr) has; its content is then a ZIP archive of "
        "them. null for a file."
    )
    modified: datetime | None
    linked: bool = Field(description="Another file of the dataset leads to it (HDF5).")
    alias: str | None = Field(description="“symbolic link” or “hard link”, if its name is one.")
    url: str


class FileList(BaseModel):
    """A page of files, by name."""

    items: list[FileOut]
    total: int
    next: str | None


class ExperimentOut(BaseModel):
    """An experiment: one visit of one team."""

    id: int
    name: str
    visit: str
    title: str
    summary: str | None
    start: datetime | None
    end: datetime | None
    released: datetime | None = Field(description="Public from this moment on.")


class MemberOut(BaseModel):
    """A member of a team."""

    name: str
    role: str = Field(description="In words.")


class ExperimentDetails(ExperimentOut):
    """An experiment with its team."""

    seen_by: str
    team: list[MemberOut]


class ExperimentList(BaseModel):
    """A page of experiments, newest first."""

    items: list[ExperimentOut]
    total: int
    next: str | None


def dataset_fields(dataset: Dataset) -> dict[str, object]:
    """The fields of DatasetOut."""
    return {
        "id": dataset.id,
        "name": dataset.name,
        "type": dataset.type.name,
        "kind": "results" if dataset.is_result else "raw",
        "experiment": ExperimentRef(id=dataset.investigation_id, title=dataset.investigation.title),
        "instrument": dataset.instrument.name if dataset.instrument else None,
        "date": dataset.date,
        "size": dataset.file_size,
        "file_count": dataset.file_count,
        "complete": dataset.complete,
        "problem": dataset.problem,
        "warnings": dataset.warnings,
    }


def dataset_out(dataset: Dataset) -> DatasetOut:
    """In short."""
    return DatasetOut.model_validate(dataset_fields(dataset))


def arrays_out(dataset: Dataset, address: str) -> ArraysOut:
    """What is in its files; pictures lie beneath `address`."""
    known = [row for row in dataset.arrays if not row.left_out]
    names = names_of([array.described for array in input_arrays(known)])
    return ArraysOut(
        listed=bool(dataset.arrays),
        items=[_array(name, row, address) for name, row in zip(names, known, strict=True)],
        left_out=[
            LeftOutOut(name=row.name, file=row.file, why=row.left_out, unusable=bool(row.unusable))
            for row in dataset.arrays
            if row.left_out
        ],
    )


def _array(name: str, row: DatasetArray, address: str) -> ArrayOut:
    return ArrayOut(
        name=name,
        file=row.file,
        shape=row.shape,
        dtype=row.dtype,
        axes=row.axes,
        labels=row.labels,
        sizes=row.sizes,
        interval_s=row.interval_s,
        pictures=[
            ArrayPictureOut(axis=one["axis"], place=one["place"], url=f"{address}/{row.id}/pictures/{number}")
            for number, one in enumerate(row.pictures)
        ],
    )


def file_out(file: Datafile, url: str) -> FileOut:
    """A file and where its content is."""
    return FileOut(
        id=file.id,
        name=file.location or file.name,
        size=file.file_size,
        checksum=file.checksum,
        files=file.folder_files,
        modified=file.datafile_mod_time,
        linked=file.linked,
        alias=file.alias,
        url=url,
    )


def run_out(run: Run) -> RunOut:
    """A run with the datasets that this person may see."""
    return RunOut(
        analysis=run.application,
        version=run.version,
        job=run.portal_job,
        person=run.person,
        at=run.at,
        options=run.options,
        inputs=[_ref(linked) for linked in run.inputs],
        outputs=[_ref(linked) for linked in run.outputs],
        hidden_inputs=run.hidden_inputs,
    )


def _ref(linked: Linked) -> DatasetRef:
    dataset = linked.dataset
    return DatasetRef(id=dataset.id, name=dataset.name, type=dataset.type.name)


def experiment_out(investigation: Investigation) -> ExperimentOut:
    """In short."""
    return ExperimentOut(
        id=investigation.id,
        name=investigation.name,
        visit=investigation.visit_id,
        title=investigation.title,
        summary=investigation.summary,
        start=investigation.start_date,
        end=investigation.end_date,
        released=investigation.release_date,
    )
