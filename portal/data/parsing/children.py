"""Starting limited children: each by itself, or as forks of one process that has the libraries loaded already.

`several()` is for whoever looks into many files one after the other, `warm.Warm` for a process that does so all
day: loading the libraries takes longer than looking into most files. A fork is as much a child of its own as one
that was started: it has one file and its own limits, and what it does to itself, none of the others sees. The
process that is forked opens no file at all.
"""

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[3]
CHUNK = 1 << 16
BEGIN, PICTURE, KILL, MAX_STATUS = b"begin", b"picture", b"kill", 64
"""What is said on the channel to the process that forks: a child that looks into a file, one that draws a picture
anew, and that the child is to be killed."""


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code, negative for a signal, and what it wrote."""

    code: int
    out: bytes
    err: bytes


def run(fds: Sequence[int], request: bytes, timeout_s: float, most_bytes: int) -> Ended:
    """A child with these descriptors (the file, and the channel if it has one), told the request, until it ends.

    Raises TimeoutError; then the child is killed. Of an answer one byte more than `most_bytes` is kept.
    """
    child_of = forked(fds, request, timeout_s, most_bytes)
    if child_of is not None:
        return child_of
    child = _started("portal.data.parsing.child", fds)
    try:
        out, err = child.communicate(request, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise TimeoutError from error
    return Ended(child.returncode, out[: most_bytes + 1], err)


def forked(
    fds: Sequence[int], request: bytes, timeout_s: float, most_bytes: int, what: bytes = BEGIN
) -> Ended | None:
    """`run`, as a fork; None where nothing is there to be forked. `what` is BEGIN or PICTURE."""
    nursery = _nursery.get()
    return nursery.run(fds, request, timeout_s, most_bytes, what) if nursery is not None else None


class Forks(Protocol):
    """Whatever gives forks: one process, or some."""

    def run(
        self, fds: Sequence[int], request: bytes, timeout_s: float, most_bytes: int, what: bytes = BEGIN
    ) -> Ended | None:
        """See `forked`."""


@contextmanager
def forks_of(forks: Forks) -> Iterator[None]:
    """Within it, and in this thread, children are forks of `forks`."""
    token = _nursery.set(forks)
    try:
        yield
    finally:
        _nursery.reset(token)


@contextmanager
def several() -> Iterator[None]:
    """Within it, children are forks of one process, from the second on. It may be nested."""
    if _nursery.get() is not None:
        yield
        return
    nursery = Nursery()
    try:
        with forks_of(nursery):
            yield
    finally:
        nursery.close()


class Nursery:
    """A process with the libraries loaded, which forks a child for each file; started for the second of them.

    `at_once`: started now. One thread at a time may use it.
    """

    def __init__(self, *, at_once: bool = False) -> None:
        self._asked = 0
        self._at_once = at_once
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        if at_once:
            self._start()

    @property
    def alive(self) -> bool:
        """Whether its process is there, or may still be started."""
        return self._process is None or (self._channel is not None and self._process.poll() is None)

    @property
    def gave_up(self) -> bool:
        """Whether its process ended by itself: it could not even begin."""
        return self._process is not None and (self._process.poll() or 0) > 0

    @property
    def asked(self) -> int:
        """How many children it was asked for."""
        return self._asked

    def run(
        self, fds: Sequence[int], request: bytes, timeout_s: float, most_bytes: int, what: bytes = BEGIN
    ) -> Ended | None:
        """See forked. None: for the first, and where the process is gone, a child is to be started by itself."""
        self._asked += 1
        if self._asked == 1 and not self._at_once:
            return None
        if self._process is None:
            self._start()
        if self._channel is None:
            return None
        (stdin, told), (answered, stdout), (said, stderr) = os.pipe(), os.pipe(), os.pipe()
        asked = os.fdopen(told, "wb", buffering=0)
        theirs = [stdin, stdout, stderr]
        try:
            socket.send_fds(self._channel, [what], [*theirs, *fds])
            while theirs:
                os.close(theirs.pop())
            talk = _Talk(self._channel, asked, (answered, said), request, most_bytes)
            return talk.until(time.monotonic() + timeout_s)
        except ConnectionError:
            self.close()
            return None
        except TimeoutError:
            raise
        except BaseException:
            self.close()  # nobody knows any more what its next answer is about
            raise
        finally:
            asked.close()
            for fd in (*theirs, answered, said):
                os.close(fd)

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _started("portal.data.parsing.nursery", [theirs.fileno()])
        self._channel = ours

    def close(self) -> None:
        """End the process. Children are started by themselves from then on."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


class _Talk:
    """What is said to one child and by it, until the process that forked it tells how it ended."""

    def __init__(
        self, channel: socket.socket, asked: FileIO, ends: tuple[int, int], request: bytes, most_bytes: int
    ) -> None:
        self._channel, self._asked, self._left, self._most = channel, asked, memoryview(request), most_bytes
        self._ends = ends
        self._written = {fd: bytearray() for fd in ends}
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(channel, selectors.EVENT_READ)
        self._waiting.register(asked, selectors.EVENT_WRITE)
        os.set_blocking(asked.fileno(), False)
        for fd in self._written:
            os.set_blocking(fd, False)
            self._waiting.register(fd, selectors.EVENT_READ)

    def until(self, deadline: float) -> Ended:
        """How it ended. Raises TimeoutError, after it was killed; ConnectionError if the process is gone."""
        with self._waiting:
            while (status := self._turn(deadline)) is None:
                pass
        for fd in self._ends:
            self._read(fd)  # what was written last; not to the end, which a child of its own may keep open
        out, err = (bytes(self._written[fd]) for fd in self._ends)
        return Ended(status, out, err)

    def _turn(self, deadline: float) -> int | None:
        left = deadline - time.monotonic()
        ready = {key.fd for key, _events in self._waiting.select(max(0.0, left))}
        if self._channel.fileno() in ready:
            return self._status()
        if left <= 0:
            self._channel.send(KILL)
            self._status()
            raise TimeoutError
        if not self._asked.closed and self._asked.fileno() in ready:
            self._write()
        for fd in ready & self._written.keys():
            if not self._read(fd):
                self._waiting.unregister(fd)
        return None

    def _status(self) -> int:
        status = self._channel.recv(MAX_STATUS)
        if not status:
            raise ConnectionResetError
        return int(status)

    def _write(self) -> None:
        try:
            self._left = self._left[self._asked.write(self._left[:CHUNK]) or 0 :]
        except BrokenPipeError:  # it ended without listening
            self._left = self._left[:0]
        if not self._left:
            self._waiting.unregister(self._asked)
            self._asked.close()

    def _read(self, fd: int) -> bool:
        """Take what is there; whether there may be more."""
        with suppress(BlockingIOError):
            while data := os.read(fd, CHUNK):
                kept = self._written[fd]
                kept += data[: max(0, self._most + 1 - len(kept))]
            return False
        return True


def _started(module: str, fds: Sequence[int]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, fds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=fds,
        cwd="/",
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "BLOSC_NTHREADS": "1",
        "HDF5_USE_FILE_LOCKING": "FALSE",
    }


_nursery: ContextVar[Forks | None] = ContextVar("nursery", default=None)
