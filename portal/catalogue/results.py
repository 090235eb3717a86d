"""A job's stored output becomes a dataset of its experiment, with parameters, pictures and provenance."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.catalogue.arrays.entries import ArrayEntry
from portal.catalogue.arrays.rows import add_arrays
from portal.catalogue.ensure import ensure_application, ensure_dataset_type
from portal.catalogue.entries import (
    FileEntry,
    ParameterEntry,
    PictureEntry,
    add_files,
    add_parameters,
    add_pictures,
    free_name,
    storable_path,
)
from portal.catalogue.models import (
    DataCollection,
    DataCollectionDataset,
    Dataset,
    Investigation,
    Job,
    TrialPicture,
)
from portal.config import Settings
from portal.data.grey import GreyPlane
from portal.errors import ConflictError, NotFoundError
from portal.level import level

RACES = 5


@dataclass(frozen=True)
class ResultToRegister:
    """One declared output of one job, copied, hashed and sealed by the store."""

    portal_job: int
    output: str
    """The job type's name for this output; with `portal_job` it identifies the result."""
    investigation_id: int
    dataset_type: str
    name: str
    """As people see it; made unique in the investigation."""
    location: str
    """`results:<relative path>`."""
    files: Sequence[FileEntry]
    application: tuple[str, str]
    """The job type's name and version."""
    arguments: Mapping[str, Any]
    """The typed options."""
    inputs: Sequence[tuple[str, int]]
    """(slot, dataset id); what has been deleted meanwhile is left out."""
    person: str
    """Sign-in name of who asked."""
    parameters: Sequence[ParameterEntry] = ()
    pictures: Sequence[PictureEntry] = ()
    arrays: Sequence[ArrayEntry] = ()
    warnings: Sequence[str] = ()
    """What makes it doubtful, in words."""
    description: str | None = None
    trial: str | None = None
    """The submission that tried several values, if it is a result of such a one."""
    grey: GreyPlane | None = None
    """What its picture is drawn of, where it is to be drawn beside others."""
    started: datetime | None = None
    ended: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further facts kept with the arguments in the provenance: revision, image, runner."""


def register_result(session: Session, result: ResultToRegister, *, settings: Settings, now: datetime) -> Dataset:
    """The dataset for this output; a second call for the same job and output returns the first one unchanged.

    Raises NotFoundError if the investigation is gone, InvalidError for names that cannot be stored.
    """
    run = session.scalar(select(Job).where(Job.portal_job == result.portal_job))
    if run is not None:
        found = _registered(session, run, result.output)
        if found is not None:
            return found
    investigation = session.get(Investigation, result.investigation_id)
    if investigation is None:
        raise NotFoundError(f"The {level().one} that the result belongs to no longer exists.")
    inputs = _existing_inputs(session, result)
    dataset = _add_dataset(session, result, investigation, [given for _slot, given in inputs], now)
    facility_id, by = investigation.facility_id, result.person
    add_files(session, dataset, result.files, by=by)
    add_parameters(session, dataset, result.parameters, facility_id=facility_id, by=by)
    add_pictures(session, dataset, result.pictures, folder=settings.pictures, by=by)
    add_arrays(session, dataset, result.arrays, folder=settings.pictures, by=by)
    if result.grey is not None:
        _add_grey(session, dataset, result.grey, by)
    run = run or _add_run(session, result, facility_id, inputs)
    session.add(
        DataCollectionDataset(
            data_collection=run.output_data_collection,
            dataset=dataset,
            slot=result.output,
            create_id=by,
            mod_id=by,
        )
    )
    session.flush()
    return dataset


def _add_grey(session: Session, dataset: Dataset, plane: GreyPlane, by: str) -> None:
    row = TrialPicture(
        dataset_id=dataset.id,
        width=plane.width,
        height=plane.height,
        black=plane.black,
        white=plane.white,
        pixels=plane.pixels,
        create_id=by,
        mod_id=by,
    )
    session.add(row)


def _registered(session: Session, run: Job, output: str) -> Dataset | None:
    made = (
        select(Dataset)
        .join(DataCollectionDataset, DataCollectionDataset.dataset_id == Dataset.id)
        .where(
            DataCollectionDataset.data_collection_id == run.output_data_collection_id,
            DataCollectionDataset.slot == output,
        )
    )
    return session.scalar(made)


def _existing_inputs(session: Session, result: ResultToRegister) -> list[tuple[str, Dataset]]:
    found = []
    for slot, dataset_id in dict.fromkeys(result.inputs):
        dataset = session.get(Dataset, dataset_id)
        if dataset is not None:
            found.append((slot, dataset))
    return found


def _add_dataset(
    session: Session,
    result: ResultToRegister,
    investigation: Investigation,
    inputs: Sequence[Dataset],
    now: datetime,
) -> Dataset:
    kind = ensure_dataset_type(session, investigation.facility_id, result.dataset_type)
    sample_id = _shared(given.sample_id for given in inputs if given.investigation_id == investigation.id)
    instrument_id = _shared(given.instrument_id for given in inputs)
    for _ in range(RACES):
        dataset = Dataset(
            investigation_id=investigation.id,
            type_id=kind.id,
            sample_id=sample_id,
            instrument_id=instrument_id,
            name=free_name(session, investigation.id, result.name),
            description=(result.description or None) and str(result.description)[:255],
            warnings=list(result.warnings),
            location=storable_path(result.location),
            complete=True,
            file_count=len(result.files),
            file_size=sum(file.size for file in result.files),
            start_date=result.started or now,
            end_date=result.ended or now,
            trial=result.trial,
            create_id=result.person,
            mod_id=result.person,
        )
        try:
            with session.begin_nested():
                session.add(dataset)
        except IntegrityError:
            continue  # somebody took the name between our question and our answer
        return dataset
    raise ConflictError(f"No free name could be found for {result.name}.")


def _shared(ids: Iterable[int | None]) -> int | None:
    """The id that all inputs share, else none: a result of two samples is of neither."""
    found = set(ids)
    return found.pop() if len(found) == 1 else None


def _add_run(
    session: Session, result: ResultToRegister, facility_id: int, inputs: Sequence[tuple[str, Dataset]]
) -> Job:
    by = result.person
    application = ensure_application(session, facility_id, *result.application)
    taken = DataCollection(create_id=by, mod_id=by)
    seen: set[int] = set()
    for slot, dataset in inputs:
        if dataset.id not in seen:  # ICAT knows a dataset once in a collection
            seen.add(dataset.id)
            taken.data_collection_datasets.append(
                DataCollectionDataset(dataset=dataset, slot=slot, create_id=by, mod_id=by)
            )
    run = Job(
        application=application,
        input_data_collection=taken,
        output_data_collection=DataCollection(create_id=by, mod_id=by),
        arguments=json.dumps({"options": dict(result.arguments), **result.extra}, sort_keys=True, default=str),
        portal_job=result.portal_job,
        create_id=by,
        mod_id=by,
    )
    session.add(run)
    session.flush()
    return run
