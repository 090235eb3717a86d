"""The order for one attempt, as the agent takes it: built from rows, never from a path that a person typed."""

from typing import Any

from portal.catalogue.models import Dataset
from portal.jobs.models import Attempt, Job, JobInput


def order_item(job: Job, attempt: Attempt) -> dict[str, Any]:
    """The item of the agent's verb `submit` for this attempt; all its inputs must still be in the catalogue."""
    revision = job.submission.revision
    inputs: dict[str, list[dict[str, Any]]] = {}
    for given in job.inputs:
        inputs.setdefault(given.slot, []).append(_dataset(given))
    order = {
        "job": {
            "id": job.id,
            "number": job.number,
            "submission": job.submission_id,
            "index": job.index,
            "attempt": attempt.id,
            "try": attempt.number,
            "name": attempt.name,
            "title": job.title,
            "person": job.person.name,
        },
        "jobtype": {"name": revision.name, "version": revision.version, "revision": revision.digest},
        "inputs": inputs,
        "options": job.options,
        "resources": attempt.resources,
    }
    return {"attempt": attempt.id, "name": attempt.name, "order": order}


def place(dataset: Dataset) -> tuple[str, str]:
    """Root and folder of a dataset: `demo:lightsheet/heart` -> ("demo", "lightsheet/heart")."""
    root, _colon, location = (dataset.location or "").partition(":")
    return root, location


def _dataset(given: JobInput) -> dict[str, Any]:
    dataset = given.dataset
    assert dataset is not None
    root, location = place(dataset)
    return {
        "dataset": dataset.id,
        "name": dataset.name,
        "type": dataset.type.name,
        "root": root,
        "location": location,
        "files": [
            {"name": file.location or file.name, "size": file.file_size, "mtime_ns": file.mtime_ns}
            for file in sorted(dataset.datafiles, key=lambda file: file.name)
        ],
        "parameters": {
            parameter.type.name: {"value": _plain(parameter.value), "units": parameter.type.units}
            for parameter in dataset.parameters
        },
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | None) else value.isoformat()
