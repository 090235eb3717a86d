"""What a draft was: for Undo, and for telling whether two people changed the same."""

from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.drafts.models import DraftBefore

MOST: Final = 50
MOST_CHARACTERS: Final = 2 * 2**20
"""Of all older versions of one draft together."""


def keep(session: Session, draft_id: int, version: int, text: str) -> None:
    """Keep what this version said; the oldest make room."""
    session.add(DraftBefore(draft_id=draft_id, version=version, text=text, undone=False))
    session.flush()
    sizes = session.execute(
        select(DraftBefore.id, func.length(DraftBefore.text))
        .where(DraftBefore.draft_id == draft_id)
        .order_by(DraftBefore.version.desc())
    ).all()
    room, old = MOST_CHARACTERS, []
    for number, (row, size) in enumerate(sizes):
        room -= size
        if number >= MOST or (room < 0 and number):
            old.append(row)
    if old:
        session.execute(delete(DraftBefore).where(DraftBefore.id.in_(old)))


def text_of(session: Session, draft_id: int, version: int) -> str | None:
    """What an older version said; None where that is not kept any more."""
    query = select(DraftBefore.text).where(DraftBefore.draft_id == draft_id, DraftBefore.version == version)
    return session.scalar(query)


def last(session: Session, draft_id: int) -> DraftBefore | None:
    """The version to which Undo goes back."""
    query = select(DraftBefore).where(DraftBefore.draft_id == draft_id, DraftBefore.undone.is_(False))
    return session.scalars(query.order_by(DraftBefore.version.desc()).limit(1)).first()


def mark_undone(session: Session, draft_id: int, back_to: int, version: int) -> None:
    """Undo led from one version back to another: the next one goes further."""
    marked = DraftBefore.version.in_([back_to, version])
    session.execute(update(DraftBefore).where(DraftBefore.draft_id == draft_id, marked).values(undone=True))
