"""From COLLECTING to SUCCEEDED: the store keeps the declared outputs, the catalogue registers them, once.

Each effect can be repeated: the store answers a second time what it answered first, the catalogue gives the same
dataset. What a person must mend ends the job with words; what mends itself is tried again, and said so.
"""

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from portal import failpoints
from portal.agent.client import Sealed
from portal.errors import PortalError
from portal.exchange import AnswerLostError, CallRefusedError, Refusal
from portal.jobs import cause as say_cause
from portal.jobs.adopt import put_off
from portal.jobs.cause import Cause
from portal.jobs.deps import Deps, say
from portal.jobs.filing import SUCCEEDED, file_results
from portal.jobs.inspect import Inspected, inspect_result
from portal.jobs.models import Attempt, Job
from portal.jobs.output import ALSO
from portal.jobs.state import State
from portal.store.client import Keep, Result


class RefusedResult(Exception):  # noqa: N818 - a decision about a result, not a fault of ours
    """The result is not accepted. The text is a clause for people."""

    def __init__(self, words: str, cause: Cause = Cause.REFUSED) -> None:
        super().__init__(words)
        self.cause = cause


class TryLater(Exception):  # noqa: N818 - see RefusedResult
    """Something does not answer now. The text is a sentence for people."""


@dataclass(frozen=True)
class Collected:
    """The job that is collected, as its rows were at the start."""

    job_id: int
    number: str
    attempt_id: str
    investigation_id: int | None
    account: str | None
    outputs: Sequence[dict[str, Any]]
    cancelled: bool
    since: datetime


def collect_step(deps: Deps, now: datetime) -> bool:
    """Collect the job that has waited longest; True if there was one."""
    one = _next(deps, now)
    if one is None:
        return False
    deps.still_active()
    if one.cancelled:
        _cancel(deps, one, now)
        return True
    failpoints.reach("collect-started")
    try:
        results = _keep(deps, one, now)
        failpoints.reach("collect-stored")
        inspected = _inspect(deps, one, results)
        _register(deps, one, results, inspected, now)
    except RefusedResult as refused:
        _refuse(deps, one, refused, now)
    except TryLater as later:
        say("collect-later", job=one.job_id, message=str(later))
        with deps.write() as session:
            job = session.get_one(Job, one.job_id, with_for_update={"of": Job})
            if job.state is State.COLLECTING:
                put_off(job, now, str(later))
    return True


def _next(deps: Deps, now: datetime) -> Collected | None:
    due = or_(Job.not_before.is_(None), Job.not_before <= now)
    query = select(Job).where(Job.state == State.COLLECTING, due).order_by(Job.changed, Job.id).limit(1)
    with deps.database.read() as session:
        job = session.scalar(query.options(selectinload(Job.attempts), selectinload(Job.submission)))
        if job is None or job.attempt is None:
            return None
        return Collected(
            job_id=job.id,
            number=job.number,
            attempt_id=job.attempt.id,
            investigation_id=job.investigation_id,
            account=deps.account_of(job),
            outputs=job.submission.revision.document["outputs"],
            cancelled=job.cancel_requested is not None and not job.outputs,
            since=job.changed,
        )


def _keep(deps: Deps, one: Collected, now: datetime) -> list[Result]:
    """Seal the folder and have the store keep every declared output; those that may be absent and are, are not."""
    if one.investigation_id is None:
        raise RefusedResult("its experiment is no longer in the catalogue")
    try:
        sealed = deps.agent.seal([(one.account, one.attempt_id)])[0]
        if isinstance(sealed, Refusal):
            _raise(sealed)
        elif not isinstance(sealed, Sealed):
            deps.blame(one.account, sealed)
            raise sealed
        kept = deps.store.keep([_wanted(one, output) for output in one.outputs])
        kept = _without_the_stale(deps, one, kept)
    except (AnswerLostError, CallRefusedError) as error:
        raise TryLater(f"Its result could not be saved yet: {error.message}") from error
    late = now - one.since < timedelta(seconds=deps.settings.daemon.late_result_s)
    for result in kept:
        if isinstance(result, Refusal):
            if late and result.code == "output-missing-whole":
                # launch makes the folder of every program, and a network file system may show it late.
                raise TryLater("Its output has not shown yet.")
            _raise(result)
    return [result for result in kept if isinstance(result, Result)]


def _wanted(one: Collected, output: dict[str, Any]) -> Keep:
    return Keep(
        job=one.job_id,
        output=output["name"],
        attempt=one.attempt_id,
        destination=f"{one.investigation_id}/{one.number}-{output['name']}",
        pattern=output["pattern"],
        also=ALSO,
        required=output["required"],
        uid=_uid(one.account),
    )


def _uid(account: str | None) -> int:
    if account is None:
        return os.geteuid()
    try:
        return pwd.getpwnam(account).pw_uid
    except KeyError:
        raise TryLater(
            f"Its result could not be saved yet: the cluster does not know the account {account}."
        ) from None


def _without_the_stale(deps: Deps, one: Collected, kept: Sequence[Result | Refusal]) -> list[Result | Refusal]:
    """An earlier attempt's output, kept and never registered, gives way to this attempt's."""
    fresh = list(kept)
    for index, result in enumerate(kept):
        if isinstance(result, Result) and result.attempt != one.attempt_id:
            output = one.outputs[index]
            deps.store.drop([(result.location, one.job_id, output["name"])], attempt=result.attempt)
            fresh[index] = deps.store.keep([_wanted(one, output)])[0]
    return fresh


def _raise(refusal: Refusal) -> NoReturn:
    if refusal.retry:
        raise TryLater(f"Its result could not be saved yet: {refusal.message}")
    cause = Cause.MISSING_OUTPUT if refusal.code.startswith("output-missing") else Cause.REFUSED
    raise RefusedResult(refusal.message, cause)


def _inspect(deps: Deps, one: Collected, results: Sequence[Result]) -> list[Inspected]:
    """Look into what was kept, which nobody can change any more."""
    try:
        inspected = [inspect_result(deps.settings.results, result) for result in results]
    except PortalError as error:
        if error.retry:
            raise TryLater(f"Its result could not be read yet: {error.message}") from error
        raise RefusedResult(error.message) from error
    for output, found in zip(one.outputs, inspected, strict=True):
        if output["required"] and not found.files:
            raise RefusedResult(f"It wrote no file like {output['pattern']}.", Cause.MISSING_OUTPUT)
    return inspected


def _register(
    deps: Deps, one: Collected, results: Sequence[Result], inspected: Sequence[Inspected], now: datetime
) -> None:
    names = [str(output["name"]) for output in one.outputs]
    filed = list(zip(names, results, inspected, strict=True))
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is None:
            return
        file_results(session, job, filed, deps.settings, now)
    failpoints.reach("collect-registered")
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is None:
            return
        attempt = session.get_one(Attempt, one.attempt_id)
        attempt.outcome, attempt.ended, job.waiting = SUCCEEDED, now, {}
        job.move(State.SUCCEEDED, at=now, cause=job.cause, words=job.cause_words)
    say("collected", job=one.job_id, outputs=len(results))


def _still_ours(job: Job | None, one: Collected) -> Job | None:
    """The job, if it is still the one that is collected."""
    mine = job is not None and job.state is State.COLLECTING and job.attempt is not None
    return job if mine and job is not None and job.attempt and job.attempt.id == one.attempt_id else None


def _cancel(deps: Deps, one: Collected, now: datetime) -> None:
    """Somebody asked for its end before anything of it was registered."""
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is None:
            return
        words = say_cause.cancelled(job.cancel_requested_by)
        _end(session, job, one, state=State.CANCELLED, cause=Cause.CANCELLED, words=words, now=now)
    _drop(deps, one)


def _refuse(deps: Deps, one: Collected, refused: RefusedResult, now: datetime) -> None:
    """FAILED with words."""
    words = say_cause.refused(str(refused))
    if refused.cause is Cause.MISSING_OUTPUT:
        words = f"It ended well but left no result. {str(refused).rstrip('.')}. {say_cause.SAFE}"
    with deps.write() as session:
        job = _still_ours(session.get(Job, one.job_id, with_for_update={"of": Job}), one)
        if job is None:
            return
        _end(session, job, one, state=State.FAILED, cause=refused.cause, words=words, now=now)
    say("refused", job=one.job_id, cause=refused.cause.value, message=str(refused))
    _drop(deps, one)


def _end(
    session: Session, job: Job, one: Collected, *, state: State, cause: Cause, words: str, now: datetime
) -> None:
    attempt = session.get_one(Attempt, one.attempt_id)
    attempt.outcome, attempt.ended, job.waiting = cause.value, now, {}
    job.move(state, at=now, cause=cause.value, words=words)


def _drop(deps: Deps, one: Collected) -> None:
    """Let the store forget what it kept of this attempt, which can no longer be registered."""
    places = [
        (f"{one.investigation_id}/{one.number}-{output['name']}", one.job_id, output["name"])
        for output in one.outputs
    ]
    try:
        deps.store.drop(places, attempt=one.attempt_id)
    except (AnswerLostError, CallRefusedError) as error:
        deps.health.trouble("store", error.message)
