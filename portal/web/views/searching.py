"""From an address to a query and back: filters as links, so that they work without a script and can be shared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Investigation
from portal.catalogue.search import SORTS, DatasetQuery, Facet, Facets
from portal.db import is_id
from portal.identity.actor import Actor
from portal.jobs.trials.discard import discarded_trials
from portal.level import level
from portal.web.views.finding.days import Day, Span, span_of, written
from portal.web.views.paging import address, page_number, whole

PAGE = 24
KINDS = {"raw": "Measured", "results": "Results", "trials": "Trials"}


@dataclass(frozen=True)
class FilterLink:
    """A filter to choose, or to take away again."""

    words: str
    href: str
    number: int | None
    chosen: bool


@dataclass(frozen=True)
class FilterGroup:
    """Filters of one kind."""

    title: str
    items: list[FilterLink]


def _midnight(day: Day, *, end: bool = False) -> datetime | None:
    """The start of a day in the facility's time zone, or of the next one; None if there is none."""
    if day.day is None:
        return None
    try:
        start = datetime.combine(day.day, time())
        # Before the zone is put to it: where the clocks change, a day has 23 or 25 hours.
        return (start + timedelta(days=1) if end else start).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def query_of(values: Mapping[str, str]) -> DatasetQuery:
    """The query that an address asks for; what makes no sense is left out."""
    kind = values.get("kind")
    span = span_of(values)
    return DatasetQuery(
        text=values.get("q", "").strip() or None,
        type=values.get("type") or None,
        instrument=values.get("instrument") or None,
        investigation=whole(values.get("investigation")),
        start=_midnight(span.start),
        end=_midnight(span.end, end=True),
        sort=_sort(values),
        raw=None if kind not in KINDS else kind == "raw",
        trials=kind == "trials",
        without_trials=discarded_trials() if kind == "trials" else None,
        page=page_number(values),
        size=PAGE,
    )


def _sort(values: Mapping[str, str]) -> str:
    wanted = values.get("sort", "")
    return wanted if wanted in SORTS else "newest"


@dataclass(frozen=True)
class SpanFields:
    """The two fields of a span, what is wrong with them, and a way out."""

    span: Span
    swap: str | None
    """The address with the two days the other way round, where they are crossed."""

    @property
    def wrong(self) -> list[str]:
        """Sentences above the list, for what it is not narrowed by."""
        return [f"{day.wrong} The list is not narrowed by it." for day in self._days if day.wrong]

    @property
    def _days(self) -> tuple[Day, Day]:
        return self.span.start, self.span.end


def span_fields(values: Mapping[str, str]) -> SpanFields:
    """The fields `start` and `end` of this address."""
    span = span_of(values)
    swap = address(page=None, start=span.end.typed, end=span.start.typed) if span.crossed else None
    return SpanFields(span, swap)


def chosen_filters(session: Session, actor: Actor, values: Mapping[str, str]) -> list[FilterLink]:
    """What the list is narrowed to, each with a link that takes it away."""
    span = span_of(values)
    words = {
        "type": values.get("type"),
        "instrument": values.get("instrument"),
        "investigation": _experiment_title(session, actor, values.get("investigation")),
        "kind": KINDS.get(values.get("kind", "")),
        "start": f"from {written(span.start.day)}" if span.start.day else None,
        "end": f"to {written(span.end.day)}" if span.end.day else None,
    }
    return [
        FilterLink(text[:1].upper() + text[1:], address(page=None, **{name: None}), None, True)
        for name, text in words.items()
        if text
    ]


def _experiment_title(session: Session, actor: Actor, text: str | None) -> str | None:
    number = whole(text)
    if number is None or not is_id(number):
        return None
    query = visible(actor, Investigation).where(Investigation.id == number)
    found = session.scalar(query)
    return found.title if found else None


def filter_groups(counted: Facets, values: Mapping[str, str]) -> list[FilterGroup]:
    """Filters to choose from, with how many datasets each leaves."""

    def links(name: str, found: Sequence[Facet], most: int) -> list[FilterLink]:
        now = values.get(name, "")
        return [
            FilterLink(
                item.label[:1].upper() + item.label[1:],
                address(page=None, **{name: None if str(item.value) == now else item.value}),
                item.count,
                str(item.value) == now,
            )
            for item in found[:most]
        ]

    chosen = values.get("kind", "")
    kinds = [
        FilterLink(words, address(page=None, kind=None if kind == chosen else kind), None, kind == chosen)
        for kind, words in KINDS.items()
    ]
    groups = [
        FilterGroup("Kind", kinds),
        FilterGroup("Type", links("type", counted.types, 12)),
        FilterGroup("Instrument", links("instrument", counted.instruments, 12)),
        FilterGroup(level().One, links("investigation", counted.investigations, 8)),
    ]
    order = [
        FilterLink(words.capitalize(), address(page=None, sort=None if sort == "newest" else sort), None, False)
        for sort, words in SORTS.items()
        if sort != _sort(values)
    ]
    if values.get("view") != "table":  # whose heads say how it is sorted
        groups.append(FilterGroup(f"Order: {SORTS[_sort(values)]}", order))
    return [group for group in groups if group.items]
