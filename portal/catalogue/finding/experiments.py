"""Finding experiments: by proposal number first, one's own before those of others, the newest first."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.orm import Session

from portal.catalogue.access import own_investigations, visible
from portal.catalogue.models import Investigation, InvestigationUser, User
from portal.catalogue.models.searchable import fold
from portal.catalogue.page import Page, before
from portal.identity.actor import Actor

SIZE = 24
WORDS = 8
LONGEST = 200
"""Characters of a text that is searched for; what is longer is cut."""


def find_experiments(
    session: Session,
    actor: Actor,
    text: str = "",
    *,
    person: str | None = None,
    page: int = 1,
    size: int = SIZE,
    now: datetime | None = None,
) -> Page[Investigation]:
    """The visible experiments: those with this very number, those whose number begins so, then one's own.

    All words of `text` stand in number, visit or title; `person`, a sign-in name, is named in the team. Within
    each kind the newest is first.
    """
    wanted = " ".join(fold(text[:LONGEST]).split())
    query = matching(visible(actor, Investigation, now=now), wanted)
    if person is not None:
        query = query.where(Investigation.id.in_(_named(person)))
    total = session.scalar(select(func.count()).select_from(query.with_only_columns(Investigation.id).subquery()))
    begin = func.coalesce(Investigation.start_date, Investigation.create_time)
    rows = query.order_by(by_number(wanted), _others(actor), begin.desc(), Investigation.id.desc())
    items = list(session.scalars(rows.limit(size).offset(before(page, size))))
    more = page * size < (total or 0)
    return Page(items, total or 0, page, size, page + 1 if more else None)


def _named(person: str) -> Select[int]:
    """Where this person is named in the team: who sees an experiment sees its team."""
    member = select(InvestigationUser.investigation_id).join(User, User.id == InvestigationUser.user_id)
    return member.where(User.name == person)


def name_of_user(session: Session, actor: Actor, person: str) -> str:
    """The full name behind a sign-in name, if the actor may know of that person; else what was given."""
    found = session.scalar(visible(actor, User).where(User.name == person)) if person else None
    return person if found is None else found.full_name or found.name


def matching(query: Select[Investigation], folded: str) -> Select[Investigation]:
    """`query`, narrowed to those in which all words of a folded text stand."""
    for word in folded.split()[:WORDS]:
        query = query.where(Investigation.search_text.contains(word, autoescape=True))
    return query


def by_number(folded: str) -> ColumnElement[int]:
    """What to sort by: 0 where the text is the number, 1 where the number begins with it, 2 for all others.

    The folded text of an experiment begins with its number, on a line of its own.
    """
    if not folded:
        return literal(0)
    text = Investigation.search_text
    return case(
        (text.startswith(f"{folded}\n", autoescape=True), 0),
        (text.startswith(folded, autoescape=True), 1),
        else_=2,
    )


def _others(actor: Actor) -> ColumnElement[int]:
    return case((Investigation.id.in_(own_investigations(actor)), 0), else_=1)


def own_among(session: Session, actor: Actor, experiments: Sequence[Investigation]) -> set[int]:
    """Ids of those in whose team the actor is; that staff may read all makes none of them her own."""
    ids = [experiment.id for experiment in experiments]
    mine = select(Investigation.id).where(
        Investigation.id.in_(ids), Investigation.id.in_(own_investigations(actor))
    )
    return set(session.scalars(mine)) if ids else set()
