"""How far a keep is, told in lines before the answer, and the wish that it stops."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from portal.rpc.exchange import TELLER, RefusedError

EVERY_S = 0.5
STOPPED = "stopped"
"""The code of a keep that was asked to stop: nothing of it was kept."""
LINE = re.compile(r"^kept (\d+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Kept:
    """How far a job's output is: files and bytes, of all."""

    job: int
    files: int
    of_files: int
    size: int
    of_size: int


def heard(text: str) -> dict[int, Kept]:
    """What was told last about each job."""
    return {int(found[0]): Kept(*map(int, found)) for found in LINE.findall(text)}


class Telling:
    """Of one keep: told so now and then, and ended where the file `stop` is there. Raises RefusedError."""

    def __init__(self, job: int, stop: Path) -> None:
        self._job, self._stop = job, stop
        self._files = self._of_files = self._size = self._of_size = 0
        self._last = 0.0

    def begin(self, files: int, size: int) -> None:
        """So much there is to do."""
        self._of_files, self._of_size = files, size
        self._last = 0.0
        self.look()

    def file(self) -> None:
        """A file was kept."""
        self._files += 1
        self.look()

    def went(self, size: int) -> None:
        """So many bytes were kept."""
        self._size += size
        self.look()

    def look(self) -> None:
        """Tell, and heed the wish, if it is time."""
        now = time.monotonic()
        if now - self._last < EVERY_S:
            return
        self._last = now
        if self._stop.exists():
            raise RefusedError(STOPPED, "Saving was stopped.", retry=True)
        if self._of_files:
            numbers = (self._job, self._files, self._of_files, self._size, self._of_size)
            TELLER.tell(f"kept {' '.join(map(str, numbers))}")
