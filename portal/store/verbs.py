"""The verbs: keep an output for good, stop keeping it, check it again, drop it. Each can be asked twice."""

import os
from collections.abc import Mapping
from typing import Any

from portal.errors import PortalError
from portal.files.confined import Kind, Root
from portal.files.durable import read_json
from portal.files.removal import remove_tree
from portal.rpc.exchange import Handlers, Item, RefusedError
from portal.rpc.verb import handlers
from portal.store import reading
from portal.store.backend import Backend
from portal.store.copying import MANIFEST, hash_file
from portal.store.keeping import Keeper
from portal.store.wire import DROP, STOP, VERBS, VERIFY


class Verbs:
    """The verbs on one results tree."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.keeper = Keeper(backend)

    def table(self) -> Handlers:
        """Every verb by its name."""
        return handlers(
            VERBS, {"keep": self.keeper.keep, "verify": self.verify, "drop": self.drop, "stop": self.stop}
        )

    def verify(self, item: Item) -> Mapping[str, Any]:
        """Hash a result again: whether it is what was kept, and every difference."""
        given = VERIFY.read(item)
        location = reading.destination_of(given["location"])
        document = self._manifest_of(location)
        differences = []
        with Root(self.backend.results) as results, results.open_folder(location) as folder:
            expected = {file["name"]: file for file in document["files"]}
            for name, file in expected.items():
                problem = _difference(folder, name, file)
                if problem is not None:
                    differences.append({"name": name, "problem": problem})
            for entry in folder.walk(max_entries=self.backend.max_files * 2 + 1000):
                if entry.kind is not Kind.FOLDER and entry.path not in expected and entry.path != MANIFEST:
                    differences.append({"name": entry.path, "problem": "was not part of the result"})
        return {"intact": not differences, "files": len(expected), "differences": differences}

    def drop(self, item: Item) -> Mapping[str, Any]:
        """Remove a result; one that is gone already is no error. `job` and `output` must be those it is of.

        With `attempt` it must be of that attempt too: a request that comes late cannot remove what came since.
        """
        given = DROP.read(item)
        attempt = None if given["attempt"] is None else reading.attempt_of(given["attempt"])
        location, job, output = (
            reading.destination_of(given["location"]),
            reading.job_of(given["job"]),
            reading.output_of(given["output"]),
        )
        with self.keeper.alone(job, output):
            if not (self.backend.results / location).exists():
                return {"dropped": False}
            document = self._manifest_of(location)
            of = (document["job"], document["output"], document["attempt"])
            if of != (job, output, attempt or document["attempt"]):
                raise RefusedError("another", f"The result at {location} is another job's, output's or attempt's.")
            self.keeper.index_of(job, output).unlink(missing_ok=True)
            parent, _, name = location.rpartition("/")
            with Root(self.backend.results) as results, results.open_folder(parent) as folder:
                remove_tree(folder.fd, name)
                os.fsync(folder.fd)
        return {"dropped": True}

    def stop(self, item: Item) -> Mapping[str, Any]:
        """Have a keep that is at work on an output give up. False where there is none."""
        given = STOP.read(item)
        return {"stopped": self.keeper.stop(reading.job_of(given["job"]), reading.output_of(given["output"]))}

    def _manifest_of(self, location: str) -> dict[str, Any]:
        document = read_json(self.backend.results / location / MANIFEST, max_bytes=reading.MAX_MANIFEST_BYTES)
        if document is None:
            raise RefusedError("missing", f"There is no result at {location}.")
        return document


def _difference(folder: Root, name: str, file: Mapping[str, Any]) -> str | None:
    try:
        size, digest = hash_file(folder, name)
    except PortalError as error:
        return error.message
    if size != file["size"]:
        return f"has {size} bytes instead of {file['size']}"
    return None if digest == file["sha256"] else "has other content"
