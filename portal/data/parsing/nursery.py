"""A process that forks limited children: `python -m portal.data.parsing.nursery CHANNEL`.

It has the libraries loaded and opens no file. On CHANNEL, a socket that keeps messages apart, it is sent the
descriptors of one child at a time: its input, output and errors, the file, and the child's own channel if it has
one. It answers with the child's exit code, and ends with its parent.
"""

import os
import select
import signal
import socket
import sys
import traceback
from typing import NoReturn

import portal.data.parsing.readers.hdf5
import portal.data.parsing.readers.picture
import portal.data.parsing.readers.tiff  # noqa: F401 - loaded here, so that no child has to
from portal.data.parsing.child import answer_one
from portal.data.parsing.children import BEGIN

MAX_MESSAGE = 64
MOST_DESCRIPTORS = 5


def main() -> int:
    """Fork children until the parent is gone."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    while True:
        message, fds, _flags, _sender = socket.recv_fds(channel, MAX_MESSAGE, MOST_DESCRIPTORS)
        if not message:
            return 0
        if message != BEGIN:  # the child that was to be killed had ended
            continue
        pid = os.fork()
        if pid == 0:
            channel.close()
            _be_child(fds)
        for fd in fds:
            os.close(fd)
        channel.send(str(_code(channel, pid)).encode())


def _code(channel: socket.socket, pid: int) -> int:
    """The child's exit code, negative for a signal; it is killed where the parent says so, or is gone."""
    handle = os.pidfd_open(pid)
    try:
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        waiting.register(channel.fileno(), select.POLLIN)
        if handle not in {fd for fd, _event in waiting.poll()}:
            channel.recv(MAX_MESSAGE)
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:  # it does not lead a session of its own yet, and has no children
                os.kill(pid, signal.SIGKILL)
    finally:
        os.close(handle)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _be_child(fds: list[int]) -> NoReturn:
    code = 1
    try:
        os.setsid()
        for place, fd in enumerate(fds[:3]):
            os.dup2(fd, place)
            os.close(fd)
        code = answer_one(*fds[3:5])
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
