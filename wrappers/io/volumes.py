"""Which of a dataset's arrays is the volume that is meant, and its values.

Which arrays can be meant, and by what names, is `gantry_formats`' to say, so that a form asks for nothing else.
One is taken only where it is the only one; otherwise a person must have chosen, and is told what there is to
choose from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gantry_formats import arrays, planes
from gantry_formats.arrays import Described, plain_name
from gantry_formats.axes import UNKNOWN, ZYX, known_axes, name_of, plural_of
from gantry_formats.descriptions import CHANNELS, channel_names
from wrappers.errors import BadInput
from wrappers.io.chunk_grid import Place
from wrappers.io.source import ArraySource

MOST_TOLD = 3


@dataclass(frozen=True)
class Pick:
    """What a person chose: an array by its name, places along its axes counted from 0; None for no choice."""

    array: str | None = None
    channel: int | None = None
    time: int | None = None
    position: int | None = None
    along: str = "CTR"
    """Axes along which somebody could choose: an array that has several along another is not taken."""
    called: str | None = None
    """Where no channel is chosen: of several the one of this name is meant."""

    @property
    def by_axis(self) -> Mapping[str, int | None]:
        """The choice along each axis that has one."""
        return {"C": self.channel, "T": self.time, "R": self.position}

    @property
    def places(self) -> list[tuple[str, int | None]]:
        """The choice along each axis, by the axis's name: channel, time point, position."""
        return [(name_of(axis), place) for axis, place in self.by_axis.items()]


@dataclass(frozen=True)
class Candidate:
    """An array that can be read, and what it is."""

    described: Described
    array: ArraySource


def candidate(file: str, array: ArraySource) -> Candidate:
    """The array with its axes as its format tells them."""
    axes, dtype = known_axes(array.axes, array.shape), str(array.dtype.newbyteorder("="))
    labels = {axis: tuple(map(plain_name, names)) for axis, names in array.labels.items()}
    labels |= {UNKNOWN: array.axis_names} if array.axis_names else {}
    channels = channel_names(array.attributes.get(CHANNELS))
    if len(channels) == 1 and channels[0] and "C" not in axes:
        labels.setdefault("C", (plain_name(channels[0]),))
    return Candidate(Described(file, plain_name(array.name), tuple(array.shape), dtype, axes, labels), array)


def has_volume(candidates: Sequence[Candidate], pick: Pick) -> bool:
    """Whether one of them can be meant."""
    return bool(arrays.candidates([one.described for one in candidates], ZYX, pick.along))


def has_several(candidates: Sequence[Candidate], pick: Pick) -> bool:
    """Whether more than one of them can be meant."""
    return len(arrays.candidates([one.described for one in candidates], ZYX, pick.along)) > 1


def chosen(candidates: Sequence[Candidate], pick: Pick, what: str) -> Candidate:
    """The volume that is meant; BadInput, with what there is to choose from, where that is not known."""
    described = [one.described for one in candidates]
    fitting = arrays.candidates(described, ZYX, pick.along)
    names = arrays.names_of(described)
    known = arrays.listed([described[place] for place in fitting], [names[place] for place in fitting])
    if pick.array is not None:
        place = arrays.named(described, pick.array)
        if place not in fitting or place is None:
            alike = sum(one.name == pick.array for one in described)
            has = f"{alike} arrays" if alike > 1 else "no array" if place is None else "no volume"
            why = "" if place is None else f"{arrays.why_not(described[place], ZYX, pick.along)}. "
            raise BadInput(
                f"The {what} has {has} called “{pick.array}”{': ' if why else '. '}{why}"
                f"There are: {known or 'none'}."
            )
        return candidates[place]
    if len(fitting) == 1:
        return candidates[fitting[0]]
    if fitting:
        raise BadInput(f"The {what} has {len(fitting)} volumes; choose one by its name: {known}.")
    raise BadInput(f"The {what} has no three-dimensional array. {_why_none(described, pick.along)}".strip())


def _why_none(described: Sequence[Described], along: str) -> str:
    found = list(arrays.left_out(described, ZYX, along).items())[:MOST_TOLD]
    return " ".join(f"{', '.join(names[:MOST_TOLD])}: {why}." for why, names in found)


def place_of(one: Candidate, pick: Pick) -> Place:
    """Where the volume lies in its array; BadInput where one of several channels or times must be chosen."""
    file, axes, shape = one.described.file, one.described.axes, one.described.shape
    place: list[slice] = []
    for axis, length in zip(axes, shape, strict=True):
        if axis in ZYX:
            place.append(slice(0, length))
            continue
        index = pick.by_axis.get(axis)
        if index is None and axis == "C" and length > 1 and pick.called is not None:
            index = _called(one, pick.called, length)
        name = name_of(axis)
        if index is None and length > 1:
            has = f"{length} {plural_of(axis)}"
            raise BadInput(f"{file} has {has} in {one.array.name}; choose one, from 0 to {length - 1}.")
        if index is not None and not 0 <= index < length:
            raise BadInput(f"{file} has no {name} {index}: there are {length}, counted from 0.")
        place.append(slice(index or 0, (index or 0) + 1))
    for axis, index in pick.by_axis.items():
        if index and axis not in axes:
            raise BadInput(f"{file} has no {name_of(axis)} {index}: {one.array.name} has only one.")
    return tuple(place)


def _called(one: Candidate, name: str, length: int) -> int:
    """The place of the channel of this name; BadInput, with those that there are, where there is not one."""
    names = channel_names(one.array.attributes.get(CHANNELS))[:length]
    found = [place for place, known in enumerate(names) if known.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    several = f"has {len(found)} channels" if found else "has no channel"
    told = ", ".join(f"{place} ({known})" for place, known in enumerate(names) if known)
    raise BadInput(
        f"{one.described.file} {several} called “{name}”: {told or f'its {length} channels have no names'}. "
        f"Choose one, from 0 to {length - 1}."
    )


def values_of(one: Candidate, pick: Pick) -> np.ndarray:
    """The volume (z, y, x); BadInput where there are several channels or time points and none is chosen."""
    axes, values = one.described.axes, one.array.read(place_of(one, pick))
    order = [axes.index(axis) for axis in ZYX]
    others = [position for position in range(len(axes)) if position not in order]
    moved = values.transpose([*others, *order])
    return np.ascontiguousarray(moved.reshape(moved.shape[len(others) :]))


def what_is_not_there(one: Candidate, place: Place | None = None) -> list[str]:
    """What of an array, or of a place in it, is not in its file, as a remark: the fill value was read for it."""
    where = place or tuple(slice(0, length) for length in one.array.shape)
    found = "" if one.array.partly is None else one.array.partly.remark_on([where])
    return [f"{one.described.file}, {one.array.name}: {found}"] if found else []


def in_order(names: Sequence[str], what: str) -> list[int]:
    """The places of a folder's planes by the one number that differs in their names; BadInput for gaps."""
    try:
        return planes.in_order(names)
    except ValueError as error:
        raise BadInput(f"The {what} {error}.") from error


def planes_of(candidates: Sequence[Candidate], files: Sequence[str]) -> list[int]:
    """The places of the single plane of each file, if all have just one, alike in shape and type."""
    return arrays.planes_of([one.described for one in candidates], files)
