"""For whom an analysis is published: who has it now, who would lose it, the experiments that can be ticked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from portal.catalogue.access import visible
from portal.catalogue.models import Instrument, Investigation
from portal.catalogue.models.searchable import fold
from portal.drafts.audiences import audience_for
from portal.drafts.models import Draft
from portal.drafts.narrowing import audience_now, narrowing, until_now
from portal.drafts.replacing import replacing
from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.jobtype.offer.audience import MOST, Audience, To
from portal.level import level

MOST_FOUND: Final = 20
MOST_INSTRUMENTS: Final = 200
NAMED: Final = {To.INSTRUMENTS.value: "instrument", To.EXPERIMENTS.value: "experiment"}
"""The fields of a form that say who is meant, where numbers do."""


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


@dataclass(frozen=True)
class Choice:
    """One answer to the question for whom it is published."""

    value: str
    words: str
    chosen: bool
    narrows: str
    """Who would lose it, whatever is ticked further; empty where nobody must."""


@dataclass(frozen=True)
class ForWhom:
    """The question for whom it is published, answered as it is on offer now until somebody answers otherwise."""

    now: str
    """Who has it now, in a sentence; empty where it is not on offer."""
    choices: tuple[Choice, ...]
    instruments: tuple[tuple[int, str, bool], ...]
    """Number, name, ticked."""
    experiments: Experiments
    narrows: str
    """Who would lose it by what the address says was chosen; empty where nobody would."""

    replaces: str = ""
    """What somebody else published that it would replace, in a sentence; empty where nothing is."""

    @property
    def may_narrow(self) -> bool:
        """If there is anybody to lose it."""
        return bool(self.narrows or any(one.narrows for one in self.choices))


def for_whom(session: Session, actor: Actor, draft: Draft, name: str, sent: MultiDict[str, str]) -> ForWhom:
    """The question for an analysis of this name. `sent`: what was answered already, from an address or a form."""
    had = audience_now(session, actor, name)
    answered = sent if "to" in sent else _as_now(had, sent)
    chosen = answered.get("to", "")
    words = {
        To.MYSELF: "Myself",
        To.INSTRUMENTS: "An instrument's scientists",
        To.EXPERIMENTS: f"Teams of chosen {level().many}",
        To.EVERYONE: "Everyone",
    }
    ticked = numbers(answered, NAMED[To.INSTRUMENTS.value])
    query = select(Instrument.id, Instrument.full_name, Instrument.name).order_by(Instrument.id)
    found = session.execute(query.limit(MOST_INSTRUMENTS))
    try:
        asked = asked_for(session, actor, answered) if "to" in sent else None
    except InvalidError:
        asked = None
    return ForWhom(
        until_now(session, actor, name),
        tuple(
            Choice(to.value, said, to.value == chosen, _by_kind(session, actor, name, to, had))
            for to, said in words.items()
        ),
        tuple((number, full or short, number in ticked) for number, full, short in found),
        experiments(session, actor, answered),
        narrowing(session, actor, name, asked) if asked is not None else "",
        replacing(session, actor, draft, name),
    )


def asked_for(session: Session, actor: Actor, sent: MultiDict[str, str]) -> Audience:
    """The audience that a form names. Raises InvalidError where it is not clear who is meant."""
    to = sent.get("to", "")
    ids = numbers(sent, NAMED[to]) if to in NAMED else []
    if to in NAMED and not ids:
        many = f"Tick the {level().many} whose teams are meant, below {level().Many}."
        told = many if to == To.EXPERIMENTS.value else "Tick the instruments whose scientists are meant."
        raise InvalidError(told, fields={"to": told})
    return audience_for(session, actor, to, ids)


def _as_now(had: Audience | None, sent: MultiDict[str, str]) -> MultiDict[str, str]:
    answered = MultiDict([(key, text) for key, text in sent.items(multi=True)])
    if had is None:
        answered["to"] = To.MYSELF.value
        return answered
    answered["to"] = had.to.value
    if had.to.value in NAMED and NAMED[had.to.value] not in sent:
        answered.setlist(NAMED[had.to.value], [str(one) for one in had.ids])
    return answered


def _by_kind(session: Session, actor: Actor, name: str, to: To, had: Audience | None) -> str:
    """Who loses it by an answer of this kind, where the kind alone says so."""
    if had is None:
        return ""
    ids = had.ids if to is had.to else ()
    return narrowing(session, actor, name, Audience(to, actor.name, ids))


def experiments(session: Session, actor: Actor, sent: MultiDict[str, str]) -> Experiments:
    """Of what a form or an address holds: `experiment` (ids), `experiment_words` (looked for)."""
    ids, words = numbers(sent, "experiment"), sent.get("experiment_words", "").strip()[:200]
    seen = visible(actor, Investigation)
    chosen = session.scalars(seen.where(Investigation.id.in_(ids)).order_by(Investigation.id)).all() if ids else ()
    query = seen.where(Investigation.id.not_in(ids)) if ids else seen
    if words:
        for word in fold(words).split()[:10]:
            query = query.where(Investigation.search_text.contains(word, autoescape=True))
    found = session.scalars(query.order_by(Investigation.id.desc()).limit(MOST_FOUND + 1)).all()
    return Experiments(words, _lines(chosen, found[:MOST_FOUND]), len(found) > MOST_FOUND)


def numbers(sent: MultiDict[str, str], field: str) -> list[int]:
    """What is ticked in a field, as numbers; what is none counts as none."""
    texts = sent.getlist(field)[:MOST]
    return list(
        dict.fromkeys(int(text) for text in texts if text.isdecimal() and text.isascii() and len(text) < 10)
    )


def _lines(chosen: Sequence[Investigation], found: Sequence[Investigation]) -> tuple[Experiment, ...]:
    return tuple(
        Experiment(one.id, f"{one.name}: {one.title}" if one.title != one.name else one.name, one in chosen)
        for one in (*chosen, *found)
    )
