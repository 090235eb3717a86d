"""The verbs: each takes items and gives an answer for each, and can be asked twice without harm."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from portal import failpoints
from portal.agent import folder, reading, wire
from portal.agent.backend import Backend
from portal.agent.cancelling import cancel_all, refusal
from portal.agent.jobtype import SMALLEST
from portal.agent.preparing import Prepared, Preparing
from portal.rpc.exchange import Handlers, Item, RefusedError, Together, attempt, fields
from portal.rpc.verb import handlers
from portal.scheduler.base import JobHandle, JobRequest, Owner, SchedulerError
from portal.times import iso

Answer = Mapping[str, Any] | RefusedError


class Verbs:
    """The verbs on one backend."""

    def __init__(self, backend: Backend, scheduler: Owner) -> None:
        self.backend = backend
        self.scheduler = scheduler
        self.submitted = False

    def table(self) -> Handlers:
        """Every verb by its name; a backend gets all items of a request at once, and may take them together."""
        by_verb: Handlers = {
            "submit": Together(self.submit),
            "find": Together(self.find),
            "fence": self.fence,
            "cancel": Together(self.cancel),
            "seal": self.seal,
            "purge": self.purge,
            "estimate": self.estimate,
        }
        return handlers(wire.VERBS, by_verb)

    def submit(self, items: Sequence[Item]) -> list[Answer]:
        """Open the inputs, make the folders with their job specs, hand them to the scheduler."""
        with Preparing(self.backend) as preparing:
            prepared = [attempt(preparing.prepare, item) for item in items]
            ready = [one for one in prepared if isinstance(one, Prepared)]
            try:
                preparing.keep(ready)
            except RefusedError as error:
                return [error if isinstance(one, Prepared) else one for one in prepared]
        results = iter(self.scheduler.submit([one.request for one in ready]))
        return [self._submitted(next(results), one) if isinstance(one, Prepared) else one for one in prepared]

    def _submitted(self, result: JobHandle | SchedulerError, prepared: Prepared) -> Answer:
        if isinstance(result, SchedulerError):
            return refusal(result)
        self.submitted = True
        failpoints.reach("agent-submitted")
        return _handle(result) | {"job_sha256": prepared.sha256, "folder": str(prepared.request.folder)}

    def find(self, items: Sequence[Item]) -> list[Answer]:
        """Whether the scheduler ever took these attempts."""
        named = [attempt(_named, item) for item in items]
        wanted = [one for one in named if not isinstance(one, RefusedError)]
        results = iter(self.scheduler.find(wanted))
        return [one if isinstance(one, RefusedError) else self._told(one[0], next(results)) for one in named]

    def _told(self, attempt_id: str, result: JobHandle | SchedulerError | None) -> Answer:
        if isinstance(result, SchedulerError):
            return refusal(result)
        return attempt(self._found, (attempt_id, result))

    def _found(self, found: tuple[str, JobHandle | None]) -> Mapping[str, Any]:
        attempt_id, handle = found
        if handle is None:
            return {"found": False}
        sha256 = folder.job_spec_sha256(self.backend.scratch, attempt_id)
        return {"found": True, "job_sha256": sha256} | _handle(handle)

    def fence(self, item: Item) -> Mapping[str, Any]:
        """Take the claim."""
        given = wire.FENCE.read(item)
        return folder.fence(self.backend.scratch, reading.attempt_id(given["attempt"]))

    def cancel(self, items: Sequence[Item]) -> list[Answer]:
        """Ask for the jobs' end."""
        return cancel_all(self.scheduler, self.backend.scratch, items)

    def seal(self, item: Item) -> Mapping[str, Any]:
        """Let the portal read the folder."""
        given = wire.SEAL.read(item)
        return folder.seal(self.backend.scratch, reading.attempt_id(given["attempt"]))

    def purge(self, item: Item) -> Mapping[str, Any]:
        """Remove the folder, and what the backend kept beside it."""
        given = wire.PURGE.read(item)
        attempt_id = reading.attempt_id(given["attempt"])
        self.scheduler.forget(attempt_id)
        return folder.purge(self.backend.scratch, attempt_id)

    def estimate(self, item: Item) -> Mapping[str, Any]:
        """When a job like this would start."""
        given = wire.ESTIMATE.read(item)
        names = ("cpus", "memory_mb", "time_s", "gpus", "ranks", "grace_s")
        wanted = fields(given["resources"], "resources", required=names[:3], optional=names[3:])
        sizes: dict[str, Any] = {
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
        """A job that was handed over need not wait for the daemon's next turn, where a backend waits for turns."""
        if self.submitted:
            with suppress(OSError):  # the job is taken and the answer given; the daemon's turn will tell of this
                self.scheduler.start(datetime.now(UTC))


def _named(item: Item) -> tuple[str, str]:
    """The attempt and the name that an item is about."""
    given = wire.FIND.read(item)
    attempt_id = reading.attempt_id(given["attempt"])
    return attempt_id, reading.matching(given["name"], reading.JOB_NAME, "The name")


def _handle(handle: JobHandle) -> dict[str, Any]:
    return {"job_id": handle.job_id, "array_index": handle.array_index, "submitted": iso(handle.submitted)}
