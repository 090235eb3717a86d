"""What the HDF5 library complains of, in words for people."""

from __future__ import annotations

import re

_TRUNCATED = re.compile(r"eof = (\d+).*stored_eof = (\d+)")
_OF_LIBRARY = ("Unable to", "Can't", "Unable synchronously", "Object ")


def fault_in_words(error: BaseException) -> str:
    """What is wrong with a file, as a clause; empty where its words are the library's own and say nothing more."""
    text = str(error)
    if sizes := _TRUNCATED.search(text):
        return f"it should hold {sizes[2]} bytes and has {sizes[1]}"
    return "" if text.startswith(_OF_LIBRARY) else text.splitlines()[0] if text else ""
