"""The signed-off job type: what a job is comes from here, never from the request."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.agent import reading
from portal.documents import digest
from portal.errors import PortalError
from portal.files.confined import Root
from portal.rpc.exchange import RefusedError, fields

MAX_BYTES = 4 << 20
RESOURCES = ("cpus", "memory_mb", "time_s", "gpus", "ranks")


@dataclass(frozen=True)
class PublishedType:
    """The parts of a published job type that the agent needs."""

    name: str
    version: str
    revision: str
    program: Mapping[str, Any]
    image: str | None
    network: bool
    slots: Mapping[str, Mapping[str, Any]]
    options: Mapping[str, Mapping[str, Any]]
    most: Mapping[str, int]
    """The largest value of each resource over all variants."""
    outputs: Sequence[Mapping[str, Any]]
    success_codes: Sequence[int]
    log_limit_bytes: int
    grace_s: int


class Published:
    """The job types of a folder as one request sees them: a revision is loaded once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[tuple[str, str], PublishedType] = {}

    def load(self, wanted: Any) -> PublishedType:
        """The revision that an item names; its bytes must have that very SHA-256. Raises RefusedError."""
        given = fields(wanted, "jobtype", required=("name", "revision"), optional=("version",))
        name = reading.matching(given["name"], reading.SLUG, "The job type's name")
        revision = reading.matching(given["revision"], reading.REVISION, "The job type's revision")
        if (name, revision) not in self._loaded:
            self._loaded[name, revision] = _load(self._folder, name, revision)
        found = self._loaded[name, revision]
        if found.name != name or given["version"] not in (None, found.version):
            raise RefusedError("jobtype-unknown", f"The revision is not one of {name} {given['version'] or ''}.")
        return found


def _load(folder: Path, name: str, revision: str) -> PublishedType:
    try:
        with (
            Root(folder) as root,
            root.open_file(f"{name}/{revision.removeprefix('sha256:')}.json", max_bytes=MAX_BYTES) as file,
        ):
            owner = os.fstat(file.fileno()).st_uid
            raw = file.read(MAX_BYTES + 1)
    except PortalError as error:
        raise RefusedError(
            "jobtype-unknown", f"The analysis {name} is not published in this revision.", detail=error.message
        ) from error
    if owner not in (0, os.geteuid()):
        raise RefusedError("jobtype-unsafe", f"The analysis {name} was published by another account.")
    if digest(raw) != revision:
        raise RefusedError("jobtype-unsafe", f"The published analysis {name} is not what was signed off.")
    try:
        return _parse(json.loads(raw), revision)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(
            "jobtype-unsafe", f"The published analysis {name} cannot be used.", detail=repr(error)
        ) from error


def _parse(document: dict[str, Any], revision: str) -> PublishedType:
    variants = document["resources"]["variants"]
    listed = list(variants.values()) if isinstance(variants, dict) else variants
    return PublishedType(
        name=document["name"],
        version=document["version"],
        revision=revision,
        program=document["program"],
        image=document.get("image"),
        network=bool(document.get("network", False)),
        slots={slot["name"]: slot for slot in document.get("inputs", [])},
        options={option["name"]: option for option in document.get("options", [])},
        most={key: max(variant.get(key, SMALLEST[key]) for variant in listed) for key in RESOURCES},
        outputs=[
            {key: output[key] for key in ("name", "pattern", "dataset_type", "required")}
            for output in document["outputs"]
        ],
        success_codes=document.get("success_codes", [0]),
        log_limit_bytes=document.get("log_limit_bytes", 10 << 20),
        grace_s=document.get("grace_s", 30),
    )


SMALLEST = {"cpus": 1, "memory_mb": 1, "time_s": 1, "gpus": 0, "ranks": 1}


def resources(jobtype: PublishedType, wanted: Any) -> dict[str, int]:
    """The `resources` of job.json: nothing above the largest variant. Raises RefusedError."""
    given = fields(
        wanted, "resources", required=("cpus", "memory_mb", "time_s"), optional=("gpus", "ranks", "grace_s")
    )
    checked = {}
    for key in RESOURCES:
        value = given[key] if given[key] is not None else SMALLEST[key]
        checked[key] = reading.whole(value, key, least=SMALLEST[key])
        if checked[key] > jobtype.most[key]:
            raise RefusedError(
                "resources", f"{jobtype.name} may ask for {key} up to {jobtype.most[key]}, not {checked[key]}."
            )
    grace = given["grace_s"] if given["grace_s"] is not None else jobtype.grace_s
    checked["grace_s"] = reading.whole(grace, "grace_s", most=jobtype.grace_s)
    return checked
