"""Which files of output/ a pattern means: as `cp -r output/PATTERN` would take them."""

import re

from portal.exchange import RefusedError

MAX_PATTERN = 500


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern for paths beneath output/: `*` and `?` stay within a name, `**` takes any depth.

    A folder that matches is taken whole, so that `*` means everything. Raises RefusedError.
    """
    parts = pattern.split("/")
    if not pattern or len(pattern) > MAX_PATTERN or pattern.startswith("/") or ".." in parts:
        raise RefusedError("request", f"The pattern {pattern!r} is not one beneath the output folder.")
    text = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            text += ".*" if last else "(?:[^/]+/)*"
        else:
            text += "".join(_character(character) for character in part) + ("" if last else "/")
    return re.compile(rf"{text}(?:/.*)?", re.DOTALL)


def _character(character: str) -> str:
    return {"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character)
