"""What a run costs at most, how long it is likely to wait and to take: for whoever is about to ask for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Dataset
from portal.identity.actor import Actor
from portal.jobs.clusters.status import ClusterStatus
from portal.jobs.models import Job, JobTypeRevision
from portal.jobs.state import TO_BEGIN
from portal.jobs.timing.advice import memory_beforehand
from portal.jobs.timing.expect import (
    ENOUGH_TO_SAY,
    Expected,
    Peak,
    expected_of_all,
    expected_peak,
    expected_run,
    highest_peak,
)
from portal.jobs.timing.like import kin_of
from portal.jobs.timing.runs import input_bytes, limits_the_work, newest_runs, newest_waits
from portal.jobs.timing.settings import Settings
from portal.jobs.timing.spread import Span, span_words, spread
from portal.jobs.timing.wait import Wait, likely_wait
from portal.jobtype.model import JobType, Variant
from portal.portions import portions

MOST_SIZES = 1000


@dataclass(frozen=True)
class Cost:
    """The most that jobs can use, in hours of one processor and of one GPU."""

    cpu_hours: float
    gpu_hours: float


def most_cost(variant: Variant, jobs: int) -> Cost:
    """What this many jobs use if each takes all its time."""
    hours = variant.time_s * jobs / 3600
    return Cost(variant.cpus * hours, variant.gpus * hours)


@dataclass(frozen=True)
class Outlook:
    """When jobs start, and how long each takes."""

    wait: Wait
    takes: Expected
    typical: str
    """What the analysis's author says of its time; empty where nothing. Only told where nothing was measured."""
    peak: Peak | None = None
    """The most memory that each needs; None: not known."""
    memory: str = ""
    """That this is more than they may use, and what to choose; empty where it is not."""
    silence: str = ""
    """What everybody must know first: the daemon, or the cluster where they would go, does not answer."""

    @property
    def wait_words(self) -> str:
        """When they start; while nobody answers, that alone."""
        return self.silence or self.wait.words

    @property
    def wait_basis(self) -> str:
        """What that rests on; empty while nobody answers."""
        return "" if self.silence else self.wait.basis_words

    @property
    def takes_words(self) -> str:
        """`4 to 7 minutes`, else what its author says, else that it is not known."""
        each = " each" if self.wait.jobs > 1 and self.takes.words else ""
        return f"{self.takes.words}{each}" or self.typical or "Not known yet"

    @property
    def takes_basis(self) -> str:
        """`from 12 runs with inputs of 1 to 3 GB`; where nothing was measured, whose word it is."""
        if self.takes.words:
            return self.takes.basis
        if self.typical and self.takes.other is not None and self.takes.other.beyond:
            return f"as its author says of usual settings; {self.takes.basis}"
        return f"as its author says; {self.takes.basis}" if self.typical else self.takes.basis

    @property
    def memory_words(self) -> str:
        """`5 to 6.2 GB`: the most memory that each needs; empty where it is not known."""
        each = " each" if self.wait.jobs > 1 else ""
        return f"{self.peak.words}{each}" if self.peak else ""

    @property
    def all_words(self) -> str:
        """How long several take in all; empty for one, and where that is not known."""
        room, span, jobs = self.wait.room, self.takes.span, self.wait.jobs
        if self.silence or jobs < 2 or span is None or room is None or not room.together:
            return ""
        together = min(room.together, self.wait.per_person or room.together)
        rounds = -(-jobs // together)
        at_a_time = f", {together} at a time" if together < jobs else ""
        return f"All {jobs} take {span_words(span.times(rounds))} once they start{at_a_time}"


def inputs_by_job(jobtype: JobType, inputs: Mapping[str, Sequence[int]], mode: str) -> list[list[int]]:
    """The datasets of each job: those of the first slot are spread over jobs, unless one job takes them all."""
    first = jobtype.slot.name if jobtype.slot else ""
    others = [dataset for slot, chosen in inputs.items() if slot != first for dataset in chosen]
    each = inputs.get(first, ())
    if mode == "all":
        return [[*each, *others]] if each or others else []
    return [[dataset, *others] for dataset in each]


def outlook(
    session: Session,
    actor: Actor,
    jobtype: JobType,
    variant: Variant,
    *,
    inputs: Sequence[Collection[int]],
    options: Mapping[str, object],
    jobs: int,
    status: ClusterStatus,
    now: datetime,
) -> Outlook:
    """What is to be expected of so many jobs that are asked for now. `inputs`: their datasets' ids, by job."""
    wait = likely_wait(session, actor, jobtype, variant, jobs=jobs, status=status, now=now)
    like = _Like.of(session, actor, jobtype, inputs, options)
    takes, peak = _takes(session, like, variant), _needs(session, like, variant)
    too_little = memory_beforehand(peak, variant, jobtype.resources.variants) if peak else ""
    silence = status.banner_of(status.going_to(jobtype.name))
    return Outlook(wait, takes, jobtype.typical_time or "", peak, too_little, silence)


def likely_run(
    session: Session,
    actor: Actor,
    jobtype: JobType,
    variant: Variant,
    *,
    inputs: Sequence[Collection[int]],
    options: Mapping[str, object],
) -> Expected:
    """How long such jobs take, by finished runs with these resources, and settings and inputs that are alike."""
    return _takes(session, _Like.of(session, actor, jobtype, inputs, options), variant)


def _takes(session: Session, like: "_Like", variant: Variant) -> Expected:
    runs = newest_runs(session, like.jobtype.name, [variant.name], part=like.part)
    return expected_of_all([expected_run(runs, like.revisions, size, like.settings) for size in like.sizes])


def _needs(session: Session, like: "_Like", variant: Variant) -> Peak | None:
    """The most memory that such jobs need, by finished runs with whatever time and memory; None: not known."""
    runs = newest_runs(session, like.jobtype.name, kin_of(like.jobtype, variant), part=like.part)
    return highest_peak([expected_peak(runs, like.revisions, size, like.settings) for size in like.sizes])


@dataclass(frozen=True)
class _Like:
    """What a finished run must be like to tell of jobs that are asked for."""

    jobtype: JobType
    part: bool
    settings: Settings
    revisions: Collection[int]
    sizes: Sequence[int | None]
    """Of the inputs of each job, each size once; None: it has none."""

    @classmethod
    def of(
        cls,
        session: Session,
        actor: Actor,
        jobtype: JobType,
        inputs: Sequence[Collection[int]],
        options: Mapping[str, object],
    ) -> "_Like":
        query = select(JobTypeRevision.id).where(
            JobTypeRevision.name == jobtype.name, JobTypeRevision.digest == jobtype.revision
        )
        known = _sizes(session, actor, {dataset for job in inputs for dataset in job})
        sizes = [sum(known.get(dataset, 0) for dataset in job) if job else None for job in inputs or [()]]
        return cls(
            jobtype,
            limits_the_work(jobtype.document(), options),
            Settings.of(jobtype, options),
            set(session.scalars(query)),
            list(dict.fromkeys(sizes)),
        )


@dataclass(frozen=True)
class Beside:
    """What stands beside a job that has not ended: how long others like it waited, and took."""

    takes: Expected
    waited: Span | None
    waits: int

    @property
    def words(self) -> str:
        """`Jobs like this waited 5 to 40 seconds (the last 12). It takes 4 to 7 minutes, from 12 runs …`."""
        told = []
        if self.waited is not None:
            told.append(
                f"Jobs like this waited {span_words(self.waited)} (the last {self.waits}, 30 days at most)."
            )
        if self.takes.words:
            told.append(f"Runs like this took {self.takes.words}, {self.takes.basis}.")
        return " ".join(told)


def beside(session: Session, job: Job, jobtype: JobType, now: datetime) -> Beside:
    """By runs like a job that the caller may see, as it was asked for."""
    revision, variant = job.submission.revision, job.submission.variant
    waits = newest_waits(session, revision.name, variant, now) if job.state in TO_BEGIN else []
    enough = len(waits) >= ENOUGH_TO_SAY
    part = limits_the_work(revision.document, job.options)
    runs = newest_runs(session, revision.name, [variant], part=part)
    settings = Settings.of_job(jobtype, job.options)
    takes = expected_run(runs, {revision.id}, input_bytes(session, job.id), settings)
    return Beside(takes, spread(waits) if enough else None, len(waits) if enough else 0)


def _sizes(session: Session, actor: Actor, ids: Collection[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in portions(sorted(ids)[:MOST_SIZES]):
        query = visible(actor, Dataset).where(Dataset.id.in_(some))
        rows = session.execute(query.with_only_columns(Dataset.id, Dataset.file_size))
        found |= {row.id: row.file_size for row in rows}
    return found
