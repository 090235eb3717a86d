"""What is looked at of an array: projections of a volume, the plane itself, a colour picture, a curve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import numpy as np

from gantry_formats.axes import UNKNOWN, known_axes, name_of
from wrappers.io.picture import fitted, grey, line_plot, marked
from wrappers.io.source import ArraySource
from wrappers.kernels.projection import Projections

Kind: TypeAlias = Literal["max", "mean"]

COLOUR_SAMPLES = (3, 4)
LONGEST_SIDE = 2048  # pixels kept of a plane, so that a huge one needs little memory
LONGEST_ROW = 2**20
MOST_PIXELS = 2**26
"""Of the three projections of a volume together, each 16 bytes while they are made."""


class View:
    """Gathers the pictures of one array while its blocks go by."""

    def __init__(self, array: ArraySource, kind: Kind) -> None:
        self._array, self._kind = array, kind
        shape = array.shape
        self._colour = (
            len(shape) == 3
            and array.dtype == np.uint8
            and shape[-1] in COLOUR_SAMPLES
            and array.axes[-1:] in ("", "S")
        )
        self._flat = len(shape) < 3 or self._colour
        longest = LONGEST_SIDE if len(shape) > 1 else LONGEST_ROW
        self._step = max(1, -(-max(shape[:2]) // longest))
        thin = tuple(-(-length // self._step) for length in shape[:2]) + shape[2:]
        self._plane = np.full(thin, np.nan) if self._flat else np.empty(0)
        self._part = np.empty(0)
        z, y, x = shape[-3:] if len(shape) > 2 else (0, 0, 0)
        self.too_large = not self._flat and y * x + z * x + z * y > MOST_PIXELS
        """Whether its projections would take too much memory, so that a part of a plane stands for them."""
        self._projections = None if self._flat or self.too_large else Projections(shape, kind)

    def add(self, place: tuple[slice, ...], block: np.ndarray) -> None:
        """Take in a block of real numbers that lies at `place`."""
        if self.too_large:
            if not self._part.size:
                plane = block[(0,) * (block.ndim - 2)][:LONGEST_SIDE, :LONGEST_SIDE]
                self._part = np.array(plane, dtype=np.float64)
            return
        if self._projections:
            self._projections.add(place, block)
            return
        from_, to = [], []
        for axis, part in enumerate(place):
            step = self._step if axis < 2 else 1
            first = -part.start % step
            from_.append(slice(first, None, step))
            number = len(range(first, part.stop - part.start, step))
            to.append(slice((part.start + first) // step, (part.start + first) // step + number))
        self._plane[tuple(to)] = block[tuple(from_)]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the projections (float32) by name; nothing for arrays of fewer than three dimensions."""
        if not self._projections:
            return {}
        faces = self._projections.faces
        return {f"{self._kind}_along_axis_{axis}": face.astype(np.float32) for axis, face in self._named(faces)}

    def pictures(self) -> dict[str, np.ndarray]:
        """Return uint8 pictures by caption, the most telling first."""
        if self.too_large:
            return {"a part of the first plane that was read": fitted(grey(self._part))}
        if self._projections:
            return {
                self._caption(axis): fitted(grey(face))
                for axis, face in self._named(self._projections.faces)
                if min(face.shape) > 1
            }
        if self._colour:
            return {"in colour": fitted(np.ascontiguousarray(self._plane[..., :3].astype(np.uint8)))}
        if self._plane.ndim == 2 and min(self._plane.shape) > 1:
            return {"as a picture": fitted(grey(self._plane))}
        return {"its values in order, as a curve": line_plot(self._plane)}

    def at_least(self, level: float | None) -> np.ndarray | None:
        """Return a picture with the pixels in red that reach a level; None where they are not to be seen."""
        if self._projections and self._kind == "max":
            plane = self._projections.faces[0]
        elif not self._projections and not self.too_large and self._plane.ndim == 2:
            plane = self._plane
        else:
            return None
        if min(plane.shape) < 2 or not np.isfinite(plane).any():
            return None
        return None if level is None else fitted(marked(plane, plane >= level), largest=512)

    def _caption(self, along: int) -> str:
        """What a projection shows: "largest values along z"; axes before the last three are projected, too."""
        shape = self._array.shape
        letters = known_axes(self._array.axes, shape)
        before = [axis for axis in range(len(shape) - 3) if shape[axis] > 1]
        own = [f"axis {axis + 1} of {len(shape)}" for axis in range(len(shape))]
        names = [
            own[axis] if letters[axis] == UNKNOWN or letters.count(letters[axis]) > 1 else name_of(letters[axis])
            for axis in (*before, along)
        ]
        return f"{'largest' if self._kind == 'max' else 'mean'} values along {' and '.join(names)}"

    def _named(self, faces: list[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
        first = len(self._array.shape) - 3
        return ((first + along, face) for along, face in enumerate(faces))
