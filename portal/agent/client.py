"""Asking the agent: what the daemon uses. Each method takes many items and gives one result an item, in order.

A result is what was asked for or a Refusal; a refused item harms no other. AnswerLostError: the effect is not
known (ask `find`); CallRefusedError that nothing was done.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from portal.files.durable import from_iso
from portal.rpc.exchange import (
    SCHEMA,
    AnswerLostError,
    CallRefusedError,
    Refusal,
    call,
    clean_environment,
    refusal,
)

__all__ = ["AgentClient", "AnswerLostError", "CallRefusedError", "Refusal"]

T = TypeVar("T")

PATIENCE_AN_ITEM_S = 0.5
LONGEST_S = 590.0
"""A little less than the agent gives itself (portal/agent/__main__.py)."""


@dataclass(frozen=True)
class Opened:
    """All inputs could be opened."""

    files: int
    size: int


@dataclass(frozen=True)
class Taken:
    """The scheduler has the job."""

    job_id: str
    array_index: int | None
    submitted: datetime
    job_sha256: str | None = None
    """The digest of the order in its folder, as the person's own agent read it there: no proof against the person
    (the one in the batch script is), but enough to tell one order's report from another's."""


@dataclass(frozen=True)
class Submitted(Taken):
    """The scheduler has the job, and the folder its order."""

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


def local_command() -> tuple[str, ...]:
    """The agent as this very account: the embedded default."""
    return (sys.executable, "-m", "portal.agent")


class AgentClient:
    """One way to run the agent: `command` ends up as the person, `backend` is what embedded agents are told."""

    def __init__(self, command: Sequence[str], backend: Mapping[str, Any], timeout_s: float = 60.0) -> None:
        self.command = tuple(command)
        self.backend = dict(backend)
        self.timeout_s = timeout_s

    def preflight(self, items: Sequence[Mapping[str, Any]]) -> list[Opened | Refusal]:
        """Open every input of `{"attempt", "inputs"}` as the person."""
        return self._ask("preflight", items, lambda answer: Opened(answer["files"], answer["bytes"]))

    def submit(self, items: Sequence[Mapping[str, Any]]) -> list[Submitted | Refusal]:
        """Submit `{"attempt", "name", "order"[, "share", "place"]}`; twice with one attempt gives the same."""
        return self._ask("submit", items, _submitted)

    def find(self, items: Sequence[tuple[str, str]]) -> list[Taken | Refusal | None]:
        """The jobs of (attempt, name) if the scheduler ever took them; None where it did not."""
        documents = [{"attempt": attempt, "name": name} for attempt, name in items]
        return self._ask("find", documents, lambda answer: _taken(answer) if answer["found"] else None)

    def fence(self, attempts: Sequence[str]) -> list[Fenced | Refusal]:
        """Take the claims of attempts, so that those won can never run."""
        return self._ask("fence", _attempts(attempts), _fenced)

    def cancel(self, items: Sequence[tuple[str, str, str]], *, by: str | None = None) -> list[bool | Refusal]:
        """Ask for the end of (attempt, job id, name); False where it had ended already."""
        documents = [
            {"attempt": attempt, "job_id": job_id, "name": name, "by": by} for attempt, job_id, name in items
        ]
        return self._ask("cancel", documents, lambda answer: bool(answer["signalled"]))

    def seal(self, attempts: Sequence[str]) -> list[Sealed | Refusal]:
        """Let the portal read attempts' folders."""
        return self._ask("seal", _attempts(attempts), lambda answer: Sealed(answer["files"], answer["bytes"]))

    def purge(self, attempts: Sequence[str]) -> list[bool | Refusal]:
        """Remove attempts' folders; False where there was none."""
        return self._ask("purge", _attempts(attempts), lambda answer: bool(answer["removed"]))

    def estimate(
        self, resources: Sequence[Mapping[str, Any]], *, person: str = "", share: float = 1.0
    ) -> list[Estimated | Refusal]:
        """When jobs with these resources would start."""
        documents = [{"resources": dict(item), "person": person, "share": share} for item in resources]
        return self._ask("estimate", documents, _estimated)

    def _ask(
        self, verb: str, items: Sequence[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], T]
    ) -> list[T | Refusal]:
        if not items:
            return []
        request = {
            "schema": SCHEMA,
            "verb": verb,
            "backend": self.backend,
            "items": [dict(item) for item in items],
        }
        patience_s = min(LONGEST_S, self.timeout_s + PATIENCE_AN_ITEM_S * len(items))
        answers = call(self.command, request, timeout_s=patience_s, environment=clean_environment())
        try:
            return [refusal(answer) or read(answer) for answer in answers]
        except (KeyError, TypeError, ValueError) as error:
            raise AnswerLostError("The agent's answer cannot be read.", detail=repr(error)) from error


def _attempts(attempts: Sequence[str]) -> list[dict[str, Any]]:
    return [{"attempt": attempt} for attempt in attempts]


def _taken(answer: Mapping[str, Any]) -> Taken:
    submitted = from_iso(answer["submitted"])
    return Taken(answer["job_id"], answer["array_index"], submitted, answer.get("job_sha256"))


def _fenced(answer: Mapping[str, Any]) -> Fenced:
    return Fenced(answer["won"], answer.get("claim"), answer.get("job_sha256"))


def _submitted(answer: Mapping[str, Any]) -> Submitted:
    return Submitted(
        answer["job_id"],
        answer["array_index"],
        from_iso(answer["submitted"]),
        answer["job_sha256"],
        Path(answer["folder"]),
    )


def _estimated(answer: Mapping[str, Any]) -> Estimated:
    return Estimated(from_iso(answer["start"]) if answer["start"] else None, answer["basis"])
