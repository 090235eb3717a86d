"""The verbs: each takes one item and gives one answer, and can be asked twice without harm."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from portal import failpoints
from portal.agent import folder, reading
from portal.agent.backend import Backend
from portal.agent.cancelling import cancel_all, cancel_one, refusal
from portal.agent.inputs import Inputs
from portal.agent.jobtype import SMALLEST
from portal.agent.preparing import Prepared, Preparing
from portal.files.durable import iso
from portal.rpc.exchange import Handlers, Item, RefusedError, Together, attempt, fields
from portal.scheduler.base import JobHandle, JobRequest, SchedulerError

if TYPE_CHECKING:
    from portal.scheduler.local.backend import LocalScheduler
    from portal.scheduler.slurm.owner import SlurmOwner


class Verbs:
    """The verbs on one backend."""

    def __init__(self, backend: Backend, scheduler: "LocalScheduler | SlurmOwner") -> None:
        self.backend = backend
        self.scheduler = scheduler
        self.submitted = False

    def table(self) -> Handlers:
        """Every verb by its name."""
        return {
            "preflight": self.preflight,
            # Slurm takes jobs of one submission as arrays.
            "submit": Together(self.submit_all) if self.backend.slurm else self.submit,
            "find": Together(self.find_all) if self.backend.slurm else self.find,
            "fence": self.fence,
            "cancel": Together(self.cancel_all) if self.backend.slurm else self.cancel,
            "seal": self.seal,
            "purge": self.purge,
            "estimate": self.estimate,
        }

    def preflight(self, item: Item) -> Mapping[str, Any]:
        """Open every input."""
        given = fields(item, "The item", required=("attempt", "inputs"))
        reading.attempt_id(given["attempt"])
        with Inputs(self.backend.roots) as inputs:
            opened = inputs.open(given["inputs"])
        files = [file for datasets in opened.values() for dataset in datasets for file in dataset["files"]]
        return {"files": len(files), "bytes": sum(file["size"] for file in files)}

    def submit(self, item: Item) -> Mapping[str, Any]:
        """Open the inputs, make the folder with its order, hand it to the scheduler."""
        with Preparing(self.backend) as preparing:
            prepared = preparing.prepare(item)
            preparing.keep([prepared])
        try:
            handle = self.scheduler.submit(prepared.request)
        except SchedulerError as error:
            raise refusal(error) from error
        return self._submitted(handle, prepared)

    def submit_all(self, items: Sequence[Item]) -> list[Mapping[str, Any] | RefusedError]:
        """The same for many items at once, where the scheduler can take them together."""
        with Preparing(self.backend) as preparing:
            prepared = [attempt(preparing.prepare, item) for item in items]
            ready = [one for one in prepared if isinstance(one, Prepared)]
            try:
                preparing.keep(ready)
            except RefusedError as error:
                return [error if isinstance(one, Prepared) else one for one in prepared]
        results = iter(cast("SlurmOwner", self.scheduler).submit_many([one.request for one in ready]))
        return [self._answer(next(results), one) if isinstance(one, Prepared) else one for one in prepared]

    def _answer(self, result: JobHandle | SchedulerError, prepared: Prepared) -> Mapping[str, Any] | RefusedError:
        return refusal(result) if isinstance(result, SchedulerError) else self._submitted(result, prepared)

    def _submitted(self, handle: JobHandle, prepared: Prepared) -> Mapping[str, Any]:
        self.submitted = True
        failpoints.reach("agent-submitted")
        return _handle(handle) | {"job_sha256": prepared.sha256, "folder": str(prepared.request.folder)}

    def find(self, item: Item) -> Mapping[str, Any]:
        """Whether the scheduler ever took this attempt."""
        attempt_id, name = _named(item)
        return self._found((attempt_id, self._find(attempt_id, name)))

    def find_all(self, items: Sequence[Item]) -> list[Mapping[str, Any] | RefusedError]:
        """The same for many items at once, where the scheduler need not be asked for each."""
        named = [attempt(_named, item) for item in items]
        wanted = [one for one in named if not isinstance(one, RefusedError)]
        results = iter(cast("SlurmOwner", self.scheduler).find_many(wanted))
        return [one if isinstance(one, RefusedError) else self._told(one[0], next(results)) for one in named]

    def _told(
        self, attempt_id: str, result: JobHandle | SchedulerError | None
    ) -> Mapping[str, Any] | RefusedError:
        if isinstance(result, SchedulerError):
            return refusal(result)
        return attempt(self._found, (attempt_id, result))

    def _found(self, found: tuple[str, JobHandle | None]) -> Mapping[str, Any]:
        attempt_id, handle = found
        if handle is None:
            return {"found": False}
        sha256 = folder.order_sha256(self.backend.scratch, attempt_id)
        return {"found": True, "job_sha256": sha256} | _handle(handle)

    def fence(self, item: Item) -> Mapping[str, Any]:
        """Take the claim."""
        given = fields(item, "The item", required=("attempt",))
        return folder.fence(self.backend.scratch, reading.attempt_id(given["attempt"]))

    def cancel(self, item: Item) -> Mapping[str, Any]:
        """Ask for the job's end."""
        return cancel_one(cast("LocalScheduler", self.scheduler), item)

    def cancel_all(self, items: Sequence[Item]) -> list[Mapping[str, Any] | RefusedError]:
        """The same for many items at once, where the scheduler need not be asked for each."""
        return cancel_all(cast("SlurmOwner", self.scheduler), self.backend.scratch, items)

    def seal(self, item: Item) -> Mapping[str, Any]:
        """Let the portal read the folder."""
        given = fields(item, "The item", required=("attempt",))
        return folder.seal(self.backend.scratch, reading.attempt_id(given["attempt"]))

    def purge(self, item: Item) -> Mapping[str, Any]:
        """Remove the folder, and that of its array with the last of its jobs."""
        given = fields(item, "The item", required=("attempt",))
        attempt_id, scratch = reading.attempt_id(given["attempt"]), self.backend.scratch
        if not self.backend.slurm:
            return folder.purge(scratch, attempt_id)
        from portal.scheduler.slurm.note import array_of, remaining

        array = array_of(scratch / attempt_id)
        answer = folder.purge(scratch, attempt_id)
        if array is not None and remaining(scratch / array) == 0:
            folder.purge(scratch, array)
        return answer

    def estimate(self, item: Item) -> Mapping[str, Any]:
        """When a job like this would start."""
        given = fields(item, "The item", required=("resources",), optional=("person", "share"))
        names = ("cpus", "memory_mb", "time_s", "gpus", "ranks", "grace_s")
        wanted = fields(given["resources"], "resources", required=names[:3], optional=names[3:])
        sizes = {
            name: reading.whole(
                SMALLEST[name] if wanted[name] is None else wanted[name], name, least=SMALLEST[name]
            )
            for name in ("cpus", "memory_mb", "time_s", "gpus", "ranks")
        }
        share = reading.number(1.0 if given["share"] is None else given["share"], "share", above=0.0)
        person = reading.text(given["person"] or "", "person")
        request = JobRequest("", "gantry-estimate", person, (), self.backend.scratch, **sizes, share=share)
        try:
            estimate = self.scheduler.estimate(request)
        except SchedulerError as error:
            raise refusal(error) from error
        return {"start": iso(estimate.start) if estimate.start else None, "basis": estimate.basis}

    def start_what_may_start(self) -> None:
        """A local job need not wait for the daemon's next turn."""
        if self.submitted and not self.backend.slurm:
            with suppress(OSError):  # the job is taken and the answer given; the daemon's turn will tell of this
                cast("LocalScheduler", self.scheduler).step()

    def _find(self, attempt_id: str, name: str) -> JobHandle | None:
        try:
            return self.scheduler.find(attempt_id, name)
        except SchedulerError as error:
            raise refusal(error) from error


def _named(item: Item) -> tuple[str, str]:
    """The attempt and the name that an item is about."""
    given = fields(item, "The item", required=("attempt", "name"))
    attempt_id = reading.attempt_id(given["attempt"])
    return attempt_id, reading.matching(given["name"], reading.JOB_NAME, "The name")


def _handle(handle: JobHandle) -> dict[str, Any]:
    return {"job_id": handle.job_id, "array_index": handle.array_index, "submitted": iso(handle.submitted)}
