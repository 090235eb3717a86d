"""Parts of a scan that no image key sorts: frames, flats and darks in groups or files of their own, and angles.

What a part is, its name, the group that it lies in, the title of its entry or the name of its file says, the
nearest first: flats/1500, "dark images", scan_refs.h5. So write ESRF's bliss and its programs for reduced frames.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from gantry_formats import Dimension, plain_text, stated_unit, unit_of
from gantry_formats.linked import Array, Group, LinkError
from gantry_formats.linked.rotation import NAMES, rank_by_name
from wrappers.errors import BadInput
from wrappers.io.hdf5 import attributes, unreadable, walk
from wrappers.io.nexus import child, class_of
from wrappers.io.tomography.roles import BOTH, DARK, FLAT, PROJECTION, role_of

MOST_LISTED = 4
_NUMBERED = re.compile(r"(.*?_?)[0-9]{6}")
NOT_ANGLES = len(NAMES) + 1
"""The rank of a list that nothing tells of but its length."""


@dataclass(frozen=True)
class OpenFile:
    """An open HDF5 file of a dataset, under the name that people know."""

    name: str
    file: Group


@dataclass(frozen=True)
class Part:
    """Frames of a file: (n, rows, columns), or one (rows, columns); `role` is None where nothing says what."""

    holder: OpenFile
    dataset: Array
    path: str
    role: int | None
    following: tuple[Array, ...] = ()
    """Lists of frames that go on where this one ends, as NXmx numbers them (data_000001, data_000002)."""

    @property
    def number(self) -> int:
        """How many frames there are in all."""
        return len(self.dataset) + sum(len(one) for one in self.following)

    @property
    def size(self) -> tuple[int, ...]:
        """Rows and columns."""
        return tuple(self.dataset.shape[-2:])

    @property
    def place(self) -> float | None:
        """The number that it is called by, where that is all of its name: the frame before which it was taken."""
        name = PurePosixPath(self.path).name
        return float(name) if name.isdecimal() and len(name) < 10 else None


def parts_of(files: Sequence[OpenFile]) -> list[Part]:
    """Return all frames that can be read; single ones only where something says that they are flat or dark."""
    found = []
    for one in files:
        for path, item in walk(one.file):
            if not isinstance(item, Array):
                continue
            try:
                fits = item.ndim in (2, 3) and item.dtype.kind in "uif" and item.size and not unreadable(item)
            except (LinkError, TypeError, OSError, RuntimeError):
                continue
            if not fits:
                continue
            role = _role(one, path)
            if item.ndim == 3 or role in (FLAT, DARK, BOTH):
                found.append(Part(one, item, path, role))
    return found


def projections_among(parts: Sequence[Part], name: str) -> Part | None:
    """The frames that are the projections: those called so, else the longest unnamed list; None without."""
    lists = [part for part in parts if part.dataset.ndim == 3]
    named = [part for part in lists if part.role == PROJECTION]
    unnamed = [part for part in lists if part.role is None]
    candidates = named or unnamed or [part for part in lists if part.role == BOTH]
    candidates = _joined(candidates)
    longest = max((part.number for part in candidates), default=0)
    candidates = [part for part in candidates if part.number == longest]
    if len(candidates) > 1:
        listed = ", ".join(part.path for part in candidates[:MOST_LISTED])
        raise BadInput(f"{name} has {len(candidates)} lists of frames that may be its projections: {listed}.")
    return candidates[0] if candidates else None


def _joined(parts: Sequence[Part]) -> list[Part]:
    """The lists of frames, those that are numbered parts of one put together in their order."""
    series: dict[tuple[str, str, tuple[int, ...]], list[Part]] = {}
    for part in parts:
        path = PurePosixPath(part.path)
        number = _NUMBERED.fullmatch(path.name)
        name = number[1] if number else path.name
        series.setdefault((part.holder.name, str(path.with_name(name)), part.size), []).append(part)
    ordered = [sorted(members, key=lambda part: part.path) for members in series.values()]
    return [replace(first, following=tuple(part.dataset for part in rest)) for first, *rest in ordered]


@dataclass(frozen=True)
class Lost:
    """Lists of frames that belong to a numbered series and are not read, as clauses.

    Of those `within` nobody knows how many frames they had; those `behind` all others may never have been taken.
    """

    within: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()


def lost_of(part: Part) -> Lost:
    """What the series of this part lacks: links that are not followed, arrays that are not read, gaps."""
    numbered = _NUMBERED.fullmatch(PurePosixPath(part.path).name)
    if numbered is None:
        return Lost()
    stem, group = numbered[1], part.dataset.parent
    taken = {PurePosixPath(one.name).name for one in (part.dataset, *part.following)} - {stem}
    others = {name for name in group if (number := _NUMBERED.fullmatch(name)) and number[1] == stem} - taken
    last = max(taken)
    first = min(taken | others)
    gaps = (f"{stem}{number:06}" for number in range(int(first[len(stem) :]), int(last[len(stem) :])))
    within = {name: "it is not there" for name in gaps if name not in taken}
    within |= {name: _why_lost(group, name) for name in others if name < last}
    behind = [f"{name}: {_why_lost(group, name)}" for name in sorted(others) if name > last]
    return Lost(tuple(f"{name}: {why}" for name, why in sorted(within.items())), tuple(behind))


def _why_lost(group: Group, name: str) -> str:
    try:
        item = group.get(name)
    except LinkError as error:
        return error.message
    if not isinstance(item, Array):
        return "it is no list of frames"
    return unreadable(item) or "its pictures are of another size or kind"


def angles_of(part: Part, name: str) -> Array | None:
    """The rotation angles in the projections' file, one a frame; BadInput where it has several that differ."""
    number = part.number
    ranked: list[tuple[int, int, str, Array]] = []
    for path, item in walk(part.holder.file):
        if isinstance(item, Array) and _shape_of(item) == (number,) and item.dtype.kind in "uif":
            rank = _rank_of_angles(path, item)
            if rank is not None and not unreadable(item):
                ranked.append((rank, -_together(path, part.path), path, item))
    if not ranked:
        return None
    ranked.sort(key=lambda one: one[:2])
    best = [one for one in ranked if one[:2] == ranked[0][:2]]
    values = np.asarray(best[0][3][()], dtype=np.float64)
    if any(
        not np.array_equal(values, np.asarray(one[3][()], dtype=np.float64), equal_nan=True) for one in best[1:]
    ):
        listed = ", ".join(one[2] for one in best[:MOST_LISTED])
        raise BadInput(f"{name} has several lists that may be its rotation angles: {listed}.")
    return best[0][3]


def angles_elsewhere(
    files: Sequence[OpenFile], own: OpenFile, numbers: Sequence[int], *, unnamed: bool
) -> tuple[Array, str] | None:
    """The angles that a dataset has in a place of their own, and where: as many as there are frames; None without.

    They are called so, or are in a unit of angle; else, if `unnamed`, the only list in another file that is as
    long and has no unit. BadInput where there are several that differ.
    """
    found: list[tuple[int, str, Array]] = []
    for one in files:
        for path, item in walk(one.file):
            if not isinstance(item, Array) or (shape := _shape_of(item)) is None:
                continue
            if len(shape) != 1 or shape[0] not in numbers or item.dtype.kind not in "uif":
                continue
            rank = None if unreadable(item) else _rank_of_angles(path, item)
            if rank is None and unnamed and one is not own and _without_unit(item):
                rank = NOT_ANGLES
            if rank is not None:
                found.append((rank, f"{path} in {one.name}", item))
    best = [one for one in found if one[0] == min(rank for rank, *_ in found)]
    if not best:
        return None
    values = np.asarray(best[0][2][()])
    if any(not np.array_equal(values, other[2][()], equal_nan=True) for other in best[1:]):
        listed = ", ".join(place for _, place, _ in best[:MOST_LISTED])
        raise BadInput(f"{own.name} has no rotation angles, and several lists may be them: {listed}.")
    return best[0][2], best[0][1]


def _without_unit(item: Array) -> bool:
    beside = attributes(item)
    # Counts of frames, and what image keys are, is told by their type: whole numbers are no angles of a scan.
    return not stated_unit("", beside.get("units"), beside.get("unit")) and item.dtype.kind == "f"


def _shape_of(item: Array) -> tuple[int, ...] | None:
    try:
        return tuple(item.shape) if item.shape is not None else None
    except LinkError:
        return None


def _rank_of_angles(path: str, item: Array) -> int | None:
    """How sure it is that these are angles of the rotation, 0 most; None if they are not."""
    if (rank := rank_by_name(path, item)) is not None:
        return rank
    beside = attributes(item)
    unit = unit_of(stated_unit("", beside.get("units"), beside.get("unit")))
    values = np.asarray(item[()], dtype=np.float64)
    turns = unit is not None and unit.dimension is Dimension.ANGLE and np.ptp(values) > 0
    return len(NAMES) if turns else None


def _together(path: str, other: str) -> int:
    """How many groups two paths share."""
    pairs = zip(PurePosixPath(path).parts, PurePosixPath(other).parts, strict=False)
    return sum(1 for mine, theirs in pairs if mine == theirs)


def _role(holder: OpenFile, path: str) -> int | None:
    steps = PurePosixPath(path).parts[1:]
    texts: list[Any] = list(reversed(steps))
    group: Any = holder.file
    for step in steps[:-1]:
        group = child(group, step)
        if not isinstance(group, Group):
            break
        if class_of(group) == "NXentry":
            title = child(group, "title")
            texts.append(plain_text(title[()]) if isinstance(title, Array) and title.size == 1 else None)
    texts.append(PurePosixPath(holder.name).stem)
    return next((role for text in texts if (role := role_of(str(text or ""))) is not None), None)
