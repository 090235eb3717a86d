"""From COLLECTING to SUCCEEDED: the store keeps the declared outputs, the catalogue registers them, once.

Each effect can be repeated: the store answers a second time what it answered first, the catalogue gives the same
dataset. What a person must mend ends the job with words; what mends itself is tried again, and said so.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import func, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, selectinload

from portal import failpoints
from portal.daemon.collect.inspect import Inspected, inspect_result
from portal.daemon.collect.register import SUCCEEDED, file_results
from portal.daemon.collect.store import Collected, Outcome, ResultRefusedError, StopsError, TryLaterError, keep_all
from portal.daemon.collect.watch import EndWishedError, Watch, wished
from portal.daemon.context import Deps, log, log_event
from portal.daemon.dispatch.settle import put_off
from portal.daemon.lease import LeaseLost
from portal.errors import PortalError
from portal.jobs import cause as in_words
from portal.jobs.cause import Cause
from portal.jobs.models import Attempt, Job
from portal.jobs.said import Waiting
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Heard
from portal.store.client import StoredResult
from portal.times import going_on

Clock = Callable[[], datetime]
AT_ONCE = 32
"""Jobs of a person collected at a time: a call of agent and store costs as much for many results as for one."""
MOST_PEOPLE = 64
"""Whose jobs are looked at at once."""


def collect_step(deps: Deps, now: datetime) -> bool:
    """Collect some jobs of each person, one person after the other; True if there was one."""
    groups, clock = next_groups(deps, now), going_on(now)
    for group in groups.values():
        collect_group(deps, group, clock())
    return bool(groups)


def next_groups(deps: Deps, now: datetime, *, busy: Collection[int] = ()) -> dict[int, list[Collected]]:
    """Of each person the jobs that have waited longest; those who wait longest first. `busy`: left out."""
    due = or_(Job.not_before.is_(None), Job.not_before <= now, wished())
    mine = func.row_number().over(partition_by=Job.person_id, order_by=(Job.changed, Job.id))
    waiting = (
        select(Job.id, Job.changed, mine.label("place"))
        .where(Job.state == State.COLLECTING, due, Job.id.not_in(busy))
        .subquery()
    )
    chosen = (
        select(waiting.c.id)
        .where(waiting.c.place <= AT_ONCE)
        .order_by(waiting.c.place, waiting.c.changed)
        .limit(AT_ONCE * MOST_PEOPLE)
    )
    whole = tuple(map(selectinload, (Job.attempts, Job.submission, Job.outputs, Job.person)))
    groups: dict[int, list[Collected]] = defaultdict(list)
    with deps.database.read() as session:
        ids = session.scalars(chosen).all()
        query = select(Job).where(Job.id.in_(ids)).order_by(Job.changed, Job.id).options(*whole)
        for job in session.scalars(query) if ids else ():
            if job.attempt:
                groups[job.person_id].append(_collected(deps, job, job.attempt))
    return dict(groups)


def collect_group(deps: Deps, batch: Sequence[Collected], now: datetime) -> None:
    """Collect these jobs, of one person."""
    deps.still_active()
    clock = going_on(now)
    for one in batch:
        if one.cancelled:
            _cancel(deps, one, clock)
    ready = [one for one in batch if not one.cancelled]
    if ready:
        failpoints.reach("collect-started")
    watches: dict[int, Watch] = {}

    def watching(some: Sequence[Collected]) -> Heard:
        watch = Watch(deps, some)
        watches.update((one.job_id, watch) for one in some)
        return watch.heard

    for one, kept in keep_all(deps, ready, now, watching):
        watch = watches.get(one.job_id) or Watch(deps, [one])
        fault = None
        try:
            _file(deps, one, kept, watch, clock)
        except EndWishedError:
            _cancel(deps, one, clock)
        except ResultRefusedError as refused:
            _refuse(deps, one, refused, clock)
        except TryLaterError as later:
            _put_off(deps, one, later, clock)
        except (LeaseLost, DBAPIError):
            raise
        except Exception as error:  # one result's fault must not keep all others from being saved
            log.exception("fault", extra={"fields": {"step": "collect", "job": one.job_id}})
            fault = f"Saving the result of {one.number} failed: {type(error).__name__}: {error}"[:500]
            _put_off(deps, one, TryLaterError("Its result could not be saved yet; staff are told."), clock)
        deps.trouble(f"result of {one.number}", fault)


def _file(deps: Deps, one: Collected, kept: Outcome, watch: Watch, clock: Clock) -> None:
    if isinstance(kept, StopsError):
        raise watch.stopped(one)
    if isinstance(kept, ResultRefusedError | TryLaterError):
        raise kept
    failpoints.reach("collect-stored")
    deps.still_active()
    _register(deps, one, kept, _inspect(deps, one, kept, watch), clock)


def _put_off(deps: Deps, one: Collected, later: TryLaterError, clock: Clock) -> None:
    log_event("collect-later", job=one.job_id, message=str(later))
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is not None:
            put_off(job, clock(), str(later))


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
        tries=job.waiting.tries,
        trial=job.submission.trial is not None,
    )


def _inspect(deps: Deps, one: Collected, results: Sequence[StoredResult], watch: Watch) -> list[Inspected]:
    """Look into what was kept, which nobody can change any more."""
    folder, looked = deps.settings.results, partial(watch.looked_into, one)
    try:
        inspected = [inspect_result(folder, result, beside_others=one.trial, looked=looked) for result in results]
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
    words = str(refused) if refused.whole else in_words.refused(str(refused))
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
