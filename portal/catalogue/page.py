"""One page of a list."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from portal.db import LARGEST_ID

T = TypeVar("T")


def before(page: int, size: int) -> int:
    """How many entries come before this page: what OFFSET takes, which is bounded."""
    return min((max(1, page) - 1) * size, LARGEST_ID)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of the entries that match."""

    items: list[T]
    total: int
    """How many match; not counted further than search.COUNTED."""
    page: int
    """Which page this is, counted from 1."""
    size: int
    next: int | None
    """The next page's number; None on the last."""
    at_least: bool = False
    """True if more match than `total` says."""
