"""Asking the store: what the collector uses. Each method takes many items and gives one result an item, in order.

A result is what was asked for or a Refusal. AnswerLostError: the effect is not known, ask again (every verb may be
asked twice); CallRefusedError: nothing was done.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from portal.rpc.exchange import AnswerLostError, CallRefusedError, Heard, Refusal
from portal.rpc.verb import Program
from portal.store import wire
from portal.store.copying import StoredFile
from portal.store.wire import Dropped, Keep, StoredResult, Verified

__all__ = [
    "AnswerLostError",
    "CallRefusedError",
    "Keep",
    "Refusal",
    "StoreClient",
    "StoredFile",
    "StoredResult",
    "Verified",
]


def local_command() -> tuple[str, ...]:
    """The store as this very account: the embedded default."""
    return (sys.executable, "-m", "portal.store")


class StoreClient:
    """One way to run the store: `command` ends up as its account, `store` is what an embedded store is told.

    `store`: `{"results", "scratch"[, "max_files", "max_bytes"]}`.
    """

    def __init__(self, command: Sequence[str], store: Mapping[str, Any], timeout_s: float = 3600.0) -> None:
        self._store = Program("store", tuple(command), "store", dict(store), timeout_s, timeout_s)

    def keep(self, items: Sequence[Keep], heard: Heard | None = None) -> list[StoredResult | Refusal]:
        """Copy outputs into the results; twice with one (job, output) gives the first answer.

        `heard` is told meanwhile what `telling.heard` understands.
        """
        return self._store.ask(wire.KEEP, items, heard)

    def stop(self, items: Sequence[tuple[int, str]]) -> list[bool | Refusal]:
        """Have keeps of (job, output) give up, which are then refused as `stopped`; False where none is."""
        return self._store.ask(wire.STOP, items)

    def verify(self, locations: Sequence[str]) -> list[Verified | Refusal]:
        """Hash results again: for an operator who wants to know whether they are what was filed."""
        return self._store.ask(wire.VERIFY, locations)

    def drop(self, items: Sequence[tuple[str, int, str]], *, attempt: str | None = None) -> list[bool | Refusal]:
        """Remove (location, job, output); with `attempt`, only what it left. False where there was none."""
        return self._store.ask(wire.DROP, [Dropped(*item, attempt) for item in items])
