"""A log file with a limit: what goes beyond it is read and counted, and its last lines are kept."""

import os

from wrappers.launch.files import write_all

TAIL_BYTES = 8 * 1024


class CappedLog:
    """Takes a stream of any length; the file keeps its beginning and its end within about `limit` bytes.

    A file that cannot be written never stops the stream: `error` says what happened. The last lines matter
    most, since that is where a program says why it failed; so a part of the limit is held for them.
    """

    def __init__(self, fd: int, limit: int) -> None:
        self._fd = fd
        self._limit = limit
        self._tail_room = min(TAIL_BYTES, limit // 4)
        self._head_room = limit - self._tail_room
        self._tail = b""
        self._said = False
        self.total = 0
        self.error: str | None = None

    @property
    def truncated(self) -> bool:
        """Whether the file lacks some of the stream."""
        return self.total > self._limit or self.error is not None

    def write(self, chunk: bytes) -> None:
        """Take the next piece of the stream."""
        self.total += len(chunk)
        if self._head_room and not self.error:
            head, chunk = chunk[: self._head_room], chunk[self._head_room :]
            self._head_room -= len(head)
            self._append(head)
        if chunk:
            self._tail = (self._tail + chunk[-self._tail_room :])[-self._tail_room :] if self._tail_room else b""
        if self.total > self._limit and not self._said:
            self._said = True
            self._append(_note(f"log limit of {self._limit} bytes reached; the last lines follow at the end"))

    def finish(self) -> None:
        """Write the held end of the stream, and what is missing; then close the file."""
        failed, self.error = self.error, None
        self._append(self._tail)
        if failed:
            self._append(_note(f"part of this log could not be written: {failed}"))
        if self.total > self._limit:
            self._append(
                _note(f"log limit of {self._limit} bytes reached: the program wrote {self.total} bytes in all")
            )
        self.error = failed or self.error
        os.close(self._fd)

    def _append(self, data: bytes) -> None:
        if self.error:
            return
        try:
            write_all(self._fd, data)
        except OSError as error:
            self.error = error.strerror or "unknown error"


def _note(text: str) -> bytes:
    return f"\n[{text}]\n".encode()
