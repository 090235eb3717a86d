"""The first that match a text, of each kind, and the texts in which a word may have been meant.

Every question is of what the actor may see, has a bound, and counts nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.catalogue.access import visible
from portal.catalogue.finding.experiments import WORDS, by_number, matching
from portal.catalogue.finding.near import pieces
from portal.catalogue.models import Dataset, Investigation, Sample, User
from portal.catalogue.search import has_word
from portal.identity.actor import Actor

NEWEST = 20_000
"""Datasets of the facility whose texts are looked through first for a word that may have been meant."""
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


class Likely:
    """Folded texts of what the actor may see, in which a word that was typed with a slip may stand."""

    def __init__(self, session: Session, actor: Actor, newest: int | None = None) -> None:
        self.session, self.actor, self.newest = session, actor, newest
        self.cut = False
        """If there are older datasets, which were not looked through."""

    def like(self, word: str, *, shared: int) -> Iterator[str]:
        """Those that share so many of the word's pieces, those that share most first.

        Each kind is asked when it is come to.
        """
        for text, query in self._kinds():
            score = _score(text, word)
            found = query.where(score >= shared)
            # To sort all takes long, and where nearly every piece is shared there is little to choose from.
            if shared < len(pieces(word)) - 1:
                found = found.order_by(score.desc())
            yield from filter(None, self.session.scalars(found.limit(LIKE)))

    def having(self, words: Sequence[str]) -> Iterator[str]:
        """Those in which all these words stand."""
        for text, query in self._kinds():
            all_in_it = (text.contains(word, autoescape=True) for word in words[:WORDS])
            yield from filter(None, self.session.scalars(query.where(*all_in_it).limit(LIKE)))

    def _kinds(self) -> Iterator[tuple[Any, Select[Any]]]:
        kinds: Sequence[tuple[Any, Any]] = (
            (Investigation, Investigation.search_text),
            (Sample, Sample.search_text),
            (User, func.lower(User.full_name)),
        )
        for kind, text in kinds:
            yield text, visible(self.actor, kind).with_only_columns(text)
        seen = visible(self.actor, Dataset).where(Dataset.trial.is_(None))
        if (oldest := self._oldest()) is not None:
            seen = seen.where(Dataset.date >= oldest)
        yield Dataset.search_text, seen.with_only_columns(Dataset.search_text)

    def _oldest(self) -> datetime | None:
        """The date from which on datasets are looked through; None: all are. An index tells it."""
        if self.newest is None:
            return None
        dates = select(Dataset.date).order_by(Dataset.date.desc(), Dataset.id.desc())
        oldest = self.session.scalar(dates.offset(self.newest).limit(1))
        self.cut = oldest is not None
        return oldest


def _score(column: ColumnElement[str], word: str) -> ColumnElement[int]:
    first, *others = [case((column.contains(piece, autoescape=True), 1), else_=0) for piece in pieces(word)]
    score: ColumnElement[int] = first
    for one in others:
        score = score + one
    return score
