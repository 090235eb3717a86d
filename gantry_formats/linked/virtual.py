"""Virtual datasets: views of other datasets, read source by source by our own code."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gantry_formats.linked.arrays import Array
from gantry_formats.linked.elsewhere import MOST_BYTES, Elsewhere
from gantry_formats.linked.links import OWN_FILE, LinkError, Why, is_pattern, numbered, text_of
from gantry_formats.linked.selection import Places, as_slice, hyperslab_of, meeting, places_of, taken

MOST_NUMBERED = 100_000
MOST_MAPPINGS = 200_000


class _Mapping:
    """One source of a virtual dataset: which of its elements are which of the view's."""

    def __init__(self, view: Virtual, index: int) -> None:
        properties = view.id.get_create_plist()
        self.view = view
        file = properties.get_virtual_filename(index)
        self.file = file if isinstance(file, str) else text_of(file)
        inner = properties.get_virtual_dsetname(index)
        self.inner = inner if isinstance(inner, str) else text_of(inner)
        self.virtual, self.source = properties.get_virtual_vspace(index), properties.get_virtual_srcspace(index)
        self.slab = hyperslab_of(self.virtual)
        self.endless = self.slab.unlimited if self.slab is not None else None
        self.numbered = is_pattern(self.file) or is_pattern(self.inner)
        self._sources: dict[int | None, Array] = {}

    def open(self, block: int | None = None) -> Array:
        """The source, opened once. Raises LinkError."""
        if block not in self._sources:
            self._sources[block] = self._open(block)
        return self._sources[block]

    def _open(self, block: int | None) -> Array:
        file, inner = (
            (self.file, self.inner) if block is None else (numbered(self.file, block), numbered(self.inner, block))
        )
        tree, own = self.view.tree, self.view.node.file
        name = own if file == OWN_FILE else tree.file(own, file)
        try:
            found = tree.thing(tree.within(name, inner.encode("utf-8", "surrogateescape")))
        except (KeyError, OSError, RuntimeError) as error:
            raise LinkError(Why.MISSING, f"{name} has no dataset {inner}") from error
        if not isinstance(found, Array):
            raise LinkError(Why.MISSING, f"{inner} of {name} is no dataset")
        return found

    @cached_property
    def blocks(self) -> int:
        """How many numbered sources there are, one behind the other, from 0 on."""
        for block in range(MOST_NUMBERED):
            try:
                self.open(block)
            except LinkError as error:
                if error.why is not Why.MISSING or block == 0:
                    raise
                return block
        raise LinkError(Why.MANY, f"{self.file} stands for more than {MOST_NUMBERED} files")

    @cached_property
    def length(self) -> int:
        """The view's length along the axis on which this source goes on, as far as there are values."""
        assert self.slab is not None
        assert self.endless is not None
        axis = self.endless
        if self.numbered:
            if not self.blocks:
                return 0
            return self.slab.start[axis] + (self.blocks - 1) * self.slab.stride[axis] + self.slab.block[axis]
        places = self.of_source(self.open().shape)
        slab = hyperslab_of(self.source)
        assert slab is not None
        assert slab.unlimited is not None
        found = self.slab.first(axis, len(places[slab.unlimited]))
        return int(found[-1]) + 1 if len(found) else 0

    def of_source(self, shape: tuple[int, ...]) -> tuple[Places, ...]:
        """Which of its elements are taken. Raises LinkError where it has not so many."""
        return places_of(self.source, shape)

    @cached_property
    def places(self) -> tuple[Places, ...]:
        """Where in the view it lies; where there are many, numbered, the first of them."""
        shape = self.view.shape
        if self.endless is None:
            return places_of(self.virtual, shape)
        assert self.slab is not None
        found = [self.slab.places(axis, length) for axis, length in enumerate(shape)]
        start = self.slab.start[self.endless]
        found[self.endless] = (
            range(start, start + self.slab.block[self.endless])
            if self.numbered
            else self.slab.places(self.endless, self.length)
        )
        return tuple(found)

    def copy(self, ranges: Sequence[range], values: np.ndarray) -> None:
        """Put those of its elements that are asked for where they belong."""
        for block in self._met(ranges):
            places = self.places
            if block is not None:
                assert self.slab is not None
                assert self.endless is not None
                start = self.slab.start[self.endless] + block * self.slab.stride[self.endless]
                one = range(start, start + self.slab.block[self.endless])
                places = (*places[: self.endless], one, *places[self.endless + 1 :])
            met = [meeting(one, wanted) for one, wanted in zip(places, ranges, strict=True)]
            if all(len(at) for at, _to in met):
                self._copy(block, places, met, values)

    def _met(self, ranges: Sequence[range]) -> Sequence[int | None]:
        """The numbers of the sources that may be asked for; None for the only one."""
        if self.endless is None or not self.numbered:
            return [None]
        assert self.slab is not None
        wanted, start, stride = ranges[self.endless], self.slab.start[self.endless], self.slab.stride[self.endless]
        if not len(wanted):
            return []
        first = -((start + self.slab.block[self.endless] - 1 - wanted[0]) // stride)
        return range(max(0, first), min(self.blocks, (wanted[-1] - start) // stride + 1))

    def all_sources(self) -> Iterator[Array]:
        """Each of its sources. Raises LinkError."""
        for block in range(self.blocks) if self.numbered and self.endless is not None else [None]:
            yield self.open(block)

    def _copy(
        self,
        block: int | None,
        places: tuple[Places, ...],
        met: list[tuple[np.ndarray, np.ndarray]],
        values: np.ndarray,
    ) -> None:
        source = self.open(block)
        there = self.of_source(source.shape)
        to = np.ix_(*[into for _at, into in met])
        lengths = [len(at) for at, _to in met]
        mine = [axis for axis, one in enumerate(places) if len(one) != 1]
        theirs = [axis for axis, one in enumerate(there) if len(one) != 1]
        if [len(places[axis]) for axis in mine] == [len(there[axis]) for axis in theirs]:
            chosen = [taken(one, np.zeros(1, np.int64)) for one in there]
            for own, other in zip(mine, theirs, strict=True):
                chosen[other] = taken(there[other], met[own][0])
            found = _read_at(source, chosen).reshape(lengths)
        else:
            # The same number of elements in another shape: one after the other, in the order of both.
            if math.prod(map(len, places)) != math.prod(map(len, there)):
                raise LinkError(Why.DAMAGED, "the map of a virtual dataset does not fit its source")
            everything = _read_at(source, [taken(one, np.arange(len(one))) for one in there])
            found = everything.reshape([len(one) for one in places])[np.ix_(*[at for at, _to in met])]
        values[to] = _converted(found, values.dtype)


def _read_at(source: Array, places: Sequence[np.ndarray]) -> np.ndarray:
    slices = [as_slice(one) for one in places]
    total = math.prod(len(range(*part.indices(part.stop))) for part, _pick in slices)
    if total * source.dtype.itemsize > MOST_BYTES:
        raise LinkError(Why.MANY, "more of a virtual dataset was asked for at once than is read")
    found = np.asarray(source[tuple(part for part, _pick in slices)])
    for axis, (_part, pick) in enumerate(slices):
        if pick is not None:
            found = np.take(found, pick, axis=axis)
    return found


def _converted(values: np.ndarray, wanted: np.dtype[Any]) -> np.ndarray:
    """As HDF5 converts: what is too large for the type becomes its largest number, not another one."""
    if wanted.kind in "iu" and values.dtype.kind in "iuf" and not np.can_cast(values.dtype, wanted):
        limits = np.iinfo(wanted)
        if values.dtype.kind == "f":
            values = np.nan_to_num(values, nan=0.0)
        return np.asarray(np.clip(values, limits.min, limits.max), dtype=wanted)
    return values.astype(wanted, copy=False)


class Virtual(Elsewhere):
    """A virtual dataset, read source by source."""

    @cached_property
    def mappings(self) -> list[_Mapping]:
        """Its sources. Raises LinkError where there are more than can be held."""
        count = self.id.get_create_plist().get_virtual_count()
        if count > MOST_MAPPINGS:
            raise LinkError(Why.MANY, f"{self.name} is a view of more than {MOST_MAPPINGS} parts")
        return [_Mapping(self, index) for index in range(count)]

    def _extent(self) -> tuple[int, ...]:
        return self._whole

    @cached_property
    def _whole(self) -> tuple[int, ...]:
        endless = [one for one in self.mappings if one.endless is not None]
        if not endless:
            # Nothing that would make the library open a source: it has no part that goes on for ever.
            return tuple(int(length) for length in self.id.shape)
        with self.tree.deeper():
            axes = {one.endless for one in endless}
            found = list(self.mappings[0].virtual.shape)
            for axis in axes:
                assert axis is not None
                ends = [one.length if one.endless == axis else _end(one, axis) for one in self.mappings]
                found[axis] = max(ends, default=0)
        return tuple(int(length) for length in found)

    def _read(self, ranges: Sequence[range]) -> np.ndarray:
        values = self._filled([len(one) for one in ranges])
        if all(len(one) for one in ranges):
            for mapping in self._near(ranges):
                mapping.copy(ranges, values)
        return values

    def _near(self, ranges: Sequence[range]) -> list[_Mapping]:
        """The sources whose part of the view touches what is asked for."""
        low, high = self._bounds
        wanted = np.asarray([(one[0], one[-1]) for one in ranges], dtype=np.int64).reshape(-1, 2)
        near = ((low <= wanted[:, 1]) & (high >= wanted[:, 0])).all(axis=1)
        return [self.mappings[place] for place in np.flatnonzero(near).tolist()]

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The first and last place of each source along each axis; one that goes on is near to everything."""
        bounds = np.zeros((len(self.mappings), 2, self.ndim), dtype=np.int64)
        for number, mapping in enumerate(self.mappings):
            if mapping.endless is None and mapping.virtual.get_select_npoints():
                bounds[number] = mapping.virtual.get_select_bounds()
            else:
                bounds[number, 1] = np.iinfo(np.int64).max
        return bounds[:, 0], bounds[:, 1]

    def check(self) -> None:
        """Raises LinkError where a source cannot be opened, or does not fit."""
        with self.tree.deeper():
            for mapping in self.mappings:
                for source in mapping.all_sources():
                    source.check()
                    mapping.of_source(source.shape)


def _end(mapping: _Mapping, axis: int) -> int:
    _low, high = mapping.virtual.get_select_bounds()
    return int(high[axis]) + 1
