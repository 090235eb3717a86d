"""The store's verbs, each once: what the daemon writes and reads, and what the store takes.

Standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.rpc.verb import Verb
from portal.store.copying import StoredFile


@dataclass(frozen=True)
class Keep:
    """One output to be kept. `pattern` and `also` are paths beneath output/ as `cp -r` would take them.

    `also` names files that go with the dataset but do not make it (previews, metadata.json). `uid`: whose the
    files must be.
    """

    job: int
    output: str
    attempt: str
    destination: str
    pattern: str = "*"
    also: tuple[str, ...] = ()
    required: bool = True
    uid: int | None = None


@dataclass(frozen=True)
class StoredResult:
    """A kept output: where it lies beneath the results, its files, and the SHA-256 of their list."""

    location: str
    attempt: str
    files: tuple[StoredFile, ...]
    size: int
    sha256: str


@dataclass(frozen=True)
class Verified:
    """Whether a result is what was kept; (file, what is wrong) where not."""

    intact: bool
    files: int
    differences: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Dropped:
    """A result to be removed; with `attempt` only if it is of that attempt."""

    location: str
    job: int
    output: str
    attempt: str | None = None


def _result(answer: Mapping[str, Any]) -> StoredResult:
    files = tuple(StoredFile(**file) for file in answer["files"])
    return StoredResult(answer["location"], answer["attempt"], files, answer["bytes"], answer["sha256"])


def _verified(answer: Mapping[str, Any]) -> Verified:
    differences = tuple((item["name"], item["problem"]) for item in answer["differences"])
    return Verified(answer["intact"], answer["files"], differences)


KEEP: Verb[Keep, StoredResult] = Verb(
    "keep",
    lambda item: vars(item) | {"also": list(item.also)},
    _result,
    required=("job", "output", "attempt", "pattern", "destination"),
    optional=("also", "required", "uid"),
)
VERIFY: Verb[str, Verified] = Verb(
    "verify", lambda location: {"location": location}, _verified, required=("location",)
)
DROP: Verb[Dropped, bool] = Verb(
    "drop",
    vars,
    lambda answer: bool(answer["dropped"]),
    required=("location", "job", "output"),
    optional=("attempt",),
)
STOP: Verb[tuple[int, str], bool] = Verb(
    "stop",
    lambda item: {"job": item[0], "output": item[1]},
    lambda answer: bool(answer["stopped"]),
    required=("job", "output"),
)
VERBS = (KEEP, VERIFY, DROP, STOP)
