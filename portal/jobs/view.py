"""What a person reads about one job: a sentence, how far it is, why it waits or failed, what it used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portal import words
from portal.jobs.actions import asked_of, jobtype_of
from portal.jobs.cause import Asked, Cause, as_it_was, may_help
from portal.jobs.clusters.status import Cluster, ClusterStatus
from portal.jobs.models import PORTAL, Attempt, Job, JobEvent
from portal.jobs.said import Seen
from portal.jobs.state import State
from portal.jobs.timing.advice import about_memory, while_it_runs
from portal.jobs.timing.need import for_work, too_slow
from portal.jobs.timing.progress import Progress, progress_of
from portal.jobtype.kind import Kind
from portal.jobtype.model import JobType

MIB = 2**20
RUNNERS = {
    "environment": "It ran with the software of that computer, not in a container.",
    "apptainer": "It ran in a container.",
}
HAPPENED = {
    State.QUEUED: "Asked for",
    State.HELD: "Put on hold",
    State.SUBMITTING: "Handed to the scheduler",
    State.PENDING: "In the scheduler's queue",
    State.RUNNING: "Started",
    State.COLLECTING: "Ended well; saving its result",
    State.SUCCEEDED: "Result registered",
    State.FAILED: "Failed",
    State.CANCELLED: "Cancelled",
}
HAPPENED_WITHOUT = HAPPENED | {State.COLLECTING: "Ended well", State.SUCCEEDED: "Done"}
"""The same of a job that leaves no dataset."""
LATE_S = 10.0
"""Filing a result within this is not worth a word."""
NO_DATASET = "This analysis leaves no dataset, only its log."

ENDED = {
    State.FAILED: "It failed.",
    State.CANCELLED: "Cancelled.",
    State.HELD: "On hold until staff release it.",
}
"""What is said where a job's row gives no words of its own."""


@dataclass(frozen=True)
class Moment:
    """One line of the history."""

    at: datetime
    words: str
    by: str
    state: str


@dataclass(frozen=True)
class Resource:
    """What was asked for and what was used, in words; `share` of the asked, 0…, where it can be said."""

    name: str
    asked: str
    used: str
    share: float | None


@dataclass(frozen=True)
class JobView:
    """All that a page about one job shows besides its inputs and outputs."""

    id: int
    number: str
    title: str
    state: str
    """The state's code, for colours and programs."""
    state_words: str
    sentence: str
    progress: Progress | None
    waited_s: float | None
    reason: str
    """Why it waits."""
    position: int | None
    """How many jobs go first."""
    expected_start: datetime | None
    """When the scheduler plans to start it, as the daemon last heard; None if it has no plan that still holds."""
    cause: str | None
    cause_words: str | None
    last_lines: str
    """The end of the log of a failed job, and of one that leaves no dataset, as it was when it ended."""
    reported: str
    """The last words of the program, where it leaves no dataset that could say them."""
    timeline: tuple[Moment, ...]
    runner: str
    resources: tuple[Resource, ...]
    can_cancel: bool
    can_retry: bool
    """Whether another try could end otherwise, perhaps with more of what it ran out of."""
    can_retry_as_it_was: bool
    """Whether the very same could end otherwise."""
    advice: str
    """What can be done about its time or memory, in words; empty where there is nothing to say."""
    more_memory_mb: int | None
    """What to run again with after it ran out of memory; None: no more would help, or it did not."""
    more_time_s: int | None
    """The same of time, also of a job that was cancelled because it was too slow."""
    exit_words: str
    """How its program ended, as a code, for the technical view; empty where that is not known."""
    tries: int
    attempt: str | None
    cluster: str | None
    cluster_job: str | None
    array_index: int | None
    """Its task, where `cluster_job` is an array."""
    node: str | None


def job_view(job: Job, now: datetime, *, status: ClusterStatus | None = None) -> JobView:
    """The view of a job, in an open session. `status` adds what the daemon last saw of the scheduler."""
    attempt = job.attempt
    jobtype = jobtype_of(job)
    asked = asked_of(job, jobtype)
    progress = progress_of(job.progress, job.started, now) if job.state is State.RUNNING else None
    seen = attempt.seen if attempt else Seen()
    leaves_dataset = job.submission.revision.leaves_dataset
    return JobView(
        id=job.id,
        number=job.number,
        title=job.title,
        state=job.state.value,
        state_words=job.state.words,
        sentence=sentence(job, now, status=status),
        progress=progress,
        waited_s=(now - job.waiting_since).total_seconds() if _waits(job) else None,
        reason=_reason(job) if _waits(job) else "",
        position=job.waiting.position if _waits(job) else None,
        expected_start=_planned(job, now),
        cause=job.cause,
        cause_words=job.cause_words,
        last_lines=(seen.files.last_lines or "") if job.state is State.FAILED or _left_nothing(job) else "",
        reported=str(job.progress.get("message", "")) if _left_nothing(job) else "",
        timeline=tuple(_moment(event, HAPPENED if leaves_dataset else HAPPENED_WITHOUT) for event in job.events),
        runner=_runner(attempt),
        resources=_resources(job, attempt, now),
        can_cancel=not job.state.final and job.cancel_requested is None,
        can_retry=not job.submission.draft  # which may be another by now: it is tried again from the draft
        and (job.state is State.CANCELLED or (job.state is State.FAILED and may_help(job.cause, asked))),
        can_retry_as_it_was=job.state is State.CANCELLED or (job.state is State.FAILED and as_it_was(job.cause)),
        advice=_advice(job, jobtype, attempt, asked, now),
        more_memory_mb=asked.more_memory_mb if job.cause == Cause.MEMORY else None,
        more_time_s=_more_time(job, asked),
        exit_words=_exit_words(attempt),
        tries=len(job.attempts),
        attempt=attempt.id if attempt else None,
        cluster=attempt.cluster if attempt else None,
        cluster_job=attempt.cluster_job if attempt else None,
        array_index=attempt.array_index if attempt else None,
        node=seen.scheduler.node,
    )


def sentence(job: Job, now: datetime, *, status: ClusterStatus | None = None) -> str:
    """The one sentence that stands on top of a job's page and on its card."""
    if job.cancel_requested is not None and not job.state.final:
        wish = f"Being cancelled for {job.cancel_requested_by or 'somebody'}."
        return f"{wish} {_silence(job, status)}".rstrip()
    if job.state is State.RUNNING:
        return _running(job, now, status)
    if job.state in ENDED:
        return job.cause_words or ENDED[job.state]
    if job.state is State.COLLECTING:
        saving = " Its result is being saved." if job.submission.revision.leaves_dataset else ""
        return job.waiting.reason or f"It ended well.{saving}"
    if job.state is State.SUCCEEDED:
        return _done(job, now)
    waited = words.duration((now - job.waiting_since).total_seconds())
    return f"Waiting {waited}. {_silence_for_waiting(job, status) or _reason(job)}".rstrip()


def _done(job: Job, now: datetime) -> str:
    """How long it ran, as its technical details have it too; that filing its result took long is told apart."""
    ran_s = _ran_s(job.attempt, job, now) if job.ended else None
    done = "Done" if ran_s is None else f"Done in {words.duration(ran_s)}"
    doubt = f", with {words.count(job.warnings, 'warning')}" if job.warnings else ""
    more = NO_DATASET if _left_nothing(job) else ""
    filed_s = _seconds(job) - (ran_s or 0.0)
    if not more and ran_s is not None and filed_s >= max(LATE_S, ran_s / 10):
        more = f"Its result was filed {words.duration(filed_s)} later."
    return f"{done}{doubt}. {more}".rstrip()


def _advice(job: Job, jobtype: JobType, attempt: Attempt | None, asked: Asked, now: datetime) -> str:
    """What can be done about its time while it runs, and about its memory after it ended well."""
    if job.state is State.RUNNING:
        return while_it_runs(job.progress, job.started, now, asked)
    if job.state is not State.SUCCEEDED or attempt is None or job.kind is not Kind.RUN:
        return ""
    try:
        mine = jobtype.variant(job.submission.variant)
    except KeyError:
        return ""
    had_mb, ran = int(attempt.resources["memory_mb"]), _ran_s(attempt, job, now) or 0.0
    return about_memory(
        attempt.memory_peak_bytes,
        had_mb,
        ran,
        variants=jobtype.resources.variants,
        mine=mine,
        grace_s=asked.grace_s,
    )


def _more_time(job: Job, asked: Asked) -> int | None:
    if job.state is State.CANCELLED:
        ended = job.ended or job.changed
        work_s = for_work(asked.time_s, asked.grace_s)
        slow = asked.need is not None and too_slow(job.progress, job.started, ended, work_s)
        return asked.more_time_s if slow else None
    return asked.more_time_s if job.cause == Cause.TIME else None


def _exit_words(attempt: Attempt | None) -> str:
    if attempt is None:
        return ""
    testimony, scheduler = attempt.testimony or {}, attempt.seen.scheduler
    number = testimony.get("signal") or scheduler.signal
    code = testimony.get("exit_code") if testimony.get("exit_code") is not None else scheduler.exit_code
    if number is not None:
        return words.signal_name(int(number))
    return "" if code is None else str(code)


def _left_nothing(job: Job) -> bool:
    """Whether it ended well and, as its analysis has it, left no dataset."""
    return job.state is State.SUCCEEDED and not job.submission.revision.leaves_dataset


def _running(job: Job, now: datetime, status: ClusterStatus | None) -> str:
    if silent := _silence(job, status):
        return silent
    if job.absent_since is not None:
        return (
            f"The scheduler has not listed it since {words.clock(job.absent_since)}. "
            "Nothing is concluded from that yet; your job may be running."
        )
    if job.waiting.reason:
        return job.waiting.reason
    progress = progress_of(job.progress, job.started, now)
    if progress is not None:
        return progress.sentence
    since = words.duration((now - job.started).total_seconds()) if job.started else "a moment"
    return f"Running for {since}."


def _silence(job: Job, status: ClusterStatus | None) -> str:
    return "" if status is None or not status.banner else status.banner_of(_cluster(job, status))


def _cluster(job: Job, status: ClusterStatus) -> Cluster | None:
    """Where it is, or where it will go."""
    if job.state.at_scheduler and job.attempt:
        return status.named(job.attempt.cluster)
    return status.going_to(job.submission.revision.name)


def _silence_for_waiting(job: Job, status: ClusterStatus | None) -> str:
    """What a silence means for a job that waits: the scheduler may have it, or cannot be given it yet."""
    silence = _silence(job, status)
    if not silence or status is None or not status.daemon_alive or job.state is State.PENDING:
        return silence
    cluster = _cluster(job, status)
    if cluster is not None and cluster.forgotten:
        return silence
    where = status.called(cluster) if cluster else "the cluster"
    return f"It is handed over when {where} answers again. Nothing is lost."


def _waits(job: Job) -> bool:
    return job.state in {State.QUEUED, State.HELD, State.SUBMITTING, State.PENDING}


def _planned(job: Job, now: datetime) -> datetime | None:
    planned = job.waiting.start if job.state is State.PENDING else None
    return planned if planned is not None and planned > now else None


def _reason(job: Job) -> str:
    if job.state is State.HELD:
        return job.cause_words or ENDED[State.HELD]
    known = job.waiting.reason or job.cause_words
    if known:
        return known
    return "It is handed over in a moment." if job.state is State.QUEUED else "The scheduler has it."


def _moment(event: JobEvent, happened: Mapping[State, str]) -> Moment:
    try:
        state = State(event.to_state)
    except ValueError:
        return Moment(event.at, event.words or event.to_state, event.by, event.to_state)
    text = happened[state]
    if state is State.QUEUED and event.from_state:
        text = "Back in the queue" if event.by == PORTAL else "Asked for again"
        text = "Released" if event.from_state == State.HELD.value else text
    if event.words:
        text = f"{text}: {event.words}" if state is not State.CANCELLED else event.words
    return Moment(event.at, text, event.by, event.to_state)


def _runner(attempt: Attempt | None) -> str:
    runner = (attempt.testimony or {}).get("runner") if attempt else None
    return RUNNERS.get(str(runner), "")


def _seconds(job: Job, now: datetime | None = None) -> float:
    until = job.ended or now
    return (until - job.started).total_seconds() if job.started and until else 0.0


def _ran_s(attempt: Attempt | None, job: Job, now: datetime) -> float | None:
    """How long the program ran, as the scheduler saw it, else as the job's row has it."""
    said = attempt.seen.scheduler if attempt else None
    started, ended = (said.started, said.ended) if said else (None, None)
    if started and ended:
        return (ended - started).total_seconds()
    return _seconds(job, now) if job.started else None


def _resources(job: Job, attempt: Attempt | None, now: datetime) -> tuple[Resource, ...]:
    asked = attempt.resources if attempt else job.resources
    memory_mb, time_s, cpus = int(asked["memory_mb"]), int(asked["time_s"]), int(asked["cpus"])
    rows = [_row("Memory", words.memory(memory_mb), None, None), _row("Time", words.limit(time_s), None, None)]
    rows.append(_row("Processors", str(cpus), None, None))
    if attempt is None:
        return tuple(rows)
    if attempt.memory_peak_bytes is not None:
        share = attempt.memory_peak_bytes / (memory_mb * MIB)
        rows[0] = _row("Memory", words.memory(memory_mb), words.size(attempt.memory_peak_bytes), share)
    ran = _ran_s(attempt, job, now)
    if ran is not None:
        rows[1] = _row("Time", words.limit(time_s), words.duration(ran), ran / time_s)
    if attempt.cpu_s is not None and ran and ran > 0:
        used = attempt.cpu_s / ran
        rows[2] = _row("Processors", str(cpus), f"{used:.1f} on average", used / cpus)
    return tuple(rows)


def _row(name: str, asked: str, used: str | None, share: float | None) -> Resource:
    return Resource(name, asked, used or "", share)
