"""Links to the pages before and after, keeping what is searched for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from flask import request, url_for

from portal.errors import LimitError
from portal.web.part import page_endpoint
from portal.web.views.picks.id_lists import numbers_of
from portal.words import count, one_line

MOST_DATASETS: Final = 1000
"""Datasets that one request may name: as many as a submission may have at most."""
NO_PAGE: Final = 999_999_999
"""What an address asks for that names no page: a list has nothing there, and says so."""
MOST_SHOWN: Final = 20


@dataclass(frozen=True)
class PageLinks:
    """Addresses of the neighbouring pages, and where we are, in words."""

    previous: str | None
    next: str | None
    words: str
    beyond: str = ""
    """Where this page lies behind the last one, a sentence that says so."""
    last: str | None = None
    """And the address of the last page, or of the first where it is not known which is the last."""
    last_words: str = ""


def address(**changes: Any) -> str:
    """This page's address with some of its query changed; None takes a part away."""
    query: dict[str, Any] = {name: request.args.getlist(name) for name in request.args if name != "csrf_token"}
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None and value != "":
            query[name] = value
    return link(page_endpoint(), request.view_args or {}, query)


def link(endpoint: str, parts: Mapping[str, Any], query: Mapping[str, Any]) -> str:
    """An address whose query may have any names; to Flask, `_scheme` and the like would mean something else."""
    path = url_for(endpoint, **parts)
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


class Listed(Protocol):
    """A page of a list, as services return it; `page` counts from 1."""

    @property
    def total(self) -> int: ...
    @property
    def page(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def next(self) -> int | None: ...


def page_links(found: Listed, noun: str, plural: str | None = None) -> PageLinks:
    """Links to the pages around this one."""
    first, last = (found.page - 1) * found.size + 1, found.page * found.size
    if found.next is None:
        last = max(first, min(last, found.total))
    behind = found.page > 1 and found.next is None and first > found.total
    if found.page == NO_PAGE or (behind and not _at_least(found)):
        return _beyond(found, total_words(found, noun, plural))
    return PageLinks(
        previous=address(page=found.page - 1 if found.page > 2 else None) if found.page > 1 else None,
        next=address(page=found.next) if found.next else None,
        words=f"{first:,}–{last:,} of {total_words(found, noun, plural)}" if found.total else "",
    )


def _beyond(found: Listed, total: str) -> PageLinks:
    last = 1 if _at_least(found) else max(1, -(-found.total // found.size))
    none = f"There is no page {_asked(found)}"
    verb = "fills" if found.total == 1 else "fill"
    if _at_least(found):
        beyond = f"{none}."
    else:
        beyond = f"{none}: {total} {verb} {count(last, 'page')}." if found.total else f"{none}: the list is empty."
    return PageLinks(
        previous=None,
        next=None,
        words="",
        beyond=beyond,
        last=address(page=last if last > 1 else None),
        last_words=f"Go to page {last:,}, the last" if last > 1 else "Go to the first page",
    )


def _asked(found: Listed) -> str:
    """The page that was asked for, as it stood in the address where it is no number."""
    if found.page != NO_PAGE:
        return f"{found.page:,}"
    return f"“{one_line(request.args.get('page', ''), MOST_SHOWN)}”"


def _at_least(found: Listed) -> bool:
    return bool(getattr(found, "at_least", False))


def total_words(found: Listed, noun: str, plural: str | None = None) -> str:
    """`1 dataset`, `12 datasets`, `more than 10,000 datasets`."""
    words = count(found.total, noun, plural)
    return f"more than {words}" if _at_least(found) else words


def page_number(values: Mapping[str, str]) -> int:
    """The page asked for, the first where none is; NO_PAGE for anything that is no page's number."""
    text = values.get("page", "")
    return (whole(text, most=6) or NO_PAGE) if text else 1


def whole(text: str | None, *, most: int = 18) -> int | None:
    """The number that is written in an address with at most so many of the digits 0 to 9; None for all else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= most else None


def whole_numbers(texts: Iterable[str]) -> list[int]:
    """The numbers that these texts are or list (`id_lists`), each once.

    Raises LimitError for more than a request may name.
    """
    found = list(dict.fromkeys(chain.from_iterable(map(_numbers, texts))))
    if len(found) > MOST_DATASETS:
        raise LimitError(f"Choose at most {MOST_DATASETS:,} datasets at once; these are more.")
    return found


def _numbers(text: str) -> list[int]:
    number = whole(text)
    return numbers_of(text, most=MOST_DATASETS) if number is None else [number]
