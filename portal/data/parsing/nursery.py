"""A process that forks limited children: `python -m portal.data.parsing.nursery CHANNEL`.

It has the libraries loaded and opens no file. On CHANNEL, a socket that keeps messages apart, it is sent the
descriptors of one child at a time: its input, output and errors, the file, and the child's own channel if it has
one. It answers with the child's exit code, and ends with its parent, as its child ends with it.

No child gets at it: they have the same account, and so the kernel is told that none of them may be looked into or
changed by another (PR_SET_DUMPABLE), nor gain rights by a program that it starts (PR_SET_NO_NEW_PRIVS).
"""

import ctypes
import os
import select
import signal
import socket
import sys
import traceback
from typing import NoReturn

import portal.data.parsing.asked
import portal.data.parsing.readers.hdf5
import portal.data.parsing.readers.mrc
import portal.data.parsing.readers.ome_zarr
import portal.data.parsing.readers.picture
import portal.data.parsing.readers.tiff  # noqa: F401 - loaded here, so that no child has to
from portal.data.parsing.child import answer_one, reopened
from portal.data.parsing.children import BEGIN, PICTURE
from portal.data.parsing.preview_child import draw

MAX_MESSAGE = 64
MOST_DESCRIPTORS = 5
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    """Fork children until the parent is gone."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    _tell_the_kernel(PR_SET_DUMPABLE, 0)
    _tell_the_kernel(PR_SET_NO_NEW_PRIVS, 1)
    while True:
        message, fds, _flags, _sender = socket.recv_fds(channel, MAX_MESSAGE, MOST_DESCRIPTORS)
        if not message:
            return 0
        if message not in {BEGIN, PICTURE}:  # the child that was to be killed had ended
            continue
        mine = os.getpid()
        pid = os.fork()
        if pid == 0:
            channel.close()
            _be_child(message, fds, mine)
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


def _tell_the_kernel(what: int, value: int) -> None:
    if LIBC.prctl(what, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _be_child(what: bytes, fds: list[int], parent: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        _tell_the_kernel(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        for place, fd in enumerate(fds[:3]):
            os.dup2(fd, place)
            os.close(fd)
        if what == PICTURE:
            with reopened(fds[3]) as file:
                code = draw(file)
        else:
            code = answer_one(*fds[3:5])
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
