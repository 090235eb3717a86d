"""`python -m wrappers.launch.servers.gateway DOORS PROGRAM…`: the program, in a network with these doors alone.

Ends as the program ends. The program never has what the gateway has: it lies in another network, the sockets of
which are handed out to the gateway before the program is there.
"""

import array
import ctypes
import fcntl
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from wrappers.launch.exits import Exit
from wrappers.launch.servers.answering import connected, silent
from wrappers.launch.servers.spec import Door, read_written
from wrappers.launch.tree import die_with_parent

MOST_AT_ONCE = 64
"""Connections: more are closed at once."""
MOST_SAID = 5
"""Sentences about servers that do not answer any more."""
_CHUNK = 65536
_NEWUSER, _NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP)


def main(argv: Sequence[str]) -> int:
    """Run the program; the exit code that it had."""
    doors = read_written(argv[0])
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _become(doors, theirs, list(argv[1:]), parent)
    theirs.close()
    for signum in _SIGNALS:
        signal.signal(signum, signal.SIG_IGN)  # the program has them, too, and ends by them or not
    listening = _take(ours)
    for listener, (door, port) in zip(listening, _ports(doors), strict=False):
        threading.Thread(target=_serve, args=(listener, door, port), daemon=True).start()
    if len(listening) == len(_ports(doors)):
        ours.sendall(b"!")
    ours.close()
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        _end_by(-code)
    return code


def _ports(doors: Sequence[Door]) -> list[tuple[Door, int]]:
    """Each port of each door once: two names may be of one server."""
    found: dict[tuple[str, int], Door] = {}
    for door in doors:
        for port in door.server.ports:
            found.setdefault((door.listen, port), door)
    return [(door, port) for (_, port), door in found.items()]


# ---- the program's side -----------------------------------------------------------------------------------------


def _become(doors: Sequence[Door], gateway: socket.socket, argv: list[str], parent: int) -> NoReturn:
    code = int(Exit.START)
    try:
        die_with_parent(parent)
        _own_network()
        listening = [_listener(door.listen, port) for door, port in _ports(doors)]
        fds = array.array("i", [one.fileno() for one in listening])
        gateway.sendmsg([b"!"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        if gateway.recv(1) != b"!":
            raise OSError("the gateway did not take the doors")
        environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
        os.execvpe(argv[0], argv, environment)  # noqa: S606 - a list, and meant so; all descriptors close here
    except (OSError, ValueError) as error:
        sys.stderr.write(f"launch: the program cannot be confined to its licence servers: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


def _own_network() -> None:
    """Into a network that has a loopback, and nothing else. Raises OSError where the node allows no such thing."""
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWUSER | _NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"the node allows no network of its own ({os.strerror(code)})")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _listener(address: str, port: int) -> socket.socket:
    """A listening socket; ports of the system's are the program's own here, whatever the node says of them."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind((address, port))
    made.listen(MOST_AT_ONCE)
    return made


# ---- the gateway's side -----------------------------------------------------------------------------------------


def _take(other: socket.socket) -> list[socket.socket]:
    """The sockets that stand in the program's network; none where it could not be made."""
    fds = array.array("i")
    most = socket.CMSG_SPACE(512 * fds.itemsize)
    _, told, _, _ = other.recvmsg(1, most)
    for level, kind, data in told:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    for fd in fds:
        os.set_inheritable(fd, False)
    return [socket.socket(fileno=fd) for fd in fds]


_places = threading.BoundedSemaphore(MOST_AT_ONCE)
_said: list[str] = []


def _serve(listener: socket.socket, door: Door, port: int) -> None:
    """Take what comes, and pass each on."""
    while True:
        try:
            inside, _ = listener.accept()
        except OSError:
            return
        if not _places.acquire(blocking=False):
            inside.close()
            continue
        threading.Thread(target=_pass_on, args=(inside, door, port), daemon=True).start()


def _pass_on(inside: socket.socket, door: Door, port: int) -> None:
    try:
        with inside:
            try:
                outside = connected(door.server.host, port)
            except OSError as error:
                _say(silent(door.server, port, error))
                return
            with outside:
                outside.settimeout(None)
                outside.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                _both_ways(inside, outside)
    except OSError:
        return  # one of the two has gone; the other is closed with it
    finally:
        _places.release()


def _both_ways(one: socket.socket, other: socket.socket) -> None:
    """Bytes in both directions until both have said their last."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(one, selectors.EVENT_READ, other)
        waiting.register(other, selectors.EVENT_READ, one)
        while waiting.get_map():
            for key, _ in waiting.select():
                reading: socket.socket = key.fileobj  # type: ignore[assignment]
                writing: socket.socket = key.data
                data = reading.recv(_CHUNK)
                if data:
                    writing.sendall(data)
                else:
                    waiting.unregister(reading)
                    writing.shutdown(socket.SHUT_WR)


def _say(sentence: str) -> None:
    """Into the program's log, a few times."""
    if sentence not in _said and len(_said) < MOST_SAID:
        _said.append(sentence)
        sys.stderr.write(f"launch: {sentence}\n")
        sys.stderr.flush()


def _end_by(signum: int) -> None:
    """End as the program did, so that launch sees it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if signum not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
