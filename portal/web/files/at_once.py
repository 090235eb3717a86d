"""How many large answers the portal sends at a time: some to a person, and never so many that no thread is left.

A reader that takes its time holds a thread that only waits (`worker.py`), of which a process has `WAITING`. What
nginx sends does not count.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from io import BufferedReader
from typing import BinaryIO, Final, cast

from portal.errors import LimitError

SMALL: Final = 256 * 1024
"""Bytes that buffers take at once, whoever reads: such an answer counts for nothing."""
OF_A_PERSON: Final = 16
IN_ALL: Final = 120


class AtOnce:
    """Counts what is being sent in this process."""

    def __init__(self, of_a_person: int = OF_A_PERSON, in_all: int = IN_ALL) -> None:
        self._of_a_person, self._in_all = of_a_person, in_all
        self._lock = threading.Lock()
        self._sent: Counter[Hashable] = Counter()

    def begin(self, who: Hashable) -> Callable[[], None]:
        """Count one more of theirs; what is returned ends it, once. Raises LimitError where there are too many."""
        with self._lock:
            if self._sent[who] >= self._of_a_person:
                raise LimitError(
                    f"{self._of_a_person} of your downloads are running already. Start this one again when one of "
                    "them has ended."
                )
            if self._sent.total() >= self._in_all:
                raise LimitError("Many large files are being downloaded just now. Try again in a few minutes.")
            self._sent[who] += 1
        ended = threading.Event()

        def end() -> None:
            with self._lock:
                if ended.is_set():
                    return
                ended.set()
                self._sent[who] -= 1
                if not self._sent[who]:
                    del self._sent[who]

        return end

    def __len__(self) -> int:
        """How many are being sent."""
        with self._lock:
            return self._sent.total()


class Sent(BufferedReader):
    """The same open file, which says when it is closed: whoever sends a file closes it, however that ends."""

    def __init__(self, file: BinaryIO, ended: Callable[[], None]) -> None:
        self._ended: Callable[[], None] = ended
        super().__init__(cast(BufferedReader, file).detach())

    def close(self) -> None:
        """Close it."""
        super().close()
        self._ended()
