"""Asking the store: what the collector uses. Each method takes many items and gives one result an item, in order.

A result is what was asked for or a Refusal. AnswerLostError: the effect is not known, ask again (every verb may be
asked twice); CallRefusedError: nothing was done.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from portal.rpc.exchange import (
    SCHEMA,
    AnswerLostError,
    CallRefusedError,
    Refusal,
    call,
    clean_environment,
    refusal,
)
from portal.store.copying import Kept

__all__ = ["AnswerLostError", "CallRefusedError", "Keep", "Kept", "Refusal", "Result", "StoreClient", "Verified"]

T = TypeVar("T")


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
class Result:
    """A kept output: where it lies beneath the results, its files, and the SHA-256 of their list."""

    location: str
    attempt: str
    files: tuple[Kept, ...]
    size: int
    sha256: str


@dataclass(frozen=True)
class Verified:
    """Whether a result is what was kept; (file, what is wrong) where not."""

    intact: bool
    files: int
    differences: tuple[tuple[str, str], ...]


def local_command() -> tuple[str, ...]:
    """The store as this very account: the embedded default."""
    return (sys.executable, "-m", "portal.store")


class StoreClient:
    """One way to run the store: `command` ends up as its account, `store` is what an embedded store is told.

    `store`: `{"results", "scratch"[, "max_files", "max_bytes"]}`.
    """

    def __init__(self, command: Sequence[str], store: Mapping[str, Any], timeout_s: float = 3600.0) -> None:
        self.command = tuple(command)
        self.store = dict(store)
        self.timeout_s = timeout_s

    def keep(self, items: Sequence[Keep]) -> list[Result | Refusal]:
        """Copy outputs into the results; twice with one (job, output) gives the first answer."""
        return self._ask("keep", [vars(item) | {"also": list(item.also)} for item in items], _result)

    def verify(self, locations: Sequence[str]) -> list[Verified | Refusal]:
        """Hash results again."""
        return self._ask("verify", [{"location": location} for location in locations], _verified)

    def drop(self, items: Sequence[tuple[str, int, str]], *, attempt: str | None = None) -> list[bool | Refusal]:
        """Remove (location, job, output); with `attempt`, only what it left. False where there was none."""
        documents = [
            {"location": location, "job": job, "output": output, "attempt": attempt}
            for location, job, output in items
        ]
        return self._ask("drop", documents, lambda answer: bool(answer["dropped"]))

    def _ask(
        self, verb: str, items: Sequence[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], T]
    ) -> list[T | Refusal]:
        if not items:
            return []
        request = {"schema": SCHEMA, "verb": verb, "store": self.store, "items": list(items)}
        answers = call(self.command, request, timeout_s=self.timeout_s, environment=clean_environment())
        try:
            return [refusal(answer) or read(answer) for answer in answers]
        except (KeyError, TypeError, ValueError) as error:
            raise AnswerLostError("The store's answer cannot be read.", detail=repr(error)) from error


def _result(answer: Mapping[str, Any]) -> Result:
    files = tuple(Kept(**file) for file in answer["files"])
    return Result(answer["location"], answer["attempt"], files, answer["bytes"], answer["sha256"])


def _verified(answer: Mapping[str, Any]) -> Verified:
    differences = tuple((item["name"], item["problem"]) for item in answer["differences"])
    return Verified(answer["intact"], answer["files"], differences)
