"""Finding datasets among many: text, filters, pages, and how many each filter would leave.

Fast at a million datasets because nothing counts or sorts all of them: lists walk an index of (date, id), counts
stop at COUNTED, and the text of a dataset is compared in one folded column.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.catalogue.access import Action, allowed, visible
from portal.catalogue.models import Dataset, DatasetType, Instrument, Investigation, Sample
from portal.catalogue.models.data import RESULTS
from portal.catalogue.models.searchable import fold
from portal.catalogue.page import Page, before
from portal.db import is_id
from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.portions import portions

COUNTED = 10_000
"""Matches are counted up to here."""
LARGEST_PAGE = 500
LAST_PAGE = 10**9
WORDS = 8

SORTS = {"newest": "newest first", "oldest": "oldest first", "name": "by name"}


@dataclass(frozen=True)
class DatasetQuery:
    """What is looked for; None does not narrow."""

    text: str | None = None
    """Words that must all stand in name, description, sample, experiment, type or instrument."""
    type: str | None = None
    """A dataset type's name."""
    types: tuple[str, ...] | None = None
    """Names of types, of which it has one."""
    instrument: str | None = None
    """An instrument's name."""
    investigation: int | None = None
    start: datetime | None = None
    """Measured at or after."""
    end: datetime | None = None
    """Measured before."""
    complete: bool | None = None
    raw: bool | None = None
    """True: measured; False: results."""
    trials: bool = False
    """Only results of values that were tried; False: without them."""
    without_trials: Select[str] | None = None
    """Of these, a question for the submissions whose results are left out."""
    sort: str = "newest"
    """`newest`, `oldest` or `name`."""
    page: int = 1
    size: int = 24
    after: int | None = None
    """Only what comes behind the dataset with this id, in the order of `sort` (instead of `page`)."""


@dataclass(frozen=True)
class Facet:
    """A value to narrow to: `value` goes into the query, `label` is for people."""

    value: str | int
    label: str
    count: int


@dataclass(frozen=True)
class Facets:
    """How many datasets each type, instrument and experiment would leave, most first."""

    types: list[Facet]
    instruments: list[Facet]
    investigations: list[Facet]


def find_datasets(
    session: Session,
    actor: Actor,
    query: DatasetQuery,
    *,
    order: Sequence[ColumnElement[Any]] = (),
    now: datetime | None = None,
) -> Page[Dataset]:
    """A page of visible datasets with type, instrument, sample and experiment loaded. Raises InvalidError.

    `order` comes before `sort`, but only where all matches could be counted: more are sorted by an index alone.
    """
    page, size = min(max(1, query.page), LAST_PAGE), min(max(1, query.size), LARGEST_PAGE)
    conditions = _conditions(query)
    total, at_least = _count(session, actor, conditions, now)
    matching = visible(actor, Dataset, now=now).where(*conditions)
    wanted = _sorted(matching if at_least else matching.order_by(*order), query.sort)
    if query.after is not None:
        wanted = wanted.where(_behind(session, actor, query.after, query.sort, now))
    elif page > 1:
        wanted = wanted.offset(before(page, size))
    wanted = wanted.limit(size + 1).options(
        joinedload(Dataset.type, innerjoin=True),
        joinedload(Dataset.investigation, innerjoin=True),
        joinedload(Dataset.instrument),
        joinedload(Dataset.sample),
    )
    items = list(session.scalars(wanted))
    more = len(items) > size
    return Page(items[:size], total, page, size, page + 1 if more else None, at_least)


def count_datasets(session: Session, actor: Actor, query: DatasetQuery) -> tuple[int, bool]:
    """How many visible datasets there are, up to COUNTED, and if there are more."""
    return _count(session, actor, _conditions(query), None)


def dataset_ids(session: Session, actor: Actor, query: DatasetQuery, *, most: int) -> Sequence[int]:
    """The ids of the first `most` visible datasets, in the query's order, whatever its page."""
    wanted = _sorted(visible(actor, Dataset).where(*_conditions(query)), query.sort)
    return session.scalars(wanted.with_only_columns(Dataset.id).limit(most)).all()


def facets(session: Session, actor: Actor, query: DatasetQuery, *, now: datetime | None = None) -> Facets:
    """What can be narrowed further. A filter that is chosen still shows its alternatives.

    Among more than COUNTED matches, that many of them are counted.
    """
    counted = _Counted(session, actor, now)
    kinds = counted.by(replace(query, type=None))[Dataset.type_id.key]
    places = counted.by(replace(query, instrument=None))[Dataset.instrument_id.key]
    visits = counted.by(replace(query, investigation=None))[Dataset.investigation_id.key]
    return Facets(
        types=_labelled(session, kinds, DatasetType.id, DatasetType.name, DatasetType.name),
        instruments=_labelled(
            session, places, Instrument.id, Instrument.name, func.coalesce(Instrument.full_name, Instrument.name)
        ),
        investigations=_labelled(session, visits, Investigation.id, Investigation.id, Investigation.title),
    )


def _conditions(query: DatasetQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [has_word(word) for word in fold(query.text or "").split()[:WORDS]]
    if query.type is not None:
        found.append(Dataset.type_id.in_(select(DatasetType.id).where(DatasetType.name == query.type)))
    if query.types is not None:
        found.append(Dataset.type_id.in_(select(DatasetType.id).where(DatasetType.name.in_(query.types))))
    if query.instrument is not None:
        named = select(Instrument.id).where(Instrument.name == query.instrument)
        found.append(Dataset.instrument_id.in_(named))
    if query.investigation is not None:
        found.append(_is(Dataset.investigation_id, query.investigation))
    if query.start is not None:
        found.append(Dataset.date >= query.start)
    if query.end is not None:
        found.append(Dataset.date < query.end)
    if query.complete is not None:
        found.append(Dataset.complete.is_(query.complete))
    if query.raw is not None:
        result = Dataset.location.startswith(f"{RESULTS}:", autoescape=True)
        found.append(or_(Dataset.location.is_(None), ~result) if query.raw else result)
    found.append(Dataset.trial.is_not(None) if query.trials else Dataset.trial.is_(None))
    if query.trials and query.without_trials is not None:
        found.append(Dataset.trial.not_in(query.without_trials))
    return found


def _is(column: Any, number: int) -> ColumnElement[bool]:
    """Equality with a number from an address, which may be larger than a database can compare."""
    return column == number if is_id(number) else false()


def has_word(word: str) -> ColumnElement[bool]:
    """The word stands in the dataset's own text or in that of what it belongs to."""

    def matching(kind: Any) -> Select[int]:
        return select(kind.id).where(kind.search_text.contains(word, autoescape=True))

    return or_(
        Dataset.search_text.contains(word, autoescape=True),
        Dataset.investigation_id.in_(matching(Investigation)),
        Dataset.type_id.in_(matching(DatasetType)),
        Dataset.instrument_id.in_(matching(Instrument)),
        Dataset.sample_id.in_(matching(Sample)),
    )


def _count(
    session: Session, actor: Actor, conditions: Sequence[ColumnElement[bool]], now: datetime | None
) -> tuple[int, bool]:
    some = select(literal(1)).where(allowed(actor, Action.READ, Dataset, now=now), *conditions)
    found = session.scalar(
        select(func.count()).select_from(some.select_from(Dataset).limit(COUNTED + 1).subquery())
    )
    total = found or 0
    return min(total, COUNTED), total > COUNTED


def _sorted(query: Select[Dataset], sort: str) -> Select[Dataset]:
    match sort:
        case "newest":
            return query.order_by(Dataset.date.desc(), Dataset.id.desc())
        case "oldest":
            return query.order_by(Dataset.date, Dataset.id)
        case "name":
            return query.order_by(Dataset.name, Dataset.id)
    raise InvalidError(
        "Datasets cannot be sorted like this.", fields={"sort": f"Choose one of {', '.join(SORTS)}."}
    )


def _behind(session: Session, actor: Actor, after: int, sort: str, now: datetime | None) -> ColumnElement[bool]:
    place = (
        visible(actor, Dataset, now=now)
        .where(_is(Dataset.id, after))
        .with_only_columns(Dataset.date, Dataset.name)
    )
    row = session.execute(place).first()
    if row is None:
        raise InvalidError("The list has changed. Start again at its beginning.", fields={"after": "Unknown."})
    date, name = row
    if sort == "name":
        return or_(Dataset.name > name, and_(Dataset.name == name, Dataset.id > after))
    if sort == "oldest":
        return or_(Dataset.date > date, and_(Dataset.date == date, Dataset.id > after))
    return or_(Dataset.date < date, and_(Dataset.date == date, Dataset.id < after))


class _Counted:
    """Counts by type, instrument and experiment, asked once for queries that are the same."""

    def __init__(self, session: Session, actor: Actor, now: datetime | None) -> None:
        self.session, self.actor, self.now = session, actor, now
        self.known: dict[DatasetQuery, dict[str, Counter[int]]] = {}

    def by(self, query: DatasetQuery) -> dict[str, Counter[int]]:
        """For each column: how many of the matches (COUNTED at most) have which value."""
        if query not in self.known:
            self.known[query] = self._ask(query)
        return self.known[query]

    def _ask(self, query: DatasetQuery) -> dict[str, Counter[int]]:
        columns = (Dataset.type_id, Dataset.instrument_id, Dataset.investigation_id)
        readable = allowed(self.actor, Action.READ, Dataset, now=self.now)
        some = select(*columns).where(readable, *_conditions(query)).limit(COUNTED).subquery()
        rows = self.session.execute(select(*some.c, func.count()).group_by(*some.c)).all()
        found: dict[str, Counter[int]] = {column.key: Counter() for column in columns}
        for *values, number in rows:
            for column, value in zip(columns, values, strict=True):
                if value is not None:
                    found[column.key][value] += number
        return found


def _labelled(session: Session, counts: Counter[int], key: Any, value: Any, label: Any) -> list[Facet]:
    """Facets with their words, most first; what shares a value is added up."""
    found: dict[str | int, Facet] = {}
    for some in portions(sorted(counts)):
        for row in session.execute(select(key, value, label).where(key.in_(some))):
            before = found[row[1]].count if row[1] in found else 0
            found[row[1]] = Facet(row[1], row[2], before + counts[row[0]])
    return sorted(found.values(), key=lambda facet: (-facet.count, facet.label))
