"""What the limited child lists of a file: its arrays as plain values. No heavy library is needed to read it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gantry_formats.arrays import Described
from portal.words import one_line


@dataclass(frozen=True)
class ArrayPicture:
    """A small PNG of an array: as a whole (`axis` is empty), or of one place along an axis."""

    axis: str
    place: int
    png: bytes


@dataclass(frozen=True)
class ListedArray:
    """An array of a file. `sizes`: of an element, in µm, by axis, as far as the file tells."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    axes: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)
    pictures: tuple[ArrayPicture, ...] = ()
    interval_s: float | None = None
    """The time between its time points, as far as the file tells."""

    def described(self, file: str) -> Described:
        """The same, as one of a dataset's arrays."""
        return Described(file, self.name, self.shape, self.dtype, self.axes, self.labels)


@dataclass(frozen=True)
class Listing:
    """The arrays of a file; what is left out, with why; and how many more there are."""

    arrays: tuple[ListedArray, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    more: int = 0
    parts: tuple[str, ...] = ()
    """The files of a series that lies in several, this one among them."""
    together: tuple[ListedArray, ...] = ()
    """What they make, if all of them are there: of this file alone it is `arrays`."""


def listing_of(answer: Mapping[str, Any]) -> Listing:
    """From the child's answer."""
    return Listing(
        arrays=_arrays(answer["arrays"]),
        left_out=tuple((str(one["name"]), one_line(str(one["why"]))) for one in answer["left_out"]),
        more=int(answer["more"]),
        parts=tuple(map(str, answer.get("parts", ()))),
        together=_arrays(answer.get("together", ())),
    )


def _arrays(items: Sequence[Mapping[str, Any]]) -> tuple[ListedArray, ...]:
    return tuple(
        ListedArray(
            name=str(one["name"]),
            shape=tuple(map(int, one["shape"])),
            dtype=str(one["dtype"]),
            axes=str(one["axes"]),
            labels={axis: tuple(labels) for axis, labels in one["labels"].items()},
            sizes=dict(one["sizes"]),
            interval_s=one.get("interval_s"),
            pictures=tuple(
                ArrayPicture(drawn["axis"], int(drawn["place"]), base64.b64decode(drawn["png"]))
                for drawn in one["pictures"]
            ),
        )
        for one in items
    )
