"""The arrays of an open file in the limited child: what each is, and small pictures of the first of them.

Names and axes are those under which programs find the same arrays (`gantry_formats`; a test holds the two
together). A reader gives them as `Listed`; here they are bounded, drawn and made JSON.
"""

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gantry_formats.arrays import Described, plain_name, why_not
from gantry_formats.axes import UNKNOWN, known_axes
from portal.data.parsing.errors import FileError
from portal.data.parsing.readers.picture import MAX_SIDE_READ, Array, View, png, spread

MOST_ARRAYS = 200
MOST_LABELS = 100
MOST_PLACES = 8
"""Of an axis with more places (a long series) none gets a picture of its own."""
AXES_SHOWN = "CTR"
MOST_READ = 4 << 20
"""Elements read for one picture; a deep stack is shown by some of its planes."""
MOST_PLANES = 12
PICTURES_S = 10.0
"""Processor time for all pictures of a file: they must not cost the rest of what is read of it."""
MEASUREMENTS = "biufc"

Plane = Callable[[Mapping[str, int]], Array]
"""The plane (y, x), or (y, x, colour), at a place along the other axes; 0 where none is given."""


@dataclass(frozen=True)
class Listed:
    """An array as its reader knows it. `declared`: its axes as the format says them, or nothing."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    declared: str
    plane: Callable[[str], Plane | None]
    """For its axes, how to read one plane; None where it has none to show."""
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)
    """Of an element, in µm, by axis."""
    axis_names: Sequence[str] = ()
    """The file's own names of the axes that are not known."""
    interval_s: float | None = None
    """The time between its time points, where it is told."""
    of_no_size: Mapping[str, str] = field(default_factory=dict)
    """Lists of coordinates along its axes that tell no size, and why, as a clause."""

    @property
    def axes(self) -> str:
        """A letter for each axis."""
        return known_axes(self.declared, self.shape)

    @property
    def is_picture(self) -> bool:
        """Whether it has planes of more than a row."""
        lengths = dict(zip(self.axes, self.shape, strict=True))
        return min(lengths.get("Y", 0), lengths.get("X", 0)) > 1


@dataclass(frozen=True)
class LeftOut:
    """Something that is no array to be read, and why, as a clause."""

    name: str
    why: str


def listing(found: Sequence[Listed | LeftOut], *, side: int, pictures: int) -> dict[str, Any]:
    """Arrays with at most so many pictures among them, those of more dimensions first; what is left out; the rest.

    `{"arrays": [{"name", "shape", "dtype", "axes", "labels", "sizes", "interval_s",
    "pictures": [{"axis", "place", "png"}]}], "left_out": [{"name", "why"}], "more": arrays that are not listed}`.
    """
    arrays = [one for one in found if isinstance(one, Listed)]
    first = sorted(range(len(arrays)), key=lambda place: -min(_dimensions(arrays[place]), 3))[:MOST_ARRAYS]
    shown = [_described(arrays[place]) for place in sorted(first)]
    drawn = _Drawing(side, pictures)
    planes = [arrays[place].plane(one["axes"]) for place, one in zip(sorted(first), shown, strict=True)]
    for one, plane in zip(shown, planes, strict=True):
        one["pictures"] = drawn.overview(one, plane)
    for one, plane in zip(shown, planes, strict=True):
        one["pictures"] += drawn.places(one, plane)
    without = [one for one in found if isinstance(one, LeftOut)]
    return {
        "arrays": shown,
        "left_out": [{"name": plain_name(one.name), "why": one.why[:500]} for one in without[:MOST_ARRAYS]],
        "more": len(arrays) - len(shown) + max(len(without) - MOST_ARRAYS, 0),
    }


def _dimensions(one: Listed) -> int:
    return sum(length > 1 for length in one.shape)


def _described(one: Listed) -> dict[str, Any]:
    return {
        "name": plain_name(one.name),
        "shape": list(one.shape),
        "dtype": one.dtype,
        "axes": one.axes,
        "labels": {
            axis: [plain_name(label) for label in labels[:MOST_LABELS]]
            for axis, labels in (*one.labels.items(), *([(UNKNOWN, one.axis_names)] if one.axis_names else []))
        },
        "sizes": dict(one.sizes),
        "interval_s": one.interval_s,
    }


class _Drawing:
    """Pictures, until there are enough of them or they have taken enough time."""

    def __init__(self, side: int, most: int) -> None:
        self.side, self.left = side, most
        self.until = time.process_time() + PICTURES_S

    def overview(self, one: Mapping[str, Any], plane: Plane | None) -> list[dict[str, Any]]:
        """The picture of an array as a whole."""
        # No type is given: complex numbers are shown, too, by their absolute values.
        described = Described("", one["name"], tuple(one["shape"]), "", one["axes"])
        if plane is None or why_not(described, "YX", AXES_SHOWN + "ZSAVIQ?"):
            return []
        if min(map(described.length, "YX")) < 2:
            return []  # a table of numbers, as BigDataViewer has for its resolutions
        return list(self._drawn(one, plane, "", 0, {}))

    def places(self, one: Mapping[str, Any], plane: Plane | None) -> list[dict[str, Any]]:
        """A picture of each channel, time point and position, where there are few."""
        if plane is None or not one["pictures"]:
            return []
        return [
            drawn
            for axis, length in zip(one["axes"], one["shape"], strict=True)
            if axis in AXES_SHOWN and 1 < length <= MOST_PLACES
            for place in range(length)
            for drawn in self._drawn(one, plane, axis, place, {axis: place})
        ]

    def _drawn(
        self, one: Mapping[str, Any], plane: Plane, axis: str, place: int, fixed: Mapping[str, int]
    ) -> Iterator[dict[str, Any]]:
        if self.left <= 0 or time.process_time() > self.until:
            return
        try:
            drawn = png(self._view(one["axes"], one["shape"], plane, fixed), self.side)
        except (FileError, OSError, RuntimeError, ValueError, TypeError, KeyError, IndexError, MemoryError):
            return  # what cannot be shown is listed all the same
        self.left -= 1
        yield {"axis": axis, "place": place, "png": base64.b64encode(drawn).decode()}

    def _view(self, axes: str, shape: Sequence[int], plane: Plane, fixed: Mapping[str, int]) -> View:
        """The largest values along z; the middle of what is no z; the first of the places that can be chosen."""
        lengths = dict(zip(axes, shape, strict=True))
        held = {axis: lengths[axis] // 2 for axis in lengths if axis not in f"ZYXS{AXES_SHOWN}{UNKNOWN}"} | dict(
            fixed
        )
        size = max(lengths["Y"] * lengths["X"], 1)
        best: Array | None = None
        for place in spread(lengths.get("Z", 1), min(MOST_PLANES, MOST_READ // size)):
            found = plane({**held, "Z": place})
            found = np.abs(found) if found.dtype.kind == "c" else found
            if found.ndim == 3:
                return View(found[..., :3], colour=True) if found.dtype == np.uint8 else View(found.mean(axis=2))
            best = found if best is None else np.maximum(best, found)
            if time.process_time() > self.until:
                break
        if best is None:
            raise FileError("invalid", "There is nothing to show.")
        return View(best)


def plane_of(array: Any, axes: str) -> Plane | None:
    """Planes of what is indexed as arrays are, without reading more; of a far too large one the middle."""
    if any(axes.count(axis) != 1 for axis in "YX"):
        return None
    colour = axes.count("S") == 1 and int(array.shape[axes.index("S")]) in (3, 4)

    def read(places: Mapping[str, int]) -> Array:
        selection: list[int | slice] = []
        kept = ""
        for axis, length in zip(axes, array.shape, strict=True):
            if axis in "YX":
                start = max((int(length) - MAX_SIDE_READ) // 2, 0)
                selection.append(slice(start, min(start + MAX_SIDE_READ, int(length))))
                kept += axis
            elif axis == "S" and colour:
                selection.append(slice(0, 3))
                kept += axis
            else:
                selection.append(places.get(axis, 0))
        values = np.asarray(array[tuple(selection)])
        return values.transpose([kept.index(axis) for axis in "YXS" if axis in kept])

    return read
