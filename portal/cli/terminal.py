"""What others wrote, as a terminal would show it and without what would steer ours.

A program's progress bar returns to the beginning of its line again and again: what counts is what stands there at
the end. Everything else that moves the cursor, colours, sets titles or answers for the terminal is left out, and
characters that turn the direction of reading are written out, so that a name cannot look like another.
"""

import re

MOST_JUMP = 2000
"""Columns that a sequence may go to the right at once; what is asked beyond is not a terminal's."""
MOST_ESCAPE = 4096
"""Characters of a sequence that does not end; from there on it is text."""
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SPECIAL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)(?P<numbers>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c|(?=\n)|\x1b(?=[^\\]))"
    r"|\x1b(?:[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
)
_BEGUN = re.compile(
    r"\x1b(?:[ -/]*|\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\x9c\n]*\x1b?)"
    r"|\x9b[0-?]*[ -/]*|[\x90\x98\x9d-\x9f][^\x07\x1b\x9c\n]*"
)


def harmless(text: object) -> str:
    """One or more lines of others, without control characters but for the ends of lines."""
    return "\n".join(_clean(line) for line in str("" if text is None else text).splitlines())


def as_shown(text: str) -> str:
    """A whole text as a terminal would have it in the end."""
    screen = Screen()
    done = screen.feed(text)
    return done + screen.pending


def _clean(line: str) -> str:
    return "".join(
        f"\\u{ord(c):04x}" if c in TURNING else c if c.isprintable() or c == "\t" else " " for c in line
    )


class Screen:
    """One line at a time: the finished ones are given out, the last is kept until it ends."""

    def __init__(self) -> None:
        self._line: list[str] = []
        self._column = 0
        self._begun = ""

    @property
    def pending(self) -> str:
        """The line that has not ended yet, as it stands now."""
        return _clean("".join(self._line))

    def feed(self, text: str) -> str:
        """Take more; the lines that have ended by it, each with its end."""
        text, self._begun = self._begun + text, ""
        done: list[str] = []
        place = 0
        while place < len(text):
            found = _SPECIAL.search(text, place)
            if found is None:
                self._write(text[place:])
                break
            self._write(text[place : found.start()])
            place = self._special(text, found.start(), done)
            if place < 0:
                break
        return "".join(done)

    def _special(self, text: str, place: int, done: list[str]) -> int:
        """Heed the control character at `place`; where to go on, or -1 where more must come first."""
        sequence = _SEQUENCE.match(text, place)
        if sequence is not None:
            self._heed(sequence)
            return sequence.end()
        begun = _BEGUN.fullmatch(text, place)
        if begun is not None and len(text) - place < MOST_ESCAPE:
            self._begun = text[place:]
            return -1
        match text[place]:
            case "\n":
                done.append(self.pending + "\n")
                self._line, self._column = [], 0
            case "\r":
                self._column = 0
            case "\b":
                self._column = max(0, self._column - 1)
            case "\t":
                self._write(" " * (8 - self._column % 8))
        return place + 1

    def _heed(self, sequence: re.Match[str]) -> None:
        """Of all sequences those that a progress bar uses within its line."""
        final, numbers = sequence["final"], sequence["numbers"] or ""
        if final is None or not all(c.isdigit() or c == ";" for c in numbers):
            return
        first = numbers.partition(";")[0]
        number = min(int(first[:9]) if first else 0, MOST_JUMP)
        if final == "K":
            self._erase(number)
        elif final == "C":
            self._column = min(self._column + max(1, number), len(self._line) + MOST_JUMP)
        elif final == "D":
            self._column = max(0, self._column - max(1, number))
        elif final == "G":
            self._column = max(0, number - 1)

    def _erase(self, which: int) -> None:
        if which == 0:
            del self._line[self._column :]
        elif which == 1:
            self._line[: self._column + 1] = " " * min(self._column + 1, len(self._line))
        elif which == 2:
            self._line = []

    def _write(self, run: str) -> None:
        if not run:
            return
        if self._column > len(self._line):
            self._line += " " * (self._column - len(self._line))
        self._line[self._column : self._column + len(run)] = run
        self._column += len(run)
