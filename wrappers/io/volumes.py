"""Which arrays of a dataset are volumes, and which of them is meant.

Axes have meaning where a format says so: z, y and x make a volume; channels, time points and positions make
several of it. One volume is taken only where it is the only one; otherwise a person must have chosen, and is told
what there is to choose from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrappers.errors import BadInput
from wrappers.io.source import ArraySource

ZYX = "ZYX"
NAMES = {
    "Z": "z", "Y": "y", "X": "x", "C": "channel", "T": "time point", "S": "colour", "P": "position", "R": "tile",
    "A": "angle", "H": "phase", "V": "view", "M": "mosaic", "L": "lifetime", "E": "energy",
}  # fmt: skip
SEQUENCE = "IQ"
"""Letters of TIFF for a list of pages of which nothing is said: planes, where nothing else is z."""
PREFERRED = ("/data", "/entry/data/data", "/exchange/data")
MOST_LISTED = 6


@dataclass(frozen=True)
class Pick:
    """What a person chose: an array by its name, a channel and a time point counted from 0; None for no choice."""

    array: str | None = None
    channel: int | None = None
    time: int | None = None

    @property
    def by_axis(self) -> Mapping[str, int | None]:
        """The choice along each axis that has one."""
        return {"C": self.channel, "T": self.time}


@dataclass(frozen=True)
class Candidate:
    """An array with the meaning of its axes, a letter each; "?" is not known."""

    file: str
    array: ArraySource
    axes: str

    @property
    def shape(self) -> str:
        """In words: 2 channels, 16 × 40 × 48."""
        others = [
            f"{length} {NAMES.get(axis, axis)}s"
            for axis, length in zip(self.axes, self.array.shape, strict=True)
            if axis not in ZYX and length > 1
        ]
        plain = [length for axis, length in zip(self.axes, self.array.shape, strict=True) if axis in ZYX]
        return ", ".join([*others, " × ".join(map(str, plain))])

    @property
    def is_volume(self) -> bool:
        """Whether z, y and x are among its axes, more than one plane each way."""
        return all(axis in self.axes for axis in ZYX) and self.array.size > 0


def candidate(file: str, array: ArraySource) -> Candidate:
    """The array with its axes as its format, or its attributes, tell them."""
    axes = array.axes or _from_attributes(array.attributes, len(array.shape))
    axes = axes.upper() if len(axes) == len(array.shape) else "?" * len(array.shape)
    unknown = [place for place, axis in enumerate(axes) if axis == "?"]
    if len(unknown) == len(axes):
        # Nothing is said: three axes that are longer than one are z, y and x, as everywhere in the field.
        long = [place for place, length in enumerate(array.shape) if length > 1]
        kept = long if len(array.shape) > len(ZYX) else list(range(len(array.shape)))
        if len(kept) == len(ZYX):
            named = dict(zip(kept, ZYX, strict=True))
            axes = "".join(named.get(place, "?") for place in range(len(axes)))
    if "Z" not in axes:
        lists = [place for place, axis in enumerate(axes) if axis in SEQUENCE and array.shape[place] > 1]
        if len(lists) == 1:
            axes = axes[: lists[0]] + "Z" + axes[lists[0] + 1 :]
    return Candidate(file, array, axes)


def _from_attributes(attributes: Mapping[str, Any], dimensions: int) -> str:
    """Axes out of `axes` ("zyx", "z:y:x", a list) or DIMENSION_LABELS, where each is one letter's name."""
    for key in ("axes", "DIMENSION_LABELS"):
        value = attributes.get(key)
        words: list[str]
        if isinstance(value, str):
            text = value.strip("[]() ")
            words = re.split(r"[^A-Za-z]+", text) if re.search(r"[^A-Za-z]", text) else list(text)
        elif isinstance(value, np.ndarray | list | tuple):
            words = [word.decode("latin-1") if isinstance(word, bytes) else str(word) for word in list(value)]
        else:
            continue
        letters = [_LETTERS.get(word.strip().lower(), "?") for word in words]
        if len(letters) == dimensions and set(letters) != {"?"}:
            return "".join(letters)
    return ""


_LETTERS = {
    **{letter.lower(): letter for letter in "ZYXCT"},
    "channel": "C", "channels": "C", "time": "T", "frame": "T", "plane": "Z", "row": "Y", "column": "X",
}  # fmt: skip


def chosen(candidates: Sequence[Candidate], pick: Pick, what: str) -> Candidate:
    """The volume that is meant; BadInput, with what there is to choose from, where that is not known."""
    volumes = [one for one in candidates if one.is_volume]
    if pick.array is not None:
        named = [one for one in volumes if one.array.name == pick.array]
        if len(named) != 1:
            known = _listed(volumes) or "none"
            raise BadInput(f"The {what} has no volume “{pick.array}”, or more than one. There are: {known}.")
        return named[0]
    for name in PREFERRED:
        preferred = [one for one in volumes if one.array.name == name]
        if len(preferred) == 1:
            return preferred[0]
    if len(volumes) == 1:
        return volumes[0]
    if volumes:
        raise BadInput(f"The {what} has {len(volumes)} volumes; choose one by its name: {_listed(volumes)}.")
    raise BadInput(f"The {what} has no three-dimensional array. {_why_none(candidates)}")


def _listed(volumes: Sequence[Candidate]) -> str:
    shown = [f"{one.array.name} ({one.shape})" for one in volumes[:MOST_LISTED]]
    more = len(volumes) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def _why_none(candidates: Sequence[Candidate]) -> str:
    for one in candidates:
        if "T" in one.axes and "Z" not in one.axes and one.array.shape[one.axes.index("T")] > 1:
            length = one.array.shape[one.axes.index("T")]
            return f"{one.file} is a series of {length} time points, each a single plane: it has no z."
        if one.axes.count("?") > 1 and len(one.array.shape) > len(ZYX):
            return f"{one.file} has {len(one.array.shape)} axes of which it does not say what they are."
    names = ", ".join(dict.fromkeys(one.file for one in candidates[:3]))
    return f"Looked at: {names}." if names else ""


def values_of(one: Candidate, pick: Pick) -> np.ndarray:
    """The volume (z, y, x); BadInput where there are several channels or time points and none is chosen."""
    place: list[slice] = []
    for axis, length in zip(one.axes, one.array.shape, strict=True):
        if axis in ZYX:
            place.append(slice(0, length))
            continue
        index = pick.by_axis.get(axis)
        name = NAMES.get(axis, f"axis {axis}")
        if index is None and length > 1:
            choose = f"choose one, from 0 to {length - 1}" if axis in pick.by_axis else "this analysis takes one"
            raise BadInput(f"{one.file} has {length} {name}s in {one.array.name}; {choose}.")
        if index is not None and not 0 <= index < length:
            raise BadInput(f"{one.file} has no {name} {index}: there are {length}, counted from 0.")
        place.append(slice(index or 0, (index or 0) + 1))
    values = one.array.read(tuple(place))
    order = [one.axes.index(axis) for axis in ZYX]
    others = [position for position in range(len(one.axes)) if position not in order]
    moved = values.transpose([*others, *order])
    return np.ascontiguousarray(moved.reshape(moved.shape[len(others) :]))


_NUMBER = re.compile(r"\d+")


def in_order(names: Sequence[str], what: str) -> list[int]:
    """The places of a folder's planes by the one number that differs in their names; BadInput for gaps."""
    parts = [_NUMBER.split(name) for name in names]
    numbers = [[int(found) for found in _NUMBER.findall(name)] for name in names]
    if any(part != parts[0] for part in parts):
        raise BadInput(f"The {what} has planes in {len(names)} files whose names do not only differ in a number.")
    varying = [place for place in range(len(numbers[0])) if len({number[place] for number in numbers}) > 1]
    if len(varying) != 1:
        raise BadInput(
            f"The {what} has planes in files whose names differ in {len(varying)} numbers; one counts planes."
        )
    counted = [number[varying[0]] for number in numbers]
    missing = sorted(set(range(min(counted), max(counted) + 1)) - set(counted))
    if missing or len(set(counted)) < len(counted):
        number = missing[0] if missing else next(one for one in counted if counted.count(one) > 1)
        raise BadInput(f"The {what} lacks planes: of number {number} there is not one file.")
    return sorted(range(len(names)), key=lambda place: counted[place])
