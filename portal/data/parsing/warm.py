"""Processes that have the libraries loaded, kept for as long as this process lives: each look is a fork of one.

A look forks; what was forked ends with its answer. So no file meets a process that has seen another, whoever's
they are, and what forks has seen none (`nursery`). Where one is gone, was replaced on disk, or has given as many
forks as it may, another takes its place; where none can be had, children start by themselves, as ever.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from portal.data.parsing.children import BEGIN, ROOT, Ended, Nursery, forks_of

KEPT = 2
"""Kept ready. Where more looks are under way at once, others are started, and ended afterwards."""
MOST_FORKS = 1000
"""Of one process: its children lie at the same addresses in memory as it does, so it is renewed now and then."""
LOOKED_AT_S = 2.0
"""How often it is seen whether our files are others."""
AGAIN_S = 60.0
"""After one that could not even be started, children start by themselves for so long."""
OURS = (Path(__file__).parent, ROOT / "gantry_formats", ROOT / "portal" / "files")


class Warm:
    """Use it from any number of threads; `used` says for what."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: list[tuple[Nursery, int]] = []
        self._not_before = 0.0
        self._closed = False
        self._seen = (0, float("-inf"))

    def used(self) -> AbstractContextManager[None]:
        """Within it, and in this thread, children are forks of these processes."""
        return forks_of(self)

    def begin(self) -> None:
        """Start one, so that the first file does not wait for the libraries."""
        self._give_back(*self._taken())

    def run(
        self, fds: Sequence[int], request: bytes, timeout_s: float, most_bytes: int, what: bytes = BEGIN
    ) -> Ended | None:
        """See children.forked."""
        if time.monotonic() < self._not_before:
            return None
        try:
            nursery, stamp = self._taken()
        except OSError:  # no memory, no processes
            self._not_before = time.monotonic() + AGAIN_S
            return None
        try:
            ended = nursery.run(fds, request, timeout_s, most_bytes, what)
            if ended is None and nursery.asked == 1 and nursery.gave_up:
                self._not_before = time.monotonic() + AGAIN_S
            return ended
        finally:
            self._give_back(nursery, stamp)

    def close(self) -> None:
        """End them all. Children start by themselves from then on."""
        with self._lock:
            self._closed, ready, self._ready = True, self._ready, []
        self._not_before = float("inf")
        for nursery, _stamp in ready:
            nursery.close()

    def _taken(self) -> tuple[Nursery, int]:
        stamp = self._stamp()
        while True:
            with self._lock:
                if not self._ready:
                    break
                nursery, made = self._ready.pop()
            if nursery.alive and made == stamp:
                return nursery, made
            nursery.close()
        return Nursery(at_once=True), stamp

    def _stamp(self) -> int:
        stamp, at = self._seen
        if time.monotonic() - at > LOOKED_AT_S:
            stamp = _stamp()
            self._seen = stamp, time.monotonic()
        return stamp

    def _give_back(self, nursery: Nursery, stamp: int) -> None:
        with self._lock:
            may_stay = nursery.alive and nursery.asked < MOST_FORKS and not self._closed
            if may_stay and len(self._ready) < KEPT:
                self._ready.append((nursery, stamp))
                return
        nursery.close()


def _stamp() -> int:
    """Another number once our files are others: an upgrade beneath a process that goes on."""
    seen = []
    for folder in OURS:
        for path in sorted(folder.rglob("*.py")):
            with suppress(FileNotFoundError):  # being replaced just now
                status = path.stat()
                seen.append((str(path), status.st_ino, status.st_size, status.st_mtime_ns))
    return hash(tuple(seen))
