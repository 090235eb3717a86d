"""Licence servers that a site offers, by name: an operator says what a name stands for, and no job type does."""

from collections.abc import Mapping, Sequence
from typing import Any

from gantry_formats.commands.environment import name_objection
from gantry_formats.commands.servers import FORMS, LONGEST_NAME, MOST_SERVERS, NAME, VARIABLE, objection
from portal.rpc.exchange import RefusedError, UnusableError, fields

Servers = Mapping[str, Mapping[str, Any]]
"""`host` and `ports` by name."""


def parse_servers(value: Any) -> Servers:
    """Those of the operator's file, checked. Raises UnusableError."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnusableError("The backend's licence_servers must be an object: name -> host and ports.")
    for name, server in value.items():
        if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
            raise UnusableError(
                f"The backend's licence_servers: {name[:80]!r} is no name: small letters, digits, hyphens."
            )
        try:
            given = fields(server, f"licence_servers.{name}", required=("host", "ports"))
        except RefusedError as error:
            raise UnusableError(error.message) from error
        if words := objection(given["host"], given["ports"]):
            raise UnusableError(f"The backend's licence_servers: {name}: {words}.")
    return value


def asked_servers(offered: Servers, wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The `licence_servers` of job.json, of what the published job type wants. Raises RefusedError."""
    found = []
    if not isinstance(wanted, list | tuple) or len(wanted) > MOST_SERVERS:
        raise _unsafe(f"it names more than {MOST_SERVERS} licence servers")
    for one in wanted:
        name, variable, form = one["name"], one.get("variable") or VARIABLE, one.get("form") or FORMS[0]
        if name not in offered:
            raise RefusedError(
                "licence", f"This site offers no licence server by the name of {name}. Please ask staff."
            )
        if form not in FORMS or (words := name_objection(variable)):
            raise _unsafe(f"{variable} {words}" if form in FORMS else f"{form!r} is no form of an address")
        server = offered[name]
        found.append(
            {
                "name": name,
                "host": server["host"],
                "ports": list(server["ports"]),
                "variable": variable,
                "form": form,
            }
        )
    return found


def _unsafe(words: str) -> RefusedError:
    return RefusedError("jobtype-unsafe", f"The published analysis cannot be used: {words}.")
