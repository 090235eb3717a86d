"""Names of others on pages: marks that turn the direction of writing are shown, not obeyed.

`scan\\u202egnp.exe` reads as `scanexe.png`; with the mark written out it reads as what it is.
"""

import re
from typing import Any, Final

from flask import Flask

# Embeddings, overrides, isolates and single marks; controls but for tab and ends of lines.
_ACTING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def shown(text: str) -> str:
    """The text with such characters written as `U+202E` in angle brackets."""
    if text.isascii() and text.isprintable():
        return text
    return _ACTING.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def _finalized(value: Any) -> Any:
    # Markup was finalized when its parts were put together.
    return shown(value) if type(value) is str else value


def install_shown(app: Flask) -> None:
    """For all that any template writes."""
    app.jinja_env.finalize = _finalized
