"""What came of one trial: each output found or missing, the numbers as read, what it used, what to mend."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Dataset
from portal.catalogue.parameters.rows import recorded_of
from portal.catalogue.parameters.source import SourceKind
from portal.identity.actor import Actor
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.jobtype.model import JobType
from portal.web.formats import unit, value
from portal.web.views.drafts.tried.measured import Measured, measured
from portal.web.views.drafts.tried.mend import Mend, mends, missing
from portal.words import count


@dataclass(frozen=True)
class Ticked:
    """An output or a number that the draft declares: whether it was found; None where nobody could look."""

    what: str
    found: bool | None
    words: str
    url: str = ""


@dataclass(frozen=True)
class Report:
    """A trial of this very text."""

    job_id: int
    number: str
    title: str
    url: str
    state: State
    why: str
    """Why it failed; empty otherwise."""
    on: int | None
    outputs: tuple[Ticked, ...]
    parameters: tuple[Ticked, ...]
    measured: Measured | None
    mends: tuple[Mend, ...]

    @property
    def final(self) -> bool:
        """If nothing changes any more."""
        return self.state.final


def report(session: Session, actor: Actor, job: Job, jobtype: JobType) -> Report:
    """Of a job that this person sees."""
    done = job.state is State.SUCCEEDED
    results = _results(session, actor, job) if done else {}
    outputs = tuple(_output(job, jobtype, number, results) for number in range(len(jobtype.outputs)))
    values = _values(job, results)
    failed = job.state is State.FAILED
    first = next((one.dataset_id for one in job.inputs if one.position == 0 and one.dataset_id), None)
    return Report(
        job.id,
        job.number,
        job.title,
        url_for("jobs.job", job_id=job.id),
        job.state,
        (job.cause_words or "") if failed else "",
        first,
        outputs if job.state.final else (),
        tuple(_parameter(one.name, values, done=done) for one in jobtype.parameters) if job.state.final else (),
        measured(job, jobtype),
        mends(job, jobtype) if failed else (),
    )


def _results(session: Session, actor: Actor, job: Job) -> dict[str, Dataset]:
    ids = {one.dataset_id: one.name for one in job.outputs if one.dataset_id is not None}
    found = session.scalars(visible(actor, Dataset).where(Dataset.id.in_(ids))).all() if ids else ()
    return {ids[one.id]: one for one in found}


def _output(job: Job, jobtype: JobType, number: int, results: Mapping[str, Dataset]) -> Ticked:
    output = jobtype.outputs[number]
    what = f"{output.name}: files like {output.pattern}"
    dataset = results.get(output.name)
    if dataset is not None:
        files = dataset.file_count or 0
        words = f"found, {count(files, 'file')}" if files else "no such file; it may be missing"
        return Ticked(what, bool(files), words, url_for("datasets.show", dataset_id=dataset.id))
    if job.state is State.SUCCEEDED:
        return Ticked(what, False, "not there" if output.required else "none; it may be missing")
    if missing(job, jobtype) == number:
        return Ticked(what, False, "missing: without it the job has failed")
    return Ticked(what, None, "not known: of a job that did not succeed nothing is kept")


def _values(job: Job, results: Mapping[str, Dataset]) -> dict[str, str]:
    """The numbers that this very job computed, by name, as they are shown."""
    recorded = (one for dataset in results.values() for one in recorded_of(dataset))
    return {
        one.name.casefold(): f"{value(one.value)} {unit(one.units)}".strip()
        for one in recorded
        if one.source.kind is SourceKind.JOB and one.source.job == job.id and one.value is not None
    }


def _parameter(name: str, values: Mapping[str, str], *, done: bool) -> Ticked:
    if name.casefold() in values:
        return Ticked(name, True, values[name.casefold()])
    return Ticked(name, False, "not found") if done else Ticked(name, None, "not known")
