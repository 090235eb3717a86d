"""Lines of a log, in which what others wrote acts on no terminal and begins no line of its own.

Names of files, addresses and messages of programs come into logs, and logs are read in terminals: what is no sign
to be read (controls, marks that turn the direction of writing, ends of lines, half characters) is written out.
"""

import logging
import unicodedata
from typing import Final

_SILENT: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def written_out(text: str) -> str:
    """One line, with `\\u001b` and the like for what acts and is not seen: as JSON writes them."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written(one) if unicodedata.category(one) in _SILENT else one for one in text)


def _written(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


class OneLine(logging.Formatter):
    """A formatter whose record is one line, with a traceback in lines beneath that are set in."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """The line itself."""
        return written_out(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802 - the name is logging's
        """The traceback, none of whose lines can pass for a record."""
        lines = super().formatException(ei).splitlines()  # type: ignore[arg-type]
        return "\n".join(f"    {written_out(line)}" for line in lines)
