"""When the last run of a batch is likely to end: from finished runs like its own, and the room that it has now."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import words
from portal.catalogue.models import Dataset
from portal.identity.actor import Actor
from portal.jobs.access import visible_jobs
from portal.jobs.actions import jobtype_of_revision
from portal.jobs.clusters.status import ClusterStatus
from portal.jobs.models import Job, JobInput, Submission
from portal.jobs.state import FINAL, TO_BEGIN, State
from portal.jobs.timing.expect import Expected, expected_of_all, expected_run
from portal.jobs.timing.need import left_in_all
from portal.jobs.timing.room import Asks
from portal.jobs.timing.runs import limits_the_work, newest_runs
from portal.jobs.timing.settings import Settings
from portal.jobs.timing.spread import Span, span_words
from portal.jobs.timing.wait import Place, place_of
from portal.jobtype.model import JobType

MOST = 1000
"""Unfinished jobs of a batch that are looked at; of more, nothing is told."""


@dataclass(frozen=True)
class BatchOutlook:
    """When the last run of a batch ends, in seconds from now."""

    span: Span | None = None
    """None: not known."""
    basis: str = ""
    least_only: bool = False
    """Only the earliest is known: others' jobs may go first."""

    @property
    def words(self) -> str:
        """`The last run likely ends in 20 to 40 minutes.`, or that it is not known."""
        if self.span is None:
            return "When the last run ends is not known."
        if self.least_only:
            least = span_words(Span(self.span.low, self.span.low))
            return f"The last run ends in {least.removeprefix('about ')} at the earliest."
        return f"The last run likely ends in {span_words(self.span)}."


def batch_outlook(
    session: Session, actor: Actor, submission: Submission, *, status: ClusterStatus, now: datetime
) -> BatchOutlook | None:
    """Of the jobs that this person sees; None where nothing of them waits or runs."""
    unfinished = visible_jobs(actor).where(
        Job.submission_id == submission.id,
        Job.state.in_([state for state in State if state not in FINAL and state is not State.COLLECTING]),
        Job.cancel_requested.is_(None),
    )
    columns = Job.id, Job.state, Job.started, Job.progress, Job.options, Job.resources
    jobs = session.execute(unfinished.with_only_columns(*columns).limit(MOST + 1)).all()
    if not jobs:
        return None
    silence = status.banner_of(status.going_to(submission.revision.name))
    if why := _held(jobs) or silence or (f"more than {MOST:,} jobs have not ended" if len(jobs) > MOST else ""):
        return BatchOutlook(basis=why)
    each = _expected_of_each(session, submission, jobtype_of_revision(submission.revision), jobs)
    # What a run says itself of how far it is rests on no other run.
    by_runs = [each[job.id] for job in jobs if _told_by_itself(job, now) is None]
    takes = expected_of_all(list(dict.fromkeys(by_runs)))
    spans = [_left(job, each[job.id], now) for job in jobs]
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        late = takes.span is not None
        return BatchOutlook(basis="one runs longer than finished runs like it took" if late else takes.basis)
    waiting = [job for job in jobs if job.state in TO_BEGIN]
    if not waiting:
        return BatchOutlook(_all_at_once(known), takes.basis if by_runs else "by how far they are")
    if any(job.resources.get("constraint") for job in waiting):
        return BatchOutlook(basis="only nodes of one kind will do, and what of those is free is not known")
    asks = _most_asked([job.resources for job in waiting])
    place = place_of(session, submission.revision.name, asks, submission.id, jobs=len(jobs), status=status)
    return _through(known, place, takes.basis)


def _held(jobs: Sequence[Any]) -> str:
    held = sum(job.state is State.HELD for job in jobs)
    return f"{words.count(held, 'job')} {'is' if held == 1 else 'are'} on hold" if held else ""


def _through(spans: Sequence[Span], place: Place, basis: str) -> BatchOutlook:
    """So many runs through the room that there is: between what cannot be faster and what a full queue takes."""
    if place.room is None:
        return BatchOutlook(basis="what the cluster has free is not known")
    together = min(place.room.together, place.most if place.most is not None else len(spans))
    if together == 0:
        return BatchOutlook(basis="no node that was seen shows so much room")
    low = max(*(span.low for span in spans), sum(span.low for span in spans) / together)
    at_a_time = min(place.running + place.room.at_once, together, len(spans))
    if place.others or at_a_time < 1:
        others = (
            f"{words.count(place.others, 'job')} of others may go first" if place.others else "no room is free now"
        )
        return BatchOutlook(Span(low, low), f"{others}; {basis}", least_only=True)
    # Whoever hands the next one to whichever place is free ends no later than this.
    longest = max(span.high for span in spans)
    high = sum(span.high for span in spans) / at_a_time + longest * (1 - 1 / at_a_time)
    return BatchOutlook(Span(low, max(low, high)), f"{at_a_time} at a time, as things are now; each {basis}")


def _all_at_once(spans: Sequence[Span]) -> Span:
    return Span(max(span.low for span in spans), max(span.high for span in spans))


def _told_by_itself(job: Any, now: datetime) -> Span | None:
    return left_in_all(job.progress, job.started, now) if job.state is State.RUNNING else None


def _left(job: Any, expected: Expected, now: datetime) -> Span | None:
    """Seconds that a job still runs once it does; None: not known."""
    if job.state is not State.RUNNING or job.started is None:
        return expected.span
    told = _told_by_itself(job, now)
    if told is not None:
        return told
    gone = (now - job.started).total_seconds()
    if expected.span is None or gone >= expected.span.high:
        return None
    return Span(max(0.0, expected.span.low - gone), expected.span.high - gone)


def _expected_of_each(
    session: Session, submission: Submission, jobtype: JobType, jobs: Sequence[Any]
) -> dict[int, Expected]:
    """How long each takes, by its id; jobs of one size and with one form's values are told by one look."""
    revision = submission.revision
    sizes = _input_sizes(session, submission.id)
    pools = {
        part: newest_runs(session, revision.name, [submission.variant], part=part)
        for part in {limits_the_work(revision.document, job.options) for job in jobs}
    }
    seen: dict[tuple[int, str], Expected] = {}
    found = {}
    for job in jobs:
        size = sizes.get(job.id)
        key = (_step(size), repr(sorted(job.options.items())))
        if key not in seen:
            part = limits_the_work(revision.document, job.options)
            seen[key] = expected_run(pools[part], {revision.id}, size, Settings.of_job(jobtype, job.options))
        found[job.id] = seen[key]
    return found


def _step(size: int | None) -> int:
    """Sizes that differ by less than a tenth are one."""
    return -1 if size is None else round(math.log(max(1, size)) / math.log(1.1))


def _input_sizes(session: Session, submission: str) -> dict[int, int]:
    """Of all that each job reads, by its id; not of those that read nothing, or something that has gone."""
    query = (
        select(JobInput.job_id, func.count().label("inputs"), func.count(Dataset.id).label("there"))
        .add_columns(func.sum(Dataset.file_size).label("size"))
        .join(Job, Job.id == JobInput.job_id)
        .outerjoin(Dataset, Dataset.id == JobInput.dataset_id)
        .where(Job.submission_id == submission)
        .group_by(JobInput.job_id)
    )
    return {row.job_id: int(row.size) for row in session.execute(query) if row.inputs == row.there}


def _most_asked(resources: Sequence[Mapping[str, int]]) -> Asks:
    each = [Asks.of(one) for one in resources]
    return Asks(max(a.cpus for a in each), max(a.memory_mb for a in each), max(a.gpus for a in each))
