"""What the site offers of licences, their servers and kinds of nodes, for the editor's fields to choose from."""

from collections.abc import Collection, Iterable
from typing import Final

from portal.config import Settings
from portal.config.offered import all_constraints, all_tokens
from portal.jobs.submit.lacking import not_offered, size_not_offered
from portal.jobtype.model import JobType

NOT_FOR_DRAFTS: Final = "not for what is made in the browser"
MOST: Final = 200


def offers_of(settings: Settings) -> dict[str, tuple[tuple[str, str], ...]]:
    """The choices by field; of what drafts may not ask for it is said."""
    most = settings.publisher
    return {
        "resources.variants.#.constraint": (
            ("", "any"),
            *_choices(all_constraints(settings), most.constraints),
        ),
        "licences.#.name": _choices(all_tokens(settings), most.licences),
        "licence_servers.#.name": _choices(sorted(settings.licence_servers), most.licence_servers),
    }


def told_of(settings: Settings, jobtype: JobType | None) -> str:
    """What the document names that the site does not offer, or offers no draft, in a sentence."""
    if jobtype is None:
        return ""
    if lacking := not_offered(settings, jobtype):
        return lacking
    for variant in jobtype.resources.variants:
        if lacking := size_not_offered(settings, jobtype, variant):
            return f"{variant.label}: {lacking}"
    most = settings.publisher
    kept = [one.name for one in jobtype.licences if one.name not in most.licences]
    kept += [one.name for one in jobtype.licence_servers if one.name not in most.licence_servers]
    kept += [
        f"The kind of node {one.constraint}"
        for one in jobtype.resources.variants
        if one.constraint and one.constraint not in most.constraints
    ]
    if not kept:
        return ""
    return f"{kept[0]} is {NOT_FOR_DRAFTS}: the publisher refuses it. Ask {settings.contact}."


def _choices(names: Iterable[str], allowed: Collection[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, name if name in allowed else f"{name} ({NOT_FOR_DRAFTS})") for name in names)[:MOST]
