"""The sheet of a trial: each value with its job, its result, and the numbers in which results differ."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from gantry_formats import Dimension, unit_of
from portal.catalogue.access import visible
from portal.catalogue.models import Dataset
from portal.catalogue.parameters.rows import known_of_all
from portal.data.grey import GreyScale, common_scale
from portal.identity.actor import Actor
from portal.identity.missing import not_found
from portal.jobs.access import read_jobs, visible_jobs
from portal.jobs.actions import jobtype_of
from portal.jobs.models import Job, Submission
from portal.jobs.state import FINAL, State
from portal.jobs.trials.pictures import same_pictures, scales
from portal.jobtype.model import JobType
from portal.jobtype.option import OptionBase
from portal.trials.part import part_words
from portal.trials.trial import Trial
from portal.trials.values import MOST, value_words

NUMBERS = 5
"""Of a result, beside its picture."""


@dataclass(frozen=True)
class Number:
    """A quantity that a program found; `differs` where not all results have the same."""

    name: str
    value: float | str
    units: str
    differs: bool


@dataclass(frozen=True)
class Tried:
    """One value."""

    index: int
    value: Any
    words: str
    job: Job
    result: int | None
    """The dataset that came of it, while this person sees one."""
    has_grey: bool
    """Whether it has a picture that can be drawn at the scale of all."""
    summary: str
    """What its program says of the result, in a line."""
    warnings: tuple[str, ...]
    """What makes the result doubtful, a sentence each."""
    numbers: tuple[Number, ...]
    """Those that differ between the results first."""


@dataclass(frozen=True)
class Sheet:
    """All values of a trial, in their order."""

    submission: Submission
    trial: Trial
    jobtype: JobType
    """As it was when the trial began."""
    option: OptionBase
    part: str
    """On which part they ran, in words; empty for the whole dataset."""
    input_name: str
    tried: tuple[Tried, ...]
    scale: GreyScale | None
    """The one grey scale of all pictures; None where no result has such a picture."""
    alike: bool
    """All have ended well, and neither number nor picture differs: the option may not matter here."""

    @property
    def unfinished(self) -> int:
        """How many have not ended."""
        return sum(one.job.state not in FINAL for one in self.tried)


def get_sheet(session: Session, actor: Actor, submission_id: str) -> Sheet:
    """The sheet, if the person may see its jobs. Raises NotFoundError, also for what tries nothing."""
    query = visible_jobs(actor).where(Job.submission_id == submission_id).order_by(Job.index).limit(MOST)
    jobs = read_jobs(session, actor, query)
    trial = jobs[0].submission.trial if jobs else None
    if trial is None:
        raise not_found(actor)
    jobtype = jobtype_of(jobs[0])
    option = jobtype.option(trial.option)
    results = _results(session, actor, jobs)
    numbers = _numbers(session, list(results), option)
    grey = scales(session, actor, results)
    tried = tuple(_tried(job, option, results, numbers, grey) for job in jobs)
    ended_well = all(job.state is State.SUCCEEDED for job in jobs) and len(numbers) == len(jobs)
    return Sheet(
        submission=jobs[0].submission,
        trial=trial,
        jobtype=jobtype,
        option=option,
        part=part_words(jobtype, trial.crop),
        input_name=next((given.dataset_name for given in jobs[0].inputs), ""),
        tried=tried,
        scale=common_scale([grey[one.result] for one in tried if one.result is not None and one.has_grey]),
        alike=ended_well
        and not any(one.differs and not _is_duration(one) for mine in numbers.values() for one in mine)
        and same_pictures(session, actor, list(results), grey),
    )


def _results(session: Session, actor: Actor, jobs: Sequence[Job]) -> dict[int, Dataset]:
    ids = {output.dataset_id for job in jobs for output in job.outputs if output.dataset_id is not None}
    if not ids:
        return {}
    return {one.id: one for one in session.scalars(visible(actor, Dataset).where(Dataset.id.in_(ids)))}


def _numbers(session: Session, ids: Sequence[int], option: OptionBase) -> dict[int, list[Number]]:
    """By result; without the option itself, which programs write down too."""
    found = known_of_all(session.connection(), ids) if ids else {}
    own = {option.name.replace("_", " ").casefold(), option.label.casefold()}
    said: dict[int, dict[str, tuple[float | str, str]]] = {}
    for result in ids:
        said[result] = {
            name: (counts.value, counts.units)
            for name, known in found.get(result, {}).items()
            if name.casefold() not in own and isinstance((counts := known.counts[0]).value, int | float | str)
        }
    return {result: _ordered(mine, list(said.values())) for result, mine in said.items()}


def _ordered(
    mine: Mapping[str, tuple[float | str, str]], all_: Sequence[Mapping[str, tuple[float | str, str]]]
) -> list[Number]:
    numbers = [
        Number(name, value, units, any(other.get(name) != (value, units) for other in all_))
        for name, (value, units) in mine.items()
    ]
    return sorted(numbers, key=lambda one: (not one.differs, isinstance(one.value, str), _is_duration(one)))


def _is_duration(number: Number) -> bool:
    """How long something took: it differs whatever was tried."""
    unit = unit_of(number.units)
    return unit is not None and unit.dimension is Dimension.TIME and number.name.endswith("time")


def _tried(
    job: Job,
    option: OptionBase,
    results: Mapping[int, Dataset],
    numbers: Mapping[int, Sequence[Number]],
    grey: Collection[int],
) -> Tried:
    # They are read after the job's state, and may be there when that said that it runs.
    outputs = [output.dataset_id for output in job.outputs] if job.state.final else []
    result = next((results[i] for i in outputs if i is not None and i in results), None)
    value = job.options.get(option.name)
    return Tried(
        index=job.index,
        value=value,
        words=value_words(option, value),
        job=job,
        result=result.id if result else None,
        has_grey=result is not None and result.id in grey,
        summary=(result.description or "") if result else "",
        warnings=tuple(result.warnings) if result else (),
        numbers=tuple(numbers.get(result.id, ())[:NUMBERS]) if result else (),
    )
