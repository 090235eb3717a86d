"""Parts of pages: what htmx asks for has an address of its own, never that of a page.

A browser keeps one answer for an address. Where a page's address answers with a part of it, Back, Forward and a
copied tab show that part, bare. So a page looks at no HX-… header; a part ends in `/part/<word>`, is kept by
nobody, and leads whoever opens it by itself to its page.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from portal.web.bounds import LONGEST_LINK

Handler = Callable[..., ResponseReturnValue]

ADDRESS: Final = re.compile(r"/part/[a-z-]+$")
NO_QUERY: Final = frozenset({"csrf_token", "form_of", "kept"})
"""What stands in a form and in no address."""

PAGE_OF: Final[dict[str, str]] = {}
"""The endpoint of each part, and the endpoint of the page that it stands on."""


def part(page: Blueprint, rule: str, *, of: str, method: str = "GET") -> Callable[[Handler], Handler]:
    """A part of the page `of`, at `rule`, which ends in `/part/<word>` and has the page's arguments.

    Opened without htmx it leads (303) to the page, with the same query or what the form holds.
    """
    if not ADDRESS.search(rule):
        raise ValueError(f"{rule}: the address of a part ends in /part/<word>")

    def register(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(**arguments: object) -> ResponseReturnValue:
            return handler(**arguments) if by_htmx() else redirect(whole_page(), 303)

        endpoint = handler.__name__
        PAGE_OF[f"{page.name}.{endpoint}"] = of
        page.add_url_rule(rule, endpoint, answer, methods=[method])
        return answer

    return register


def by_htmx() -> bool:
    """If a page's script asks, which puts the answer into the page."""
    return request.headers.get("HX-Request") == "true"


def is_part() -> bool:
    """If what is asked for is a part of a page."""
    return request.endpoint in PAGE_OF


def asked_for_part() -> bool:
    """If a page's script asks for a part of its page: errors are sentences then, and a sign-in is not a page."""
    return is_part() and by_htmx()


def page_endpoint() -> str:
    """The endpoint of the page that is asked for, or of the page of the part that is."""
    return PAGE_OF.get(str(request.endpoint), str(request.endpoint))


def part_address(endpoint: str) -> str:
    """The address of a part of this page, for what the page's own address asks."""
    return _with_query(url_for(endpoint, **(request.view_args or {})))


def whole_page() -> str:
    """The address of the page of the part that is asked for, for what was asked."""
    return _with_query(url_for(page_endpoint(), **(request.view_args or {})))


def _with_query(address: str) -> str:
    asked = request.form if request.method == "POST" else request.args
    query = urlencode([(name, text) for name, text in asked.items(multi=True) if name not in NO_QUERY])
    return f"{address}?{query}" if query and len(query) <= LONGEST_LINK else address
