"""The verb `cancel`: Slurm is asked once for all jobs that share a name, and each is answered for itself."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.agent import folder, reading
from portal.errors import PortalError
from portal.rpc.exchange import Item, RefusedError, attempt, fields
from portal.scheduler.base import AccountError, JobHandle, SchedulerError

if TYPE_CHECKING:
    from portal.scheduler.local.backend import LocalScheduler
    from portal.scheduler.slurm.owner import SlurmOwner

Answer = Mapping[str, Any] | RefusedError


@dataclass(frozen=True)
class Wish:
    """That one job ends; `by`: who wishes it, in words."""

    attempt: str
    name: str
    job_id: object
    by: str | None

    def job(self, found: JobHandle | SchedulerError | None) -> JobHandle | None:
        """The job that was found, if it is the one that was meant; None: nothing is to be ended."""
        return found if isinstance(found, JobHandle) and found.job_id == self.job_id else None


def read_wish(item: Item) -> Wish:
    """One item of a request. Raises RefusedError."""
    given = fields(item, "The item", required=("attempt", "job_id", "name"), optional=("by",))
    by = None if given["by"] is None else reading.text(given["by"], "by", most=200)
    name = reading.matching(given["name"], reading.JOB_NAME, "The name")
    return Wish(reading.attempt_id(given["attempt"]), name, given["job_id"], by)


def cancel_all(scheduler: "SlurmOwner", scratch: Path, items: Sequence[Item]) -> list[Answer]:
    """Ask for the end of each job: `{"signalled": …}`, False where it had ended, or why that is not known."""
    wishes = [attempt(read_wish, item) for item in items]
    clear = [wish for wish in wishes if isinstance(wish, Wish)]
    found = scheduler.find_many([(wish.attempt, wish.name) for wish in clear])
    meant = [wish.job(one) for wish, one in zip(clear, found, strict=True)]
    told = iter(scheduler.cancel_many([handle for handle in meant if handle is not None]))
    answers = iter(
        [
            refusal(one) if isinstance(one, SchedulerError) else _answer(scratch, wish, handle, told)
            for wish, one, handle in zip(clear, found, meant, strict=True)
        ]
    )
    return [next(answers) if isinstance(wish, Wish) else wish for wish in wishes]


def cancel_one(scheduler: "LocalScheduler", item: Item) -> Mapping[str, Any]:
    """The same for one job of a backend that has no arrays. Raises RefusedError."""
    wish = read_wish(item)
    try:
        handle = wish.job(scheduler.find(wish.attempt, wish.name))
        return {"signalled": handle is not None and scheduler.cancel(handle, by=wish.by)}
    except SchedulerError as error:
        raise refusal(error) from error


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
