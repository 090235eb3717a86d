"""External storage: arrays whose bytes lie in other files, read by our own code."""

import math
from collections.abc import Sequence
from functools import cached_property

import h5py
import numpy as np

from gantry_formats.linked.elsewhere import MOST_BYTES, Elsewhere
from gantry_formats.linked.links import LinkError, Why, place_of, text_of


class Stored(Elsewhere):
    """An array whose bytes lie in other files (external storage), one behind the other."""

    def _extent(self) -> tuple[int, ...]:
        return tuple(int(length) for length in self.id.shape)

    @cached_property
    def _parts(self) -> list[tuple[str, int, int]]:
        """Name, offset and bytes of each file; the last may be of any size."""
        files = self.tree.files
        properties = self.id.get_create_plist()
        found = []
        for index in range(properties.get_external_count()):
            name, offset, size = properties.get_external(index)
            written = name if isinstance(name, str) else text_of(name)
            if files is None:
                raise LinkError(Why.OUTSIDE, f"{written} is another file")
            place = place_of(self.node.file, written, files.folders)
            found.append(
                (place, int(offset), self.nbytes if size >= h5py.h5s.UNLIMITED & (2**64 - 1) else int(size))
            )
        return found

    def check(self) -> None:
        """Raises LinkError where a file is not there, or ends before the array does."""
        if self.dtype.hasobject or self.id.get_type().get_size() != self.dtype.itemsize:
            raise LinkError(Why.UNKNOWN, f"{self.name} is of a type that is not read from other files")
        left = self.nbytes
        for place, offset, size in self._parts:
            assert self.tree.files is not None
            there = self.tree.files.raw(place).seek(0, 2) - offset
            if there < min(left, size):
                raise LinkError(Why.DAMAGED, f"{place} is shorter than the array {self.name} in it")
            left -= min(left, size)
        if left:
            raise LinkError(Why.DAMAGED, f"the files that hold {self.name} are shorter than it")

    def _read(self, ranges: Sequence[range]) -> np.ndarray:
        self.check()
        shape, itemsize = self.shape, int(self.dtype.itemsize)
        values: np.ndarray = np.empty([len(one) for one in ranges], self.dtype)
        # As many of the last axes as are wanted whole are read at one go.
        whole = len(shape)
        while whole and ranges[whole - 1] == range(shape[whole - 1]):
            whole -= 1
        leading = max(0, whole - 1)
        row = math.prod(shape[leading + 1 :]) * itemsize
        for place in np.ndindex(*[len(one) for one in ranges[:leading]]):
            at = [ranges[axis][number] for axis, number in enumerate(place)]
            first = 0
            for axis, number in enumerate(at):
                first += number * math.prod(shape[axis + 1 :]) * itemsize
            if not shape:
                return np.frombuffer(self._bytes(first, itemsize), self.dtype).reshape(()).copy()
            span = ranges[leading]
            if not len(span):
                continue
            raw = self._bytes(first + span[0] * row, (span[-1] - span[0] + 1) * row)
            block = np.frombuffer(raw, self.dtype).reshape(span[-1] - span[0] + 1, *shape[leading + 1 :])
            values[place] = block[:: span.step]
        return values

    def _bytes(self, first: int, count: int) -> bytes:
        if count > MOST_BYTES:
            raise LinkError(Why.MANY, f"more of {self.name} was asked for at once than is read")
        assert self.tree.files is not None
        found = bytearray()
        for place, offset, size in self._parts:
            if first >= size:
                first -= size
                continue
            file = self.tree.files.raw(place)
            file.seek(offset + first)
            found += file.read(min(size - first, count - len(found)))
            first = 0
            if len(found) == count:
                break
        if len(found) != count:
            raise LinkError(Why.DAMAGED, f"the files that hold {self.name} are shorter than it")
        return bytes(found)
