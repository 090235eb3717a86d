"""The signed-off job type: what a job is comes from here, never from the request.

Signed off is what lies in root's folder, and what the publisher's account wrote into its own. What is only being
tried lies apart, and each of its files names the accounts that may run it.
"""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.agent import reading
from portal.agent.registered import DRAFTS, PUBLISHED, Registered
from portal.documents import digest
from portal.errors import NotFoundError, PortalError
from portal.files.confined import Root
from portal.rpc.exchange import SCHEMA, RefusedError, fields

MAX_BYTES = 4 << 20
REPORTS = ("progress", "parameters", "pictures")
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
    reports: Mapping[str, Any]
    """How the program itself tells progress, parameters and pictures, as launch reads it."""
    constraints: frozenset[str] = frozenset()
    """The kinds of nodes that its variants need, by the names that the site offers."""
    licences: Sequence[tuple[str, int]] = ()
    """What a job holds while it runs, by the names that the site offers, and how many."""
    licence_servers: Sequence[Mapping[str, Any]] = ()
    """The licence servers that it reaches, by the site's names, and how its program is told of them."""
    needs: Sequence[Mapping[str, Any]] = ()
    """Conditions that must hold of the datasets."""
    draft: bool = False
    """It is being tried: nobody but those whom its file names may run it."""


class Published:
    """The job types of the folders as one request sees them: a revision is loaded once."""

    def __init__(self, folder: Path, registered: Registered | None = None) -> None:
        self._folder, self._registered = folder, registered
        self._loaded: dict[tuple[str, str, bool], PublishedType] = {}

    def load(self, wanted: Any) -> PublishedType:
        """The revision that an item names; its bytes must have that very SHA-256. Raises RefusedError.

        One that is a draft is looked for among the drafts alone, and only there.
        """
        given = fields(wanted, "jobtype", required=("name", "revision"), optional=("version", "draft"))
        name = reading.matching(given["name"], reading.SLUG, "The job type's name")
        revision = reading.matching(given["revision"], reading.REVISION, "The job type's revision")
        if given["draft"] is not None and not isinstance(given["draft"], bool):
            raise reading.bad("draft must be true or false.")
        draft = given["draft"] is True
        if (name, revision, draft) not in self._loaded:
            raw = self._draft(name, revision) if draft else self._published(name, revision)
            self._loaded[name, revision, draft] = _checked(raw, name, revision, draft=draft)
        found = self._loaded[name, revision, draft]
        if found.name != name or given["version"] not in (None, found.version):
            raise RefusedError("jobtype-unknown", f"The revision is not one of {name} {given['version'] or ''}.")
        return found

    def _published(self, name: str, revision: str) -> bytes:
        path = _path(name, revision)
        try:
            return _bytes(self._folder, path, name, frozenset({0, os.geteuid()}))
        except NotFoundError as error:
            if self._registered is None:
                raise _unknown(name, error) from error
        try:
            return _bytes(self._registered.folder / PUBLISHED, path, name, self._registered.owners())
        except NotFoundError as error:
            raise _unknown(name, error) from error

    def _draft(self, name: str, revision: str) -> bytes:
        """A draft's document, where this very account is named as one that may run it."""
        if self._registered is None:
            raise RefusedError("jobtype-unknown", "Drafts cannot be tried here.")
        path = _path(name, revision)
        try:
            raw = _bytes(self._registered.folder / DRAFTS, path, name, self._registered.owners())
        except NotFoundError as error:
            raise RefusedError(
                "jobtype-unknown", f"The draft of {name} cannot be tried in this revision.", detail=error.message
            ) from error
        try:
            document = fields(json.loads(raw), "A draft", required=("schema", "uids", "document"))
            uids, text = document["uids"], document["document"]
            if document["schema"] != SCHEMA or not isinstance(text, str) or not isinstance(uids, list):
                raise ValueError("not the form of a draft")
        except (ValueError, RecursionError, RefusedError) as error:
            raise RefusedError(
                "jobtype-unsafe", f"The draft of {name} cannot be used.", detail=repr(error)
            ) from error
        if not any(type(uid) is int and uid == os.geteuid() for uid in uids):
            raise RefusedError("jobtype-unknown", f"The draft of {name} is not this person's to try.")
        return text.encode()


def _path(name: str, revision: str) -> str:
    return f"{name}/{revision.removeprefix('sha256:')}.json"


def _unknown(name: str, error: PortalError) -> RefusedError:
    return RefusedError(
        "jobtype-unknown", f"The analysis {name} is not published in this revision.", detail=error.message
    )


def _bytes(folder: Path, path: str, name: str, owners: Collection[int]) -> bytes:
    """The bytes of a file of one of the owners. Raises NotFoundError where there is none, else RefusedError."""
    try:
        # Drafts' folders cannot be listed by those who run one.
        with Root(folder, listed=False) as root, root.open_file(path, max_bytes=MAX_BYTES) as file:
            owner = os.fstat(file.fileno()).st_uid
            raw = file.read(MAX_BYTES + 1)
    except NotFoundError:
        raise
    except PortalError as error:
        raise _unknown(name, error) from error
    if owner not in owners:
        raise RefusedError("jobtype-unsafe", f"The analysis {name} was published by another account.")
    return raw


def _checked(raw: bytes, name: str, revision: str, *, draft: bool) -> PublishedType:
    if digest(raw) != revision:
        raise RefusedError("jobtype-unsafe", f"The published analysis {name} is not what was signed off.")
    try:
        return _parse(json.loads(raw), revision, draft=draft)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RefusedError(
            "jobtype-unsafe", f"The published analysis {name} cannot be used.", detail=repr(error)
        ) from error


def _parse(document: dict[str, Any], revision: str, *, draft: bool) -> PublishedType:
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
        constraints=frozenset(_name(one["constraint"]) for one in listed if one.get("constraint") is not None),
        outputs=[
            {key: output[key] for key in ("name", "pattern", "dataset_type", "required")}
            for output in document["outputs"]
        ],
        success_codes=document.get("success_codes", [0]),
        log_limit_bytes=document.get("log_limit_bytes", 10 << 20),
        grace_s=document.get("grace_s", 30),
        reports={key: document[key] for key in REPORTS if document.get(key)},
        licences=[(one["name"], int(one["count"])) for one in document.get("licences", ())],
        licence_servers=document.get("licence_servers", ()),
        needs=document.get("needs", ()),
        draft=draft,
    )


def _name(value: Any) -> str:
    if not isinstance(value, str) or not reading.SLUG.fullmatch(value):
        raise ValueError("a kind of node is a name")
    return value


SMALLEST = {"cpus": 1, "memory_mb": 1, "time_s": 1, "gpus": 0, "ranks": 1}


REQUIRED = ("cpus", "memory_mb", "time_s")
OPTIONAL = ("gpus", "ranks", "grace_s", "constraint")


def constraint(jobtype: PublishedType, wanted: Any) -> str:
    """The kind of node that a job needs: one that a variant names, or any (""). Raises RefusedError."""
    asked = fields(wanted, "resources", required=REQUIRED, optional=OPTIONAL)["constraint"]
    if asked is None:
        return ""
    if not isinstance(asked, str) or asked not in jobtype.constraints:
        raise RefusedError(
            "resources", f"{jobtype.name} has no size for that kind of node.", detail=repr(asked)[:200]
        )
    return asked


def resources(jobtype: PublishedType, wanted: Any) -> dict[str, int]:
    """The `resources` of job.json: nothing above the largest variant. Raises RefusedError."""
    given = fields(wanted, "resources", required=REQUIRED, optional=OPTIONAL)
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
