"""What must hold of the licences and licence servers of a job type."""

from collections.abc import Collection, Iterator, Sequence

from portal.jobtype.finding import Finding
from portal.jobtype.licences.model import Licence, LicenceServer
from portal.jobtype.program import Program


def licence_findings(
    licences: Sequence[Licence],
    servers: Sequence[LicenceServer],
    *,
    network: bool,
    ranks: Collection[int],
    program: Program,
) -> Iterator[Finding]:
    """What does not fit together, each with its place. `ranks` of each variant."""
    yield from _doubles("licences", "licence", [one.name for one in licences])
    yield from _doubles("licence_servers", "licence server", [one.name for one in servers])
    if not servers:
        return
    if network:
        yield ("network",), "it has the whole network: a licence server that it names confines nothing"
    if any(one > 1 for one in ranks):
        yield ("licence_servers",), "several ranks have their node's network: licence servers confine nothing"
    if program.module is not None:
        yield ("licence_servers",), "licence servers are of a command, not of a module of ours"
    forms: dict[str, str] = {}
    for index, one in enumerate(servers):
        if one.variable in (program.environment or {}):
            yield (
                ("licence_servers", index, "variable"),
                f"{one.variable} is set by the licence server {one.name}: take it out of the environment",
            )
        if forms.setdefault(one.variable, one.form) != one.form:
            yield ("licence_servers", index, "form"), f"{one.variable} tells of two servers in different forms"


def _doubles(place: str, noun: str, names: Sequence[str]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield (place, index, "name"), f"there are two {noun}s named {name}"
