"""Text that a program in an image printed, as text that can be shown: no controls, nothing hidden. Pure."""

import re
import unicodedata
from typing import Final

_ESCAPES: Final = re.compile(
    # OSC, DCS, SOS, PM and APC with what they carry, as far as the line goes; CSI; every other escape.
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_STRUCK_OVER: Final = re.compile(r"[^\n]\x08")
_SILENT: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
LONGEST_LINE: Final = 1000


def plain(raw: bytes, most: int) -> tuple[str, bool]:
    """At most `most` characters of what was printed, and whether that is not all.

    What acts on a terminal is taken out, what is struck over (as man does for bold) stands once, and a line that
    is longer than any help's is cut.
    """
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    text = _STRUCK_OVER.sub("", _ESCAPES.sub("", text))
    text = "".join(one for one in text if one in "\n\t" or unicodedata.category(one) not in _SILENT)
    lines = [line.rstrip() for line in text.expandtabs().split("\n")]
    cut = any(len(line) > LONGEST_LINE for line in lines)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(line[:LONGEST_LINE] for line in lines)).strip("\n")
    return text[:most], cut or len(text) > most


def line(text: object, most: int) -> str:
    """Anything as one line of at most `most` characters, what acts left out; nothing of what is no text."""
    if not isinstance(text, str):
        return ""
    shown, cut = plain(text[: 4 * most].encode("utf-8", "replace"), most)
    return " ".join(shown.split()) + ("…" if cut else "")
