"""Long lists in portions: the ids of a statement, the rows of a transaction, the items of a call."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
AT_ONCE = 500
"""Ids of one statement: every database takes so many."""


def portions(items: Iterable[T], most: int = AT_ONCE) -> Iterator[list[T]]:
    """The items in their order, in lists of at most `most`."""
    rest = iter(items)
    while some := list(islice(rest, most)):
        yield some
