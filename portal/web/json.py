"""JSON as requests bring it: one reader for all bodies, with bounds on what a document may hold.

What Python cannot parse, or parses and nobody can store, is refused with one kind of words; so are documents that
programs read differently (a name twice, NaN) and those that only cost time.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from flask import Request, has_request_context
from flask import request as current_request
from flask.json.provider import DefaultJSONProvider

from portal.errors import UnreadableError

DEEPEST: Final = 20
"""Lists and maps within each other."""
MOST_VALUES: Final = 100_000
"""Numbers, texts, lists and maps of a document together."""
LONGEST_TEXT: Final = 20_000
"""Characters of a text, or of a name."""
LONGEST_NUMBER: Final = 60
"""Characters of a number."""
LARGEST_WHOLE: Final = 2**63 - 1

NONE: Final[Mapping[str, int]] = {}

_UNSTORED = re.compile("[\0\ud800-\udfff]")
"""NUL, which PostgreSQL cannot hold in a text, and halves of characters, which have no UTF-8."""


class PlainJSON(DefaultJSONProvider):
    """As Flask's, reading within the bounds above."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The document. Raises ValueError, whose words say what is wrong with it."""
        return read_json(s, long=_long())


class PortalRequest(Request):
    """A request whose broken JSON is told in words."""

    long_texts: Mapping[str, int] = NONE
    """Characters of texts of its body that may be longer than others, by their name at the top."""

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        """Raises UnreadableError; without JSON at all, what Flask does."""
        if e is None:
            return super().on_json_loading_failed(e)
        raise UnreadableError(f"This body cannot be read: {e}. Nothing was changed.")


def _long() -> Mapping[str, int]:
    return getattr(current_request, "long_texts", NONE) if has_request_context() else NONE


def read_json(raw: str | bytes, *, long: Mapping[str, int] = NONE) -> Any:
    """The document in UTF-8 JSON. Raises ValueError: it is none, or holds what is not taken.

    `long`: characters that a text at the top of a map may have under that name, where not LONGEST_TEXT.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
        found = json.loads(
            text, object_pairs_hook=_map, parse_int=_whole, parse_float=_number, parse_constant=_constant
        )
    except UnicodeDecodeError:
        raise ValueError("it is no JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON ({error.msg} at character {error.pos})") from None
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep") from None
    if long and isinstance(found, dict):
        for name, most in long.items():
            if isinstance(found.get(name), str):
                _check_text(found[name], most)
        _check({name: None if name in long and isinstance(one, str) else one for name, one in found.items()})
        return found
    _check(found)
    return found


def _map(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a map has the same name twice")
    return found


def _whole(text: str) -> int:
    number = int(text) if len(text) <= LONGEST_NUMBER else LARGEST_WHOLE + 1
    if abs(number) > LARGEST_WHOLE:
        raise ValueError("a whole number has more than 64 bits")
    return number


def _number(text: str) -> float:
    number = float(text) if len(text) <= LONGEST_NUMBER else math.inf
    if not math.isfinite(number):
        raise ValueError("a number is larger, or has more digits, than can be worked with")
    return number


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number in JSON")


def _check(document: Any) -> None:
    """Nesting, how many values, and what their texts hold. Raises ValueError."""
    level, depth, count = [document], 0, 0
    while level:
        depth += 1
        count += len(level)
        if depth > DEEPEST:
            raise ValueError(f"it is nested more than {DEEPEST} levels deep")
        if count > MOST_VALUES:
            raise ValueError(f"it holds more than {MOST_VALUES:,} values")
        below: list[Any] = []
        for one in level:
            if isinstance(one, str):
                _check_text(one, LONGEST_TEXT)
            elif isinstance(one, dict):
                for name in one:
                    _check_text(name, LONGEST_TEXT)
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
        level = below


def _check_text(text: str, longest: int) -> None:
    if len(text) > longest:
        raise ValueError(f"a text has more than {longest:,} characters")
    if (not text.isascii() and _UNSTORED.search(text)) or "\0" in text:
        raise ValueError("a text holds a character that no text can hold (NUL, or half of one)")
