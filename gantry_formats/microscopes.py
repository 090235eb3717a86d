"""What HDF5 tells of an array elsewhere than beside it: sizes, and the name of its channel.

Imaris has groups for that in the same file, BigDataViewer an XML beside it. Whoever reads the file gives the ways.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from gantry_formats import bdv
from gantry_formats.arrays import SETUP
from gantry_formats.hdf5_layouts import IMARIS_IMAGE, channel_name_in_imaris, sizes_of_imaris, view_at
from gantry_formats.images import Sizes, alike

MOST_VIEWS = 1_000_000
MOST_MISSING = 200
"""Views that are named."""
NO_SIZES: Mapping[str, float] = MappingProxyType({})


class Layout:
    """What the file `name` says of its arrays.

    `attributes` gives those of the group at a path, nothing where there is none; `beside` the bytes of a file of
    the same dataset, None where there is none or it may not be opened.
    """

    def __init__(
        self,
        name: str,
        attributes: Callable[[str], Mapping[str, Any]],
        beside: Callable[[str], bytes | None],
    ) -> None:
        self._name, self._attributes, self._beside = name, attributes, beside
        self._channels: dict[int, str] = {}

    @cached_property
    def imaris(self) -> Sizes:
        """Sizes of an element of Imaris's pictures; nothing in other files."""
        return sizes_of_imaris(self._attributes(IMARIS_IMAGE))

    @cached_property
    def _views(self) -> bdv.Views:
        document = self._beside(bdv.companion_of(self._name)) if self._name else None
        return bdv.Views() if document is None else bdv.views_of(document, self._name)

    def sizes(
        self,
        path: str,
        shape: tuple[int, ...],
        own: Sizes,
        coordinates: Mapping[str, float] = NO_SIZES,
        unclear: Collection[str] = (),
    ) -> Sizes:
        """Sizes of an element of an array; `own`: what it or a group above it says.

        `coordinates`: what those along its axes say, but for the `unclear` axes. Where two say different things,
        or BigDataViewer's XML is of an array of another extent, the size is not known.
        """
        unclear = {*unclear, *_differ(own, coordinates)}
        own = {axis: size for axis, size in {**coordinates, **own}.items() if axis not in unclear}
        number = bdv.setup_at(path)
        if number is None:
            return {axis: size for axis, size in {**self.imaris, **own}.items() if axis not in unclear}
        setup = self._views.setups.get(number, bdv.Setup({}))
        if setup.extent and setup.extent != tuple(reversed(shape)):
            return own
        unclear |= _differ(own, setup.sizes)
        return {axis: size for axis, size in {**setup.sizes, **own}.items() if axis not in unclear}

    def sizes_of_all(self, each: Sequence[Mapping[str, float]]) -> Sizes:
        """Sizes in which all arrays of the file agree; those of Imaris where there is none."""
        if not each:
            return self.imaris
        return {
            axis: size
            for axis, size in each[0].items()
            if all(axis in one and alike(one[axis], size) for one in each)
        }

    def labels(self, paths: Sequence[str]) -> list[dict[str, tuple[str, ...]]]:
        """Of the arrays at these paths which view each is, in the labels of `arrays.Described`.

        What all views of a file have in common is not said, save by a name.
        """
        views = [view_at(path) for path in paths]
        times = {one.time for one in views if one is not None}
        numbers = {one.number for one in views if one is not None}
        found: list[dict[str, tuple[str, ...]]] = []
        for view in views:
            labels: dict[str, tuple[str, ...]] = {}
            if view is not None:
                name = self._told_apart(view.number, numbers) if view.imaris else self._setup(view.number)
                if name or len(numbers) > 1:
                    labels["C" if view.imaris else SETUP] = (name or str(view.number),)
                if len(times) > 1:
                    labels["T"] = (str(view.time),)
            found.append(labels)
        return found

    def missing(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """The views that are not among the arrays at these paths: which each is, and who says so, as a clause."""
        there = {(one.time, one.number) for one in map(view_at, paths) if one is not None and not one.imaris}
        views = self._views
        if not there or not views.setups:
            return []
        wanted = set(itertools.islice(itertools.product(views.times, sorted(views.setups)), MOST_VIEWS))
        xml = bdv.companion_of(self._name)
        found = []
        for time, setup in sorted((wanted | views.missing) - there)[:MOST_MISSING]:
            name = self._setup(setup)
            view = f"setup {name or setup}, time point {time}"
            told = (time, setup) in views.missing
            found.append(
                (view, f"it is missing, as {xml} says" if told else f"it is not there, though {xml} has it")
            )
        return found

    def _setup(self, number: int) -> str:
        """The name of a setup; with its number where others have the same name."""
        setups = self._views.setups
        name = setups[number].name if number in setups else ""
        alike = sum(one.name == name for one in setups.values())
        return f"{number} {name}" if name and alike > 1 else name

    def channel(self, path: str) -> str:
        """The name of an array's channel, of Imaris's; empty where it has none."""
        view = view_at(path)
        return self._channel(view.number) if view is not None and view.imaris else ""

    def _told_apart(self, number: int, numbers: Collection[int]) -> str:
        """The name of a channel of Imaris's; with its number where others of these have the same name."""
        name = self._channel(number)
        alike = sum(self._channel(one) == name for one in numbers)
        return f"{number} {name}" if name and alike > 1 else name

    def _channel(self, number: int) -> str:
        if number not in self._channels:
            self._channels[number] = channel_name_in_imaris(self._attributes(f"DataSetInfo/Channel {number}"))
        return self._channels[number]


def _differ(first: Mapping[str, float], other: Mapping[str, float]) -> set[str]:
    return {axis for axis in first.keys() & other.keys() if not alike(first[axis], other[axis])}
