"""Where the agent works: folders, roots, scheduler; from the operator's file or, embedded, from the request."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.exchange import RefusedError, UnusableError, fields
from portal.scheduler.base import Scheduler
from portal.scheduler.local import LocalScheduler

OPERATORS_FILE = Path("/etc/gantry/agent.json")
FIRST_PERSON_UID = 1000
NOBODY_UID = 65534
MAX_FILE_BYTES = 1 << 20


@dataclass(frozen=True)
class Backend:
    """All absolute. `roots` holds the results folder as `results`, so that a result can be an input."""

    kind: str
    spool: Path
    scratch: Path
    launch: tuple[str, ...]
    jobtypes: Path
    images: Path | None
    roots: Mapping[str, Path]

    def scheduler(self) -> Scheduler:
        """The backend's verbs."""
        return LocalScheduler(self.spool)


def choose(request: Mapping[str, Any], *, operators_file: Path = OPERATORS_FILE) -> Backend:
    """The operator's file if there is one (the request's word is then ignored), else the request's, if it may be.

    Raises UnusableError for root and system accounts (unless embedded), and for a file that others could write.
    """
    document = _operators(operators_file)
    if document is None:
        if "SUDO_UID" in os.environ:
            raise UnusableError(f"Through sudo the agent needs its own file {operators_file}.")
        document = dict(request)
    elif document.get("kind") != "local":
        refuse_system_account(os.geteuid())
    return parse(document)


def refuse_system_account(uid: int) -> None:
    """Only people have jobs."""
    if uid < FIRST_PERSON_UID or uid == NOBODY_UID:
        raise UnusableError("The agent acts for people only, never as root or a system account.")


def _operators(path: Path) -> dict[str, Any] | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}.") from error
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if status.st_uid != 0 or stat.S_IMODE(status.st_mode) & 0o022:
            raise UnusableError(f"{path} must belong to root and be writable by nobody else.")
        try:
            document = json.loads(file.read(MAX_FILE_BYTES))
        except ValueError as error:
            raise UnusableError(f"{path} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise UnusableError(f"{path} must hold an object.")
    return document


def parse(document: Mapping[str, Any]) -> Backend:
    """A checked Backend; unknown keys are errors. Raises UnusableError."""
    try:
        values = fields(
            document,
            "The backend",
            required=("kind", "spool", "scratch", "launch", "jobtypes"),
            optional=("images", "roots", "results"),
        )
    except RefusedError as error:
        raise UnusableError(error.message) from error
    if values["kind"] != "local":
        raise UnusableError(f"There is no backend {values['kind']!r}.")
    roots = {name: _path(path, f"root {name}") for name, path in _roots(values["roots"]).items()}
    if values["results"] is not None:
        roots["results"] = _path(values["results"], "results")
    launch = values["launch"]
    if not isinstance(launch, list) or not launch or not all(isinstance(word, str) for word in launch):
        raise UnusableError("The backend's launch must be a list of words.")
    _path(launch[0], "launch")
    images = values["images"]
    return Backend(
        values["kind"],
        _path(values["spool"], "spool"),
        _path(values["scratch"], "scratch"),
        tuple(launch),
        _path(values["jobtypes"], "jobtypes"),
        None if images is None else _path(images, "images"),
        roots,
    )


def _roots(value: Any) -> dict[str, Any]:
    roots = {} if value is None else value
    if not isinstance(roots, dict) or "results" in roots:
        raise UnusableError("The backend's roots must be an object, and none may be named results.")
    return roots


def _path(value: Any, what: str) -> Path:
    if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
        raise UnusableError(f"The backend's {what} must be an absolute path.")
    return Path(value)
