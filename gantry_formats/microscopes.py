"""What microscopes' HDF5 tells of an array elsewhere than beside it: sizes, and the name of its channel.

Imaris has groups for that in the same file, BigDataViewer an XML beside it. Whoever reads the file gives the ways.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from gantry_formats import bdv
from gantry_formats.hdf5_layouts import IMARIS_IMAGE, channel_at, channel_name_in_imaris, sizes_of_imaris
from gantry_formats.images import Sizes

AGREE_WITHIN = 1e-3
"""Of a size: a file may round what another one says."""


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

    def sizes(self, path: str, shape: tuple[int, ...], own: Sizes) -> Sizes:
        """Sizes of an element of an array; `own`: what it or a group above it says.

        Where BigDataViewer's XML says something else, or is of an array of another extent, the size is not known.
        """
        number = bdv.setup_at(path)
        if number is None:
            return {**self.imaris, **own}
        setup = self._setups.get(number, bdv.Setup({}))
        if setup.extent and setup.extent != tuple(reversed(shape)):
            return own
        agreed = {
            axis: size
            for axis, size in own.items()
            if math.isclose(size, setup.sizes.get(axis, size), rel_tol=AGREE_WITHIN)
        }
        return agreed | {axis: size for axis, size in setup.sizes.items() if axis not in own}

    def sizes_of_all(self, arrays: Iterable[tuple[str, tuple[int, ...], Sizes]]) -> Sizes:
        """Sizes in which the setups of BigDataViewer's file agree, or those of Imaris."""
        each = [self.sizes(*one) for one in arrays]
        if not each:
            return self.imaris
        return {axis: size for axis, size in each[0].items() if all(one.get(axis) == size for one in each)}

    def channel(self, path: str) -> str:
        """The name of an array's channel; empty where it has none."""
        number = channel_at(path)
        if number is None:
            return ""
        if number not in self._channels:
            self._channels[number] = channel_name_in_imaris(self._attributes(f"DataSetInfo/Channel {number}"))
        return self._channels[number]
