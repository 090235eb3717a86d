"""The job spec for one attempt, as the agent takes it: built from rows, never from a path that a person typed."""

from collections.abc import Mapping
from typing import Any

from portal.daemon.dispatch.arrays import Naming
from portal.daemon.dispatch.queue import QueuedJob


def job_spec_item(job: QueuedJob, attempt: str, naming: Naming) -> dict[str, Any]:
    """The item of the agent's verb `submit` for this attempt; all its inputs must still be in the catalogue."""
    inputs: dict[str, list[Mapping[str, Any]]] = {}
    for given in job.inputs:
        assert given.document is not None
        inputs.setdefault(given.slot, []).append(given.document)
    spec = {
        "job": {
            "id": job.id,
            "number": job.number,
            "submission": job.submission,
            "index": job.index,
            "attempt": attempt,
            "try": job.attempts + 1,
            "name": naming.name,
            "title": job.title,
            "person": job.person.name,
        },
        "jobtype": job.jobtype,
        "inputs": inputs,
        "options": job.options,
        "resources": job.resources,
    }
    item = {"attempt": attempt, "name": naming.name, "order": spec}
    return item if naming.place is None else item | {"place": naming.place}
