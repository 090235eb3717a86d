"""Drafts: made, found, saved, shared and thrown away. A draft is its author's and theirs whom she named.

All of them are staff. Whom she named sees it and changes it as she does; only the author names others and throws
it away. For everybody else, staff or not, there is no such draft.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.db import is_id
from portal.drafts import before
from portal.drafts.models import LONGEST_NAME, Draft, DraftBefore, DraftReader
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError
from portal.identity.actor import Actor, Role
from portal.identity.missing import not_found
from portal.identity.models import Person
from portal.jobtype.lines import MAX_BYTES, TOO_LARGE
from portal.words import one_line

MOST_OF_A_PERSON: Final = 100
MOST_THROWN_AWAY: Final = 20
"""Of a person's drafts that were thrown away so many are kept for Undo; older ones make room."""
MOST_NAMED: Final = 20
UNNAMED: Final = "Without a title"
_CANNOT_BE_KEPT: Final = re.compile("[\x00\ud800-\udfff]")
_TITLE: Final = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Saved:
    """What stands in the database now, beside what somebody wanted to save."""

    text: str
    version: int
    changed: datetime
    by: str


class SavedMeanwhileError(ConflictError):
    """The draft was saved since it was read. Nothing was changed; `now` is what stands there."""

    def __init__(self, now: Saved) -> None:
        super().__init__(f"{now.by} saved this draft while you had it open. What you typed was not saved over it.")
        self.now = now
        self.fields = {"version": f"{now.version} is the newest version. Read it, and save with that version."}


def create(session: Session, actor: Actor, text: str, *, now: datetime, based_on: str | None = None) -> Draft:
    """A new draft of this text. Raises ForbiddenError, InvalidError, LimitError."""
    check_staff(actor)
    text = _kept(text)
    mine = _of_author(actor).where(Draft.deleted.is_(None))
    if (session.scalar(select(func.count()).select_from(mine.subquery())) or 0) >= MOST_OF_A_PERSON:
        raise LimitError(f"You have {MOST_OF_A_PERSON} drafts, which is the most. Throw one away first.")
    draft = Draft(
        author_id=actor.person_id,
        name=name_in(text),
        text=text,
        version=1,
        based_on=based_on,
        created=now,
        changed=now,
        changed_by_id=actor.person_id,
    )
    session.add(draft)
    session.flush()
    record(session, actor, Action.DRAFT_MADE, _thing(draft), at=now)
    return draft


def drafts_of(session: Session, actor: Actor) -> Sequence[Draft]:
    """The drafts that this person may see, what was changed last first. Raises ForbiddenError."""
    check_staff(actor)
    query = _seen_by(actor).where(Draft.deleted.is_(None)).options(joinedload(Draft.author))
    query = query.options(joinedload(Draft.changed_by), selectinload(Draft.readers).joinedload(DraftReader.person))
    return session.scalars(query.order_by(Draft.changed.desc(), Draft.id.desc())).all()


def draft_for(session: Session, actor: Actor, draft_id: int) -> Draft:
    """The draft, for its author and whom she named. Raises NotFoundError for everybody else."""
    found = None
    if actor.staff and is_id(draft_id):
        query = _seen_by(actor).where(Draft.id == draft_id, Draft.deleted.is_(None))
        found = session.scalars(query.options(joinedload(Draft.author), joinedload(Draft.changed_by))).first()
    if found is None:
        raise not_found(actor)
    return found


def save(session: Session, actor: Actor, draft_id: int, text: str, version: int, *, now: datetime) -> Draft:
    """Put this text into the place of the one of that version. The same text is no new version.

    Raises NotFoundError, InvalidError, and SavedMeanwhileError where somebody saved since: then nothing changes.
    """
    draft = draft_for(session, actor, draft_id)
    text = _kept(text)
    if draft.text == text:
        return draft  # nothing new, or the answer to the first time this was sent was lost
    was = draft.text
    changes = {"text": text, "name": name_in(text), "changed": now, "changed_by_id": actor.person_id}
    # One statement: of two that save at once, one finds its version gone.
    statement = update(Draft).where(Draft.id == draft.id, Draft.version == version)
    done = session.execute(
        statement.values(version=version + 1, **changes).execution_options(synchronize_session=False)
    )
    session.refresh(draft)
    if getattr(done, "rowcount", 0) != 1:
        raise SavedMeanwhileError(
            Saved(draft.text, draft.version, draft.changed, draft.changed_by.full_name or draft.changed_by.name)
        )
    before.keep(session, draft.id, version, was)
    return draft


def undo(session: Session, actor: Actor, draft_id: int, version: int, *, now: datetime) -> Draft:
    """Have the draft as it was before its last change; once more goes further back.

    Raises NotFoundError, SavedMeanwhileError, and ConflictError where nothing older is kept.
    """
    draft = draft_for(session, actor, draft_id)
    older = before.last(session, draft.id)
    if older is None:
        raise ConflictError("Nothing older is kept of this draft.")
    was = draft.version
    draft = save(session, actor, draft_id, older.text, version, now=now)
    before.mark_undone(session, draft.id, older.version, was)
    return draft


def throw_away(session: Session, actor: Actor, draft_id: int, *, now: datetime) -> Draft:
    """Take the author's draft off every list. Raises NotFoundError, ForbiddenError."""
    draft = _own(actor, draft_for(session, actor, draft_id))
    draft.deleted = now
    session.flush()
    record(session, actor, Action.DRAFT_THROWN_AWAY, _thing(draft), at=now)
    gone = _of_author(actor).where(Draft.deleted.is_not(None)).order_by(Draft.deleted.desc(), Draft.id.desc())
    old = list(session.scalars(gone.with_only_columns(Draft.id).offset(MOST_THROWN_AWAY)))
    if old:
        session.execute(delete(DraftBefore).where(DraftBefore.draft_id.in_(old)))
        session.execute(delete(DraftReader).where(DraftReader.draft_id.in_(old)))
        session.execute(delete(Draft).where(Draft.id.in_(old)))
    return draft


def take_back(session: Session, actor: Actor, draft_id: int, *, now: datetime) -> Draft:
    """Have a draft that was thrown away in the lists again. Raises NotFoundError, LimitError."""
    found = None
    if actor.staff and is_id(draft_id):
        found = session.scalars(_of_author(actor).where(Draft.id == draft_id)).first()
    if found is None:
        raise not_found(actor)
    if found.deleted is not None:
        found.deleted = None
        record(session, actor, Action.DRAFT_TAKEN_BACK, _thing(found), at=now)
    return found


def name_reader(session: Session, actor: Actor, draft_id: int, name: str, *, now: datetime) -> Person:
    """From now on this member of the staff sees and changes the author's draft.

    Raises NotFoundError, ForbiddenError, LimitError; InvalidError where nobody of the staff has that sign-in name.
    """
    draft = _own(actor, draft_for(session, actor, draft_id))
    person = session.scalars(select(Person).where(Person.name == name.strip()[:255], Person.active)).first()
    if person is None or Role.STAFF not in person.actor().roles:
        told = f"Nobody of the staff signs in as “{one_line(name, 60)}”."
        raise InvalidError(told, fields={"person": told})
    readers = list(draft.readers)
    if person.id == draft.author_id or any(one.person_id == person.id for one in readers):
        return person
    if len(readers) >= MOST_NAMED:
        raise LimitError(f"A draft is shared with {MOST_NAMED} people at most.")
    session.add(DraftReader(draft_id=draft.id, person_id=person.id, since=now))
    record(session, actor, Action.DRAFT_SHARED, _thing(draft), at=now, details={"person": person.name})
    return person


def forget_reader(session: Session, actor: Actor, draft_id: int, person_id: int, *, now: datetime) -> None:
    """She whom the author had named sees the draft no longer. Raises NotFoundError, ForbiddenError."""
    draft = _own(actor, draft_for(session, actor, draft_id))
    for reader in [one for one in draft.readers if one.person_id == person_id]:
        name = reader.person.name
        session.delete(reader)
        record(session, actor, Action.DRAFT_NOT_SHARED, _thing(draft), at=now, details={"person": name})


def name_in(text: str) -> str:
    """What a list calls a draft: its title, as far as that can be read of a text that may be no YAML."""
    found = _TITLE.search(text)
    words = found[1].split(" #")[0].strip().strip("\"'") if found else ""
    return one_line(words, LONGEST_NAME) or UNNAMED


def check_staff(actor: Actor) -> None:
    """Raises ForbiddenError for everybody but staff."""
    if not actor.staff:
        raise ForbiddenError("Analyses are made by the facility's staff.")


def _seen_by(actor: Actor) -> Select[Draft]:
    named = select(DraftReader.draft_id).where(DraftReader.person_id == actor.person_id)
    return select(Draft).where(or_(Draft.author_id == actor.person_id, Draft.id.in_(named)))


def _of_author(actor: Actor) -> Select[Draft]:
    return select(Draft).where(Draft.author_id == actor.person_id)


def _own(actor: Actor, draft: Draft) -> Draft:
    if draft.author_id != actor.person_id:
        raise ForbiddenError("Only its author does this.")
    return draft


def _kept(text: str) -> str:
    """The text as it is kept. Raises InvalidError."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    wrong = ""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        wrong = f"A draft cannot be {TOO_LARGE}. Nothing was saved."
    elif _CANNOT_BE_KEPT.search(text):
        wrong = "The text holds a character that cannot be kept. Nothing was saved."
    if wrong:
        raise InvalidError(wrong, fields={"text": wrong})
    return text


def _thing(draft: Draft) -> Thing:
    return Thing(Kind.DRAFT, draft.id, draft.name)
