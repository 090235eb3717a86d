"""Sealing attempts' folders and having the store keep their declared outputs: many jobs in a few calls."""

import os
import pwd
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal.agent.accounts import Failed
from portal.agent.client import Sealed
from portal.daemon.collect.metadata import ALSO
from portal.daemon.context import Deps
from portal.jobs.cause import Cause
from portal.jobs.saving import too_much
from portal.level import level
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Heard, Refusal
from portal.store.client import Keep, StoredResult
from portal.store.telling import STOPPED

BYTES_AT_ONCE = 256 << 20
FILES_AT_ONCE, LIKE_BYTES = 2_000, 64 << 10
"""Kept in one call, so that no job waits long for others' large results; a larger one goes alone. A file takes as
long as so many bytes."""


class ResultRefusedError(Exception):
    """The result is not accepted. The text is a clause for people; `whole`: it says all that there is to say."""

    def __init__(self, words: str, cause: Cause = Cause.REFUSED, *, whole: bool = False) -> None:
        super().__init__(words)
        self.cause = cause
        self.whole = whole


class TryLaterError(Exception):
    """Something does not answer now. The text is a sentence for people."""


@dataclass(frozen=True)
class Collected:
    """The job that is collected, as its rows were at the start."""

    job_id: int
    number: str
    attempt_id: str
    cluster: str
    investigation_id: int | None
    account: str | None
    outputs: Sequence[dict[str, Any]]
    cancelled: bool
    since: datetime
    tries: int = 0
    """How often something did not answer when it was to be saved."""
    trial: bool = False
    """It is one of several values that are tried, and shown beside the others."""


class StopsError(Exception):
    """The store gave it up, as it was asked to."""


Outcome = list[StoredResult] | ResultRefusedError | TryLaterError | StopsError
Watching = Callable[[Sequence[Collected]], Heard]
"""Who hears how far these jobs are while they are kept in one call."""


def keep_all(
    deps: Deps, batch: Sequence[Collected], now: datetime, watching: Watching
) -> Iterator[tuple[Collected, Outcome]]:
    """For each job its kept outputs (those that may be absent and are, are left out), or why there are none."""
    whole = [one for one in batch if one.outputs and one.investigation_id is not None]
    for one in batch:
        if not one.outputs:
            yield one, []
        elif one.investigation_id is None:
            yield one, ResultRefusedError(f"its {level().one} is no longer in the catalogue")
    sealed: list[tuple[Collected, Sealed]] = []
    for one, answer in _seal(deps, whole):
        match answer:
            case Sealed():
                deps.blame(one.account, None)
                sealed.append((one, answer))
            case Refusal():
                yield one, _why(answer)
            case _:
                deps.blame(one.account, answer)
                yield one, _later(answer)
    for some in _in_portions(sealed):
        deps.still_active()
        yield from _keep(deps, some, now, watching(some))


def _seal(deps: Deps, whole: Sequence[Collected]) -> Iterator[tuple[Collected, Sealed | Refusal | Failed]]:
    """The answers of people's agents, each at its attempt's cluster: one may hang at another."""
    for cluster in sorted({one.cluster for one in whole}):
        theirs = [one for one in whole if one.cluster == cluster]
        agent = deps.agents.get(cluster, deps.agent)
        yield from zip(theirs, agent.seal([(one.account, one.attempt_id) for one in theirs]), strict=True)


def _in_portions(sealed: Sequence[tuple[Collected, Sealed]]) -> Iterator[list[Collected]]:
    """The smallest first: they are saved before one that takes long."""
    portion: list[Collected] = []
    size = files = 0
    for one, it in sorted(sealed, key=lambda each: each[1].size + each[1].files * LIKE_BYTES):
        if portion and (size + it.size > BYTES_AT_ONCE or files + it.files > FILES_AT_ONCE):
            yield portion
            portion, size, files = [], 0, 0
        portion.append(one)
        size, files = size + it.size, files + it.files
    if portion:
        yield portion


def _keep(
    deps: Deps, some: Sequence[Collected], now: datetime, heard: Heard
) -> Iterator[tuple[Collected, Outcome]]:
    """One call of the store for all outputs of these jobs."""
    wanted: dict[str, list[Keep]] = {}
    for one in some:
        try:
            wanted[one.attempt_id] = [_wanted(one, output) for output in one.outputs]
        except TryLaterError as later:
            yield one, later
    asked = [one for one in some if one.attempt_id in wanted]
    try:
        answers = iter(
            deps.store.keep([keep for one in asked for keep in wanted[one.attempt_id]], heard) if asked else []
        )
        found = {one.attempt_id: [next(answers) for _ in wanted[one.attempt_id]] for one in asked}
    except (AnswerLostError, CallRefusedError) as error:
        for one in asked:
            yield one, _later(error)
        return
    for one in asked:
        yield one, _settled(deps, one, found[one.attempt_id], now)


def _settled(deps: Deps, one: Collected, found: Sequence[StoredResult | Refusal], now: datetime) -> Outcome:
    try:
        kept = _without_the_stale(deps, one, found)
    except (AnswerLostError, CallRefusedError) as error:
        return _later(error)
    refused = next((result for result in kept if isinstance(result, Refusal)), None)
    if refused is None:
        return [result for result in kept if isinstance(result, StoredResult)]
    if refused.code == STOPPED:
        return StopsError()
    if refused.code == "limit":
        return ResultRefusedError(too_much(refused.message, kept_days=_kept_days(deps)), whole=True)
    late = now - one.since < timedelta(seconds=deps.settings.daemon.late_result_s)
    if late and refused.code == "output-missing-whole":
        # launch makes the folder of every program, and a network file system may show it late.
        return TryLaterError("Its output has not shown yet.")
    return _why(refused)


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
        raise TryLaterError(
            f"Its result could not be saved yet: the cluster does not know the account {account}."
        ) from None


def _without_the_stale(
    deps: Deps, one: Collected, kept: Sequence[StoredResult | Refusal]
) -> list[StoredResult | Refusal]:
    """An earlier attempt's output, kept and never registered, gives way to this attempt's."""
    fresh = list(kept)
    for index, result in enumerate(kept):
        if isinstance(result, StoredResult) and result.attempt != one.attempt_id:
            output = one.outputs[index]
            deps.store.drop([(result.location, one.job_id, output["name"])], attempt=result.attempt)
            fresh[index] = deps.store.keep([_wanted(one, output)])[0]
    return fresh


def _kept_days(deps: Deps) -> float:
    return float(deps.settings.daemon.keep_failed_days)


def _later(error: AnswerLostError | CallRefusedError) -> TryLaterError:
    return TryLaterError(f"Its result could not be saved yet: {error.message}")


def _why(refusal: Refusal) -> ResultRefusedError | TryLaterError:
    if refusal.retry:
        return TryLaterError(f"Its result could not be saved yet: {refusal.message}")
    cause = Cause.MISSING_OUTPUT if refusal.code.startswith("output-missing") else Cause.REFUSED
    return ResultRefusedError(refusal.message, cause)
