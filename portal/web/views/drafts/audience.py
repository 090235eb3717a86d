"""The experiments to whose teams an analysis can be published: those that are ticked, and what words find."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from portal.catalogue.access import visible
from portal.catalogue.models import Investigation
from portal.catalogue.models.searchable import fold
from portal.identity.actor import Actor
from portal.jobtype.offer.audience import MOST

MOST_FOUND: Final = 20


@dataclass(frozen=True)
class Experiment:
    """One that can be ticked."""

    id: int
    name: str
    chosen: bool


@dataclass(frozen=True)
class Experiments:
    """Those that are ticked, before those that the words find."""

    words: str
    lines: tuple[Experiment, ...]
    more: bool
    """More fit the words than are shown."""


def experiments(session: Session, actor: Actor, sent: MultiDict[str, str]) -> Experiments:
    """Of what a form or an address holds: `experiment` (ids), `experiment_words` (looked for)."""
    ids, words = chosen_ids(sent), sent.get("experiment_words", "").strip()[:200]
    seen = visible(actor, Investigation)
    chosen = session.scalars(seen.where(Investigation.id.in_(ids)).order_by(Investigation.id)).all() if ids else ()
    query = seen.where(Investigation.id.not_in(ids)) if ids else seen
    if words:
        for word in fold(words).split()[:10]:
            query = query.where(Investigation.search_text.contains(word, autoescape=True))
    found = session.scalars(query.order_by(Investigation.id.desc()).limit(MOST_FOUND + 1)).all()
    return Experiments(words, _lines(chosen, found[:MOST_FOUND]), len(found) > MOST_FOUND)


def chosen_ids(sent: MultiDict[str, str]) -> list[int]:
    """The experiments that are ticked, as numbers; what is none counts as none."""
    texts = sent.getlist("experiment")[:MOST]
    return list(
        dict.fromkeys(int(text) for text in texts if text.isdecimal() and text.isascii() and len(text) < 10)
    )


def _lines(chosen: Sequence[Investigation], found: Sequence[Investigation]) -> tuple[Experiment, ...]:
    return tuple(
        Experiment(one.id, f"{one.name}: {one.title}" if one.title != one.name else one.name, one in chosen)
        for one in (*chosen, *found)
    )
