"""The coordinates along an array's axes, as what a file declares of them, and the sizes that they tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from gantry_formats.axes import Along
from gantry_formats.descriptions import time_step_s
from gantry_formats.images import Sizes, alike
from gantry_formats.linked.arrays import Array
from gantry_formats.linked.declared import MOST_DIMENSIONS, Coordinate, Declared, declared_in, of_dimension_scales
from gantry_formats.linked.links import LinkError
from gantry_formats.linked.spacing import Spacing, spacing_of, step_of
from gantry_formats.linked.tree import Group
from gantry_formats.linked.walking import FAULTS
from gantry_formats.sizes import Size
from gantry_formats.units import Dimension, factor_between, unit_of

MOST_READ = 1 << 24
"""Coordinates that are read of one file, together."""
MOST_OF_ONE = 1 << 20


class Told:
    """What a file says of the axes of one array: their names and units, and the sizes of an element along them."""

    def __init__(self, scales: Scales, shape: Sequence[int], declared: Sequence[Declared]) -> None:
        self._scales, self._shape = scales, shape
        fitting = [one for one in declared if len(one.coordinates) == len(shape)]
        self._by_place = [
            list(
                {
                    (one.array.node.address, one.step_at): one
                    for each in fitting
                    for one in each.coordinates[place]
                }.values()
            )
            for place in range(len(shape))
        ]
        units = tuple(next((one.unit for one in some if one.unit), "") for some in self._by_place)
        self.along = Along(tuple(one.names for one in declared), units if any(units) else ())

    def sizes(self, axes: str) -> Sizes:
        """The sizes of an element in µm, along those of `axes` that are z, y or x."""
        return {letter: sizes[0] for letter, sizes in self._found(axes) if sizes and _agree(sizes)}

    def contradicted(self, axes: str) -> set[str]:
        """The axes along which the file says two sizes."""
        return {letter for letter, sizes in self._found(axes) if sizes and not _agree(sizes)}

    def _found(self, axes: str) -> Iterator[tuple[str, list[Size]]]:
        for place, letter in enumerate(axes):
            if letter in "ZYX" and axes.count(letter) == 1 and place < len(self._by_place):
                each = (self._size(one, self._shape[place]) for one in self._by_place[place])
                yield letter.lower(), [size for size in each if size is not None]

    def _size(self, one: Coordinate, length: int) -> Size | None:
        factor = factor_between(one.unit, "um")
        if not factor or not one.factor:
            return None
        found = self._scales.spacing(one, length)
        if found.step is None:
            return None
        step = abs(found.step * one.factor)
        return Size(
            float(f"{step * factor:.12g}"),
            f"{one.array.name}{'' if one.step_at is not None else ' spacing'}",
            step,
            one.unit,
        )

    def time_step_s(self, axes: str) -> float | None:
        """The time between time points; None where nothing tells it, or what tells it disagrees."""
        if axes.count("T") != 1 or (place := axes.index("T")) >= len(self._by_place):
            return None
        steps = []
        for one in self._by_place[place]:
            found = self._scales.spacing(one, self._shape[place]) if one.factor and one.unit else None
            if found is not None and found.step is not None:
                steps.append(time_step_s(abs(found.step * (one.factor or 0)), one.unit))
        known = [step for step in steps if step is not None]
        return known[0] if known and all(alike(known[0], other) for other in known) else None

    def why_none(self, axes: str) -> dict[str, str]:
        """Why coordinates along z, y and x tell no size, by their path; a clause each, none for pixels."""
        told: dict[str, str] = {}
        for place, letter in enumerate(axes[: len(self._by_place)]):
            if letter not in "ZYX" or self._shape[place] < 2:
                continue
            if any(self._size(one, self._shape[place]) for one in self._by_place[place]):
                if letter.lower() in self.contradicted(axes):
                    told |= {
                        one.array.name: "other coordinates of the same axis say another distance"
                        for one in self._by_place[place]
                    }
                continue
            for one in self._by_place[place]:
                if why := self._why(one, self._shape[place]):
                    told[one.array.name] = why
        return told

    def _why(self, one: Coordinate, length: int) -> str:
        unit = unit_of(one.unit)
        if not one.unit:
            return "its values have no unit"
        if unit is None:
            return f"its unit, {one.unit[:40]}, is not known here"
        if unit.dimension is not Dimension.LENGTH:
            return ""
        return (
            "what its values are scaled by is not understood"
            if not one.factor
            else self._scales.spacing(one, length).why
        )


def _agree(sizes: Sequence[Size]) -> bool:
    return all(alike(sizes[0], other) for other in sizes)


class Scales:
    """What the groups of a file say of the axes of the arrays in them, however those are reached."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._groups = groups
        self._left = MOST_READ
        self._by_address: dict[tuple[str, int], list[Declared]] | None = None
        self._spacings: dict[tuple[tuple[str, int], int, int | None], Spacing] = {}

    def of(self, array: Array) -> Told:
        """What is said of an array."""
        try:
            shape = tuple(int(length) for length in array.shape or ())
            declared = [*self._declared.get(array.node.address, ()), *of_dimension_scales(array)]
        except (LinkError, *FAULTS):
            return Told(self, (), ())
        return Told(self, shape, declared)

    @property
    def _declared(self) -> dict[tuple[str, int], list[Declared]]:
        if self._by_address is None:
            self._by_address = {}
            for group in self._groups:
                for address, declared in declared_in(group):
                    known = self._by_address.setdefault(address, [])
                    if declared not in known and len(known) < MOST_DIMENSIONS:
                        known.append(declared)
        return self._by_address

    def spacing(self, one: Coordinate, length: int) -> Spacing:
        """How far apart the coordinates are, for an axis of this length."""
        key = (one.array.node.address, length, one.step_at)
        if key not in self._spacings:
            self._spacings[key] = self._spacing(one, length)
        return self._spacings[key]

    def _spacing(self, one: Coordinate, length: int) -> Spacing:
        try:
            if one.step_at is not None:
                return step_of(float(one.array[one.step_at]), one.array.dtype)
            many = int(one.array.size)
            if many not in (length, length + 1) and not (one.by_two and many == 2):
                return Spacing(None, f"it has {many:,} values for an axis that is {length:,} long")
            if many > MOST_OF_ONE or many > self._left:
                return Spacing(None, "there are too many coordinates to be read")
            self._left -= many
            return spacing_of(np.asarray(one.array[...]))
        except LinkError as error:
            return Spacing(None, f"it is not read: {error.message}")
        except FAULTS:
            return Spacing(None, "its values cannot be read")
