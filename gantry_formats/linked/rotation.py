"""The rotation angles of a scan in HDF5: how their list is called, and through what range they go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from gantry_formats.linked.links import LinkError
from gantry_formats.linked.walking import FAULTS, why_unreadable
from gantry_formats.quantities import stated_unit
from gantry_formats.text import plain_text

RANGE = "scan:rotation range"
"""How a mapping asks for it; with a word of `gantry_formats.sizes.TOLD` behind "@", for where it was found."""
NAMES = ({"rotation_angle"}, {"theta", "omega", "angle", "angles", "rot", "rotation", "srot", "hrsrot"})
"""What such a list is called, the surest first."""
MOST_ANGLES = 1_000_000
"""Of a longer list no range is told: it is read whole."""


@dataclass(frozen=True)
class RotationRange:
    """From the least to the largest angle that is recorded, as the file has them, in its `units`; "" for none."""

    value: float
    units: str
    place: str

    def told(self, path: str) -> float | str | None:
        """What a reader answers to a path that begins as RANGE."""
        _asked, at, what = path.partition("@")
        if not at:
            return self.value
        known = {"place": self.place, "value": f"{self.value:.9g}", "units": self.units}
        return known.get(what) or None


def rank_by_name(path: str, item: Any) -> int | None:
    """How surely an array is a list of rotation angles, 0 most, by type and name; None where neither says so."""
    if plain_text(item.attrs.get("transformation_type")) == "rotation":
        return 0
    name = PurePosixPath(path).name.lower()
    parent = PurePosixPath(path).parent.name.lower()
    for rank, names in enumerate(NAMES):
        if name in names or (name in ("value", "data") and parent in names):
            return rank
    return None


def rotation_range(arrays: Iterable[Any]) -> RotationRange | None:
    """The range of the angles among a file's arrays: of the longest list that is called so most surely.

    None where there is no such list, where none of it is a number, and where there are several that differ.
    """
    ranked = [(rank, -array.size, array) for array in arrays if (rank := _rank(array)) is not None]
    best = min((one[:2] for one in ranked), default=None)
    found = {
        (one.value, one.units): one
        for *key, array in reversed(ranked)
        if tuple(key) == best and (one := _range_of(array)) is not None
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _rank(array: Any) -> int | None:
    try:
        if array.shape is None or len(array.shape) != 1 or array.dtype.kind not in "uif":
            return None
        if not 1 < array.size <= MOST_ANGLES or why_unreadable(array):
            return None
        return rank_by_name(array.name, array)
    except (LinkError, *FAULTS):
        return None


def _range_of(array: Any) -> RotationRange | None:
    try:
        values = np.asarray(array[()], dtype=np.float64)
        units = stated_unit("", array.attrs.get("units"), array.attrs.get("unit"))
    except (LinkError, *FAULTS):
        return None
    known = values[np.isfinite(values)]
    if known.size < 2 or not np.ptp(known):
        return None
    return RotationRange(float(np.ptp(known)), units, array.name)
