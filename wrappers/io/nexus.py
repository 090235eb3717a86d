"""Where things are in a NeXus file: by what they are and belong to, not by a path that one facility uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from gantry_formats import plain_text
from gantry_formats.linked import Array, Group, LinkError
from wrappers.errors import BadInput
from wrappers.io.tomography.roles import INVALID, key_of

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

    @property
    def written(self) -> np.ndarray:
        """The image keys as numbers; BadInput where one is a text that says nothing."""
        if self.image_key.dtype.kind in "iuf":
            return np.asarray(self.image_key[:]).ravel()
        words, places = np.unique(np.asarray(self.image_key[:], dtype=object), return_inverse=True)
        keys = [key_of(plain_text(word) or "") for word in words]
        if None in keys:
            said = (plain_text(words[keys.index(None)]) or "")[:40]
            raise BadInput(f"An image_key says “{said}”, which is neither projection, flat, dark nor invalid.")
        return np.asarray(keys)[places]

    @property
    def keys(self) -> np.ndarray:
        """The image keys, those of alignment frames (taken again, to see if the sample moved) as invalid ones."""
        keys = self.written
        control = child(self.image_key.parent, "image_key_control")
        if isinstance(control, Array) and control.shape == keys.shape and control.dtype.kind in "iuf":
            return np.where(control[:] == ALIGNMENT, INVALID, keys)
        return keys


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
    if not isinstance(key, Array) or key.ndim != 1 or not key.size:
        return None
    if key.dtype.kind not in "iufS" and h5py.check_string_dtype(key.dtype) is None:
        return None
    entry = _entry_above(holder, len(key))
    around = list(_beneath(entry))
    frames = _first([holder, *around], "data", len(key), 3)
    return Tomography(
        entry=entry,
        image_key=key,
        frames=frames,
        elsewhere=None if frames is not None else _elsewhere([holder, *around]),
        rotation_angle=_first([*_of_kind(around, "sample"), holder, *around], "rotation_angle", len(key), 1),
        detector=next(iter(_of_kind(around, "detector")), holder),
        monitor=_first(_of_kind(around, "monitor", "control"), "data", len(key), 1),
        count_time=_first(_of_kind(around, "detector"), "count_time", len(key), 1),
    )


def _entry_above(holder: Group, frames: int) -> Group:
    """The nearest group above that has angles, too; the file's root if none has."""
    group = holder
    while group.name != "/":
        group = group.parent
        if any(_fits(child(one, "rotation_angle"), frames, 1) for one in _beneath(group)):
            return group
    return group


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


def _fits(item: Any, frames: int, dimensions: int) -> bool:
    return isinstance(item, Array) and item.ndim == dimensions and len(item) == frames


def _elsewhere(places: list[Group]) -> str | None:
    """The other file in which frames lie, if a link says so that is not followed."""
    for group in places:
        try:
            group.get("data")
        except LinkError as error:
            return f"they lie in another file, which is not read: {error.message}"
    return None
