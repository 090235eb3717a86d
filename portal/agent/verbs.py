"""The verbs: each takes one item and gives one answer, and can be asked twice without harm."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from portal import failpoints
from portal.agent import folder, reading
from portal.agent.backend import Backend
from portal.agent.inputs import open_inputs
from portal.agent.jobtype import SMALLEST
from portal.agent.order import build
from portal.durable import iso
from portal.errors import PortalError
from portal.exchange import Handler, Item, RefusedError, fields
from portal.scheduler.base import JobHandle, JobRequest, Scheduler, SchedulerError
from portal.scheduler.local import LocalScheduler


class Verbs:
    """The verbs on one backend."""

    def __init__(self, backend: Backend, scheduler: Scheduler) -> None:
        self.backend = backend
        self.scheduler = scheduler
        self.submitted = False

    def table(self) -> Mapping[str, Handler]:
        """Every verb by its name."""
        return {
            "preflight": self.preflight,
            "submit": self.submit,
            "find": self.find,
            "fence": self.fence,
            "cancel": self.cancel,
            "seal": self.seal,
            "purge": self.purge,
            "estimate": self.estimate,
        }

    def preflight(self, item: Item) -> Mapping[str, Any]:
        """Open every input."""
        given = fields(item, "The item", required=("attempt", "inputs"))
        reading.attempt_id(given["attempt"])
        opened = open_inputs(given["inputs"], self.backend.roots)
        files = [file for datasets in opened.values() for dataset in datasets for file in dataset["files"]]
        return {"files": len(files), "bytes": sum(file["size"] for file in files)}

    def submit(self, item: Item) -> Mapping[str, Any]:
        """Open the inputs, make the folder with its order, hand it to the scheduler."""
        given = fields(item, "The item", required=("attempt", "name", "order"), optional=("share",))
        attempt = reading.attempt_id(given["attempt"])
        name = reading.matching(given["name"], reading.JOB_NAME, "The name")
        share = reading.number(1.0 if given["share"] is None else given["share"], "share", above=0.0)
        document, order = build(self.backend, attempt, name, given["order"])
        path, sha256 = self._make_folder(attempt, order)
        failpoints.reach("agent-folder-made")
        resources = document["resources"]
        request = JobRequest(
            attempt=attempt,
            name=name,
            person=document["job"]["person"],
            argv=(*self.backend.launch, "--folder", str(path), "--job-sha256", sha256),
            folder=path,
            cpus=resources["cpus"],
            memory_mb=resources["memory_mb"],
            time_s=resources["time_s"],
            gpus=resources["gpus"],
            share=share,
            grace_s=resources["grace_s"],
        )
        try:
            handle = self.scheduler.submit(request)
        except SchedulerError as error:
            raise _refusal(error) from error
        self.submitted = True
        failpoints.reach("agent-submitted")
        return _handle(handle) | {"job_sha256": sha256, "folder": str(path)}

    def _make_folder(self, attempt: str, order: bytes) -> tuple[Path, str]:
        try:
            return folder.make(self.backend.scratch, attempt, order)
        except (OSError, PortalError) as error:
            why = error.strerror if isinstance(error, OSError) else error.message
            message = f"The job's folder cannot be made: {str(why).rstrip('.')}."
            raise RefusedError("scratch", message, retry=True, detail=str(error)) from error

    def find(self, item: Item) -> Mapping[str, Any]:
        """Whether the scheduler ever took this attempt."""
        handle = self._find(fields(item, "The item", required=("attempt", "name")))
        return {"found": False} if handle is None else {"found": True} | _handle(handle)

    def fence(self, item: Item) -> Mapping[str, Any]:
        """Take the claim."""
        given = fields(item, "The item", required=("attempt",))
        return folder.fence(self.backend.scratch, reading.attempt_id(given["attempt"]))

    def cancel(self, item: Item) -> Mapping[str, Any]:
        """Ask for the job's end."""
        given = fields(item, "The item", required=("attempt", "job_id", "name"), optional=("by",))
        handle = self._find(given)
        if handle is None or handle.job_id != given["job_id"]:
            return {"signalled": False}
        by = None if given["by"] is None else reading.text(given["by"], "by", most=200)
        try:
            return {"signalled": self.scheduler.cancel(handle, by=by)}
        except SchedulerError as error:
            raise _refusal(error) from error

    def seal(self, item: Item) -> Mapping[str, Any]:
        """Let the portal read the folder."""
        given = fields(item, "The item", required=("attempt",))
        return folder.seal(self.backend.scratch, reading.attempt_id(given["attempt"]))

    def purge(self, item: Item) -> Mapping[str, Any]:
        """Remove the folder."""
        given = fields(item, "The item", required=("attempt",))
        return folder.purge(self.backend.scratch, reading.attempt_id(given["attempt"]))

    def estimate(self, item: Item) -> Mapping[str, Any]:
        """When a job like this would start."""
        given = fields(item, "The item", required=("resources",), optional=("person", "share"))
        names = ("cpus", "memory_mb", "time_s", "gpus", "ranks", "grace_s")
        wanted = fields(given["resources"], "resources", required=names[:3], optional=names[3:])
        sizes = {
            name: reading.whole(
                SMALLEST[name] if wanted[name] is None else wanted[name], name, least=SMALLEST[name]
            )
            for name in ("cpus", "memory_mb", "time_s", "gpus")
        }
        share = reading.number(1.0 if given["share"] is None else given["share"], "share", above=0.0)
        person = reading.text(given["person"] or "", "person")
        request = JobRequest("", "", person, (), self.backend.scratch, **sizes, share=share)
        try:
            estimate = self.scheduler.estimate(request)
        except SchedulerError as error:
            raise _refusal(error) from error
        return {"start": iso(estimate.start) if estimate.start else None, "basis": estimate.basis}

    def start_what_may_start(self) -> None:
        """A local job need not wait for the daemon's next turn."""
        if self.submitted and isinstance(self.scheduler, LocalScheduler):
            with suppress(OSError):  # the job is taken and the answer given; the daemon's turn will tell of this
                self.scheduler.step()

    def _find(self, given: Mapping[str, Any]) -> JobHandle | None:
        attempt = reading.attempt_id(given["attempt"])
        name = reading.matching(given["name"], reading.JOB_NAME, "The name")
        try:
            return self.scheduler.find(attempt, name)
        except SchedulerError as error:
            raise _refusal(error) from error


def _handle(handle: JobHandle) -> dict[str, Any]:
    return {"job_id": handle.job_id, "array_index": handle.array_index, "submitted": iso(handle.submitted)}


def _refusal(error: SchedulerError) -> RefusedError:
    return RefusedError("scheduler", error.message, retry=error.retry, detail=error.detail)
