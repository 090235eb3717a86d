"""What comes before the scheduler, for the items of one request: their job specs, each on disk in its folder."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from portal import failpoints
from portal.agent import folder, reading
from portal.agent.backend import Backend
from portal.agent.inputs import Inputs
from portal.agent.jobspec import JobSpecs
from portal.agent.wire import SUBMIT
from portal.errors import PortalError
from portal.files.confined import Root
from portal.rpc.exchange import MAX_ITEMS, Item, RefusedError
from portal.scheduler.base import JobRequest

MOST_PLACES = MAX_ITEMS
"""Items of one name and size may be of many submissions: `place` then tells them apart in their array."""


@dataclass(frozen=True)
class Prepared:
    """What the scheduler is asked, and the SHA-256 of the job spec."""

    request: JobRequest
    sha256: str


class Preparing(ExitStack):
    """Prepares items. Use it in a `with`: the folders that it works in stay open until the end."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend
        self._specs = JobSpecs(backend, self.enter_context(Inputs(backend.roots)))
        self._scratch: Root | None = None

    def prepare(self, item: Item) -> Prepared:
        """Open the inputs, make the folder with its job spec. Raises RefusedError."""
        given = SUBMIT.read(item)
        attempt = reading.attempt_id(given["attempt"])
        name = reading.matching(given["name"], reading.JOB_NAME, "The name")
        place = None if given["place"] is None else reading.whole(given["place"], "place", most=MOST_PLACES - 1)
        share = reading.number(1.0 if given["share"] is None else given["share"], "share", above=0.0)
        document, spec = self._specs.build(attempt, name, given["order"])
        kind = self._specs.constraint(given["order"])
        path, sha256 = self._make_folder(attempt, spec)
        failpoints.reach("agent-folder-made")
        request = self._request(document, path, sha256, share, place)
        return Prepared(replace(request, licences=self._specs.licences(given["order"]), constraint=kind), sha256)

    def keep(self, prepared: Sequence[Prepared]) -> None:
        """Force the job specs to the disk: nothing is handed over before. Raises RefusedError."""
        if not prepared or self._scratch is None:
            return
        try:
            folder.keep(self._scratch, [one.request.attempt for one in prepared])
        except (OSError, PortalError) as error:
            raise _unmade(error) from error

    def _make_folder(self, attempt: str, spec: bytes) -> tuple[Path, str]:
        try:
            if self._scratch is None:
                self._scratch = self.enter_context(folder.opened(self._backend.scratch))
            return self._backend.scratch / attempt, folder.make(self._scratch, attempt, spec)
        except (OSError, PortalError) as error:
            raise _unmade(error) from error

    def _request(
        self, document: dict[str, Any], path: Path, sha256: str, share: float, place: int | None
    ) -> JobRequest:
        job, resources = document["job"], document["resources"]
        return JobRequest(
            attempt=job["attempt"],
            name=job["name"],
            person=job["person"],
            argv=(*self._backend.launch, "--folder", str(path), "--job-sha256", sha256),
            folder=path,
            cpus=resources["cpus"],
            memory_mb=resources["memory_mb"],
            time_s=resources["time_s"],
            gpus=resources["gpus"],
            share=share,
            grace_s=resources["grace_s"],
            ranks=resources["ranks"],
            index=job["index"] if place is None else place,
        )


def _unmade(error: OSError | PortalError) -> RefusedError:
    why = error.strerror if isinstance(error, OSError) else error.message
    message = f"The job's folder cannot be made: {str(why).rstrip('.')}."
    return RefusedError("scratch", message, retry=True, detail=str(error))
