"""Where things are in a NeXus file: by what they are and belong to, not by a path that one facility uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h5py

from gantry_formats import plain_text

MOST_OBJECTS = 100_000
DEEPEST = 12


@dataclass(frozen=True)
class Tomography:
    """The parts of an NXtomo entry, each with one value or picture a frame, where they were found.

    `frames` is None, and `elsewhere` a sentence, where the frames lie in another file.
    """

    entry: h5py.Group
    image_key: h5py.Dataset
    frames: h5py.Dataset | None
    elsewhere: str | None
    rotation_angle: h5py.Dataset | None
    detector: h5py.Group
    monitor: h5py.Dataset | None


def find_tomography(file: h5py.File) -> Tomography | None:
    """The scan of a file by NXtomo: the group that has image keys, frames and angles beneath it; None without one.

    Entries that say of themselves that they are NXtomo come first; of several the first in the file's order.
    """
    found = [one for group in groups(file) if (one := _of_key(group)) is not None]
    found.sort(key=lambda one: (not _is_nxtomo(one.entry), one.frames is None, one.rotation_angle is None))
    return found[0] if found else None


def detector_in(entry: h5py.Group) -> h5py.Group | None:
    """The only group in an entry that says of itself that it is an NXdetector; None for none, or several."""
    said = [group for group in _beneath(entry) if class_of(group) == "NXdetector"]
    return said[0] if len(said) == 1 else None


def groups(file: h5py.File) -> Iterator[h5py.Group]:
    """All groups that hard links lead to, each once, the nearer ones first; other links are not followed."""
    seen: set[int] = set()
    waiting: list[tuple[h5py.Group, int]] = [(file["/"], 0)]
    while waiting and len(seen) < MOST_OBJECTS:
        group, depth = waiting.pop(0)
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            continue
        seen.add(address)
        yield group
        if depth < DEEPEST:
            waiting += [(item, depth + 1) for _name, item in members(group) if isinstance(item, h5py.Group)]


def members(group: h5py.Group) -> Iterator[tuple[str, Any]]:
    """What hard links of a group lead to, by name."""
    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            yield name, group[name]


def class_of(group: h5py.Group) -> str:
    """Its NX_class; empty where it has none."""
    return plain_text(group.attrs.get("NX_class")) or ""


def _is_nxtomo(entry: h5py.Group) -> bool:
    definition = _child(entry, "definition")
    return isinstance(definition, h5py.Dataset) and plain_text(definition[()]) == "NXtomo"


def _of_key(holder: h5py.Group) -> Tomography | None:
    """The scan whose image keys this group holds; None if it holds none."""
    key = _child(holder, "image_key")
    if not isinstance(key, h5py.Dataset) or key.ndim != 1 or key.dtype.kind not in "iuf" or not key.size:
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
    )


def _entry_above(holder: h5py.Group, frames: int) -> h5py.Group:
    """The nearest group above that has angles, too; the file's root if none has."""
    group = holder
    while group.name != "/":
        group = group.parent
        if any(_fits(_child(one, "rotation_angle"), frames, 1) for one in _beneath(group)):
            return group
    return group


def _beneath(group: h5py.Group) -> Iterator[h5py.Group]:
    """The group and those in it, two levels deep: entry, instrument, detector."""
    yield group
    for _name, item in members(group):
        if isinstance(item, h5py.Group):
            yield item
            yield from (inner for _inner, inner in members(item) if isinstance(inner, h5py.Group))


def _of_kind(places: list[h5py.Group], kind: str, *names: str) -> list[h5py.Group]:
    """Those that say of themselves that they are NXsample, NXdetector …; else those that are called so."""
    said = [group for group in places if class_of(group).lower() == f"nx{kind}"]
    return said or [group for group in places if group.name.rpartition("/")[2] in (kind, *names)]


def _first(places: list[h5py.Group], name: str, frames: int, dimensions: int) -> h5py.Dataset | None:
    """The first dataset of this name that has one value or picture a frame."""
    items = (_child(group, name) for group in places)
    return next((item for item in items if _fits(item, frames, dimensions)), None)


def _fits(item: Any, frames: int, dimensions: int) -> bool:
    return isinstance(item, h5py.Dataset) and item.ndim == dimensions and len(item) == frames


def _child(group: h5py.Group, name: str) -> Any:
    link = group.get(name, getlink=True) if name in group else None
    return group[name] if isinstance(link, h5py.HardLink) else None


def _elsewhere(places: list[h5py.Group]) -> str | None:
    """The other file in which frames lie, if a link says so."""
    for group in places:
        link = group.get("data", getlink=True)
        if isinstance(link, h5py.ExternalLink):
            return f"they lie in another file, {link.filename}, which is no part of this dataset"
    return None
