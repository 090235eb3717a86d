"""What the scheduler says about all jobs, in one query, and what becomes of each.

Law: not knowing is not an answer. A scheduler that does not answer changes nothing; neither does a job that an
answer leaves out, until the absence rule and a fence say otherwise.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import cast

from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.orm import Session, selectinload

from gantry_formats.patterns.lines import LinePattern
from portal import failpoints
from portal.daemon.context import Deps, log_event
from portal.daemon.dispatch.settle import give_up
from portal.daemon.reconcile.apply import carry_out
from portal.daemon.reconcile.folder import ResultFile, merged_progress
from portal.daemon.reconcile.observe import (
    WATCHED,
    Observed,
    absent_s,
    observe_all,
    seen_every,
    waiting_of,
    watched_jobs,
)
from portal.daemon.reconcile.verdict import Action, Ended, OwnWords, Verdict, judge, judge_absent
from portal.jobs.actions import asked_of, jobtype_of
from portal.jobs.cause import Asked, Cause, last_words, said_cause
from portal.jobs.models import Attempt, Job, Submission
from portal.jobs.said import SchedulerSaid, Waiting
from portal.jobs.state import State
from portal.jobs.timing.course import by_now, with_course
from portal.jobs.timing.runs import measured_stages, note_run
from portal.jobtype.reports.model import OF_CAUSE
from portal.portions import portions
from portal.scheduler.base import Ending, JobReport, Phase
from portal.times import going_on

Times = tuple[datetime, datetime]
"""When the scheduler was asked, by which waiting is counted, and when it is written down: the stamp of moves."""
A_TRANSACTION = 200
"""Jobs written down at a time, so that people's clicks do not wait for a thousand moves."""


def reconcile_step(deps: Deps, now: datetime) -> bool:
    """One question about all jobs, and the moves that follow; True if a job moved or progressed."""
    with deps.database.read() as session:
        watched = watched_jobs(session, deps.settings.account_of, deps.share)
    if not watched:
        return False
    clock = going_on(now)
    observation = deps.scheduler.observe([(one.attempt_id, one.handle) for one in watched])
    deps.health.record(observation, now)
    if not observation.answered:
        return False
    failpoints.reach("reconcile-observed")
    if not observation.absences_count:
        # What is missing from such an answer may be there all the same.
        watched = [one for one in watched if one.attempt_id in observation.reports]
    all_observed = observe_all(deps, watched, observation, now)
    telling = [observed for observed in all_observed if observed.tells_more]
    changed = 0
    for some in portions(telling, A_TRANSACTION):
        with deps.write() as session:
            _load(session, some)
            times = now, clock()
            changed += sum(_apply(session, deps, observed, times) for observed in some)
    changed += _note_seen(
        deps, [observed for observed in all_observed if not observed.tells_more], now, seen_every(len(watched))
    )
    if changed:
        failpoints.reach("reconcile-moved")
    return changed > 0


def _load(session: Session, all_observed: Sequence[Observed]) -> None:
    """Lock the rows and read what the moves need: a few queries for all, not a few for each."""
    revision = selectinload(Job.submission).selectinload(Submission.revision)
    whole = (selectinload(Job.attempts), selectinload(Job.events), selectinload(Job.person), revision)
    query = select(Job).where(Job.id.in_([observed.watched.job_id for observed in all_observed])).order_by(Job.id)
    session.scalars(query.options(*whole).with_for_update(of=Job)).all()


def _note_seen(deps: Deps, all_observed: Sequence[Observed], now: datetime, every: timedelta) -> int:
    """For jobs of which nothing else is to be said: that they are there, why they wait, their places and plans.

    The number of those that wait for another reason than before.
    """
    due = [
        observed
        for observed in all_observed
        if observed.says_why or observed.watched.last_seen is None or now - observed.watched.last_seen >= every
    ]
    rows = [
        {"job": observed.watched.job_id, "seen": now, "why": waiting_of(observed.report)}
        for observed in due
        if observed.report is not None
    ]
    if not rows:
        return 0
    change = (
        update(cast(Table, Job.__table__))
        .where(Job.id == bindparam("job"), or_(*(Job.state == state for state in WATCHED)))
        .values(last_seen=bindparam("seen"), waiting=bindparam("why"))
    )
    with deps.write() as session:
        # In the order in which everybody locks many jobs.
        session.connection().execute(change, sorted(rows, key=itemgetter("job")))
    return sum(observed.says_why for observed in due)


def _apply(session: Session, deps: Deps, observed: Observed, times: Times) -> bool:
    """Write down what follows for one job; True if anything did. The row may have changed since."""
    now, at = times
    attempt = session.get_one(Attempt, observed.watched.attempt_id)
    job = attempt.job
    if job.state not in WATCHED or job.attempt is not attempt:
        return False
    if observed.report is None:
        return _absent(job, attempt, observed, deps, times)
    changed = _seen(job, now)
    changed |= _note_progress(job, observed, now)
    if observed.report.phase is Phase.ENDED:
        return _ended(job, attempt, observed, deps, times) or changed
    changed |= _waiting(job, observed.report)
    wanted = State.RUNNING if observed.report.phase is Phase.RUNNING else State.PENDING
    if job.state is not wanted:
        if wanted is State.PENDING:
            job.progress = {}  # it was put back, and begins anew
        log_event("moved", job=job.id, state=wanted.value)
        job.move(wanted, at=at, happened=observed.report.started if wanted is State.RUNNING else None)
        changed = True
    if wanted is State.RUNNING:
        changed |= _note_start(job, attempt, observed.report, at)
    return changed


def _note_start(job: Job, attempt: Attempt, report: JobReport, at: datetime) -> bool:
    """Since when it runs and where, as the scheduler saw it; a requeued job starts anew."""
    began = replace(attempt.seen.scheduler, node=report.node, started=report.started)
    seen = replace(attempt.seen, scheduler=began)
    if seen.document() == attempt.seen.document():
        return False
    attempt.seen = seen
    if report.started is not None:
        # On the portal's clock: never before what came before it, nor after now.
        job.started = min(max(report.started, job.events[-1].at), at)
    return True


def _seen(job: Job, now: datetime) -> bool:
    """Note that the scheduler knows the job; not itself worth a write unless it was absent."""
    was_absent = job.absent_since is not None
    job.absent_since = None
    job.last_seen = now
    return was_absent


def _note_progress(job: Job, observed: Observed, now: datetime) -> bool:
    """What the program says of how far it is, and what that means by finished runs of its analysis."""
    if observed.tail is None:
        return False
    before = job.progress
    progress = merged_progress(before, observed.tail, now)
    if observed.tail.event:
        # Asked once a run: what others take meanwhile must not make the bar jump.
        measured = before.get("measured") or measured_stages(job, jobtype_of(job)).document()
        report = observed.report
        started = job.started or (report.started if report else None)
        shown = by_now(before, started, now)
        whole = {} if shown is None else {"whole": shown}
        progress = with_course({**progress, "measured": measured} | whole, started, now)
    job.progress = progress
    return bool(observed.tail.event)


def _waiting(job: Job, report: JobReport) -> bool:
    """Keep why it waits, as the scheduler says it; True if the reason is another."""
    before, waiting = job.waiting, waiting_of(report)
    if before.document() == waiting.document():
        return False
    job.waiting = waiting
    return before.reason != waiting.reason


def _absent(job: Job, attempt: Attempt, observed: Observed, deps: Deps, times: Times) -> bool:
    """The absence rule. `absent_since` starts anew whenever the scheduler was silent in between."""
    now, at = times
    if job.absent_since is None:
        job.absent_since = now
        log_event("absent", job=job.id)
        return True
    if observed.result.unreadable:
        return False
    settings = deps.settings.daemon
    if observed.fence_won:
        give_up(job, attempt, at)
        return True
    if observed.result == ResultFile() and observed.fence_won is None:
        return False
    silent_s = absent_s(job.absent_since, deps, now)
    verdict = judge_absent(
        observed.result.testimony,
        _asked(job, observed),
        absent_s=silent_s,
        lost_s=settings.lost_s,
        said=_said(job, observed),
    )
    return _carry_out(job, attempt, observed, verdict, at)


def _ended(job: Job, attempt: Attempt, observed: Observed, deps: Deps, times: Times) -> bool:
    now, at = times
    first, report = attempt.seen.portal.ended_seen or now, observed.report
    assert report is not None
    if report.ending is None:
        deps.health.trouble("word", f"The scheduler's word for the end of {job.number} is unknown: {report.raw}.")
        return False
    if observed.result.unreadable:
        return False
    noted = replace(attempt.seen.portal, ended_seen=first)
    attempt.seen = replace(attempt.seen, scheduler=_ending_of(report), portal=noted)
    verdict = judge(
        Ended(
            report.ending,
            report.exit_code,
            report.signal,
            report.node,
            report.reason,
            report.ended_by,
            by_owner=report.ended_by is not None and report.ended_by == observed.watched.account,
        ),
        observed.result.testimony,
        _asked(job, observed),
        wished_by=job.cancel_requested_by if job.cancel_requested else None,
        waited_s=(now - first).total_seconds(),
        late_result_s=deps.settings.daemon.late_result_s,
        invalid=observed.result.invalid,
        said=_said(job, observed),
    )
    if verdict.action is Action.WAIT and job.waiting == Waiting():
        job.waiting = Waiting("It ended. Its report has not shown yet; it is waited for.")
    return _carry_out(job, attempt, observed, verdict, at)


def _said(job: Job, observed: Observed) -> OwnWords:
    pattern = jobtype_of(job).cause if observed.log_ends else None
    reason = said_cause(observed.log_ends, LinePattern(pattern, OF_CAUSE)) if pattern else ""
    return OwnWords(observed.refusal, reason, last_words(observed.last_lines))


def _ending_of(report: JobReport) -> SchedulerSaid:
    return SchedulerSaid(
        ending=report.ending.value if report.ending else None,
        raw=report.raw,
        exit_code=report.exit_code,
        signal=report.signal,
        node=report.node,
        reason=report.reason,
        by=report.ended_by,
        started=report.started,
        ended=report.ended,
        cpu_s=report.cpu_s,
        memory_peak_bytes=report.memory_peak_bytes,
    )


def _peak(observed: Observed) -> int | None:
    """The most memory that the scheduler or launch saw it use."""
    testimony, report = observed.result.testimony, observed.report
    peaks = [report.memory_peak_bytes if report else None, testimony.memory_peak_bytes if testimony else None]
    return max((peak for peak in peaks if peak is not None), default=None)


def _asked(job: Job, observed: Observed) -> Asked:
    """What it had and may have; what other runs used is looked up only where memory was what it lacked."""
    testimony, report = observed.result.testimony, observed.report
    lacked = (report is not None and report.ending is Ending.OUT_OF_MEMORY) or (
        testimony is not None and testimony.reason == "memory"
    )
    ended = report.ended if report is not None else None
    return asked_of(job, peak_bytes=_peak(observed), lacked_memory=lacked, ended=ended)


def _note_files(attempt: Attempt, **said: str) -> None:
    attempt.seen = replace(attempt.seen, files=replace(attempt.seen.files, **said))


def _carry_out(job: Job, attempt: Attempt, observed: Observed, verdict: Verdict, at: datetime) -> bool:
    if verdict.action in {Action.NOTHING, Action.WAIT}:
        return False
    testimony, report = observed.result.testimony, observed.report
    if testimony is not None:
        attempt.testimony = testimony.document()
    attempt.cpu_s = (report.cpu_s if report else None) or (testimony.cpu_s if testimony else None)
    attempt.memory_peak_bytes = _peak(observed)
    if observed.result.invalid:
        _note_files(attempt, invalid_result=observed.result.invalid)
    log_is_all = verdict.action is not Action.COLLECT or not job.submission.revision.leaves_dataset
    if log_is_all and observed.last_lines:
        _note_files(attempt, last_lines=observed.last_lines)
    if job.state is State.PENDING and report is not None and report.started and testimony is not None:
        # It began and ended between two questions.
        job.move(State.RUNNING, at=at, happened=report.started)
    if job.started is None and report is not None:
        job.started = report.started
    if verdict.action is Action.COLLECT or verdict.cause is Cause.TIME:
        note_run(job, attempt, in_time=verdict.action is Action.COLLECT, ended=at)
    carry_out(job, attempt, verdict, at, report.ended if report is not None else None)
    log_event("ended", job=job.id, state=job.state.value, cause=job.cause)
    return True
