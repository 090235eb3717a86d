"""Checking many HDF5 files of one person's one result by few children: one child, one file after the other.

The child asks for each by its number and says what it found, on a channel, so that what it has said counts when a
later file is its end. That file is then looked at by a child by itself, and another child goes on behind it.
"""

import json
import socket
import threading
from collections.abc import Callable, Sequence
from typing import BinaryIO

from portal.data.parsing import children
from portal.data.parsing.client import ERRORS, MAX_ANSWER_BYTES, TIMEOUT_S, check
from portal.errors import InvalidError, PortalError
from portal.words import one_line

A_CHILD = 500
"""Files that one child is asked about, before another one is."""
MAX_SAID = 16_384
MOST_OF_WORDS = 2_000
Opening = Callable[[str], BinaryIO]


def check_many(
    names: Sequence[str], opening: Opening, looked: Callable[[int], None] = lambda _count: None
) -> dict[str, PortalError]:
    """What `client.check` raises of these HDF5 files, by name; those that it has nothing against are left out.

    `opening` opens one; `looked` is told how many were looked at, now and then, and may raise.
    """
    found: dict[str, PortalError] = {}
    done = 0
    while done < len(names):
        some = names[done : done + A_CHILD]
        seen = _by_one_child(some, opening)
        for name, error in zip(some, seen, strict=False):
            if error is not None:
                found[name] = error
        done += len(seen)
        if len(seen) < len(some):  # this one was its end
            error = _alone(names[done], opening)
            if error is not None:
                found[names[done]] = error
            done += 1
        looked(done)
    return found


def _alone(name: str, opening: Opening) -> PortalError | None:
    try:
        with opening(name) as file:
            check(file)
    except PortalError as error:
        return error
    return None


def _by_one_child(names: Sequence[str], opening: Opening) -> list[PortalError | None]:
    """What one child said of the first of them, as far as it came."""
    said: list[PortalError | None] = []
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    failed: list[PortalError] = []
    serving = threading.Thread(target=_serve, args=(ours, names, opening, said, failed), daemon=True)
    serving.start()
    try:
        with theirs:
            request = json.dumps({"many": len(names)}).encode()
            # The first descriptor is the file of a child that looks at one: this one has none yet.
            children.run([theirs.fileno(), theirs.fileno()], request, TIMEOUT_S, MAX_ANSWER_BYTES)
    except TimeoutError:
        pass
    finally:
        serving.join()
    if failed:
        raise failed[0]
    return said


def _serve(
    channel: socket.socket,
    names: Sequence[str],
    opening: Opening,
    said: list[PortalError | None],
    failed: list[PortalError],
) -> None:
    """Give the files in order, and note what is said of each, until the child is gone."""
    with channel:
        try:
            for name in names:
                if channel.recv(MAX_SAID) != b"next":
                    return
                with opening(name) as file:
                    socket.send_fds(channel, [b"file"], [file.fileno()])
                answer = channel.recv(MAX_SAID)
                if not answer:
                    return
                said.append(_error(json.loads(answer)))
        except PortalError as error:  # it cannot be opened
            failed.append(error)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # it is gone, or talks nonsense
            return


def _error(answer: dict[str, str] | None) -> PortalError | None:
    if answer is None:
        return None
    words, detail = one_line(str(answer["message"]), MOST_OF_WORDS), answer.get("detail")
    return ERRORS.get(answer["code"], InvalidError)(words, detail=detail and one_line(detail, MOST_OF_WORDS))
