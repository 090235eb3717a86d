"""Which files of output/ a pattern means: as `cp -r output/PATTERN` would take them."""

import re

from portal.rpc.exchange import RefusedError

MAX_PATTERN = 500
MAX_DEEP = 3


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern for paths beneath output/: `*` and `?` stay within a name, `**` takes any depth.

    A folder that matches is taken whole, so that `*` means everything. Raises RefusedError.
    """
    parts = pattern.split("/")
    too_much = len(pattern) > MAX_PATTERN or parts.count("**") > MAX_DEEP
    if not pattern or too_much or pattern.startswith("/") or ".." in parts:
        raise RefusedError("request", f"The pattern {pattern!r} is not one beneath the output folder.")
    text = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            text += ".*" if last else "(?:[^/]+/)*"
        else:
            text += _component(part) + ("" if last else "/")
    return re.compile(rf"{text}(?:/.*)?", re.DOTALL)


def _component(part: str) -> str:
    """One name. What stands between two stars is taken where it first occurs (`(?>`): a long name that almost fits
    would otherwise be tried in every possible way."""
    first, *others = [_characters(piece) for piece in re.split(r"\*+", part)]
    if not others:
        return first
    return first + "".join(f"(?>[^/]*?{piece})" for piece in others[:-1]) + f"[^/]*{others[-1]}"


def _characters(piece: str) -> str:
    return "".join("[^/]" if character == "?" else re.escape(character) for character in piece)
