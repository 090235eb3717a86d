"""Licence servers by name: what an operator may write of one, and how a program is told where it is.

One rule for settings, agent and launch.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Any, Final

MOST_SERVERS: Final = 10
"""Of one job type."""
MOST_PORTS: Final = 20
"""Of one server: its own, and those of the programs beside it that hand the licences out."""
NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME: Final = 60
VARIABLE: Final = "LM_LICENSE_FILE"
FORMS: Final = ("port@host", "host:port", "host")
"""What a program's variable says of a server."""
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_HOST: Final = 253


def objection(host: Any, ports: Any) -> str | None:
    """Why this is no licence server, in words; None if it is one.

    What the node's own loopback serves is for the node alone, so it is none.
    """
    if not isinstance(host, str) or len(host) > _LONGEST_HOST or not (_HOST.fullmatch(host) or is_address(host)):
        return "its host must be a host's name or address"
    if _is_own(host):
        return "its host must be another than the node itself"
    if not isinstance(ports, list | tuple) or not 0 < len(ports) <= MOST_PORTS:
        return f"its ports must be a list of 1 to {MOST_PORTS} numbers"
    if not all(type(port) is int and 0 < port < 65536 for port in ports) or len(set(ports)) != len(ports):
        return "its ports must be different whole numbers from 1 to 65535"
    return None


def is_address(host: str) -> bool:
    """Whether a host is given by its address, IPv4 or IPv6."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _is_own(host: str) -> bool:
    if not is_address(host):
        # A name whose last label is a number is an address to resolvers: 127.1 and 0x7f000001 are 127.0.0.1.
        last = host.lower().rpartition(".")[2]
        return last == "localhost" or re.fullmatch(r"\d+|0x[0-9a-f]*", last) is not None
    address = ipaddress.ip_address(host)
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local


def told(form: str, servers: Iterable[tuple[str, int]]) -> str:
    """The value of a program's variable for these servers (host, first port), one after another."""
    words = []
    for host, port in servers:
        name = f"[{host}]" if ":" in host and form == "host:port" else host
        words.append({"port@host": f"{port}@{host}", "host:port": f"{name}:{port}", "host": host}[form])
    return ":".join(words) if form == "port@host" else ",".join(words)
