"""Which options of a command could be taken for flags: one rule for the form and for the agent.

What a person types may begin with a hyphen. As an argument of its own a program would read it as one of its
options ("--help"). Behind a prefix ("--label="), within a text that begins with something else, or behind the
argument "--" it cannot be one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

SEPARATOR: Final = "--"
"""Behind it programs take everything for a value."""
FLAG_WORDS: Final = "must not begin with a hyphen: the program would take it for one of its own options"


def standing_alone(command: Sequence[Any]) -> frozenset[str]:
    """Names of the options whose value begins an argument, in the JSON form of a command."""
    return frozenset(_alone(command))


def like_a_flag(value: object) -> bool:
    """Whether a typed value could be taken for a flag; numbers, which the job type bounds, are none."""
    if isinstance(value, (list, tuple)):
        return any(like_a_flag(one) for one in value)
    return isinstance(value, str) and value.startswith("-")


def _alone(command: Sequence[Any]) -> Iterator[str]:
    for item in command:
        if item == SEPARATOR:
            return
        if isinstance(item, Mapping):
            yield from _of_mark(item)


def _of_mark(mark: Mapping[str, Any]) -> Iterator[str]:
    if "option" in mark:
        if not mark.get("prefix"):
            yield str(mark["option"])
        return
    if "together" in mark:
        yield from _alone(mark["together"])
    for alternative in mark.get("one_of", ()):
        yield from _alone([alternative])
    # What stands before may be nothing, as an empty text is: the first part that surely is something decides.
    for part in mark.get("text", ()):
        if isinstance(part, str) and part:
            return
        if isinstance(part, Mapping) and "option" in part and not part.get("prefix"):
            yield str(part["option"])
        elif isinstance(part, Mapping):
            return
