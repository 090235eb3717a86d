"""Patterns of files: one meaning for form, checker, agent and store, in a time that no name stretches.

PathPattern(text).takes(path)   of outputs: as `cp -r output/PATTERN` would take it
named(path, pattern)            of inputs: the whole path fits, or the file's own name
"""

import re
from fnmatch import fnmatchcase
from typing import Final

from gantry_formats.patterns.syntax import PatternError

LONGEST_PATTERN: Final = 500
MOST_DEEP: Final = 3
DEEP: Final = "**"


class PathPattern:
    """`*` and `?` stay within a name, `**` takes any depth. A folder that fits is taken whole: `*` means all."""

    def __init__(self, pattern: str) -> None:
        """Raises PatternError, whose words follow "the pattern"."""
        parts = pattern.split("/")
        if not pattern or pattern.startswith("/") or ".." in parts:
            raise PatternError("is not one beneath the output folder")
        if len(pattern) > LONGEST_PATTERN:
            raise PatternError(f"has more than {LONGEST_PATTERN} characters")
        if parts.count(DEEP) > MOST_DEEP:
            raise PatternError(f"has {DEEP} more than {MOST_DEEP} times")
        self._parts = [None if part == DEEP else re.compile(_name(part), re.DOTALL) for part in parts]

    def takes(self, path: str) -> bool:
        """Whether the file at this path beneath the output folder is meant."""
        places = self._reached({0})
        for name in path.split("/"):
            onward = set()
            for place in places:
                part = self._parts[place]
                if part is None:
                    onward.add(place if place + 1 < len(self._parts) else place + 1)
                elif part.fullmatch(name):
                    onward.add(place + 1)
            if len(self._parts) in onward:
                return True
            places = self._reached(onward)
        return False

    def _reached(self, places: set[int]) -> set[int]:
        """These, and those behind each `**`, which may be nothing unless it stands last."""
        found = set()
        for start in places:
            place = start
            found.add(place)
            while self._parts[place] is None and place + 1 < len(self._parts):
                place += 1
                found.add(place)
        return found


def _name(part: str) -> str:
    """One name. What stands between two stars is taken where it first occurs (`(?>`): a long name that almost fits
    would otherwise be tried in every possible way."""
    first, *others = [_characters(piece) for piece in re.split(r"\*+", part)]
    if not others:
        return first
    return first + "".join(f"(?>.*?{piece})" for piece in others[:-1]) + f".*{others[-1]}"


def _characters(piece: str) -> str:
    return "".join("." if character == "?" else re.escape(character) for character in piece)


def named(path: str, pattern: str) -> bool:
    """Whether a program gets this file of its input, as the agent gives it."""
    return fnmatchcase(path, pattern) or fnmatchcase(path.rpartition("/")[2], pattern)
