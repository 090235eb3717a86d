"""A log file with a limit: what goes beyond it is read and counted, and its last lines are kept."""

import os

TAIL_BYTES = 8 * 1024


class CappedLog:
    """Takes a stream of any length; the file keeps its beginning and its end within about `limit` bytes.

    A file that cannot be written never stops the stream: `error` says what happened, and the end is tried again
    when the stream has ended. The last lines matter most, since that is where a program says why it failed; so
    a part of the limit is held for them.
    """

    def __init__(self, fd: int, limit: int) -> None:
        self._fd = fd
        self._limit = limit
        self._tail_room = min(TAIL_BYTES, limit // 4)
        self._head_room = limit - self._tail_room
        self._tail = b""
        self._kept = 0
        self._said = False
        self.total = 0
        self.error: str | None = None

    @property
    def truncated(self) -> bool:
        """Whether some of the stream is lost."""
        return self.total > self._kept + len(self._tail)

    def write(self, chunk: bytes) -> None:
        """Take the next piece of the stream."""
        self.total += len(chunk)
        if self._head_room and not self.error:
            head, rest = chunk[: self._head_room], chunk[self._head_room :]
            self._head_room -= len(head)
            chunk = self._keep(head) + rest
        if chunk and self._tail_room:
            self._tail = (self._tail + chunk[-self._tail_room :])[-self._tail_room :]
        if self.truncated and not self._said:
            self._said = True
            self._append(_note(f"log limit of {self._limit} bytes reached; the last lines follow at the end"))

    def finish(self) -> None:
        """Write the held end of the stream, and what is missing; then close the file."""
        failed, self.error = self.error, None
        self._tail = self._keep(self._tail)
        if self.truncated and failed:
            self._append(_note(f"part of this log could not be written: {failed}"))
        elif self.truncated:
            self._append(_note(f"log limit of {self._limit} bytes reached: the program wrote {self.total} bytes"))
        lost = self.truncated or bool(self._tail)
        self._tail = b""
        try:
            os.close(self._fd)
        except OSError as error:  # network file systems may say only now that a write failed
            failed, lost = error.strerror, True
        self.error = (failed or self.error) if lost else None

    def _keep(self, data: bytes) -> bytes:
        """Append a piece of the stream; return the part that could not be written."""
        left = self._append(data)
        self._kept += len(data) - len(left)
        return left

    def _append(self, data: bytes) -> bytes:
        view = memoryview(data)
        try:
            while view and not self.error:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            self.error = error.strerror or "unknown error"
        return bytes(view)


def _note(text: str) -> bytes:
    return f"\n[{text}]\n".encode()
