"""Whether a job's licence servers answer, asked before its program starts."""

import socket
import time
from collections.abc import Sequence

from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.servers.spec import Server

TRIES = 3
TIMEOUT_S = 5.0
PAUSE_S = 2.0


def connected(host: str, port: int) -> socket.socket:
    """A connection. Raises OSError, also for a name that nobody knows."""
    return socket.create_connection((host, port), TIMEOUT_S)


def why_silent(error: OSError) -> str:
    """Why there is no answer, in words."""
    if isinstance(error, socket.gaierror):
        return "nobody knows this name"
    return "it is silent" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()


def check_servers(servers: Sequence[Server]) -> None:
    """Raise Refusal (exit 95, reason `licence`) for the first whose own port does not answer after three tries."""
    for server in servers:
        for left in reversed(range(TRIES)):
            try:
                connected(server.host, server.ports[0]).close()
            except OSError as error:
                if not left:
                    raise Refusal(Exit.START, "licence", silent(server, server.ports[0], error)) from error
                time.sleep(PAUSE_S)
            else:
                break


def silent(server: Server, port: int, error: OSError) -> str:
    """A server that does not answer, as a sentence."""
    return f"The licence server {server.name} ({server.host}, port {port}) does not answer: {why_silent(error)}."
