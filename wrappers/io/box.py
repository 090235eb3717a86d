"""A box in a volume, as people write it: "z0:z1, y0:y1, x0:x1", counted from 0, without its ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wrappers.errors import BadInput

AXES = ("z", "y", "x")
_PART = re.compile(r"\s*(\d{0,9})\s*:\s*(\d{0,9})\s*")


@dataclass(frozen=True)
class Box:
    """Where a box lies in its volume (z, y, x): the box, and the part that is read around it."""

    place: tuple[slice, ...]
    around: tuple[slice, ...]

    @property
    def within(self) -> tuple[slice, ...]:
        """Where the box lies in what is read around it."""
        return tuple(
            slice(part.start - whole.start, part.stop - whole.start)
            for part, whole in zip(self.place, self.around, strict=True)
        )

    @property
    def words(self) -> str:
        """The box as it is written."""
        return ", ".join(f"{part.start}:{part.stop}" for part in self.place)


def box_of(text: str | None, shape: Sequence[int], margin: Sequence[int]) -> Box | None:
    """Return the box that `text` names in a volume of `shape`, with `margin` voxels around where it has them.

    An end that is left out is the volume's. None for no text; BadInput for what is no box, or none of this volume.
    """
    if text is None:
        return None
    parts = [_PART.fullmatch(part) for part in text.split(",")]
    if len(parts) != len(AXES) or None in parts:
        raise BadInput(f"The box “{text[:80]}” is none: write z0:z1, y0:y1, x0:x1, counted from 0.")
    place = []
    for axis, part, length in zip(AXES, parts, shape, strict=True):
        assert part is not None
        start, stop = int(part[1] or 0), int(part[2] or length)
        if not start < stop <= length:
            what = f"ends at {stop}" if stop > length else f"goes from {start} to {stop}"
            raise BadInput(f"The box {what} along {axis}, where the stack has {length} voxels.")
        place.append(slice(start, stop))
    around = [
        slice(max(0, part.start - more), min(length, part.stop + more))
        for part, more, length in zip(place, margin, shape, strict=True)
    ]
    return Box(tuple(place), tuple(around))
