"""What a text says of itself, as far as that can be read of one that may be no YAML. Pure, and needs nothing."""

import re
from typing import Final

_NAME: Final = re.compile(r"^name:[ \t]*[\"']?([a-z][a-z0-9-]{0,59})[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)


def name_said(text: str) -> str | None:
    """The analysis's name; None where none is written as one."""
    found = _NAME.search(text)
    return found[1] if found else None
