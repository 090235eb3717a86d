"""Lines of a program's output that tell how far it is, as events of the job."""

import json
import os
import re
import time
from collections.abc import Callable

from gantry_formats.patterns.told import fraction_of
from wrappers.launch.files import FILE_MODE, utc
from wrappers.launch.reports.spec import Progress

INTERVAL_S = 0.5
LONGEST = 4096
"""Bytes of a line that are kept until its end comes."""
MOST_LINES = 100
"""Of one piece of output; of more the last are looked at, since they tell the latest."""
SHARE = 20
"""What looking costs is one part in so many of the time that passes, however the output is written."""
MOST_STAGE = 60
MOST_MESSAGE = 200
_ENDS = re.compile(rb"[\r\n]+")


class Watcher:
    """Takes the output of a program as it comes and writes `events.jsonl`.

    It never stops the program: what cannot be written is not written.
    """

    def __init__(self, folder_fd: int, progress: Progress) -> None:
        self._folder_fd = folder_fd
        self._progress = progress
        self._rest: dict[str, bytes] = {}
        self._told: dict[str, object] | None = None
        self._stage = progress.stage
        self._written = self._not_before = float("-inf")

    def beside(self, stream: str, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """What takes a piece of the stream and passes it on to `write`."""

        def take(data: bytes) -> None:
            write(data)
            self.take(stream, data)

        return take

    def take(self, stream: str, data: bytes) -> None:
        """Look at the next piece of a stream; write what it tells, twice a second at most."""
        *lines, rest = _ENDS.split(self._rest.get(stream, b"") + data)
        self._rest[stream] = rest[:LONGEST]
        now = time.monotonic()
        if now < self._not_before:
            lines = lines[-1:]
        for line in lines[-MOST_LINES:]:
            self._look(line)
        spent = time.monotonic() - now
        self._not_before = max(self._not_before, now + SHARE * spent)
        if self._told is not None and now - self._written >= INTERVAL_S:
            self._write(now)

    def finish(self) -> None:
        """Look at lines without an end, and write what was told last."""
        for rest in self._rest.values():
            self._look(rest)
        if self._told is not None:
            self._write(time.monotonic())

    def _look(self, line: bytes) -> None:
        found = self._progress.pattern.found(line.decode("utf-8", "replace"))
        if found is None:
            return
        stage = _words(found.get("stage", ""), MOST_STAGE)
        self._stage = stage or self._stage
        event: dict[str, object] = {"stage": self._stage, "fraction": fraction_of(found)}
        if message := _words(found.get("message", ""), MOST_MESSAGE):
            event["message"] = message
        elif "done" in found and "total" in found:
            event["message"] = f"{found['done']} of {found['total']}"[:MOST_MESSAGE]
        self._told = event

    def _write(self, now: float) -> None:
        self._written = now
        line = json.dumps({"t": utc(time.time())} | (self._told or {}), ensure_ascii=False) + "\n"
        self._told = None
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open("events.jsonl", flags, FILE_MODE, dir_fd=self._folder_fd)
            try:
                # One write of one whole line: a reader that follows the file never sees half an object.
                os.write(fd, line.encode("utf-8", "replace"))
            finally:
                os.close(fd)
        except OSError:
            return


def _words(text: str, most: int) -> str:
    return "".join(character for character in text if character.isprintable()).strip()[:most]
