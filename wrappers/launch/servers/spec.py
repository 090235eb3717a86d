"""The `licence_servers` of job.json, and where a container finds them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from gantry_formats.commands.servers import FORMS, MOST_SERVERS, is_address, objection, told
from wrappers.launch.reading import JobSpecError, Reader

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


@dataclass(frozen=True, slots=True)
class Server:
    """A licence server. `ports`: its own first, then those of the programs beside it."""

    name: str
    host: str
    ports: tuple[int, ...]
    variable: str
    form: str


@dataclass(frozen=True, slots=True)
class Door:
    """Where a container finds a server: an address of its own loopback, with the server's ports."""

    listen: str
    server: Server

    @property
    def host(self) -> str:
        """What the program is told: the server's name, which leads to the door; of an address there is none."""
        return self.listen if is_address(self.server.host) else self.server.host


def read_servers(top: Reader) -> tuple[Server, ...]:
    """The servers of a job spec, checked. Raises JobSpecError."""
    if not top.has("licence_servers"):
        return ()
    found = tuple(_server(one, number) for number, one in enumerate(top.objects("licence_servers")))
    if not 0 < len(found) <= MOST_SERVERS:
        raise JobSpecError(f"licence_servers must be 1 to {MOST_SERVERS}")
    if top.truth("network") or top.inner("resources").whole("ranks") > 1:
        raise JobSpecError("licence_servers are of one process without a network of its own")
    return found


def _server(one: Reader, number: int) -> Server:
    place = f"licence_servers[{number}]"
    one.only("name", "host", "ports", "variable", "form")
    ports = one.array("ports")
    if words := objection(one.text("host"), ports):
        raise JobSpecError(f"{place}: {words}")
    if one.text("form") not in FORMS or not _VARIABLE.fullmatch(one.text("variable")):
        raise JobSpecError(f"{place} says in no known form where the server is")
    return Server(one.text("name"), one.text("host"), tuple(ports), one.text("variable"), one.text("form"))


def doors(servers: Sequence[Server]) -> tuple[Door, ...]:
    """An address of the container's loopback for each host: two servers of one host have one."""
    hosts = list(dict.fromkeys(server.host.lower() for server in servers))
    return tuple(Door(f"127.0.0.{2 + hosts.index(server.host.lower())}", server) for server in servers)


def variables(servers: Sequence[Server], *, contained: bool) -> dict[str, str]:
    """What the program is told, by variable."""
    found: dict[str, list[tuple[str, int]]] = {}
    forms: dict[str, str] = {}
    for door in doors(servers):
        server = door.server
        host = door.host if contained else server.host
        found.setdefault(server.variable, []).append((host, server.ports[0]))
        forms[server.variable] = server.form
    return {name: told(forms[name], places) for name, places in found.items()}


def hosts_file(servers: Sequence[Server]) -> str:
    """The container's /etc/hosts: its own name, and those of the servers."""
    named = dict.fromkeys(
        (door.listen, door.server.host) for door in doors(servers) if not is_address(door.server.host)
    )
    return "".join(f"{address} {name}\n" for address, name in (("127.0.0.1", "localhost"), *named))


def written(servers: Sequence[Server]) -> str:
    """The doors as one argument of the gateway's."""
    return json.dumps([[door.listen, asdict(door.server)] for door in doors(servers)])


def read_written(text: str) -> tuple[Door, ...]:
    """What `written` wrote."""
    return tuple(Door(listen, _of(server)) for listen, server in json.loads(text))


def _of(server: Mapping[str, object]) -> Server:
    reader = Reader(dict(server), "server")
    return _server(reader, 0)
