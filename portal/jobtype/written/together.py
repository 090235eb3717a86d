"""A word such as --threshold and the value behind it, written as what stands or goes together. Pure.

A value that a job can be without leaves the word in front of it alone, and the program takes the next word for the
value. So what the editor writes keeps the two together where the value can be missing.
"""

import itertools
from collections.abc import Collection, Mapping
from typing import Any, Final

from portal.jobtype.advice.warnings import TAKES_VALUE
from portal.jobtype.finding import Path
from portal.jobtype.written.edit import put, remove
from portal.jobtype.written.tree import Tree

COMMAND: Final[Path] = ("program", "command")
INPUTS: Final = ("input", "input_list", "input_folder")


def left_alone(text: str) -> list[int]:
    """The places in the command of words whose value can be missing. Raises UnsoundError."""
    return _left_alone(Tree(text), *_missing(Tree(text)))


def put_together(text: str, index: int) -> str:
    """The word at this place and its value as one item, where they are such. Raises UnsoundError."""
    if index not in left_alone(text):
        return text
    words = Tree(text).get(COMMAND)
    text = put(text, (*COMMAND, index), {"together": [words[index], words[index + 1]]})
    return remove(text, (*COMMAND, index + 1))


def kept_together(before: str, after: str) -> str:
    """`after`, in which each word is together with a value that could not be missing `before` and now can.

    What somebody wrote otherwise and did not touch stays as it is. Raises UnsoundError.
    """
    if before == after:
        return after
    then, now = _missing(Tree(before)), _missing(Tree(after))
    options, slots = now[0] - then[0], now[1] - then[1]
    if not options and not slots:
        return after
    for index in reversed(_left_alone(Tree(after), options, slots)):
        after = put_together(after, index)
    return after


def _left_alone(tree: Tree, options: Collection[str], slots: Collection[str]) -> list[int]:
    command = tree.get(COMMAND) if tree.has(COMMAND) else None
    pairs = itertools.pairwise(command) if isinstance(command, list) else ()
    return [
        index
        for index, (word, item) in enumerate(pairs)
        if index and isinstance(word, str) and TAKES_VALUE.fullmatch(word) and _vanishes(item, options, slots)
    ]


def _vanishes(item: Any, options: Collection[str], slots: Collection[str], *, inside: bool = False) -> bool:
    """Whether a mark leaves no word where one of these is missing. One with a prefix needs no word before it."""
    if not isinstance(item, Mapping):
        return False
    if isinstance(item.get("text"), list):
        return any(_vanishes(part, options, slots, inside=True) for part in item["text"])
    if item.get("prefix") and not inside:
        return False
    slot = next((item[key] for key in INPUTS if key in item), None)
    return item.get("option", item.get("file")) in options or (slot is not None and slot in slots)


def _missing(tree: Tree) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the options and of the inputs that a job can be without."""
    options = {
        str(one.get("name"))
        for one in _items(tree, "options")
        if one.get("show_when") is not None
        or one.get("only_with")
        or not (one.get("required") is True or one.get("type") == "boolean" or one.get("default") is not None)
    }
    slots = {str(one.get("name")) for one in _items(tree, "inputs") if one.get("min") == 0}
    return frozenset(options), frozenset(slots)


def _items(tree: Tree, key: str) -> list[Mapping[str, Any]]:
    items = tree.get((key,)) if tree.has((key,)) else None
    return [one for one in items if isinstance(one, Mapping)] if isinstance(items, list) else []
