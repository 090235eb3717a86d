"""Arrays as pictures that OME's formats know: axes of time, z, channel, y, x and colour, read in bands of rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gantry_formats import plain_number
from gantry_formats.axes import known_axes, name_of, plural_of
from gantry_formats.descriptions import ACQUIRED, CHANNELS, TIME_STEP, channel_names, moment_of
from wrappers.io.ome import About
from wrappers.io.source import ArraySource

KNOWN = "TZCYXS"
COLOURS = (3, 4)
BAND_BYTES = 64 * 2**20
MOST_SPLIT = 500
"""Pictures that one array may become."""


@dataclass(frozen=True)
class Picture:
    """A part of an array: `axes` are of KNOWN, y and x the last ones, or colour; others are counted through."""

    name: str
    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    array: ArraySource
    order: tuple[int, ...]  # which axis of the array each axis is
    fixed: Mapping[int, int]  # places along the array's other axes
    about: About

    @property
    def inner(self) -> int:
        """How many axes a plane has: two, or three with colours."""
        return 3 if self.axes.endswith("S") else 2

    @property
    def plane_bytes(self) -> int:
        """How large one plane is in memory."""
        return math.prod(self.shape[-self.inner :]) * self.dtype.itemsize

    @property
    def places(self) -> Iterator[tuple[int, ...]]:
        """The place of each plane, the last axis fastest."""
        return itertools.product(*(range(length) for length in self.shape[: -self.inner]))

    @property
    def count(self) -> int:
        """How many planes there are."""
        return math.prod(self.shape[: -self.inner])

    @property
    def what_is_not_there(self) -> str:
        """What of it is not in its file, as a clause: the fill value is read for it. Empty where it is whole."""
        if self.array.partly is None:
            return ""
        fixed = {axis: slice(at, at + 1) for axis, at in self.fixed.items()}
        return self.array.partly.remark_on(
            [tuple(fixed.get(axis, slice(0, length)) for axis, length in enumerate(self.array.shape))]
        )

    def rows(self, place: tuple[int, ...], first: int, last: int) -> np.ndarray:
        """Some rows of a plane: (y, x), or (y, x, colour)."""
        where = [slice(0, length) for length in self.array.shape]
        for axis, at in self.fixed.items():
            where[axis] = slice(at, at + 1)
        for axis, at in zip(self.order, place, strict=False):
            where[axis] = slice(at, at + 1)
        where[self.order[len(place)]] = slice(first, last)
        values = self.array.read(tuple(where))
        others = [axis for axis in range(values.ndim) if axis not in self.order]
        values = values.transpose([*others, *self.order])
        return values.reshape(values.shape[len(others) + len(place) :])

    def plane(self, place: tuple[int, ...]) -> np.ndarray:
        """A whole plane."""
        return self.rows(place, 0, self.shape[len(place)])


def pictures_of(array: ArraySource, name: str) -> list[Picture] | str:
    """The pictures that an array is, one for each place along axes that OME has no name for; or why it is none."""
    axes = known_axes(array.axes, array.shape)
    if len(axes) < len("YX"):
        return "it has no plane of y and x"
    if any(axis == "?" and length > 1 for axis, length in zip(axes, array.shape, strict=True)):
        unknown = [name for name in array.axis_names if name]
        return f"its axes {', '.join(unknown)} are not known here" if unknown else "nothing says what its axes are"
    long = [place for place, axis in enumerate(axes) if array.shape[place] > 1 or axis in "YX"]
    letters = {place: axes[place] for place in long}
    if list(letters.values()).count("Y") != 1 or list(letters.values()).count("X") != 1 or not array.size:
        return "it has no plane of y and x" if array.size else "it is empty"
    if axes.count("S") == 1 and array.shape[axes.index("S")] not in COLOURS and "C" not in letters.values():
        letters = {place: "C" if axis == "S" else axis for place, axis in letters.items()}
    inner = [place for wanted in "YXS" for place, axis in letters.items() if axis == wanted]
    outer = [place for place, axis in letters.items() if axis in "TZC"]
    split = [place for place in letters if place not in (*inner, *outer)]
    repeated = {axis for axis in letters.values() if list(letters.values()).count(axis) > 1}
    if repeated & set(KNOWN):
        return f"its axes are {axes}, one of them twice"
    many = math.prod(array.shape[place] for place in split)
    if many > MOST_SPLIT:
        return f"it has {many} {plural_of(axes[split[0]])}, of which at most {MOST_SPLIT} can be converted"
    order = (*outer, *inner)
    whole = Picture(
        name=name,
        axes="".join(letters[place] for place in order),
        shape=tuple(array.shape[place] for place in order),
        dtype=array.dtype,
        array=array,
        order=order,
        fixed={place: 0 for place in range(len(axes)) if place not in order},
        about=_about(array, "".join(letters[place] for place in order), name),
    )
    found = []
    for at in itertools.product(*(range(array.shape[place]) for place in split)):
        words = " ".join(f"{name_of(axes[place])} {number}" for place, number in zip(split, at, strict=True))
        named = f"{name} {words}".strip()
        fixed = {**whole.fixed, **dict(zip(split, at, strict=True))}
        found.append(replace(whole, name=named, fixed=fixed, about=replace(whole.about, name=named)))
    return found


def _about(array: ArraySource, axes: str, name: str) -> About:
    told = array.attributes
    sizes = {axis: plain_number(told.get(f"voxel_size_{axis}_um")) for axis in "xyz"}
    channels = channel_names(told.get(CHANNELS))
    number = array.shape[array.axes.index("C")] if "C" in array.axes else 1
    step = plain_number(told.get(TIME_STEP))
    return About(
        axes=axes,
        name=name,
        sizes_um={axis: size for axis, size in sizes.items() if size and size > 0},
        time_step_s=step if step and "T" in axes else None,
        channels=channels if len(channels) == number else (),
        acquired=moment_of(told.get(ACQUIRED)),
    )
