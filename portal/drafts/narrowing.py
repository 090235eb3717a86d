"""Whether publishing takes an analysis away from somebody who has it: said, and never done unless it is meant."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Instrument, Investigation
from portal.drafts.past import audience_of, on_offer
from portal.errors import ConflictError, InvalidError
from portal.identity.actor import Actor
from portal.jobtype.offer.audience import Audience, To
from portal.level import level
from portal.words import count

NAMES = 3
"""Of those who lose it, in a sentence."""


class NarrowerError(ConflictError):
    """Somebody would lose it. `said` tells who, in a sentence; the message says how that is confirmed, too."""

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__(
            f'{said} Nothing was asked for. Where that is meant, say so: "narrow": true, or --narrow.',
        )


def audience_now(session: Session, actor: Actor, name: str) -> Audience | None:
    """For whom it is on offer under this name, as this person would ask for it; None where it is not."""
    offered = on_offer(session, name)
    had = audience_of(offered) if offered is not None else None
    return None if had is None else replace(had, author=actor.name)


def as_now(session: Session, actor: Actor, name: str) -> Audience:
    """The same, for who names nobody. Raises InvalidError where nothing is on offer."""
    found = audience_now(session, actor, name)
    if found is None:
        told = "Say to whom it is published: nothing is on offer under this name, so nobody has it yet."
        raise InvalidError(told, fields={"to": told})
    return found


def check_nobody_loses(session: Session, actor: Actor, name: str, audience: Audience) -> None:
    """Raises NarrowerError where somebody has what is on offer under this name, and would not have it then."""
    told = narrowing(session, actor, name, audience)
    if told:
        raise NarrowerError(told)


def narrowing(session: Session, actor: Actor, name: str, audience: Audience) -> str:
    """Who has it now and who then, in a sentence; empty where nobody would lose it."""
    return told_narrower(session, actor, _had(session, name), audience)


def told_narrower(session: Session, actor: Actor, had: Audience | None, audience: Audience) -> str:
    """The same, of who is known to have it now."""
    if had is None or audience.covers(had):
        return ""
    until = f"Until now {has_it(session, actor, had)}"
    if had.to is not audience.to or not had.ids:
        return f"{until}; then only {has_it(session, actor, audience)}."
    lost = [one for one in had.ids if one not in audience.ids]
    return f"{until}; then {_named(session, actor, had.to, lost)} no longer."


def until_now(session: Session, actor: Actor, name: str) -> str:
    """Who has it now, in a sentence; empty where it is not on offer."""
    had = _had(session, name)
    return f"Until now {has_it(session, actor, had)}." if had is not None else ""


def has_it(session: Session, actor: Actor, audience: Audience) -> str:
    """As in: everyone has it. One of which no instrument or experiment is said yet: those that are chosen."""
    if audience.to is To.EVERYONE:
        return "everyone has it"
    if audience.to is To.MYSELF:
        return "you alone have it" if audience.author == actor.name else "somebody else of the staff alone has it"
    return f"{_named(session, actor, audience.to, audience.ids)} have it"


def _had(session: Session, name: str) -> Audience | None:
    offered = on_offer(session, name)
    return audience_of(offered) if offered is not None else None


def _named(session: Session, actor: Actor, to: To, ids: Sequence[int]) -> str:
    """The scientists of these instruments, or the teams of these experiments: those that she sees by name."""
    if to is To.INSTRUMENTS:
        query = select(Instrument.full_name, Instrument.name).where(Instrument.id.in_(ids[:NAMES]))
        names, what = [full or name for full, name in session.execute(query)], ("instrument", "instruments")
        who = "the scientists of"
    else:
        seen = visible(actor, Investigation).where(Investigation.id.in_(ids[:NAMES]))
        names, what = [one.name for one in session.scalars(seen)], (level().one, level().many)
        who = "the teams of"
    if not ids:
        return f"{who} the {what[1]} that are chosen"
    more = len(ids) - len(names)
    if more:
        names.append(count(more, f"{'more ' if names else ''}{what[0]}", f"{'more ' if names else ''}{what[1]}"))
    return f"{who} {', '.join(names[:-1])}{' and ' if len(names) > 1 else ''}{names[-1]}"
