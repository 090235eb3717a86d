"""Where things are in a NeXus file: by what they are and belong to, not by a path that one facility uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from gantry_formats import plain_text
from gantry_formats.linked import Array, Group, LinkError, Why
from wrappers.errors import BadInput
from wrappers.io.tomography.roles import INVALID, PROJECTION, key_of

MOST_OBJECTS = 100_000
ALIGNMENT = -1
"""By which ESRF's image_key_control tells such frames, which image_key calls projections."""
DEEPEST = 12


@dataclass(frozen=True)
class Tomography:
    """The parts of an NXtomo entry, each with one value or picture a frame, where they were found.

    `frames` is None, and `elsewhere` a sentence, where the frames lie in another file.
    """

    entry: Group
    image_key: Array
    frames: Array | None
    elsewhere: str | None
    rotation_angle: Array | None
    detector: Group
    monitor: Array | None
    count_time: Array | None
    controls: tuple[Array, ...] = ()
    """image_key_control, wherever the entry has it: image keys may be found by a link from another group."""
    other_monitor: int | None = None
    """How many readings of the beam there are, where they are not the frames'."""
    other_angles: int | None = None
    """How many rotation angles there are, where they are neither the frames' nor the projections'."""

    @property
    def written(self) -> np.ndarray:
        """The image keys as numbers; BadInput where one is a text that says nothing."""
        return _numbers_of(self.image_key)

    @property
    def keys(self) -> np.ndarray:
        """The image keys, those of alignment frames (taken again, to see if the sample moved) as invalid ones."""
        keys = self.written
        for control in self.controls:
            # In a type without a sign it is the largest number.
            keys = np.where(np.asarray(control[:]).ravel().astype(np.int8) == ALIGNMENT, INVALID, keys)
        return keys


def _numbers_of(image_key: Array) -> np.ndarray:
    if image_key.dtype.kind in "iuf":
        numbers = np.asarray(image_key[:]).ravel()
        named = h5py.check_enum_dtype(image_key.dtype) or {}
        meant = {number: key_of(name) for name, number in named.items()}
        if not meant or None in meant.values():
            return numbers
        return np.asarray([meant.get(number, number) for number in numbers.tolist()])
    words, places = np.unique(np.asarray(image_key[:], dtype=object), return_inverse=True)
    keys = [key_of(plain_text(word) or "") for word in words]
    if None in keys:
        said = (plain_text(words[keys.index(None)]) or "")[:40]
        raise BadInput(f"An image_key says “{said}”, which is neither projection, flat, dark nor invalid.")
    return np.asarray(keys)[places]


def find_tomography(file: Group) -> Tomography | None:
    """The scan of a file by NXtomo: the group that has image keys, frames and angles beneath it; None without one.

    Entries that say of themselves that they are NXtomo come first; of several the first in the file's order.
    """
    return next(iter(_ranked(file)), None)


def tomographies_in(file: Group) -> list[Tomography]:
    """The scans of a file that are as good as the one of `find_tomography`, each with projections of its own."""
    ranked = _ranked(file)
    found: list[Tomography] = []
    for one in ranked:
        alike = _rank(one) == _rank(ranked[0]) and one.frames is not None and bool((one.keys == 0).any())
        if alike and all(one.frames != other.frames for other in found):
            found.append(one)
    return found


def _ranked(file: Group) -> list[Tomography]:
    return sorted((one for group in groups(file) if (one := _of_key(group)) is not None), key=_rank)


def _rank(one: Tomography) -> tuple[bool, bool, bool]:
    """The best sorts first."""
    return (not _is_nxtomo(one.entry), one.frames is None, one.rotation_angle is None)


def detector_in(entry: Group) -> Group | None:
    """The only group in an entry that says of itself that it is an NXdetector; None for none, or several."""
    said = [group for group in _beneath(entry) if class_of(group) == "NXdetector"]
    return said[0] if len(said) == 1 else None


def groups(file: Group) -> Iterator[Group]:
    """All groups that links lead to, but soft ones, each once, the nearer ones first."""
    seen: set[tuple[str, int]] = set()
    waiting: list[tuple[Group, int]] = [(file, 0)]
    while waiting and len(seen) < MOST_OBJECTS:
        group, depth = waiting.pop(0)
        address = group.node.address
        if address in seen:
            continue
        seen.add(address)
        yield group
        if depth < DEEPEST:
            waiting += [(item, depth + 1) for _name, item in members(group) if isinstance(item, Group)]


def members(group: Group) -> Iterator[tuple[str, Any]]:
    """What a group's links lead to, but soft ones, by name; those that are not followed are passed over."""
    for name in group:
        if (
            not isinstance(group.get(name, getlink=True), h5py.SoftLink)
            and (item := child(group, name)) is not None
        ):
            yield name, item


def child(group: Group, name: str) -> Any:
    """What a name leads to, by whichever link; None where there is nothing, or it is not followed."""
    try:
        return group.get(name)
    except LinkError:
        return None


def class_of(group: Group) -> str:
    """Its NX_class; empty where it has none."""
    return plain_text(group.attrs.get("NX_class")) or ""


def _is_nxtomo(entry: Group) -> bool:
    definition = child(entry, "definition")
    return isinstance(definition, Array) and plain_text(definition[()]) == "NXtomo"


def _of_key(holder: Group) -> Tomography | None:
    """The scan whose image keys this group holds; None if it holds none."""
    key = child(holder, "image_key")
    if not isinstance(key, Array) or _odd(key):
        return None
    controls = _controls(holder, key)
    numbers = _numbers_of_angles(key, controls)
    entry = _entry_above(holder, numbers)
    around = list(_beneath(entry))
    frames = _first([holder, *around], "data", key.size, 3)
    turning = [*_of_kind(around, "sample"), holder, *around]
    every = (_first(turning, "rotation_angle", number, 1) for number in numbers)
    angles = next((one for one in every if one is not None), None)
    beam = _of_kind(around, "monitor", "control")
    monitor = _first(beam, "data", key.size, 1)
    return Tomography(
        entry=entry,
        image_key=key,
        frames=frames,
        elsewhere=None if frames is not None else _elsewhere([holder, *around]),
        rotation_angle=angles,
        detector=next(iter(_of_kind(around, "detector")), holder),
        monitor=monitor,
        other_monitor=_how_many(beam, "data") if monitor is None else None,
        count_time=_first(_of_kind(around, "detector"), "count_time", key.size, 1),
        controls=controls,
        other_angles=_how_many(turning, "rotation_angle") if angles is None else None,
    )


def odd_key(file: Group) -> str:
    """Return in words, to go on with, why image keys of the file say nothing of frames; nothing without any."""
    for group in groups(file):
        key = child(group, "image_key")
        if isinstance(key, Array) and (why := _odd(key)):
            return f": {key.name} is {why}, and one number for each frame is needed"
    return ""


def _odd(key: Array) -> str:
    if not key.shape or not key.size:
        return "a single value" if key.shape == () else "empty"
    if not _fits(key, key.size, 1):
        return f"of the shape {' × '.join(map(str, key.shape))}"
    if key.dtype.kind == "b":
        return "true or false"
    is_known = key.dtype.kind in "iufS" or h5py.check_string_dtype(key.dtype) is not None
    return "" if is_known else "of a kind that is no number"


def _numbers_of_angles(key: Array, controls: tuple[Array, ...]) -> list[int]:
    """How many angles a scan may have: one a frame, or one a projection, with those for alignment or without."""
    try:
        turned = _numbers_of(key) == PROJECTION
    except BadInput:
        return [key.size]
    aligning = np.zeros(key.size, bool)
    for control in controls:
        aligning |= np.asarray(control[:]).ravel().astype(np.int8) == ALIGNMENT
    return list(dict.fromkeys([key.size, int(turned.sum()), int((turned & ~aligning).sum())]))


def _controls(holder: Group, key: Array) -> tuple[Array, ...]:
    """All image_key_control, one number a frame, of the entry that these image keys are in."""
    around = [holder, *_beneath(_named_entry(holder) or _entry_above(holder, [key.size]))]
    items = (child(group, "image_key_control") for group in around)
    return tuple(item for item in items if _fits(item, key.size, 1) and item.dtype.kind in "iuf")


def _named_entry(holder: Group) -> Group | None:
    """The nearest group above that says of itself that it is an entry."""
    group = holder
    while group.name != "/":
        if class_of(group) in ("NXentry", "NXsubentry"):
            return group
        group = group.parent
    return None


def _entry_above(holder: Group, numbers: list[int]) -> Group:
    """The nearest group above that has angles, too; where none has, what says that it is an entry, or the root."""
    group = holder
    while group.name != "/":
        group = group.parent
        if any(_fits(child(one, "rotation_angle"), each, 1) for one in _beneath(group) for each in numbers):
            return group
    return _named_entry(holder) or group


def _beneath(group: Group) -> Iterator[Group]:
    """The group and those in it, two levels deep: entry, instrument, detector."""
    yield group
    for _name, item in members(group):
        if isinstance(item, Group):
            yield item
            yield from (inner for _inner, inner in members(item) if isinstance(inner, Group))


def _of_kind(places: list[Group], kind: str, *names: str) -> list[Group]:
    """Those that say of themselves that they are NXsample, NXdetector …; else those that are called so."""
    said = [group for group in places if class_of(group).lower() == f"nx{kind}"]
    return said or [group for group in places if group.name.rpartition("/")[2] in (kind, *names)]


def of_kind(entry: Group, kind: str) -> list[Group]:
    """The groups of an entry that say of themselves that they are NXsample, NXsource …, or are called so."""
    return _of_kind(list(_beneath(entry)), kind)


def _first(places: list[Group], name: str, frames: int, dimensions: int) -> Array | None:
    """The first dataset of this name that has one value or picture a frame."""
    items = (child(group, name) for group in places)
    return next((item for item in items if _fits(item, frames, dimensions)), None)


def _how_many(places: list[Group], name: str) -> int | None:
    """The length of the first list of this name; None without one."""
    items = (child(group, name) for group in places)
    return next((len(item) for item in items if isinstance(item, Array) and item.ndim == 1), None)


def _fits(item: Any, frames: int, dimensions: int) -> bool:
    """Whether it has one value or picture a frame; a list may be a table of one column, or row."""
    if not isinstance(item, Array) or not item.shape:
        return False
    if dimensions == 1:
        return bool(item.size == frames and max(item.shape) == frames)
    return bool(item.ndim == dimensions and len(item) == frames)


def _elsewhere(places: list[Group]) -> str | None:
    """The other file in which frames lie, if a link says so that is not followed."""
    for group in places:
        try:
            group.get("data")
        except LinkError as error:
            if error.why is Why.LOOP:
                return error.message
            return f"they lie in another file, which is not read: {error.message}"
    return None
