"""job.json: the job spec of one attempt, built from the signed-off job type and what the request may choose."""

import os
from collections.abc import Mapping
from typing import Any

from gantry_formats.patterns.paths import named
from portal.agent import reading
from portal.agent.backend import Backend
from portal.agent.chosen import chosen_files, names_in
from portal.agent.conditions import check_needs
from portal.agent.inputs import Inputs
from portal.agent.jobtype import Published, PublishedType, constraint, resources
from portal.agent.options import check_options
from portal.agent.program import checked_program
from portal.agent.servers import asked_servers
from portal.documents import canonical_json
from portal.errors import PortalError
from portal.images.places import Places
from portal.rpc.exchange import SCHEMA, RefusedError, fields

INSISTS = "--require-container"
"""The word in the operator's command of launch by which no program runs outside a container."""
JOB_SPEC_KEYS = ("job", "jobtype", "inputs", "options", "resources")
JOB_KEYS = ("id", "number", "submission", "index", "attempt", "try", "name", "title", "person")


class JobSpecs:
    """Builds the job specs of one request: what items have in common, job types and images, is checked once."""

    def __init__(self, backend: Backend, inputs: Inputs) -> None:
        self._backend = backend
        self._inputs = inputs
        self._published = Published(backend.jobtypes, backend.registered)
        self._images: dict[str, dict[str, Any] | None] = {}

    def build(self, attempt: str, name: str, spec: Any) -> tuple[dict[str, Any], bytes]:
        """The job spec as a document and as the bytes of job.json: the same request gives the same bytes.

        Opens every input. Raises RefusedError.
        """
        given = fields(spec, "order", required=JOB_SPEC_KEYS)
        jobtype = self._published.load(given["jobtype"])
        opened = self._inputs.open(given["inputs"])
        inputs = _inputs(jobtype, opened, {})
        check_needs(jobtype, inputs)
        options = check_options(jobtype, given["options"], inputs)
        chosen = chosen_files(jobtype, options, opened)
        if chosen:
            inputs = _inputs(jobtype, opened, chosen)
        document = {
            "schema": SCHEMA,
            "job": _job(given["job"], attempt, name),
            "jobtype": _jobtype(jobtype),
            "program": checked_program(jobtype),
            "inputs": inputs,
            "options": options,
            "resources": resources(jobtype, given["resources"]),
            "image": self._image(jobtype),
            "network": jobtype.network,
            "outputs": list(jobtype.outputs),
            "success_codes": list(jobtype.success_codes),
            "log_limit_bytes": jobtype.log_limit_bytes,
        }
        if chosen:
            document["chosen_files"] = chosen
        if servers := asked_servers(self._backend.licence_servers, jobtype.licence_servers):
            document["licence_servers"] = servers
        if jobtype.reports:
            document["reports"] = dict(jobtype.reports)
        return document, canonical_json(document)

    def licences(self, spec: Any) -> tuple[tuple[str, int], ...]:
        """What a job holds while it runs: as its job type says that was signed off, and no request."""
        given = fields(spec, "order", required=JOB_SPEC_KEYS)
        return tuple(self._published.load(given["jobtype"]).licences)

    def constraint(self, spec: Any) -> str:
        """The kind of node that a job needs, which a variant that was signed off names. Raises RefusedError."""
        given = fields(spec, "order", required=JOB_SPEC_KEYS)
        return constraint(self._published.load(given["jobtype"]), given["resources"])

    def _image(self, jobtype: PublishedType) -> dict[str, Any] | None:
        if jobtype.revision not in self._images:
            self._images[jobtype.revision] = _image(self._backend, jobtype)
        return self._images[jobtype.revision]


def _jobtype(jobtype: PublishedType) -> dict[str, Any]:
    """Which it is; of a trial it says that it is one, and of another it is as it always was."""
    named = {"name": jobtype.name, "version": jobtype.version, "revision": jobtype.revision}
    return named | ({"draft": True} if jobtype.draft else {})


def _job(value: Any, attempt: str, name: str) -> dict[str, Any]:
    given = fields(value, "job", required=JOB_KEYS)
    checked = {
        "id": reading.whole(given["id"], "id"),
        "number": reading.text(given["number"], "number", least=1),
        "submission": reading.attempt_id(given["submission"]),
        "index": reading.whole(given["index"], "index"),
        "attempt": reading.attempt_id(given["attempt"]),
        "try": reading.whole(given["try"], "try", least=1),
        "name": reading.matching(given["name"], reading.JOB_NAME, "The name"),
        "title": reading.text(given["title"], "title"),
        "person": reading.text(given["person"], "person", least=1),
    }
    if checked["attempt"] != attempt or checked["name"] != name:
        raise reading.bad("The order is not one of this attempt and name.")
    return checked


def _inputs(
    jobtype: PublishedType, opened: Mapping[str, list[dict[str, Any]]], chosen: Mapping[str, Mapping[str, str]]
) -> dict[str, list[dict[str, Any]]]:
    """The inputs by slot: as many datasets as the slot takes, of each the files that it wants, and chosen ones."""
    unknown = sorted(set(opened) - set(jobtype.slots))
    if unknown:
        raise RefusedError("inputs", f"{jobtype.name} has no slot {unknown[0]!r}.")
    for name, slot in jobtype.slots.items():
        count, least, most = len(opened.get(name, [])), slot.get("min", 1), slot.get("max")
        if count < least or (most is not None and count > most):
            raise RefusedError("inputs", f"The slot {name} takes {least} to {most} datasets, not {count}.")
    return {
        name: [_wanted_files(jobtype.slots[name], dataset, names_in(chosen, name)) for dataset in datasets]
        for name, datasets in opened.items()
    }


def _wanted_files(slot: Mapping[str, Any], dataset: dict[str, Any], chosen: frozenset[str]) -> dict[str, Any]:
    pattern = slot.get("files") or "*"
    wanted = [named(file["name"], pattern) for file in dataset["files"]]
    if not any(wanted):
        lost = [f" {name}: {why}." for name, why in dataset.get("not_followed", {}).items()][:3]
        raise RefusedError("inputs", f"The dataset {dataset['name']} has no file like {pattern}.{''.join(lost)}")
    # What others lead to goes along, whatever it is called; a file that was chosen does beside the slot's own.
    files = []
    for file, fits in zip(dataset["files"], wanted, strict=True):
        if fits or file.get("linked"):
            files.append(file)
        elif file["name"] in chosen:
            files.append(file | {"aside": True})
    return dataset | {"files": files}


def _image(backend: Backend, jobtype: PublishedType) -> dict[str, Any] | None:
    """The staged image as its manifest has it; None if the job type names none or none is staged.

    Raises RefusedError `image` if the file is not what was hashed when it was staged, and where launch would
    insist on a container, if there is none to give.
    """
    insists = INSISTS in backend.launch
    name = jobtype.image
    if name is None:
        if insists:
            raise RefusedError("image", f"The analysis {jobtype.name} names no software image; it needs one here.")
        return None
    reading.matching(name, reading.SLUG, "The image's name")
    try:
        found = _places(backend).usable(name)
    except PortalError as error:
        raise RefusedError("image", error.message, detail=error.detail) from error
    if found is None:
        if insists:
            raise RefusedError("image", f"The software image {name} is not installed on the cluster.")
        return None
    return {
        "name": name,
        "digest": found.manifest.digest,
        "path": str(found.path),
        "size": found.manifest.size,
        "mtime_ns": found.manifest.mtime_ns,
    }


def _places(backend: Backend) -> Places:
    made = backend.made_images
    if made is None:
        return Places(backend.images)
    return Places(backend.images, made.folder, os.geteuid() if made.uid is None else made.uid)
