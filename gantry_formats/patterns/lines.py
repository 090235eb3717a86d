"""What a program prints: a pattern that is looked for in a line, with groups whose text is wanted.

    LinePattern(r"iteration (?<done>\\d+) of (?<total>\\d+)", ("done", "total")).found("  iteration 3 of 20")
    {"done": "3", "total": "20"}

The kind of patterns is that of gantry_formats.patterns: at every character it is clear how they go on. From each
place of a line it is therefore tried once, and a line is looked at no further than LONGEST_LINE.
"""

import re
from collections.abc import Collection
from typing import Final

from gantry_formats.patterns import ambiguity
from gantry_formats.patterns.matching import expression
from gantry_formats.patterns.syntax import PatternError, read

LONGEST_LINE: Final = 1000
"""Characters of a line that are looked at."""


class LinePattern:
    """`^` and `$` stand for the ends of the line; without them it may stand anywhere in it."""

    def __init__(self, pattern: str, names: Collection[str]) -> None:
        """`names`: of the groups that mean something. Raises PatternError, whose words follow "the pattern"."""
        parts = read(pattern, names)
        try:
            ambiguity.check(parts)
        except PatternError as error:
            raise PatternError(f"{error}; what stands before and behind need not be written") from None
        end = "$" if pattern.endswith("$") and not pattern.endswith("\\$") else ""
        start = "^" if pattern.startswith("^") else ""
        self._compiled = re.compile(f"{start}(?:{expression(parts)}){end}")
        self.names = frozenset(self._compiled.groupindex)

    def found(self, line: str) -> dict[str, str] | None:
        """The texts of its groups where it first stands in the line, of those that took part; None: nowhere."""
        match = self._compiled.search(line[:LONGEST_LINE])
        if match is None:
            return None
        return {name: text for name, text in match.groupdict().items() if text is not None}
