"""Where the store works, from the operator's file or, embedded, from the request."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.rpc.exchange import RefusedError, UnusableError, fields
from portal.rpc.operators_file import operators

OPERATORS_FILE = Path("/etc/gantry/store.json")
DEFAULT_FILES = 100_000
DEFAULT_BYTES = 50 << 30


@dataclass(frozen=True)
class Backend:
    """Absolute folders, and the most that one output may be."""

    results: Path
    scratch: Path
    max_files: int
    max_bytes: int
    server_group: int | None = None
    """The gid of those that send results to people once the portal has said to whom; None: there are none."""


def choose(request: Mapping[str, Any], *, operators_file: Path = OPERATORS_FILE) -> Backend:
    """The operator's file if there is one (the request's word is then ignored), else the request's."""
    document = operators(operators_file)
    return parse(request if document is None else document)


def parse(document: Any) -> Backend:
    """A checked Backend; unknown keys are errors. Raises UnusableError."""
    try:
        values = fields(
            document,
            "The store",
            required=("results", "scratch"),
            optional=("max_files", "max_bytes", "server_group"),
        )
    except RefusedError as error:
        raise UnusableError(error.message) from error
    return Backend(
        _folder(values["results"], "results"),
        _folder(values["scratch"], "scratch"),
        _limit(values["max_files"], DEFAULT_FILES),
        _limit(values["max_bytes"], DEFAULT_BYTES),
        _group(values["server_group"]),
    )


def _folder(value: Any, what: str) -> Path:
    if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
        raise UnusableError(f"The store's {what} must be an absolute path.")
    return Path(value)


def _limit(value: Any, default: int) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UnusableError("The store's limits must be whole numbers greater than zero.")
    return value


def _group(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**32 - 1):
        raise UnusableError("The store's server_group must be the number of a group that is not root's.")
    return value
