"""What the scheduler and the folders say about the jobs at the scheduler: read outside of any transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from portal.daemon.context import Deps
from portal.daemon.reconcile.folder import ResultFile, Tail, read_events, read_refusal, read_result
from portal.daemon.share import ALL, Share, latest_attempt
from portal.errors import PortalError
from portal.files.confined import Root
from portal.identity.models import Person
from portal.jobs.log import last_lines, log_ends
from portal.jobs.models import Attempt, Job
from portal.jobs.said import Waiting
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Refusal
from portal.scheduler.base import JobHandle, JobReport, Observation, Phase

WATCHED = frozenset({State.PENDING, State.RUNNING})
SEEN_EVERY = timedelta(seconds=30)
SEEN_A_SECOND = 50
"""`last_seen` is written this often at most, and for so many jobs a second on average, so that jobs that only wait
or go on cost little writing, however many they are."""


@dataclass(frozen=True)
class Watched:
    """A job at the scheduler, as its rows were before the question."""

    job_id: int
    attempt_id: str
    account: str | None
    state: State
    handle: JobHandle
    job_sha256: str | None
    offset: int
    waiting: Waiting
    last_seen: datetime | None
    absent_since: datetime | None


def seen_every(watched: int) -> timedelta:
    """How old `last_seen` becomes where so many jobs are watched."""
    return max(SEEN_EVERY, timedelta(seconds=watched / SEEN_A_SECOND))


@dataclass(frozen=True)
class Observed:
    """What the scheduler and the folder say about one job."""

    watched: Watched
    report: JobReport | None
    result: ResultFile
    tail: Tail | None
    last_lines: str
    refusal: str = ""
    """Why the program says that it refused, in its own words: anything may stand there."""
    log_ends: str = ""
    """Where the job type says how to find the reason of a failure."""
    fence_won: bool | None = None
    """Whether the portal took the claim of a job that was absent for too long; None: not tried, or no answer."""

    @property
    def tells_more(self) -> bool:
        """True if more may have to be written down than that the scheduler has the job, and why it waits."""
        was, report = self.watched, self.report
        if report is None or report.phase is Phase.ENDED or self.tail is not None or was.absent_since is not None:
            return True
        return report.phase.value != was.state.value

    @property
    def says_why(self) -> bool:
        """True if the reason for which it waits is another than before."""
        # Places and plans shift with every job that ends: they are noted together with `last_seen`.
        was, report = self.watched.waiting, self.report
        return report is not None and waiting_of(report).reason != was.reason


def waiting_of(report: JobReport) -> Waiting:
    """Why a job waits, its place and when it is planned to start, as the scheduler says it; else empty."""
    if report.phase is not Phase.PENDING:
        return Waiting()
    return Waiting(report.reason, report.position, report.expected_start)


def watched_jobs(session: Session, account_of: Callable[[str], str | None], share: Share = ALL) -> list[Watched]:
    """Every job of `share` that the scheduler should know; `account_of` tells a person's account by sign-in name.

    Columns, no objects: there may be ten thousand, many times an hour.
    """
    query = (
        select(
            Job.id, Job.state, Job.progress, Job.waiting, Job.last_seen, Job.absent_since,
            Person.name.label("person"), Attempt.id.label("attempt_id"), Attempt.cluster, Attempt.cluster_job,
            Attempt.array_index, Attempt.name, Attempt.submitted, Attempt.job_sha256,
        )
        .join(Person, Job.person_id == Person.id)
        .join(Attempt, (Attempt.job_id == Job.id) & latest_attempt())
        .where(Job.state.in_(WATCHED), Attempt.cluster_job.is_not(None), Attempt.submitted.is_not(None))
        .where(share.attempts())
        .order_by(Job.id)
    )  # fmt: skip
    return [_watched(row, account_of(row.person)) for row in session.execute(query)]


def _watched(row: Row[Any], account: str | None) -> Watched:
    return Watched(
        job_id=row.id,
        attempt_id=row.attempt_id,
        account=account,
        state=row.state,
        handle=JobHandle(row.cluster, row.cluster_job, row.array_index, row.name, row.submitted, account),
        job_sha256=row.job_sha256,
        offset=int(row.progress.get("offset", 0)),
        waiting=row.waiting,
        last_seen=row.last_seen,
        absent_since=row.absent_since,
    )


def observe_all(deps: Deps, watched: Sequence[Watched], observation: Observation, now: datetime) -> list[Observed]:
    """What is to be seen of each job; none at all if the folder of attempts does not answer."""
    try:
        with Root(deps.settings.scratch) as scratch:
            deps.troubles.trouble("scratch", None)
            all_observed = [_observe(scratch, one, observation.reports.get(one.attempt_id)) for one in watched]
    except PortalError as error:
        deps.troubles.trouble("scratch", error.message)
        return []
    return _fence_the_lost(deps, all_observed, now)


def _observe(scratch: Root, one: Watched, report: JobReport | None) -> Observed:
    result, lines, refusal, ends = ResultFile(), "", "", ""
    if report is None or report.phase is Phase.ENDED:
        result = read_result(
            scratch,
            one.attempt_id,
            job_sha256=one.job_sha256,
            job_id=one.handle.job_id,
            restarts=report.restarts if report else 0,
        )
        lines = _of_log(scratch, one.attempt_id, last_lines)
        if result.testimony is not None and result.testimony.exit_code:
            ends = _of_log(scratch, one.attempt_id, log_ends)
        refusal = read_refusal(scratch, one.attempt_id)
    tail = None
    if report is not None and report.phase is not Phase.PENDING:
        tail = read_events(scratch, one.attempt_id, one.offset)
    return Observed(one, report, result, tail, lines, refusal, ends)


def _of_log(scratch: Root, attempt: str, read: Callable[[Root], str]) -> str:
    try:
        with scratch.open_folder(attempt) as folder:
            return read(folder)
    except PortalError:
        return ""


def _fence_the_lost(deps: Deps, all_observed: Sequence[Observed], now: datetime) -> list[Observed]:
    """For jobs that were absent for too long and left nothing: could they still start? The fence tells."""
    patience_s = deps.settings.daemon.lost_s
    lost = {
        observed.watched.attempt_id: observed.watched.account
        for observed in all_observed
        if observed.report is None
        and observed.watched.absent_since is not None
        and observed.result == ResultFile()
        and absent_s(observed.watched.absent_since, deps, now) >= patience_s
    }
    if not lost:
        return list(all_observed)
    deps.still_active()
    answers = deps.agent.fence([(account, attempt) for attempt, account in lost.items()])
    won: dict[str, bool | None] = {}
    unknown = set()
    for (attempt, account), answer in zip(lost.items(), answers, strict=True):
        if isinstance(answer, AnswerLostError | CallRefusedError):
            deps.blame(account, answer)
            unknown.add(attempt)
        else:
            won[attempt] = None if isinstance(answer, Refusal) else answer.won
    return [
        replace(observed, fence_won=won.get(observed.watched.attempt_id))
        for observed in all_observed
        if observed.watched.attempt_id not in unknown
    ]


def absent_s(absent_since: datetime | None, deps: Deps, now: datetime) -> float:
    """Seconds for which a scheduler that answered all that time has not known the job."""
    if absent_since is None:
        return 0.0
    return (now - max(absent_since, deps.health.since or now)).total_seconds()
