"""The first that match a text, of each kind, and the texts in which a word may have been meant.

Every question is of what the actor may see, has a bound, and counts nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_
from sqlalchemy.orm import Session, joinedload

from portal.catalogue.access import visible
from portal.catalogue.finding.experiments import WORDS, by_number, matching
from portal.catalogue.finding.near import pieces
from portal.catalogue.models import Dataset, Investigation, Sample, User
from portal.catalogue.search import has_word
from portal.identity.actor import Actor

LIKE = 1000
"""Texts of each kind that are looked through for a word that may have been meant, the likeliest first."""


def first_datasets(session: Session, actor: Actor, folded: str, most: int) -> Sequence[Dataset]:
    """The newest datasets that match, with type, instrument and experiment loaded; without trials."""
    query = visible(actor, Dataset).where(Dataset.trial.is_(None), *map(has_word, folded.split()[:WORDS]))
    loaded = query.options(
        joinedload(Dataset.type, innerjoin=True),
        joinedload(Dataset.investigation, innerjoin=True),
        joinedload(Dataset.instrument),
    )
    return session.scalars(loaded.order_by(Dataset.date.desc(), Dataset.id.desc()).limit(most)).all()


def first_experiments(session: Session, actor: Actor, folded: str, most: int) -> Sequence[Investigation]:
    """Experiments that match: by number first, then the newest."""
    begin = func.coalesce(Investigation.start_date, Investigation.create_time)
    query = matching(visible(actor, Investigation), folded)
    return session.scalars(
        query.order_by(by_number(folded), begin.desc(), Investigation.id.desc()).limit(most)
    ).all()


def first_people(session: Session, actor: Actor, folded: str, most: int) -> Sequence[User]:
    """People in whose name all words stand, as far as the actor may know of them."""
    query = visible(actor, User)
    for word in folded.split()[:WORDS]:
        query = query.where(
            or_(User.full_name.icontains(word, autoescape=True), User.name.icontains(word, autoescape=True))
        )
    return session.scalars(query.order_by(func.coalesce(User.full_name, User.name), User.id).limit(most)).all()


def texts_like(session: Session, actor: Actor, word: str, *, shared: int) -> Iterator[str]:
    """Folded texts of what the actor may see that share so many of the word's pieces, those that share most first.

    Each kind is asked when it is come to.
    """
    kinds: Sequence[tuple[Any, Any]] = (
        (Investigation, Investigation.search_text),
        (Sample, Sample.search_text),
        (User, func.lower(User.full_name)),
        (Dataset, Dataset.search_text),
    )
    for kind, text in kinds:
        score = _score(text, word)
        query = visible(actor, kind).with_only_columns(text).where(score >= shared)
        # To sort all of them takes long, and where nearly every piece is shared there is little to choose from.
        if shared < len(pieces(word)) - 1:
            query = query.order_by(score.desc())
        yield from filter(None, session.scalars(query.limit(LIKE)))


def _score(column: ColumnElement[str], word: str) -> ColumnElement[int]:
    first, *others = [case((column.contains(piece, autoescape=True), 1), else_=0) for piece in pieces(word)]
    score: ColumnElement[int] = first
    for one in others:
        score = score + one
    return score
