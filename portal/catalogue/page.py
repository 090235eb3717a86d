"""One page of a list."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


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
