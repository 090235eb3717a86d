"""gunicorn's worker with threads, in which those who wait take nothing from those who work.

A thread of gunicorn's own belongs to a connection from its first byte to the last of its answer: eight bodies that
never end, or eight readers that take nothing, and a process with eight threads answers nobody. Here

1. a connection without a byte is watched, and has no thread;
2. a request's head and body are read by a thread that only waits, until `READING_S` are over;
3. pages are made by as many at a time as `web.threads` says;
4. answers are sent by threads that only wait; one that a reader takes nothing of is given up after `SENDING_S`.
"""

import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

from portal.web.bounds import MOST_BYTES

WAITING: Final = 200
"""Threads of a process beyond those that work; each that waits costs some dozen KiB."""
READING_S: Final = 20.0
SENDING_S: Final = 60

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Deadlines:
    """Sockets that must have been heard out by a time; those that were not are shut, which ends the waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[socket.socket, float] = {}
        threading.Thread(target=self._watch, name="deadlines", daemon=True).start()

    def begin(self, sock: socket.socket, seconds: float) -> None:
        """From now on it has so long."""
        with self._lock:
            self._until[sock] = time.monotonic() + seconds

    def end(self, sock: socket.socket) -> None:
        """It was heard out."""
        with self._lock:
            self._until.pop(sock, None)

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            now = time.monotonic()
            with self._lock:
                late = [sock for sock, until in self._until.items() if until < now]
                for sock in late:
                    del self._until[sock]
            for sock in late:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it was closed meanwhile


class Worker(ThreadWorker):  # type: ignore[misc]
    """See the module. gunicorn's settings `threads` is how many work."""

    def init_process(self) -> None:
        """As gunicorn's, with the watch over those who are slow."""
        self.deadlines = Deadlines()
        super().init_process()

    def load_wsgi(self) -> None:
        """The application, behind the threads that work."""
        super().load_wsgi()
        application: Application = self.wsgi
        self.wsgi: Application = in_turn(application, self.cfg.threads, self.deadlines)

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Threads that work and that wait."""
        return ThreadPoolExecutor(max_workers=self.cfg.threads + WAITING)

    def enqueue_req(self, conn: TConn) -> None:
        """A thread for a connection of which something was heard; the others are watched without one."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        give_up_sending_after(conn.sock, SENDING_S)
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: TConn) -> Any:
        """A request of this connection, whose head and body have their time."""
        self.deadlines.begin(conn.sock, READING_S)
        try:
            return super().handle(conn)
        finally:
            self.deadlines.end(conn.sock)


def give_up_sending_after(sock: socket.socket, seconds: int) -> None:
    """Where the other side takes nothing for so long, sending fails."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", seconds, 0))


def in_turn(application: Application, working: int, deadlines: Deadlines) -> Application:
    """The application for so many requests at a time, each with its body read before."""
    turns = threading.BoundedSemaphore(working)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        read_body(environ)
        deadlines.end(environ["gunicorn.socket"])
        with turns:
            return application(environ, start_response)

    return answer


def read_body(environ: dict[str, Any]) -> None:
    """Put the body into memory. One that says it is larger than any that is taken stays where it is: unread."""
    said = environ.get("CONTENT_LENGTH", "")
    length = int(said) if said.isascii() and said.isdigit() and len(said) < 18 else 0
    in_chunks = "HTTP_TRANSFER_ENCODING" in environ
    if length > MOST_BYTES or not (length or in_chunks):
        return
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length or MOST_BYTES + 1))
