"""From COLLECTING to SUCCEEDED: the store keeps the declared outputs, the catalogue registers them, once.

Each effect can be repeated: the store answers a second time what it answered first, the catalogue gives the same
dataset. What a person must mend ends the job with words; what mends itself is tried again, and said so.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from portal import failpoints
from portal.daemon.collect.inspect import Inspected, inspect_result
from portal.daemon.collect.register import SUCCEEDED, file_results
from portal.daemon.collect.store import Collected, ResultRefusedError, TryLaterError, keep_all
from portal.daemon.context import Deps, log_event
from portal.daemon.dispatch.settle import put_off
from portal.errors import PortalError
from portal.jobs import cause as in_words
from portal.jobs.cause import Cause
from portal.jobs.models import Attempt, Job
from portal.jobs.said import Waiting
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, CallRefusedError
from portal.store.client import StoredResult
from portal.times import going_on

Clock = Callable[[], datetime]
AT_ONCE = 32
"""Jobs collected at a time: a call of agent and store costs as much for many small results as for one."""


def collect_step(deps: Deps, now: datetime) -> bool:
    """Collect the jobs that have waited longest, some at a time; True if there was one."""
    batch = _next(deps, now)
    if not batch:
        return False
    deps.still_active()
    clock = going_on(now)
    for one in batch:
        if one.cancelled:
            _cancel(deps, one, clock)
    ready = [one for one in batch if not one.cancelled]
    if ready:
        failpoints.reach("collect-started")
    for one, kept in keep_all(deps, ready, now):
        try:
            if isinstance(kept, ResultRefusedError | TryLaterError):
                raise kept
            failpoints.reach("collect-stored")
            deps.still_active()
            _register(deps, one, kept, _inspect(deps, one, kept), clock)
        except ResultRefusedError as refused:
            _refuse(deps, one, refused, clock)
        except TryLaterError as later:
            _put_off(deps, one, later, clock)
    return True


def _put_off(deps: Deps, one: Collected, later: TryLaterError, clock: Clock) -> None:
    log_event("collect-later", job=one.job_id, message=str(later))
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is not None:
            put_off(job, clock(), str(later))


def _next(deps: Deps, now: datetime) -> list[Collected]:
    due = or_(Job.not_before.is_(None), Job.not_before <= now)
    query = select(Job).where(Job.state == State.COLLECTING, due).order_by(Job.changed, Job.id).limit(AT_ONCE)
    whole = tuple(map(selectinload, (Job.attempts, Job.submission, Job.outputs, Job.person)))
    with deps.database.read() as session:
        return [
            _collected(deps, job, job.attempt) for job in session.scalars(query.options(*whole)) if job.attempt
        ]


def _collected(deps: Deps, job: Job, attempt: Attempt) -> Collected:
    return Collected(
        job_id=job.id,
        number=job.number,
        attempt_id=attempt.id,
        cluster=attempt.cluster,
        investigation_id=job.investigation_id,
        account=deps.account_of(job),
        outputs=job.submission.revision.document["outputs"],
        cancelled=job.cancel_requested is not None and not job.outputs,
        since=job.changed,
        trial=job.submission.trial is not None,
    )


def _inspect(deps: Deps, one: Collected, results: Sequence[StoredResult]) -> list[Inspected]:
    """Look into what was kept, which nobody can change any more."""
    try:
        inspected = [inspect_result(deps.settings.results, result, beside_others=one.trial) for result in results]
    except PortalError as error:
        if error.retry:
            raise TryLaterError(f"Its result could not be read yet: {error.message}") from error
        raise ResultRefusedError(error.message) from error
    for output, found in zip(one.outputs, inspected, strict=True):
        if output["required"] and not found.files:
            raise ResultRefusedError(f"It wrote no file like {output['pattern']}.", Cause.MISSING_OUTPUT)
    return inspected


def _register(
    deps: Deps, one: Collected, results: Sequence[StoredResult], inspected: Sequence[Inspected], clock: Clock
) -> None:
    names = [str(output["name"]) for output in one.outputs]
    filed = list(zip(names, results, inspected, strict=True))
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is None:
            return
        file_results(session, job, filed, deps.settings, clock())
    failpoints.reach("collect-registered")
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is None:
            return
        attempt, now = session.get_one(Attempt, one.attempt_id), clock()
        attempt.outcome, attempt.ended, job.waiting = SUCCEEDED, now, Waiting()
        job.move(State.SUCCEEDED, at=now, cause=job.cause, words=job.cause_words)
    log_event("collected", job=one.job_id, outputs=len(results))


def _still_ours(job: Job | None, one: Collected) -> Job | None:
    """The job, if it is still the one that is collected."""
    mine = job is not None and job.state is State.COLLECTING and job.attempt is not None
    return job if mine and job is not None and job.attempt and job.attempt.id == one.attempt_id else None


def _cancel(deps: Deps, one: Collected, clock: Clock) -> None:
    """Somebody asked for its end before anything of it was registered."""
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is None:
            return
        words = in_words.cancelled(job.cancel_requested_by)
        _end(session, job, one, state=State.CANCELLED, cause=Cause.CANCELLED, words=words, now=clock())
    _drop(deps, one)


def _refuse(deps: Deps, one: Collected, refused: ResultRefusedError, clock: Clock) -> None:
    """FAILED with words."""
    words = in_words.refused(str(refused))
    if refused.cause is Cause.MISSING_OUTPUT:
        words = f"It ended well but left no result. {str(refused).rstrip('.')}. {in_words.SAFE}"
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is None:
            return
        _end(session, job, one, state=State.FAILED, cause=refused.cause, words=words, now=clock())
    log_event("refused", job=one.job_id, cause=refused.cause.value, message=str(refused))
    _drop(deps, one)


def _end(
    session: Session, job: Job, one: Collected, *, state: State, cause: Cause, words: str, now: datetime
) -> None:
    attempt = session.get_one(Attempt, one.attempt_id)
    attempt.outcome, attempt.ended, job.waiting = cause.value, now, Waiting()
    job.move(state, at=now, cause=cause.value, words=words)


def _drop(deps: Deps, one: Collected) -> None:
    """Let the store forget what it kept of this attempt, which can no longer be registered."""
    if not one.outputs:
        return
    places = [
        (f"{one.investigation_id}/{one.number}-{output['name']}", one.job_id, output["name"])
        for output in one.outputs
    ]
    try:
        deps.store.drop(places, attempt=one.attempt_id)
    except (AnswerLostError, CallRefusedError) as error:
        deps.troubles.trouble("store", error.message)
