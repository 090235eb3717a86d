"""The agent's verbs, each once: what the daemon writes and reads, and what the agent takes.

Standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.rpc.verb import Verb
from portal.times import from_iso

AN_ITEM_S = 0.5


@dataclass(frozen=True)
class Taken:
    """The scheduler has the job."""

    job_id: str
    array_index: int | None
    submitted: datetime
    job_sha256: str | None = None
    """The digest of the job spec in its folder, as the person's own agent read it there: no proof against the
    person (the one in the batch script is), but enough to tell one job spec's report from another's."""


@dataclass(frozen=True)
class Submitted(Taken):
    """The scheduler has the job, and the folder its job spec."""

    folder: Path | None = None


@dataclass(frozen=True)
class Fenced:
    """Whether the attempt can never run; if it may, whose claim it is (empty if that cannot be read)."""

    won: bool
    claim: Mapping[str, Any] | None = None
    job_sha256: str | None = None
    """As in Taken, where the claim is another's."""


@dataclass(frozen=True)
class Sealed:
    """What the portal may read now; `size` in bytes."""

    files: int
    size: int


@dataclass(frozen=True)
class Estimated:
    """When a job like this would start (None: unknown), and what that rests on."""

    start: datetime | None
    basis: str


@dataclass(frozen=True)
class Wish:
    """That one job ends; `by`: who wishes it, in words."""

    attempt: str
    job_id: str
    name: str
    by: str | None = None


@dataclass(frozen=True)
class Wanted:
    """A job to be estimated: its resources, and whose it would be."""

    resources: Mapping[str, Any]
    person: str = ""
    share: float = 1.0


def _as_it_is(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return item


def _attempt(attempt: str) -> dict[str, Any]:
    return {"attempt": attempt}


def _taken(answer: Mapping[str, Any]) -> Taken:
    submitted = from_iso(answer["submitted"])
    return Taken(answer["job_id"], answer["array_index"], submitted, answer.get("job_sha256"))


def _submitted(answer: Mapping[str, Any]) -> Submitted:
    submitted = from_iso(answer["submitted"])
    digest, folder = answer["job_sha256"], Path(answer["folder"])
    return Submitted(answer["job_id"], answer["array_index"], submitted, digest, folder)


def _fenced(answer: Mapping[str, Any]) -> Fenced:
    return Fenced(answer["won"], answer.get("claim"), answer.get("job_sha256"))


def _estimated(answer: Mapping[str, Any]) -> Estimated:
    return Estimated(from_iso(answer["start"]) if answer["start"] else None, answer["basis"])


SUBMIT = Verb(
    "submit",
    _as_it_is,
    _submitted,
    required=("attempt", "name", "order"),
    optional=("share", "place"),
    an_item_s=AN_ITEM_S,
)
FIND: Verb[tuple[str, str], Taken | None] = Verb(
    "find",
    lambda item: {"attempt": item[0], "name": item[1]},
    lambda answer: _taken(answer) if answer["found"] else None,
    required=("attempt", "name"),
    an_item_s=AN_ITEM_S,
)
FENCE = Verb("fence", _attempt, _fenced, required=("attempt",), an_item_s=AN_ITEM_S)
CANCEL: Verb[Wish, bool] = Verb(
    "cancel",
    vars,
    lambda answer: bool(answer["signalled"]),
    required=("attempt", "job_id", "name"),
    optional=("by",),
    an_item_s=AN_ITEM_S,
)
SEAL = Verb(
    "seal",
    _attempt,
    lambda answer: Sealed(answer["files"], answer["bytes"]),
    required=("attempt",),
    an_item_s=AN_ITEM_S,
)
PURGE = Verb("purge", _attempt, lambda answer: bool(answer["removed"]), required=("attempt",), an_item_s=AN_ITEM_S)
ESTIMATE: Verb[Wanted, Estimated] = Verb(
    "estimate",
    vars,
    _estimated,
    required=("resources",),
    optional=("person", "share"),
    an_item_s=AN_ITEM_S,
)
VERBS = (SUBMIT, FIND, FENCE, CANCEL, SEAL, PURGE, ESTIMATE)
