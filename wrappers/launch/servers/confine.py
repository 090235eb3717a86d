"""How a container is started so that it reaches its licence servers alone."""

import sys
from collections.abc import Sequence
from pathlib import Path

from wrappers.launch.servers.spec import Server, hosts_file, written

GATEWAY = "wrappers.launch.servers.gateway"
HOSTS = ".gantry-hosts"
"""In the attempt's folder for temporary files: what the container has as /etc/hosts."""


def through_gateway(servers: Sequence[Server], argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` in a network in which only the servers are."""
    return [sys.executable, "-P", "-m", GATEWAY, written(servers), *argv]


def hosts_path(tmp: str) -> str:
    """Where the container's /etc/hosts lies outside."""
    return str(Path(tmp, HOSTS))


def write_hosts(servers: Sequence[Server], tmp: str) -> None:
    """Write it. Raises OSError."""
    Path(hosts_path(tmp)).write_text(hosts_file(servers), encoding="ascii")
