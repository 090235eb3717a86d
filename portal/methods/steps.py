"""The steps by which a result was made, the first first: each once, with what this person may see of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from portal.catalogue.models import Dataset
from portal.catalogue.parameters.known import Recorded
from portal.catalogue.parameters.rows import known_of_all
from portal.catalogue.provenance import Linked, Run, made_by
from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.identity.people import full_names
from portal.jobs.access import visible_jobs
from portal.jobs.models import Job, JobInput, JobTypeRevision
from portal.methods.told import Told, told

MOST_STEPS = 60
"""Steps of one result that are told; who made it in more is told of the last ones."""
REMARKS = "remarks"
"""The parameter in which programs of earlier releases kept their doubts."""


@dataclass(frozen=True)
class Image:
    """A container image, as launch found it."""

    name: str
    digest: str


@dataclass(frozen=True)
class Step:
    """One run: what ran on what, and what came of it."""

    run: Run
    told: Told
    person: str
    """What who asked for it is called."""
    outputs: tuple[Dataset, ...]
    """Those of its datasets that are the result, or led to it."""
    found: Mapping[str, Recorded]
    """Parameters of these by name, where they say one thing."""
    doubts: tuple[str, ...]
    """What the program says makes the result doubtful, in sentences."""
    deleted: tuple[tuple[str, str], ...] = ()
    """(slot, name) of inputs that are there no more; the name is empty where this person may not see the job."""
    untold: bool = False
    """An input is a result of which nothing is kept, or nothing that this person may see."""

    @property
    def inputs(self) -> Sequence[Linked]:
        """Its datasets that this person may see."""
        return self.run.inputs

    @property
    def image(self) -> Image | None:
        """The container image in which it ran; None where it ran in none, or none was kept."""
        kept = self.run.facts.get("image")
        if not isinstance(kept, Mapping) or not isinstance(kept.get("name"), str):
            return None
        return Image(kept["name"], digest if isinstance(digest := kept.get("digest"), str) else "")

    def fact(self, name: str) -> str:
        """Something else that was kept of it: `gantry`, `revision`, `runner`; empty where it was not."""
        value = self.run.facts.get(name)
        return value if isinstance(value, str) else ""

    @property
    def started(self) -> datetime | None:
        """When its program began, as its results have it."""
        return next((one.start_date for one in self.outputs if one.start_date), None)

    @property
    def ended(self) -> datetime | None:
        """When its program ended."""
        return next((one.end_date for one in self.outputs if one.end_date), None)


@dataclass(frozen=True)
class Made:
    """How a result was made."""

    dataset: Dataset
    steps: tuple[Step, ...]
    cut: bool = False
    """There were more steps before these."""


def made(session: Session, actor: Actor, dataset: Dataset, *, now: datetime | None = None) -> Made:
    """The steps that led to a dataset that this person may see. Raises InvalidError where no analysis made it."""
    found: dict[int, Run] = {}
    outputs: dict[int, dict[int, Dataset]] = {}
    untold: set[int] = set()
    level, cut = {dataset.id: dataset}, False
    seen = set(level)
    while level and not cut:
        runs = made_by(session, actor, list(level), now=now)
        untold |= level.keys() - runs.keys()
        for key, run in runs.items():
            found[run.id] = run
            outputs.setdefault(run.id, {})[key] = level[key]
        inputs = [linked.dataset for run in runs.values() for linked in run.inputs]
        level = {one.id: one for one in inputs if one.is_result and one.id not in seen}
        seen |= level.keys()
        cut = len(found) > MOST_STEPS
    if dataset.id in untold:
        raise InvalidError(_why_none(dataset))
    newest = sorted(found.values(), key=lambda run: run.id)[-MOST_STEPS:]
    return Made(dataset, _steps(session, actor, newest, outputs, untold), cut)


def _why_none(dataset: Dataset) -> str:
    if dataset.is_result:
        return f"How “{dataset.name}” was made is not recorded, or not shared with you: it has no methods."
    return f"“{dataset.name}” was not made by an analysis: it has no methods. They come with results."


def _steps(
    session: Session,
    actor: Actor,
    runs: Sequence[Run],
    outputs: Mapping[int, Mapping[int, Dataset]],
    untold: set[int],
) -> tuple[Step, ...]:
    documents = _documents(session, runs)
    names = full_names(session, {run.person for run in runs})
    deleted = _deleted(session, actor, runs)
    known = known_of_all(session.connection(), [key for run in runs for key in outputs[run.id]])
    steps = []
    for run in runs:
        made_here = tuple(outputs[run.id].values())
        recorded = _recorded(known.get(one.id, {}) for one in made_here)
        steps.append(
            Step(
                run=run,
                told=told(documents.get((run.application, run.facts.get("revision"))), run.application),
                person=names.get(run.person, run.person),
                outputs=made_here,
                found=recorded,
                doubts=_doubts(made_here, recorded),
                deleted=deleted.get(run.portal_job or 0, ()),
                untold=any(linked.dataset.id in untold for linked in run.inputs),
            )
        )
    return tuple(steps)


def _documents(session: Session, runs: Iterable[Run]) -> dict[tuple[str, Any], Any]:
    """The job types' documents of the very revisions that ran, by name and digest."""
    wanted = {
        (run.application, revision) for run in runs if isinstance(revision := run.facts.get("revision"), str)
    }
    if not wanted:
        return {}
    query = select(JobTypeRevision.name, JobTypeRevision.digest, JobTypeRevision.document).where(
        tuple_(JobTypeRevision.name, JobTypeRevision.digest).in_(wanted)
    )
    return {(row.name, row.digest): row.document for row in session.execute(query)}


def _deleted(session: Session, actor: Actor, runs: Iterable[Run]) -> dict[int, tuple[tuple[str, str], ...]]:
    """By job, the inputs that were deleted since: how many there were is no secret, their names are the job's."""
    jobs = [run.portal_job for run in runs if run.portal_job is not None]
    if not jobs:
        return {}
    gone = select(JobInput).where(JobInput.job_id.in_(jobs), JobInput.dataset_id.is_(None))
    rows = session.scalars(gone.order_by(JobInput.job_id, JobInput.position)).all()
    if not rows:
        return {}
    mine = set(session.scalars(visible_jobs(actor).where(Job.id.in_(jobs)).with_only_columns(Job.id)))
    found: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.job_id, []).append((row.slot, row.dataset_name if row.job_id in mine else ""))
    return {job: tuple(ones) for job, ones in found.items()}


def _recorded(known: Iterable[Mapping[str, Any]]) -> dict[str, Recorded]:
    """What several outputs of a run say of it, where none contradicts itself or another."""
    found: dict[str, Recorded] = {}
    apart: set[str] = set()
    for one in known:
        for name, what in one.items():
            first = what.counts[0]
            if what.doubtful or first.value is None or (name in found and found[name].words != first.words):
                apart.add(name)
            found.setdefault(name, first)
    return {name: one for name, one in found.items() if name not in apart}


def _doubts(outputs: Iterable[Dataset], recorded: Mapping[str, Recorded]) -> tuple[str, ...]:
    remarks = recorded.get(REMARKS)
    said = [words for output in outputs for words in output.warnings or ()]
    said += str(remarks.value).split("; ") if remarks is not None else []
    return tuple(dict.fromkeys(one.strip() for one in said if one.strip()))
