"""Queued jobs as the hand-over needs them: locked, with all that their job specs say, in a few questions for many.

Plain values, no objects of the database's: there may be a thousand jobs with fifty thousand files.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.catalogue.models import Datafile, Dataset, DatasetType
from portal.catalogue.parameters.rows import known_of_all
from portal.identity.models import Person
from portal.jobs.models import Attempt, Job, JobInput, JobTypeRevision, Submission
from portal.jobs.state import State
from portal.portions import portions

MOST_LISTED = 10_000
"""Ids in one question: databases bound the values of a statement, and a job over many datasets has many."""


@dataclass(frozen=True)
class GivenDataset:
    """A dataset that a job reads, in one of its slots."""

    slot: str
    id: int | None
    """None: it has left the catalogue."""
    name: str
    """As it was called when the job was submitted."""
    document: Mapping[str, Any] | None
    """What a job spec says of it."""


@dataclass(frozen=True)
class QueuedJob:
    """A job that waits in the portal."""

    id: int
    number: str
    submission: str
    index: int
    title: str
    person: Person
    investigation: int | None
    jobtype: Mapping[str, Any]
    """Name, version and revision, as a job spec has them, and whether it is a draft."""
    options: Mapping[str, Any]
    resources: Mapping[str, Any]
    cancelled: bool
    cancelled_by: str | None
    put_off: int
    """How often something did not answer when it was to be handed over."""
    attempts: int
    """How many tries there were."""
    inputs: Sequence[GivenDataset]
    files_nothing: bool = False
    """It takes no dataset and leaves none, so that it needs no experiment. Only asked where it has none."""


def lock_queued(session: Session, ids: Sequence[int]) -> list[QueuedJob]:
    """These jobs, in this order, locked. Those that are not queued any more, or locked by others, are left out."""
    tries = select(func.count()).where(Attempt.job_id == Job.id).correlate(Job).scalar_subquery()
    query = (
        select(
            Job.id, Job.submission_id, Job.index.label("place"), Job.title, Job.person_id, Job.investigation_id,
            Job.options, Job.resources, Job.cancel_requested, Job.cancel_requested_by, Job.waiting,
            tries.label("attempts"), Submission.revision_id, Submission.draft,
            JobTypeRevision.name, JobTypeRevision.version, JobTypeRevision.digest,
        )
        .join(Submission, Job.submission_id == Submission.id)
        .join(JobTypeRevision, Submission.revision_id == JobTypeRevision.id)
        .where(Job.id.in_(ids), Job.state == State.QUEUED)
        .with_for_update(of=Job, skip_locked=True)
    )  # fmt: skip
    rows = {row.id: row for row in session.execute(query)}
    inputs = _inputs(session, rows.keys())
    nothing = _that_file_nothing(
        session, {row.revision_id for row in rows.values() if row.investigation_id is None}
    )
    persons = {row.person_id for row in rows.values()}
    people = {person.id: person for person in session.scalars(select(Person).where(Person.id.in_(persons)))}
    return [
        QueuedJob(
            id=row.id,
            number=Job.number_of(row.id),
            submission=row.submission_id,
            index=row.place,
            title=row.title,
            person=people[row.person_id],
            investigation=row.investigation_id,
            files_nothing=row.revision_id in nothing,
            jobtype={"name": row.name, "version": row.version, "revision": row.digest}
            | ({"draft": True} if row.draft else {}),
            options=row.options,
            resources=row.resources,
            cancelled=row.cancel_requested is not None,
            cancelled_by=row.cancel_requested_by,
            put_off=row.waiting.tries,
            attempts=row.attempts,
            inputs=inputs[row.id],
        )
        for row in (rows[job_id] for job_id in ids if job_id in rows)
    ]


def _that_file_nothing(session: Session, revisions: Collection[int]) -> set[int]:
    """Those of the job types that take no dataset and leave none; no question where there is none to ask about."""
    if not revisions:
        return set()
    rows = session.execute(
        select(JobTypeRevision.id, JobTypeRevision.document).where(JobTypeRevision.id.in_(revisions))
    )
    return {row.id for row in rows if not row.document["inputs"] and not row.document["outputs"]}


def _inputs(session: Session, ids: Collection[int]) -> Mapping[int, list[GivenDataset]]:
    """What each of these jobs reads, by job."""
    query = (
        select(JobInput.job_id, JobInput.slot, JobInput.dataset_id, JobInput.dataset_name)
        .where(JobInput.job_id.in_(ids))
        .order_by(JobInput.job_id, JobInput.position)
    )
    rows = session.execute(query).all()
    documents: dict[int, Mapping[str, Any]] = {}
    for some in portions(sorted({row.dataset_id for row in rows if row.dataset_id is not None}), MOST_LISTED):
        documents |= _documents(session, some)
    inputs: dict[int, list[GivenDataset]] = defaultdict(list)
    for row in rows:
        given = GivenDataset(row.slot, row.dataset_id, row.dataset_name, documents.get(row.dataset_id))
        inputs[row.job_id].append(given)
    return inputs


def _documents(session: Session, ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """What job specs say of these datasets, by dataset."""
    files, parameters = _files(session, ids), _parameters(session, ids)
    query = (
        select(Dataset.id, Dataset.name, Dataset.location, Dataset.remarks, DatasetType.name.label("type"))
        .join(DatasetType, Dataset.type_id == DatasetType.id)
        .where(Dataset.id.in_(ids))
    )
    documents: dict[int, Mapping[str, Any]] = {}
    for row in session.execute(query):
        # `demo:lightsheet/heart` is the folder lightsheet/heart of the root demo.
        root, _colon, location = (row.location or "").partition(":")
        lost = _not_followed(row.remarks, files[row.id])
        documents[row.id] = {
            **({"not_followed": lost} if lost else {}),
            "dataset": row.id,
            "name": row.name,
            "type": row.type,
            "root": root,
            "location": location,
            "files": files[row.id],
            "parameters": parameters[row.id],
        }
    return documents


def _not_followed(remarks: Sequence[Mapping[str, str]], files: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Links in the place of files that are none of the dataset's, and where they lead, for who would need one."""
    names = {file["name"] for file in files}
    said = {one["file"]: one["words"] for one in remarks if one["file"] and not one["place"]}
    return {name: words for name, words in said.items() if name not in names and name.isprintable()}


def _files(session: Session, ids: Collection[int]) -> Mapping[int, list[dict[str, Any]]]:
    """The files of these datasets, sorted as Python sorts, so that no order depends on the database's language."""
    query = select(
        Datafile.dataset_id,
        Datafile.name,
        Datafile.location,
        Datafile.file_size,
        Datafile.mtime_ns,
        Datafile.inode,
        Datafile.linked,
        Datafile.alias,
        Datafile.folder_files,
        Datafile.folder_stamp,
    ).where(Datafile.dataset_id.in_(ids))
    files: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(session.execute(query), key=lambda row: row.name):
        file: dict[str, Any] = {"name": row.location or row.name, "size": row.file_size, "mtime_ns": row.mtime_ns}
        # An agent of an earlier release knows none of these: only what says something is sent.
        file |= {"inode": row.inode} if row.inode is not None else {}
        file |= {"linked": True} if row.linked else {}
        file |= {"alias": row.alias} if row.alias else {}
        if row.folder_files is not None:
            file["folder"] = {"files": row.folder_files, "stamp": row.folder_stamp}
        files[row.dataset_id].append(file)
    return files


def _parameters(session: Session, ids: Collection[int]) -> Mapping[int, dict[str, dict[str, Any]]]:
    """Value and units by name, as they were corrected; a name of which no value is known to hold is left out."""
    parameters: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    for dataset, known in known_of_all(session.connection(), list(ids)).items():
        for name, one in known.items():
            quantity = one.quantity
            if quantity.value is not None and not quantity.others:
                parameters[dataset][name] = {"value": quantity.value, "units": quantity.units}
    return parameters
