"""An array whose values lie in other places than the library would look: what all of these have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gantry_formats.linked.arrays import Array, scalar_or_array
from gantry_formats.linked.selection import parts_of

MOST_BYTES = 1 << 30
"""Read of a source for one request: more is asked for in parts by whoever asks."""


class Elsewhere(Array):
    """What both have in common: shape and values are found here, and never asked of the library."""

    def _extent(self) -> tuple[int, ...]:
        raise NotImplementedError

    def _read(self, ranges: Sequence[range]) -> np.ndarray:
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, ...]:
        return self._extent()

    @property
    def maxshape(self) -> tuple[int, ...]:
        return self.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * int(self.dtype.itemsize)

    @property
    def _is_empty(self) -> bool:
        return False

    def len(self) -> int:
        """The length of the first axis."""
        if not self.shape:
            raise TypeError("A single value has no length")
        return self.shape[0]

    def __len__(self) -> int:
        return self.len()

    def __getitem__(self, args: Any, new_dtype: Any = None) -> Any:
        """As h5py's, for numbers, slices, `...` and a list of places an axis. Raises LinkError."""
        if isinstance(args, str) or (isinstance(args, tuple) and any(isinstance(one, str) for one in args)):
            raise TypeError("Fields are chosen by fields()")
        if args is Ellipsis or (isinstance(args, tuple) and not args):
            args = (Ellipsis,)
        ranges, away, picks = parts_of(args, self.shape)
        with self.tree.deeper():
            values = self._read(ranges)
        for axis, pick in picks.items():
            values = values.take(pick, axis=axis)
        return scalar_or_array(_as_type(values, new_dtype), away)

    def __array__(self, dtype: Any = None, copy: bool | None = True) -> np.ndarray:
        found = np.asarray(self[...])
        return found if dtype is None else found.astype(dtype)

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(len(self)))

    def read_direct(self, dest: np.ndarray, source_sel: Any = None, dest_sel: Any = None) -> None:
        """As h5py's, with selections as slices."""
        dest[... if dest_sel is None else dest_sel] = self[... if source_sel is None else source_sel]

    def _filled(self, shape: Sequence[int]) -> np.ndarray:
        values: np.ndarray = np.empty(shape, self.dtype)
        values[...] = self.fillvalue
        return values


def _as_type(values: np.ndarray, wanted: Any) -> np.ndarray:
    if wanted is None:
        return values
    wanted = np.dtype(wanted)
    if not wanted.names:
        return values.astype(wanted)
    chosen: np.ndarray = np.empty(values.shape, wanted)
    for name in wanted.names:
        chosen[name] = values[name]
    return chosen
