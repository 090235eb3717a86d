"""What must hold of the licences and licence servers of a job type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from portal.jobtype.finding import Finding

if TYPE_CHECKING:
    from portal.jobtype.model import JobType


def licence_findings(jobtype: JobType) -> Iterator[Finding]:
    """What does not fit together, each with its place."""
    yield from _doubles("licences", "licence", [one.name for one in jobtype.licences])
    yield from _doubles("licence_servers", "licence server", [one.name for one in jobtype.licence_servers])
    if not jobtype.licence_servers:
        return
    if jobtype.network:
        yield (
            ("network",),
            "it has the whole network: a licence server that it names confines nothing",
        )
    if any(variant.ranks > 1 for variant in jobtype.resources.variants):
        yield (
            ("licence_servers",),
            "several ranks have their node's network: licence servers confine nothing",
        )
    if jobtype.program.module is not None:
        yield ("licence_servers",), "licence servers are of a command, not of a module of ours"
    forms: dict[str, str] = {}
    for index, one in enumerate(jobtype.licence_servers):
        if one.variable in (jobtype.program.environment or {}):
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
