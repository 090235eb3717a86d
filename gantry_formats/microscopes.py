"""What HDF5 tells of an array elsewhere than beside it: sizes, and the name of its channel.

Imaris has groups for that in the same file, BigDataViewer an XML beside it. Whoever reads the file gives the ways.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from gantry_formats import bdv
from gantry_formats.hdf5_layouts import IMARIS_IMAGE, channel_at, channel_name_in_imaris, sizes_of_imaris
from gantry_formats.images import Sizes, alike

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
    def _setups(self) -> Mapping[int, bdv.Setup]:
        document = self._beside(bdv.companion_of(self._name)) if self._name else None
        return {} if document is None else bdv.setups_of(document, self._name)

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
        setup = self._setups.get(number, bdv.Setup({}))
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

    def channel(self, path: str) -> str:
        """The name of an array's channel; empty where it has none."""
        number = channel_at(path)
        if number is None:
            return ""
        if number not in self._channels:
            self._channels[number] = channel_name_in_imaris(self._attributes(f"DataSetInfo/Channel {number}"))
        return self._channels[number]


def _differ(first: Mapping[str, float], other: Mapping[str, float]) -> set[str]:
    return {axis for axis in first.keys() & other.keys() if not alike(first[axis], other[axis])}
