"""What was made in the browser and is on offer: <registered>/published, as the publisher wrote it."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.files.durable import read_json
from portal.jobtype.load import Unpublished
from portal.jobtype.model import JobType
from portal.jobtype.offer.audience import Audience
from portal.jobtype.offer.current import NOTE, all_current


@dataclass(frozen=True)
class RegisteredOffer:
    """Those on offer by name, to whom, and what is not on offer though it was published."""

    by_name: Mapping[str, JobType] = field(default_factory=dict)
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    unpublished: tuple[Unpublished, ...] = ()


def registered_offer(published: Path, taken: Container[str]) -> RegisteredOffer:
    """What the publisher's notes offer. `taken`: names that files of the site have, which count instead.

    One whose note does not say to whom it is published is offered to nobody.
    """
    by_name: dict[str, JobType] = {}
    audiences: dict[str, Audience] = {}
    unpublished = []
    for current in all_current(published):
        if current.revision is None:
            continue
        if current.name in taken:
            why = "a file of the site's has this name and counts instead of what was made in the browser"
            unpublished.append(Unpublished(current.name, why))
            continue
        try:
            audience = audience_of(published, current.name)
            by_name[current.name] = current.load()
        except (OSError, ValueError) as error:
            unpublished.append(Unpublished(current.name, str(error)))
            continue
        audiences[current.name] = audience
    return RegisteredOffer(by_name, audiences, tuple(unpublished))


def audience_of(published: Path, name: str) -> Audience:
    """To whom its note offers it. Raises ValueError where it does not say so."""
    try:
        note = read_json(published / name / NOTE)
        return Audience.of((note or {}).get("audience"))
    except (OSError, ValueError) as error:
        raise ValueError("its note does not say to whom it is published") from error
