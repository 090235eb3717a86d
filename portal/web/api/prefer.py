"""What a program prefers of an answer: the header Prefer (RFC 7240)."""

from collections.abc import Iterator

from flask import Response
from werkzeug.http import parse_list_header, unquote_header_value

RETURNS = frozenset({"minimal", "representation"})


def wanted_return(header: str | None) -> str | None:
    """`minimal` or `representation`, if the header asks for it; None without, and for what is not known here.

    Of a preference that is named more than once the first counts (RFC 7240, 2.).
    """
    found = next((value for name, value in _preferences(header or "") if name == "return"), None)
    return found if found in RETURNS else None


def applied(response: Response, returned: str | None) -> Response:
    """The response, with the word that the wish was followed where there was one."""
    response.vary.add("Prefer")
    if returned is not None:
        response.headers["Preference-Applied"] = f"return={returned}"
    return response


def _preferences(header: str) -> Iterator[tuple[str, str]]:
    for item in parse_list_header(header):
        name, _, value = item.partition(";")[0].partition("=")
        yield name.strip().lower(), unquote_header_value(value.strip())
