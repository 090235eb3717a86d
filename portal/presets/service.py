"""Presets: kept, found and taken off. Who has one: its person, the team of its experiment, or everybody."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.catalogue.models import Investigation
from portal.catalogue.rules import own_investigations
from portal.db import is_id
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError, SignInNeededError
from portal.identity.actor import Actor
from portal.identity.missing import not_found
from portal.jobtype.model import JobType
from portal.jobtype.option import Value
from portal.level import level
from portal.presets.models import LONGEST_NAME, LONGEST_NOTE, SavedPreset
from portal.words import one_line

MOST_OF_A_PERSON: Final = 200
MOST_SHOWN: Final = 100
"""Of one analysis, in one list."""


class TakenError(ConflictError):
    """The name stands there already; what is there was left as it is."""

    def __init__(self, message: str, *, may_replace: bool) -> None:
        super().__init__(message)
        self.may_replace = may_replace


@dataclass(frozen=True)
class Whose:
    """Who has a preset: with neither, its person alone."""

    experiment: int | None = None
    facility: bool = False


def presets_of(session: Session, actor: Actor, analysis: str) -> Sequence[SavedPreset]:
    """The presets of an analysis that this person has: her own first, then her teams', then the facility's."""
    if actor.person_id is None:
        return ()
    query = select(SavedPreset).where(
        SavedPreset.analysis == analysis, SavedPreset.deleted.is_(None), _had_by(actor)
    )
    whole = query.options(joinedload(SavedPreset.person), joinedload(SavedPreset.investigation))
    ordered = whole.order_by(SavedPreset.facility, SavedPreset.investigation_id.is_not(None), SavedPreset.folded)
    return session.scalars(ordered.limit(MOST_SHOWN)).all()


def keep(
    session: Session,
    actor: Actor,
    jobtype: JobType,
    name: str,
    values: Mapping[str, Value],
    *,
    whose: Whose,
    now: datetime,
    note: str = "",
    replace: bool = False,
) -> SavedPreset:
    """Keep typed values under a name; with `replace` in the place of those which this person kept under it.

    Raises SignInNeededError, ForbiddenError (it is not theirs to share), InvalidError with `fields`, LimitError,
    and TakenError where the name stands there, which leaves what is there as it is.
    """
    if actor.person_id is None:
        raise SignInNeededError("Sign in to keep a preset.")
    title = checked_name(name)
    if not values:
        raise InvalidError("Choose a value to keep.", fields={"options": "Choose at least one."})
    _check_may_share(session, actor, whose)
    found = session.scalars(
        _place(actor, jobtype.name, whose).where(SavedPreset.folded == title.casefold())
    ).first()
    if found is not None and not (replace and may_change(actor, found)):
        theirs = "You have" if found.person_id == actor.person_id else f"{found.person.full_name} keeps"
        replaceable = may_change(actor, found)
        words = f"{theirs} a preset “{found.name}” there already. Choose another name"
        raise TakenError(f"{words}{', or replace it' if replaceable else ''}.", may_replace=replaceable)
    if found is None:
        found = _new(session, actor, jobtype, whose, now)
    found.name, found.folded, found.note = title, title.casefold(), one_line(note, LONGEST_NOTE)
    found.options, found.revision, found.changed = dict(values), jobtype.revision, now
    try:
        with session.begin_nested():
            session.add(found)
            session.flush()
    except IntegrityError:
        words = f"A preset “{title}” was kept there just now. Choose another name."
        raise TakenError(words, may_replace=False) from None
    record(session, actor, Action.PRESET_KEPT, _thing(found), at=now, details={"analysis": jobtype.name})
    return found


def preset_for(session: Session, actor: Actor, preset_id: int) -> SavedPreset:
    """A preset that this person has, also one that she took off. Raises NotFoundError."""
    found = None
    if actor.person_id is not None and is_id(preset_id):
        query = select(SavedPreset).where(SavedPreset.id == preset_id, _had_by(actor))
        found = session.scalars(query.options(joinedload(SavedPreset.person))).first()
    if found is None or (found.deleted is not None and not may_change(actor, found)):
        raise not_found(actor)
    return found


def take_off(session: Session, actor: Actor, preset_id: int, *, now: datetime) -> SavedPreset:
    """Nobody has it any more, until it is taken back. Raises NotFoundError, ForbiddenError."""
    found = preset_for(session, actor, preset_id)
    _check_may_change(actor, found)
    if found.deleted is None:
        found.deleted = now
        record(session, actor, Action.PRESET_TAKEN_OFF, _thing(found), at=now)
    return found


def take_back(session: Session, actor: Actor, preset_id: int, *, now: datetime) -> SavedPreset:
    """Have it again. Raises NotFoundError, ForbiddenError; ConflictError where its name was taken since."""
    found = preset_for(session, actor, preset_id)
    _check_may_change(actor, found)
    if found.deleted is None:
        return found
    try:
        with session.begin_nested():
            found.deleted = None
            session.flush()
    except IntegrityError:
        raise ConflictError(f"Another preset “{found.name}” was kept there since.") from None
    record(session, actor, Action.PRESET_TAKEN_BACK, _thing(found), at=now)
    return found


def may_change(actor: Actor, preset: SavedPreset) -> bool:
    """Whether this person may replace it and take it off: who kept it, and of the facility's all staff."""
    return preset.person_id == actor.person_id or (preset.facility and actor.staff)


def teams_of(session: Session, actor: Actor, experiments: Collection[int]) -> Sequence[Investigation]:
    """Those of these experiments with whose teams this person may share a preset."""
    query = select(Investigation).where(
        Investigation.id.in_(experiments), Investigation.id.in_(own_investigations(actor))
    )
    return session.scalars(query.order_by(Investigation.id)).all()


def checked_name(name: str) -> str:
    """One line of 1 to 60 characters without a slash. Raises InvalidError."""
    line = " ".join(name.split())
    wrong = ""
    if not line:
        wrong = f"Give it a name of up to {LONGEST_NAME} characters."
    elif len(line) > LONGEST_NAME:
        wrong = f"A name has up to {LONGEST_NAME} characters; this has {len(line):,}."
    elif "/" in line or not line.isprintable():
        wrong = "A name is one line, without a slash."
    if wrong:
        raise InvalidError(wrong, fields={"name": wrong})
    return line


def _new(session: Session, actor: Actor, jobtype: JobType, whose: Whose, now: datetime) -> SavedPreset:
    mine = select(func.count()).where(SavedPreset.person_id == actor.person_id, SavedPreset.deleted.is_(None))
    if (session.scalar(mine) or 0) >= MOST_OF_A_PERSON:
        raise LimitError(f"You keep {MOST_OF_A_PERSON} presets, which is the most. Take one off first.")
    return SavedPreset(
        analysis=jobtype.name,
        person_id=actor.person_id,
        investigation_id=whose.experiment,
        facility=whose.facility,
        created=now,
    )


def _place(actor: Actor, analysis: str, whose: Whose) -> Select[SavedPreset]:
    query = select(SavedPreset).where(SavedPreset.analysis == analysis, SavedPreset.deleted.is_(None))
    if whose.facility:
        return query.where(SavedPreset.facility)
    if whose.experiment is not None:
        return query.where(SavedPreset.investigation_id == whose.experiment)
    own = SavedPreset.investigation_id.is_(None), ~SavedPreset.facility
    return query.where(SavedPreset.person_id == actor.person_id, *own)


def _had_by(actor: Actor) -> ColumnElement[bool]:
    own = SavedPreset.person_id == actor.person_id
    of_team = SavedPreset.investigation_id.in_(own_investigations(actor))
    return or_(SavedPreset.facility, of_team, own & SavedPreset.investigation_id.is_(None))


def _check_may_share(session: Session, actor: Actor, whose: Whose) -> None:
    if whose.facility and not actor.staff:
        raise ForbiddenError("Presets for everybody are kept by the facility's staff.")
    if whose.experiment is None:
        return
    if not is_id(whose.experiment) or not teams_of(session, actor, {whose.experiment}):
        words = f"You are not in the team of this {level().one}."
        raise InvalidError(words, fields={"whose": words})


def _check_may_change(actor: Actor, preset: SavedPreset) -> None:
    if not may_change(actor, preset):
        raise ForbiddenError(f"“{preset.name}” was kept by {preset.person.full_name}, who alone changes it.")


def _thing(preset: SavedPreset) -> Thing:
    return Thing(Kind.PRESET, preset.id, preset.name)
