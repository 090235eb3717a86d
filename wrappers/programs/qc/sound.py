"""What of an array can be read: a page or chunk that is damaged costs its own values, and is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from wrappers.io.chunk_grid import Place, size_of
from wrappers.io.source import BLOCK_BYTES, ArraySource, DamagedError

MOST_NAMED = 3
MOST_VALUES = 1 << 22
"""Of a block: what is computed of each value takes up to 8 bytes, however small the value itself is."""


@dataclass
class Lost:
    """What could not be read of an array: how many values each piece has, and why, by where it begins."""

    pieces: dict[tuple[int, ...], tuple[int, DamagedError]] = field(default_factory=dict)

    @property
    def values(self) -> int:
        """How many values could not be read."""
        return sum(count for count, _error in self.pieces.values())

    @property
    def error(self) -> DamagedError:
        """The first of the errors."""
        return next(error for _count, error in self.pieces.values())

    @property
    def note(self) -> str:
        """The first pieces, with why each could not be read, and how many values are left out, as sentences."""
        if not self.pieces:
            return ""
        named = [error.reason for _count, error in list(self.pieces.values())[:MOST_NAMED]]
        more = len(self.pieces) - len(named)
        rest = f"; and {more} more" if more else ""
        left = "1 value is" if self.values == 1 else f"{self.values:,} values are"
        return f"Damaged: {'; '.join(named)}{rest}. {left} left out of the figures."


def sound_blocks(array: ArraySource, lost: Lost) -> Iterator[tuple[Place, np.ndarray]]:
    """Yield all blocks that can be read, with their places; of one that cannot, its pages or chunks that can.

    What cannot is taken into `lost`, each piece once, however often it is tried.
    """
    for place in array.places(min(BLOCK_BYTES, MOST_VALUES * array.dtype.itemsize)):
        try:
            block = array.read(place)
        except DamagedError:
            yield from _pieces(array, place, lost)
        else:
            yield place, block


def _pieces(array: ArraySource, place: Place, lost: Lost) -> Iterator[tuple[Place, np.ndarray]]:
    for piece in array.pieces(place):
        try:
            block = array.read(piece)
        except DamagedError as error:
            lost.pieces[tuple(part.start for part in piece)] = (size_of(piece), error)
        else:
            yield piece, block
