"""Where the agent works: folders, roots, scheduler; from the operator's file or, embedded, from the request."""

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.agent.registered import Registered
from portal.agent.servers import Servers, parse_servers
from portal.rpc.exchange import RefusedError, UnusableError, fields
from portal.rpc.operators_file import operators
from portal.scheduler.base import Owner
from portal.scheduler.factory import KINDS, kind_of, make_owner

OPERATORS_FILE = Path("/etc/gantry/agent.json")
OPTIONAL = ("images", "roots", "results", "licence_servers")
WRITERS = ("registered", "made_images")
"""Folders in which files of one account besides root count."""
FIRST_PERSON_UID = 1000
NOBODY_UID = 65534


@dataclass(frozen=True)
class Backend:
    """All absolute. `roots` holds the results folder as `results`, so that a result can be an input."""

    cluster: Mapping[str, Any]
    """What is written about the cluster that is meant, as the factory takes it."""
    scratch: Path
    launch: tuple[str, ...]
    jobtypes: Path
    images: Path | None
    roots: Mapping[str, Path]
    registered: Registered | None = None
    """Where the publisher's account writes; None: only root's job types are run."""
    made_images: Registered | None = None
    """Where the account writes that stages images people made; None: only root's images are used."""
    wanted: str | None = None
    """The name of the cluster that is asked for; None: the one there is, the first of several."""
    licence_servers: Servers = field(default_factory=dict)
    """What containers may reach, by the names that job types use."""

    def scheduler(self) -> Owner:
        """The backend's verbs. Raises UnusableError, and OSError."""
        try:
            owner = make_owner(self.cluster, self.scratch)
        except ValueError as error:
            raise UnusableError(f"The backend's {error}.") from error
        if self.wanted not in (None, owner.cluster):
            raise UnusableError(f"This agent has no cluster {self.wanted!r}.")
        return owner


def choose(request: Mapping[str, Any], *, operators_file: Path = OPERATORS_FILE) -> Backend:
    """The operator's file if there is one (the request's word is then ignored), else the request's, if it may be.

    Raises UnusableError for root and system accounts and for groups that are not the person's (unless embedded),
    for a backend whose jobs would not run as the person, and for a file that others could write.
    """
    document = operators(operators_file)
    if document is None:
        return parse(request)
    backend = parse(document, request.get("cluster"))
    if kind_of(backend.cluster).own_accounts:
        refuse_system_account(os.geteuid())
        refuse_foreign_groups(os.getgroups())
        if backend.registered is not None and backend.registered.uid is None:
            raise UnusableError("The backend's registered.uid is missing: whose files are believed must be said.")
        if backend.made_images is not None and backend.made_images.uid is None:
            raise UnusableError("The backend's made_images.uid is missing: whose files are believed must be said.")
    elif "SUDO_UID" in os.environ or not _own(backend.cluster.get("spool")):
        raise UnusableError("This backend starts jobs as the daemon's account, not as the people they are of.")
    return backend


def _own(folder: object) -> bool:
    """Whether a folder is this account's, or is not there yet; one that cannot be looked at is somebody else's."""
    try:
        return not isinstance(folder, str) or Path(folder).stat().st_uid == os.geteuid()
    except OSError as error:
        return isinstance(error, FileNotFoundError)


def refuse_system_account(uid: int) -> None:
    """Only people have jobs."""
    if uid < FIRST_PERSON_UID or uid == NOBODY_UID:
        raise UnusableError("The agent acts for people only, never as root or a system account.")


def refuse_foreign_groups(groups: Sequence[int]) -> None:
    """`sudo -P` leaves a caller's own groups to the program: a person may then open what the portal may read."""
    account = pwd.getpwuid(os.geteuid())
    if not set(groups) <= set(os.getgrouplist(account.pw_name, account.pw_gid)):
        raise UnusableError("The agent has groups that are not this person's.")


def parse(document: Mapping[str, Any], wanted: Any = None) -> Backend:
    """A checked Backend, on the cluster that is wanted; unknown keys are errors. Raises UnusableError."""
    try:
        values = fields(
            document,
            "The backend",
            required=("scratch", "launch", "jobtypes"),
            optional=("kind", "clusters", "spool", *KINDS, *OPTIONAL, *WRITERS),
        )
    except RefusedError as error:
        raise UnusableError(error.message) from error
    cluster = _cluster(values, wanted)
    try:
        kind_of(cluster)
    except ValueError as error:
        raise UnusableError(f"The backend is none: {error}.") from error
    roots = {name: _path(path, f"root {name}") for name, path in _roots(values["roots"]).items()}
    if values["results"] is not None:
        roots["results"] = _path(values["results"], "results")
    launch = values["launch"]
    if not isinstance(launch, list) or not launch or not all(isinstance(word, str) for word in launch):
        raise UnusableError("The backend's launch must be a list of words.")
    _path(launch[0], "launch")
    images = values["images"]
    return Backend(
        cluster,
        _path(values["scratch"], "scratch"),
        tuple(launch),
        _path(values["jobtypes"], "jobtypes"),
        None if images is None else _path(images, "images"),
        roots,
        wanted=wanted,
        licence_servers=parse_servers(values["licence_servers"]),
        **{name: _registered(name, values[name]) for name in WRITERS},
    )


def _registered(name: str, value: Any) -> Registered | None:
    """Where an account writes, and its uid, which must be said where others than this account may be it."""
    if value is None:
        return None
    try:
        given = fields(value, f"The backend's {name}", required=("folder",), optional=("uid",))
    except RefusedError as error:
        raise UnusableError(error.message) from error
    uid = given["uid"]
    if uid is not None and (isinstance(uid, bool) or not isinstance(uid, int) or not 0 < uid < NOBODY_UID):
        raise UnusableError(f"The backend's {name}.uid must be the number of an account.")
    return Registered(_path(given["folder"], f"{name}.folder"), uid)


def _cluster(values: Mapping[str, Any], wanted: Any) -> Mapping[str, Any]:
    """The cluster that is wanted, of `clusters`, or the only one, whose keys stand beside the others."""
    if wanted is not None and not isinstance(wanted, str):
        raise UnusableError("The name of a cluster must be text.")
    clusters = values["clusters"]
    if clusters is None:
        return {key: values[key] for key in ("kind", "spool", *KINDS) if values[key] is not None}
    if not isinstance(clusters, dict) or not clusters or values["kind"] is not None:
        raise UnusableError("The backend's clusters must be an object, by name, in the place of kind.")
    cluster = clusters.get(next(iter(clusters)) if wanted is None else wanted)
    if not isinstance(cluster, dict):
        raise UnusableError(f"This agent has no cluster {wanted!r}.")
    return cluster


def _roots(value: Any) -> dict[str, Any]:
    roots = {} if value is None else value
    if not isinstance(roots, dict) or "results" in roots:
        raise UnusableError("The backend's roots must be an object, and none may be named results.")
    return roots


def _path(value: Any, what: str) -> Path:
    if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
        raise UnusableError(f"The backend's {what} must be an absolute path.")
    return Path(value)
