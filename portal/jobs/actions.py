"""What people may ask of a job that exists: cancel, run again, rename, release."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.errors import ConflictError, ForbiddenError, InvalidError
from portal.identity.actor import Actor
from portal.identity.missing import check_id, not_found
from portal.jobs.access import of_submission, visible_jobs
from portal.jobs.cause import MIB, Asked, Cause, Retry, cancelled, may_help, retry_of
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.moves import move_all
from portal.jobs.state import State
from portal.jobs.submit.again import Terms, check_again, check_release, largest
from portal.jobs.submit.check import checked_title
from portal.jobs.timing.course import step_of
from portal.jobs.timing.like import peak_of_others
from portal.jobs.timing.need import for_work, last_word, memory_to_ask, needed, time_to_ask
from portal.jobtype.model import JobType

MOST_PARSED = 256
MOST_JUDGED = 100
_PARSED: dict[str, JobType] = {}
"""Job types by revision: what has a digest never changes, and a page of jobs asks fifty times."""
AT_ONCE = frozenset({State.QUEUED, State.HELD})
RAISED = {"memory": "memory_mb", "time": "time_s"}


def _name(actor: Actor) -> str:
    return actor.full_name or actor.name


def _owned(session: Session, actor: Actor, job_id: int) -> Job:
    """The job, locked until the transaction ends. Raises NotFoundError, ForbiddenError (only seen, not owned)."""
    query = visible_jobs(actor).where(Job.id == check_id(actor, job_id)).with_for_update(of=Job)
    job = session.scalar(query.execution_options(populate_existing=True))
    if job is None:
        raise not_found(actor)
    _check_owner(job, actor)
    return job


def _check_owner(job: Job, actor: Actor) -> None:
    if job.person_id != actor.person_id and not actor.staff:
        raise ForbiddenError(f"{job.number} is {job.person.full_name}'s; only they and staff can change it.")


def _of_batch(session: Session, actor: Actor, submission_id: str, states: Collection[State]) -> Sequence[Job]:
    """A batch's jobs in these states, locked until the transaction ends. Raises NotFound-, ForbiddenError."""
    mine = visible_jobs(actor).where(of_submission(submission_id))
    chosen = mine.where(Job.state.in_(states)).order_by(Job.id)
    jobs = session.scalars(chosen.with_for_update(of=Job)).all()
    if not jobs and session.scalar(mine.limit(1)) is None:
        raise not_found(actor)
    for job in jobs:
        _check_owner(job, actor)
    return jobs


def cancel(session: Session, actor: Actor, job_id: int, *, now: datetime) -> Job:
    """Ask for a job's end. What has not left the portal ends at once, the rest when the daemon has carried it out.

    Asking twice is no error. Raises NotFoundError, ForbiddenError, ConflictError (it has ended otherwise).
    """
    job = _owned(session, actor, job_id)
    if job.state is State.CANCELLED:
        return job
    if job.state.final:
        raise ConflictError(f"{job.number} has ended already: {job.state.words.lower()}.")
    asked = job.cancel_requested is not None
    _cancel(session, [job], actor, now=now)
    if not asked:
        record(session, actor, Action.CANCEL, _thing(job), at=now)
    return job


def cancel_all(session: Session, actor: Actor, submission_id: str, *, now: datetime) -> Sequence[Job]:
    """Ask for the end of all jobs of a batch that have not ended; these jobs. Raises NotFound-, ForbiddenError."""
    jobs = _of_batch(session, actor, submission_id, [state for state in State if not state.final])
    fresh = [job for job in jobs if job.cancel_requested is None]
    _cancel(session, jobs, actor, now=now)
    _note_batch(session, actor, Action.CANCEL, fresh, now)
    return jobs


def retry(
    session: Session,
    actor: Actor,
    job_id: int,
    *,
    now: datetime,
    terms: Terms,
    resources: str | Mapping[str, int] | None = None,
) -> Job:
    """Run a failed or cancelled job again: the same job, a new attempt.

    `resources`: None (as before), "memory" or "time" (as much as its peak or its progress tells, else twice as
    much, within the analysis's largest variant), or values for `memory_mb`, `time_s`, `cpus` within it. Raises
    NotFoundError, ForbiddenError, ConflictError (also where it would end the same way), InvalidError, and
    LimitError where a new submission would not start at once.
    """
    job = _owned(session, actor, job_id)
    if job.state not in {State.FAILED, State.CANCELLED}:
        raise ConflictError(f"{job.number} is {job.state.words.lower()}; only what failed can be run again.")
    job.resources = _resources(job, resources)
    check_again(session, actor, [job], terms)
    _again(session, [job], job.state, by=_name(actor), now=now)
    record(session, actor, Action.RETRY, _thing(job), at=now, details={"resources": job.resources})
    return job


def retry_failed(
    session: Session, actor: Actor, submission_id: str, *, now: datetime, terms: Terms
) -> Sequence[Job]:
    """Run a batch's failed jobs again, each with more of what it ran out of: all or none.

    Not those that would end the same way. Raises what `retry` does.
    """
    failed = _of_batch(session, actor, submission_id, [State.FAILED])
    jobs = [job for job in failed if may_help(job.cause, asked_of(job))]
    for job in jobs:
        job.resources = _resources(job, _wanted_more(job))
    check_again(session, actor, jobs, terms)
    _again(session, jobs, State.FAILED, by=_name(actor), now=now)
    _note_batch(session, actor, Action.RETRY, jobs, now)
    return jobs


def worth_another_try(session: Session, actor: Actor, submission_id: str, failed: int) -> int:
    """Of so many failed jobs of a batch, how many could end otherwise; from the 101st on all are counted."""
    query = visible_jobs(actor).where(of_submission(submission_id), Job.state == State.FAILED)
    query = query.options(selectinload(Job.attempts), selectinload(Job.submission)).order_by(Job.id)
    jobs = session.scalars(query.limit(MOST_JUDGED)).all()
    # What others used tells how much more to ask for, not whether there is more.
    helpless = sum(not may_help(job.cause, asked_of(job, lacked_memory=False)) for job in jobs)
    return failed - helpless


def retry_cancelled(
    session: Session, actor: Actor, submission_id: str, *, now: datetime, terms: Terms
) -> Sequence[Job]:
    """Run a batch's cancelled jobs again, as they were: all or none. Raises what `retry` does."""
    jobs = _of_batch(session, actor, submission_id, [State.CANCELLED])
    check_again(session, actor, jobs, terms)
    _again(session, jobs, State.CANCELLED, by=_name(actor), now=now)
    _note_batch(session, actor, Action.RETRY, jobs, now)
    return jobs


def rename(session: Session, actor: Actor, job_id: int, title: str, *, now: datetime) -> Job:
    """Give a job another title. A result that is registered keeps its name. Raises InvalidError."""
    job = _owned(session, actor, job_id)
    before = job.title
    job.title, job.changed = checked_title(title), now
    record(session, actor, Action.RENAME, _thing(job), at=now, details={"before": before})
    others = session.scalar(
        select(Job.id).where(Job.submission_id == job.submission_id, Job.id != job.id).limit(1)
    )
    if others is None:
        submission = session.get(Submission, job.submission_id)
        assert submission is not None
        submission.title = job.title
    return job


def release(session: Session, actor: Actor, job_id: int, *, now: datetime, terms: Terms) -> Job:
    """Staff let a job on hold go ahead. Raises NotFoundError, ForbiddenError, ConflictError, LimitError."""
    job = _owned(session, actor, job_id)
    if not actor.staff:
        raise ForbiddenError("Only staff release jobs that are on hold.")
    if job.state is State.HELD:
        check_release(session, job, terms)
    job.move(State.QUEUED, at=now, by=_name(actor))
    record(session, actor, Action.RELEASE, _thing(job), at=now)
    return job


def _thing(job: Job) -> Thing:
    return Thing(Kind.JOB, job.id, job.title)


def _note_batch(session: Session, actor: Actor, action: Action, jobs: Sequence[Job], now: datetime) -> None:
    """One record for a batch: which jobs they were, their own histories say."""
    if jobs:
        batch = jobs[0].submission
        thing = Thing(Kind.SUBMISSION, batch.id, batch.title)
        record(session, actor, action, thing, at=now, details={"jobs": len(jobs)})


def _cancel(session: Session, jobs: Sequence[Job], actor: Actor, *, now: datetime) -> None:
    by = _name(actor)
    for job in jobs:
        if job.cancel_requested is None:
            job.cancel_requested, job.cancel_requested_by, job.cancel_requested_by_id = now, by, actor.person_id
    session.flush()
    for state in AT_ONCE:
        here = [job.id for job in jobs if job.state is state]
        words = cancelled(by)
        move_all(session, here, state, State.CANCELLED, at=now, by=by, cause=Cause.CANCELLED.value, words=words)
    _read_anew(session, jobs)


def _again(session: Session, jobs: Sequence[Job], state: State, *, by: str, now: datetime) -> None:
    session.flush()
    unasked = dict.fromkeys(("cancel_requested", "cancel_requested_by", "cancel_requested_by_id", "not_before"))
    move_all(session, [job.id for job in jobs], state, State.QUEUED, at=now, by=by, **unasked)
    _read_anew(session, jobs)


def _read_anew(session: Session, jobs: Sequence[Job]) -> None:
    """Jobs that were moved beside the session, as they are now."""
    query = select(Job).where(Job.id.in_([job.id for job in jobs])).options(selectinload(Job.events))
    session.scalars(query.execution_options(populate_existing=True)).all()


def _wanted_more(job: Job) -> str | None:
    kind = retry_of(Cause(job.cause)) if job.cause else Retry.NEVER
    asked = asked_of(job)
    if kind is Retry.MORE_MEMORY and asked.more_memory_mb is not None:
        return "memory"
    if kind is Retry.MORE_TIME and asked.more_time_s is not None:
        return "time"
    return None


def jobtype_of(job: Job) -> JobType:
    """The job type as it was when the job was submitted."""
    return jobtype_of_revision(job.submission.revision)


def jobtype_of_revision(revision: JobTypeRevision) -> JobType:
    """The job type as it was in this revision."""
    found = _PARSED.get(revision.digest)
    if found is None:
        if len(_PARSED) >= MOST_PARSED:
            _PARSED.clear()
        found = _PARSED[revision.digest] = JobType.model_validate(revision.document)
    return found


def asked_of(
    job: Job,
    jobtype: JobType | None = None,
    *,
    peak_bytes: int | None = None,
    lacked_memory: bool | None = None,
    ended: datetime | None = None,
) -> Asked:
    """What the job has now, what it needs by its progress and its peak, and what its job type allows next time.

    `peak_bytes`: the most memory that it was seen to use, where its attempt does not have it yet. `lacked_memory`:
    whether it ran out of it, where the job does not say so yet; then finished runs like it tell what they used.
    `ended`: when its run ended, where the job does not say so yet.
    """
    jobtype = jobtype or jobtype_of(job)
    most = largest(jobtype)
    memory_mb, time_s = int(job.resources["memory_mb"]), int(job.resources["time_s"])
    peak = peak_bytes if peak_bytes is not None else job.attempt.memory_peak_bytes if job.attempt else None
    ended = ended or (job.ended if job.state.final else None)
    need = needed(job.progress, job.started, ended)
    lacked = job.cause == Cause.MEMORY if lacked_memory is None else lacked_memory
    others = peak_of_others(job, jobtype) if lacked else None
    others_mb = others.span.high / MIB if others else None
    grace_s = int(job.resources.get("grace_s", 0))
    told = need is not None and need.seconds > for_work(time_s, grace_s)
    more_time_s = time_to_ask(need, most["time_s"], grace_s) if need and told else min(2 * time_s, most["time_s"])
    return Asked(
        memory_mb=memory_mb,
        time_s=time_s,
        grace_s=grace_s,
        more_memory_mb=memory_to_ask(
            memory_mb, peak / MIB if peak else None, most["memory_mb"], others_mb=others_mb
        ),
        more_time_s=more_time_s if more_time_s is not None and more_time_s > time_s else None,
        success_codes=tuple(jobtype.success_codes),
        codes={one.code: one.means for one in jobtype.exit_codes},
        most_memory_mb=most["memory_mb"],
        most_time_s=most["time_s"],
        need=need,
        last=last_word(job.progress, ended) if need is None and ended is not None else None,
        step=step_of(job.progress),
        peak_bytes=peak,
        others=f"Runs like it used {others.words}, {others.basis}." if others else "",
    )


def _resources(job: Job, wanted: str | Mapping[str, int] | None) -> dict[str, Any]:
    jobtype = jobtype_of(job)
    asked = asked_of(job, jobtype)
    if job.state is State.FAILED and not may_help(job.cause, asked) and not isinstance(wanted, Mapping):
        why = f"{job.number} would end the same way again. {job.cause_words or ''}"
        raise ConflictError(f"{why} It can be run with changed values.")
    if wanted is None:
        return dict(job.resources)
    if isinstance(wanted, str):
        return _more(job, asked, wanted)
    most = largest(jobtype)
    wrong: dict[str, str] = {}
    for name, value in wanted.items():
        if name not in {"memory_mb", "time_s", "cpus"}:
            wrong[name] = "Only memory_mb, time_s and cpus can be changed."
        elif isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most[name]:
            wrong[name] = f"A whole number from 1 to {most[name]}."
    if wrong:
        raise InvalidError("These resources cannot be asked for.", fields=wrong)
    return {**job.resources, **wanted}


def _more(job: Job, asked: Asked, what: str) -> dict[str, Any]:
    if what not in RAISED:
        raise InvalidError("Ask for more memory or more time.", fields={"resources": "memory or time"})
    more = asked.more_memory_mb if what == "memory" else asked.more_time_s
    if more is None:
        raise ConflictError(f"{job.number} had the most {what} that this analysis may use.")
    return {**job.resources, RAISED[what]: more}
