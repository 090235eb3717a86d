"""Which arrays of a dataset can be meant, by what names, and which of them is: one reader for portal and programs.

An array is taken only where it is the only one; otherwise somebody must have chosen, and is told what there is to
choose from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gantry_formats.axes import UNKNOWN, ZYX, name_of, plural_of
from gantry_formats.hdf5_layouts import is_coarser_level

MOST_NAMED = 6
MOST_NAMED_PLANES = 3
CHOSEN_ELSEWHERE = "CTR"
"""Axes along which analyses have one place chosen, where they can: channel, time point, position."""
SETUP = "setup"
"""Among labels: BigDataViewer's view setup, a combination of channel, angle, tile and side of illumination."""
MOST_CHARACTERS = 300
"""Of a name; a longer one is cut, and told from its like by a number."""


@dataclass(frozen=True)
class Described:
    """An array of a file: its name in it, its shape and type, and what its axes are, a letter each."""

    file: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    axes: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the places along an axis, where the file has them: {"C": ("DAPI", "GFP")}.

    Beneath "?" the file's own names of the axes that are not known. Of one of several views,
    beneath "C", "T" and SETUP, which it is, where it has no such axis.
    """

    def length(self, axis: str) -> int:
        """How long it is along an axis; 1 for an axis that it does not have."""
        return self.shape[self.axes.index(axis)] if axis in self.axes else 1

    def has(self, axes: str) -> bool:
        """Whether it has all these axes, and values."""
        return all(axis in self.axes for axis in axes) and math.prod(self.shape) > 0

    def others(self, axes: str) -> list[str]:
        """Its axes beside these along which there is more than one place."""
        return [
            axis for axis, length in zip(self.axes, self.shape, strict=True) if axis not in axes and length > 1
        ]

    @property
    def is_complex(self) -> bool:
        """Whether its values are complex numbers."""
        return self.dtype.startswith("complex")

    @property
    def in_words(self) -> str:
        """Its shape in words: 2 channels, 16 × 40 × 48; or 16 × 40 × 48, channel GFP."""
        pairs = list(zip(self.axes, self.shape, strict=True))
        others = [
            f"{length} {plural_of(axis)}"
            for axis, length in pairs
            if axis not in f"{ZYX}{UNKNOWN}" and length != 1
        ]
        plain = [length for axis, length in pairs if axis in f"{ZYX}{UNKNOWN}"]
        view = [self.view] if self.view else []
        return ", ".join([*others, *([" × ".join(map(str, plain))] if plain else []), *view])

    @property
    def view(self) -> str:
        """Which of several views of a sample it is: "channel GFP, time point 3"; empty for an array by itself."""
        called = {SETUP: "setup", "C": "channel", "T": "time point"}
        return ", ".join(
            f"{noun} {self.labels[axis][0]}"
            for axis, noun in called.items()
            if axis not in self.axes and self.labels.get(axis)
        )


def plain_name(name: str) -> str:
    """A name as people can read and type it: one line, without what cannot be printed, of bounded length."""
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1] + "…"


def names_of(arrays: Sequence[Described]) -> list[str]:
    """What each array is called: its own name, with its file's before it where another has the same."""
    return [
        one.name if sum(other.name == one.name for other in arrays) == 1 else _with_file(arrays, place)
        for place, one in enumerate(arrays)
    ]


def _with_file(arrays: Sequence[Described], place: int) -> str:
    """`file: name`, and `file: name (2)` for the second of one name in one file."""
    one = arrays[place]
    before = sum((other.file, other.name) == (one.file, one.name) for other in arrays[:place])
    return f"{one.file}: {one.name}" + (f" ({before + 1})" if before else "")


def views_of(arrays: Sequence[Described]) -> list[str]:
    """What each array is called as a view of the sample; empty where it is none, or another is called the same."""
    views = [one.view for one in arrays]
    return [view if views.count(view) == 1 else "" for view in views]


def named(arrays: Sequence[Described], wanted: str) -> int | None:
    """The place of the array of this name, with its file's before it or without; None for none, or several.

    A view may be called in words, too: "channel GFP, time point 3".
    """
    found = [place for place, name in enumerate(names_of(arrays)) if name == wanted]
    found = found or [place for place, view in enumerate(views_of(arrays)) if view == wanted and view]
    found = found or [place for place in range(len(arrays)) if _with_file(arrays, place) == wanted]
    return found[0] if len(found) == 1 else None


def listed(arrays: Sequence[Described], names: Sequence[str] = ()) -> str:
    """The arrays in words: `/a (16 × 40 × 48); /b (2 channels, 16 × 40 × 48)`."""
    called = list(names) or names_of(arrays)
    shown = [f"{name} ({one.in_words})" for name, one in zip(called, arrays, strict=True)][:MOST_NAMED]
    more = len(arrays) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def why_not(one: Described, axes: str = ZYX, along: str = "") -> str:
    """Why an array is not one with these axes, of which one place along each of `along` can be chosen; or nothing.

    A clause that says what the array is: `it is a series of 16 time points, each a single plane`.
    """
    if math.prod(one.shape) == 0:
        return "it is empty"
    if is_coarser_level(one.name):
        return "it is a coarser copy of another"
    if not one.has(axes):
        return _what_it_is(one, axes)
    if one.is_complex:
        return "its values are complex numbers, where real ones are needed"
    return _why_none_can_be_chosen(one, axes, along)


def _why_none_can_be_chosen(one: Described, axes: str, along: str) -> str:
    """Why no place along its further axes can be chosen; or nothing."""
    further = [axis for axis in one.others(axes) if axis not in along]
    if UNKNOWN in further and UNKNOWN not in along:
        return _unknown_further(one)
    if further:
        alone = f": give a file with one {name_of(further[0])} alone" if further[0] in CHOSEN_ELSEWHERE else ""
        return f"it has {one.length(further[0])} {plural_of(further[0])}, of which none can be chosen{alone}"
    return ""


def _unknown_further(one: Described) -> str:
    """Which of its axes, beside those that are asked for, has no meaning that is known: by place, name, length."""
    unknown = [place for place, axis in enumerate(one.axes) if axis == UNKNOWN]
    own = one.labels.get(UNKNOWN, ())
    names = dict(zip(unknown, own, strict=True)) if len(own) == len(unknown) else {}
    long = [place for place in unknown if one.shape[place] > 1]
    told = [
        f"its {_ORDINALS.get(place, f'{place + 1}th')} axis{f', “{names[place]}”' if names.get(place) else ''} "
        f"({one.shape[place]:,} long)"
        for place in long[:MOST_NAMED]
    ]
    if len(told) > 1:
        return f"{' and '.join(told)} have no known meaning: no place along them can be chosen"
    return f"{told[0]} has no known meaning: no place along it can be chosen"


def _what_it_is(one: Described, axes: str) -> str:
    if axes == ZYX and one.length("T") > 1 and "Z" not in one.axes:
        return f"it is a series of {one.length('T')} time points, each a single plane: it has no z"
    if UNKNOWN in one.axes and len(one.shape) >= len(axes):
        return _unknown(one, axes)
    long = sum(length > 1 for length in one.shape)
    if long < len(axes):
        return f"it has {_NUMBERS.get(long, long)} dimension{'' if long == 1 else 's'}"
    lacking = [name_of(axis) for axis in axes if axis not in one.axes]
    return f"it has no axis {' and '.join(lacking)}, but {', '.join(map(name_of, one.axes))}"


def _unknown(one: Described, axes: str) -> str:
    """That it is not known what its axes are, with the names that its file has for them."""
    own = [name or "one without a name" for name in one.labels.get(UNKNOWN, ())]
    if not own:
        if set(one.axes) == {UNKNOWN}:
            return f"it has {len(one.shape)} axes of which it does not say what they are"
        own = ["one without a name"] * one.axes.count(UNKNOWN)
    if len(own) != one.axes.count(UNKNOWN):
        return f"it has {len(one.shape)} axes and names {len(own)} of them: {', '.join(own)}"
    left = iter(own)
    called = [next(left) if axis == UNKNOWN else name_of(axis) for axis in one.axes]
    lacking = [name_of(axis) for axis in axes if axis not in one.axes]
    return f"its axes are {', '.join(called)}: which of them is {' or '.join(lacking)} is not known"


_ORDINALS = {0: "first", 1: "second", 2: "third", 3: "fourth", 4: "fifth", 5: "sixth"}
_NUMBERS = {0: "no", 1: "one", 2: "two"}


def left_out(arrays: Sequence[Described], axes: str = ZYX, along: str = "") -> dict[str, list[str]]:
    """Names of the arrays that are none with these axes, by why: what is left out of the choice."""
    found: dict[str, list[str]] = {}
    for one, name in zip(arrays, names_of(arrays), strict=True):
        why = why_not(one, axes, along)
        if why:
            found.setdefault(why, []).append(name)
    return found


def planes_of(arrays: Sequence[Described], files: Sequence[str]) -> list[int]:
    """The places of the single planes, one in each of the files and alike in shape and type; none where not so."""
    planes = _one_plane_each(arrays, files)
    return planes if len({_kind_of_plane(arrays[place]) for place in planes}) == 1 else []


def unlike_planes(arrays: Sequence[Described], files: Sequence[str]) -> str:
    """How the single planes of the files differ in size or type, as a clause; nothing where they do not.

    `has planes that are not alike: thumb.tif is 5 × 6, uint16, and 16 others are 40 × 48, uint16`
    """
    planes = _one_plane_each(arrays, files)
    kinds: dict[str, list[str]] = {}
    for place in planes:
        kinds.setdefault(_kind_of_plane(arrays[place]), []).append(arrays[place].file)
    if len(kinds) < 2:
        return ""
    usual, *others = sorted(kinds, key=lambda kind: -len(kinds[kind]))
    told = [
        f"{', '.join(kinds[kind][:MOST_NAMED_PLANES])}{' …' if len(kinds[kind]) > MOST_NAMED_PLANES else ''} "
        f"{'is' if len(kinds[kind]) == 1 else 'are'} {kind}"
        for kind in others[:MOST_NAMED_PLANES]
    ]
    rest = len(kinds[usual])
    told.append(f"{rest} other{' is' if rest == 1 else 's are'} {usual}")
    return f"has planes that are not alike: {', '.join(told[:-1])} and {told[-1]}"


def _one_plane_each(arrays: Sequence[Described], files: Sequence[str]) -> list[int]:
    """The places of the single planes where each of several files has one, and nothing else."""
    planes = [
        place
        for place, one in enumerate(arrays)
        if one.axes.endswith("YX") and math.prod(one.shape[:-2]) == 1 and math.prod(one.shape) > 0
    ]
    one_each = {arrays[place].file for place in planes} == set(files) and len(arrays) == len(planes) == len(files)
    return planes if len(planes) > 1 and one_each else []


def _kind_of_plane(plane: Described) -> str:
    return f"{' × '.join(map(str, plane.shape[-2:]))}, {plane.dtype}"


def volume_of_planes(arrays: Sequence[Described], planes: Sequence[int]) -> Described:
    """The volume that the planes of several files make."""
    first = arrays[planes[0]]
    shape = (len(planes), *first.shape[-2:])
    return Described(first.file, f"{len(planes)} files", shape, first.dtype, ZYX)


def candidates(arrays: Sequence[Described], axes: str = ZYX, along: str = "") -> list[int]:
    """The places of the arrays that can be meant: `why_not` says nothing against them."""
    return [place for place, one in enumerate(arrays) if not why_not(one, axes, along)]
