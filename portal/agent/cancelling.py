"""The verb `cancel`: the backend is asked once for all jobs, and each is answered for itself."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from portal.agent import folder, reading
from portal.agent.wire import CANCEL, Wish
from portal.errors import PortalError
from portal.rpc.exchange import Item, RefusedError, attempt
from portal.scheduler.base import AccountError, JobHandle, Owner, SchedulerError

Answer = Mapping[str, Any] | RefusedError


def read_wish(item: Item) -> Wish:
    """One item of a request. Raises RefusedError."""
    given = CANCEL.read(item)
    by = None if given["by"] is None else reading.text(given["by"], "by", most=200)
    name = reading.matching(given["name"], reading.JOB_NAME, "The name")
    return Wish(reading.attempt_id(given["attempt"]), given["job_id"], name, by)


def cancel_all(scheduler: Owner, scratch: Path, items: Sequence[Item]) -> list[Answer]:
    """Ask for the end of each job: `{"signalled": …}`, False where it had ended, or why that is not known."""
    wishes = [attempt(read_wish, item) for item in items]
    clear = [wish for wish in wishes if isinstance(wish, Wish)]
    found = scheduler.find([(wish.attempt, wish.name) for wish in clear])
    meant = [_meant(wish, one) for wish, one in zip(clear, found, strict=True)]
    told = _tell(scheduler, [(wish.by, handle) for wish, handle in zip(clear, meant, strict=True) if handle])
    answers = iter(
        [
            refusal(one) if isinstance(one, SchedulerError) else _answer(scratch, wish, handle, told)
            for wish, one, handle in zip(clear, found, meant, strict=True)
        ]
    )
    return [next(answers) if isinstance(wish, Wish) else wish for wish in wishes]


def _meant(wish: Wish, found: JobHandle | SchedulerError | None) -> JobHandle | None:
    """The job that was found, if it is the one that was meant; None: nothing is to be ended."""
    return found if isinstance(found, JobHandle) and found.job_id == wish.job_id else None


def _tell(scheduler: Owner, meant: Sequence[tuple[str | None, JobHandle]]) -> Iterator[bool | SchedulerError]:
    """What is said about each job, in order; those that one person wishes to end are told together."""
    told: dict[int, bool | SchedulerError] = {}
    for by in dict.fromkeys(by for by, _handle in meant):
        places = [place for place, one in enumerate(meant) if one[0] == by]
        told |= zip(places, scheduler.cancel([meant[place][1] for place in places], by=by), strict=True)
    return iter([told[place] for place in range(len(meant))])


def _answer(scratch: Path, wish: Wish, handle: JobHandle | None, told: Iterator[bool | SchedulerError]) -> Answer:
    signalled = handle is not None and next(told)
    if isinstance(signalled, SchedulerError):
        return refusal(signalled)
    if signalled and handle is not None and handle.array_index is not None:
        # Slurm keeps no record of a task that is cancelled before it starts: make sure that it never does.
        with suppress(RefusedError, PortalError, OSError):
            folder.fence(scratch, wish.attempt)
    return {"signalled": signalled}


def refusal(error: SchedulerError) -> RefusedError:
    """What a backend did not do, as the answer for an item."""
    code = "account" if isinstance(error, AccountError) else "scheduler"
    return RefusedError(code, error.message, retry=error.retry, detail=error.detail)
