"""Projections of a volume that comes in blocks, along each of its last three axes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from wrappers.kernels.arrays import Array, namespace


class Projections:
    """Maximum or mean projections along the last three axes of an array; axes before them are projected too.

    `faces[k]` is the projection along the k-th of the three axes. Values that are not finite are passed over; a
    pixel that saw no finite value is NaN.
    """

    def __init__(self, shape: tuple[int, ...], kind: Literal["max", "mean"]) -> None:
        self._kind = kind
        volume = shape[-3:]
        self._shapes = [tuple(n for axis, n in enumerate(volume) if axis != along) for along in range(3)]
        start = -np.inf if kind == "max" else 0.0
        self._values = [np.full(face, start) for face in self._shapes]
        self._counts = [np.zeros(face, np.int64) for face in self._shapes]

    def add(self, place: tuple[slice, ...], block: Array) -> None:
        """Take in a block that lies at `place` of the whole array."""
        xp = namespace(block)
        values = (
            block if block.dtype.kind == "f" else block.astype(xp.float32 if block.itemsize < 4 else xp.float64)
        )
        finite = xp.isfinite(values)
        whole = bool(finite.all())
        empty = -xp.inf if self._kind == "max" else 0
        usable = values if whole else xp.where(finite, values, empty)
        leading = tuple(range(values.ndim - 3))
        for along in range(3):
            where = tuple(part for axis, part in enumerate(place[-3:]) if axis != along)
            axes = (*leading, values.ndim - 3 + along)
            if self._kind == "max":
                np.maximum(self._values[along][where], usable.max(axis=axes), out=self._values[along][where])
            else:
                self._values[along][where] += usable.sum(axis=axes, dtype=xp.float64)
            seen = finite.sum(axis=axes) if not whole else values.size // self._pixels(where)
            self._counts[along][where] += seen

    @staticmethod
    def _pixels(where: tuple[slice, ...]) -> int:
        return int(np.prod([part.stop - part.start for part in where]))

    @property
    def faces(self) -> list[np.ndarray]:
        """The three projections (float64)."""
        faces = []
        for values, counts in zip(self._values, self._counts, strict=True):
            seen = counts > 0
            scale = np.maximum(counts, 1) if self._kind == "mean" else 1
            faces.append(np.where(seen, values / scale, np.nan))
        return faces
