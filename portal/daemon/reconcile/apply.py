"""Carrying a verdict out on a job's rows: collect, fail, cancel, or run again by the job type's rule."""

from datetime import datetime

from portal.daemon.reconcile.verdict import Action, Verdict
from portal.jobs.actions import asked_of, jobtype_of
from portal.jobs.cause import Cause, may_help
from portal.jobs.models import PORTAL, Attempt, Job
from portal.jobs.said import Waiting
from portal.jobs.state import State
from portal.jobs.submit.again import largest
from portal.jobtype.model import JobType, RetryRule

# Which rule of a job type's `retry` speaks for which causes.
RULES: dict[Cause, str] = {
    Cause.LOST: "lost",
    Cause.CLAIMED: "lost",
    Cause.FOLDER: "lost",
    Cause.NODE: "node",
    Cause.PREEMPTED: "preempted",
    Cause.MEMORY: "memory",
    Cause.TIME: "time",
}


def carry_out(
    job: Job, attempt: Attempt, verdict: Verdict, now: datetime, happened: datetime | None = None
) -> None:
    """Move the job as the verdict says. NOTHING and WAIT move nothing.

    `happened`: when it ended, as the scheduler says.
    """
    cause = verdict.cause.value if verdict.cause else None
    if verdict.action in {Action.NOTHING, Action.WAIT}:
        return
    job.not_before = None
    if verdict.action is Action.COLLECT:
        job.move(State.COLLECTING, at=now, cause=cause, words=verdict.words, happened=happened)
        job.waiting = Waiting()
        return
    attempt.outcome, attempt.ended = cause, min(happened or now, now)
    if verdict.action is Action.CANCEL:
        job.move(State.CANCELLED, at=now, cause=cause, words=verdict.words, happened=happened)
        return
    if verdict.cause and job.cancel_requested is None and _again(job, verdict.cause):
        words = f"{verdict.words} It is run again by itself."
        job.move(State.QUEUED, at=now, cause=cause, words=words)
        job.waiting = Waiting(words)
        return
    job.move(State.FAILED, at=now, cause=cause, words=verdict.words, happened=happened)


def _again(job: Job, cause: Cause) -> bool:
    """True if the job type has the portal try again by itself; then with what the rule allows more."""
    if cause not in RULES:
        return False
    jobtype = jobtype_of(job)
    rule = rule_for(jobtype, cause)
    if retries_so_far(job, cause) >= rule.times:
        return False
    most, asked = largest(jobtype), asked_of(job, jobtype)
    if not may_help(cause, asked):
        return False  # what it needs is more than it may have
    memory_mb = min(int(job.resources["memory_mb"] * rule.memory_factor), most["memory_mb"])
    time_s = min(int(job.resources["time_s"] * rule.time_factor), most["time_s"])
    if cause is Cause.TIME and asked.need is not None and rule.time_factor > 1:
        time_s = max(time_s, asked.more_time_s or 0)
    same = (memory_mb, time_s) == (job.resources["memory_mb"], job.resources["time_s"])
    if same and cause in {Cause.MEMORY, Cause.TIME}:
        return False  # what was too little once is too little again
    job.resources = {**job.resources, "memory_mb": memory_mb, "time_s": time_s}
    return True


def rule_for(jobtype: JobType, cause: Cause) -> RetryRule:
    """The job type's rule for this class of failure."""
    rule = getattr(jobtype.retry, RULES[cause])
    assert isinstance(rule, RetryRule)
    return rule


def retries_so_far(job: Job, cause: Cause) -> int:
    """How often the portal ran it again for this class of failure since a person last asked for it."""
    alike = {other.value for other, rule in RULES.items() if rule == RULES[cause]}
    count = 0
    for event in reversed(job.events):
        if event.to_state == State.QUEUED.value and event.by != PORTAL:
            break
        if event.to_state == State.QUEUED.value and event.cause in alike:
            count += 1
    return count
