"""A person's own notices: listing, counting and marking them as read. Nobody sees anybody else's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CursorResult, ScalarSelect, delete, func, literal, select, update
from sqlalchemy.orm import Session, joinedload

from portal.catalogue.page import Page
from portal.identity.actor import Actor
from portal.identity.missing import check_id, not_found
from portal.jobs.models import Submission
from portal.jobs.unseen import hide_in_batches, hide_in_events, hide_in_titles
from portal.notify.access.answer import open_to
from portal.notify.models import Notice

MOST_COUNTED: Final = 100
"""Nobody needs to know more exactly how many are new."""
PAGE: Final = 25
KEEP_READ: Final = timedelta(days=90)


def count_new(session: Session, actor: Actor) -> int:
    """How many the actor has not read or answered, MOST_COUNTED at most: what every page's header asks."""
    if actor.person_id is None:
        return 0
    asked = select(func.count()).where(*open_to(actor)).scalar_subquery()
    return min(session.scalar(select(_unread(actor) + asked)) or 0, MOST_COUNTED)


def count_unread(session: Session, actor: Actor) -> int:
    """How many notices the actor has not read, MOST_COUNTED at most."""
    return 0 if actor.person_id is None else session.scalar(select(_unread(actor))) or 0


def _unread(actor: Actor) -> ScalarSelect[int]:
    some = select(literal(1)).where(Notice.person_id == actor.person_id, Notice.read.is_(None)).limit(MOST_COUNTED)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def list_notices(
    session: Session, actor: Actor, *, page: int = 1, size: int = PAGE, before: int | None = None
) -> Page[Notice]:
    """The actor's notices, newest first. `before` gives only those older than this id."""
    mine = select(Notice).where(Notice.person_id == actor.person_id)
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    if before is not None:
        mine = mine.where(Notice.id < before)
    page, size = max(1, page), max(1, min(size, 500))
    query = mine.order_by(Notice.id.desc()).limit(size).offset((page - 1) * size)
    loaded = query.options(
        joinedload(Notice.event, innerjoin=True),
        joinedload(Notice.job),
        joinedload(Notice.submission, innerjoin=True).joinedload(Submission.batch),
    )
    rows: Sequence[Notice] = session.scalars(loaded).all()
    hide_in_events(session, actor, [notice.event for notice in rows])
    hide_in_titles(session, actor, [notice.job for notice in rows if notice.job is not None])
    hide_in_batches(session, actor, {notice.submission for notice in rows})
    return Page(list(rows), total, page, size, page + 1 if page * size < total else None)


def mark_read(session: Session, actor: Actor, notice_id: int, *, now: datetime) -> None:
    """The actor has read one of her notices; twice is harmless. Raises NotFoundError."""
    mine = (Notice.id == check_id(actor, notice_id)) & (Notice.person_id == actor.person_id)
    changed = session.execute(update(Notice).where(mine).values(read=func.coalesce(Notice.read, now)))
    assert isinstance(changed, CursorResult)
    if changed.rowcount != 1:
        raise not_found(actor)


def mark_all_read(session: Session, actor: Actor, *, until: int, now: datetime) -> int:
    """The actor has read all of hers up to this id; one that came since stays new. How many they were."""
    mine = (Notice.person_id == actor.person_id) & Notice.read.is_(None) & (Notice.id <= until)
    changed = session.execute(update(Notice).where(mine).values(read=now))
    assert isinstance(changed, CursorResult)
    return int(changed.rowcount)


def forget_read(session: Session, *, now: datetime) -> None:
    """Delete what was read long ago."""
    session.execute(delete(Notice).where(Notice.read < now - KEEP_READ))
