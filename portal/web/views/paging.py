"""Links to the pages before and after, keeping what is searched for."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import request, url_for


@dataclass(frozen=True)
class PageLinks:
    """Addresses of the neighbouring pages, and where we are, in words."""

    previous: str | None
    next: str | None
    words: str


def address(**changes: object) -> str:
    """This page's address with some of its query changed; None takes a part away."""
    query: dict[str, object] = {name: request.args.getlist(name) for name in request.args if name != "csrf_token"}
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None and value != "":
            query[name] = value
    return url_for(str(request.endpoint), **(request.view_args or {}), **query)


def page_links(page: int, next_page: int | None, size: int, total: int, noun: str) -> PageLinks:
    """Links for page `page`, counted from 1, of `total` things of `size` a page."""
    first = (page - 1) * size + 1
    last = min(page * size, total)
    return PageLinks(
        previous=address(page=page - 1 if page > 2 else None) if page > 1 else None,
        next=address(page=next_page) if next_page else None,
        words=f"{first:,}–{last:,} of {total:,} {noun}" if total else "",
    )


def page_number(values: Mapping[str, str]) -> int:
    """The page asked for; anything that is no page number is the first."""
    text = values.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
