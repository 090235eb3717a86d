"""Zarr folders in the limited child: described, asked for values, shown.

The child has the folder's descriptor alone. What lies beneath it is opened through the door: regular files, no
links. Documents are read once, so that what was judged is what the library sees.
"""

import math
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from types import TracebackType
from typing import Any, Self

import numpy as np
import zarr
from numcodecs.blosc import Blosc
from numcodecs.registry import codec_registry
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype

from gantry_formats import zarr_tree
from gantry_formats.linked.blosc import refuse_cut
from gantry_formats.sizes import VOXEL_SIZE, told_of
from gantry_formats.zarr_tree import ZarrArray
from portal.data.parsing.errors import FileError, plain
from portal.data.parsing.readers.listing import LeftOut, Listed, Plane, listing, plane_of
from portal.data.parsing.readers.picture import (
    LEAST_SIDE,
    MAX_BLOCK_BYTES,
    MAX_ELEMENTS,
    Array,
    View,
    spread,
    volume_view,
)
from portal.errors import LimitError, NotFoundError, PortalError
from portal.files.confined import Root

MAX_LISTED = 2_000
NOTHING: tuple[str, ...] = ()
MAX_BLOCKS = 4_096
"""Chunks that a thumbnail may take: each may be a file."""
DOCUMENTS = ("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata")
DAMAGED = (ValueError, KeyError, TypeError, RuntimeError, OSError, IndexError, AttributeError, OverflowError)

codec_registry.pop("pickle", None)  # would run what a file says
refuse_cut(Blosc)
# A thread of its own for every core would take the address space that the child may have.
zarr.config.set({"async.concurrency": 1, "threading.max_workers": 1})


class ZarrReader:
    """The folder behind a descriptor; `problem` says what of it cannot be read here. Raises FileError."""

    def __init__(self, fd: int) -> None:
        self.root = Root(f"/proc/self/fd/{fd}")
        self.folder = _Folder(self.root)
        try:
            self.tree = zarr_tree.survey(self.folder)
        except PortalError as error:
            raise _refusal(error) from error
        if not self.tree.arrays and not self.tree.left_out:
            raise FileError("invalid", "The folder holds no array: it is empty, or none of Zarr.")
        broken = next(iter(self.tree.left_out.items()), None) if not self.tree.arrays else None
        self.problem: str | None = None
        if broken:
            self.problem = f"No array can be read; of {broken[0] or 'the folder'}: {broken[1]}."

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.root.close()

    def describe(self) -> dict[str, Any]:
        """See parsing.describe."""
        items = [_item(one) for one in self.tree.arrays[:MAX_LISTED]]
        left_out = [{"path": path or "/", "why": why} for path, why in self.tree.left_out.items()][:MAX_LISTED]
        more = self.tree.more or len(self.tree.arrays) > MAX_LISTED
        return {"format": "zarr", "items": items, "more": more, "left_out": left_out}

    def values(self, paths: Sequence[str]) -> dict[str, Any]:
        """See parsing.values: sizes where all pictures have the same, `@name` of the uppermost attributes."""
        found = {path: self._value(path) for path in paths}
        return {path: value for path, value in found.items() if value is not None}

    def _value(self, path: str) -> Any:
        if path.startswith(VOXEL_SIZE):
            return told_of(self._sizes_of_all, path)
        return plain(self.tree.attributes.get(path.removeprefix("@"))) if path.startswith("@") else None

    @cached_property
    def _sizes_of_all(self) -> dict[str, float | str | None]:
        """Sizes in which all pictures agree, or as written where their unit is not known."""
        each = {
            axis: [one.sizes.get(axis) or one.odd_sizes.get(axis) for one in self.tree.arrays] for axis in "xyz"
        }
        return {axis: sizes[0] for axis, sizes in each.items() if len(set(sizes)) == 1}

    def remarks(self) -> list[dict[str, str]]:
        """Compressions that are not known here, `{"place", "words"}`: nothing is damaged."""
        codecs = dict.fromkeys(one.unknown_codec for one in self.tree.arrays if one.unknown_codec)
        return [{"place": "", "words": f"its compression {codec} is not supported"} for codec in codecs]

    def listing(self, *, side: int, pictures: int) -> dict[str, Any]:
        """See client.listing."""
        found: list[Listed | LeftOut] = []
        for one in self.tree.arrays:
            name = f"/{one.path}"
            if one.unknown_codec:
                found.append(LeftOut(name, f"its compression {one.unknown_codec} is not supported"))
                continue
            dtype = str(np.dtype(one.dtype).newbyteorder("="))
            plane = partial(_plane_of, self.folder, one)
            listed = Listed(name, one.shape, dtype, one.axes, plane, one.labels, one.sizes, one.axis_names)
            found.append(replace(listed, interval_s=one.time_step_s))
        found += [LeftOut(f"/{path}", why) for path, why in self.tree.left_out.items()]
        return listing(found, side=side, pictures=pictures)

    def view(self) -> View:
        """The view for a thumbnail: of the largest picture, a level that is small enough. Raises FileError."""
        shown = [one for one in self.tree.arrays if len(one.shape) > 1 and math.prod(one.shape) > 0]
        if not shown:
            raise FileError("invalid", "There is no array of two or more dimensions to show.")
        picture = max(shown, key=lambda one: int(math.prod(one.shape)))
        if picture.unknown_codec:
            raise FileError("invalid", f"The compression {picture.unknown_codec} is not supported.")
        shown_as = _shown_as(self.folder, picture)
        if shown_as is None:
            raise FileError("limit", "The picture is too large for a thumbnail.")
        try:
            return volume_view(shown_as, tomography=False)
        except PortalError as error:
            raise _refusal(error) from error
        except DAMAGED as error:
            raise FileError("invalid", "The picture cannot be read.", str(error)) from error


def _plane_of(folder: "_Folder", one: ZarrArray, axes: str) -> Plane | None:
    """Planes of the finest level that a small picture may be made of."""
    level = _shown_as(folder, one, few=axes[-3:] == "ZYX")
    read = None if level is None else plane_of(level, axes)
    if level is None or read is None:
        return None
    lengths = {axis: (many, few) for axis, many, few in zip(axes, one.shape, level.shape, strict=True)}

    def plane(places: Mapping[str, int]) -> Array:
        known = {axis: place for axis, place in places.items() if axis in lengths}
        return read({axis: place * lengths[axis][1] // lengths[axis][0] for axis, place in known.items()})

    return plane


def _refusal(error: PortalError) -> FileError:
    return FileError("limit" if isinstance(error, LimitError) else "unsafe", error.message, error.detail)


def _item(one: ZarrArray) -> dict[str, Any]:
    attrs = {f"voxel size {axis} (um)": size for axis, size in one.sizes.items()}
    return {
        "path": one.path or "/",
        "kind": "array",
        "dtype": one.dtype,
        "shape": list(one.shape),
        "axes": one.axes,
        "chunks": list(one.block),
        "compression": ", ".join(one.codecs),
        "levels": 1 + len(one.coarser),
        "attrs": attrs,
    }


def _shown_as(folder: "_Folder", one: ZarrArray, *, few: bool = True) -> "_Slabs | None":
    """The finest level of which all planes can be read for a thumbnail; with `few` else some of the coarsest's."""
    levels = (one, *one.coarser)
    whole = next((level for level in levels if _layers(level) == _most_layers(level)), None)
    if whole is not None:
        return _Slabs(folder, whole)
    last = levels[-1]
    # One that is thin is cut along another axis, through all layers.
    thick = len(last.shape) > 2 and min(last.shape[-2:]) >= LEAST_SIDE
    some = _layers(last) if few and thick else 0
    return _Slabs(folder, last, some) if some else None


def _most_layers(one: ZarrArray) -> int:
    """Layers of chunks along the third axis from the last."""
    return math.prod(-(-length // most) for length, most in zip(one.shape[-3:-2], one.block[-3:-2], strict=True))


def _layers(one: ZarrArray) -> int:
    """Of how many of them a thumbnail may read the planes: few chunks, none of which fills the memory."""
    shape, block = one.shape[-3:], one.block[-3:]
    blocks = math.prod(-(-length // most) for length, most in zip(shape[-2:], block[-2:], strict=True))
    plane = math.prod(min(length, most) for length, most in zip(shape[:-2], block[:-2], strict=True))
    slab = plane * math.prod(shape[-2:])
    if not slab or one.unknown_codec is not None or one.block_bytes > MAX_BLOCK_BYTES or slab > MAX_ELEMENTS:
        return -1
    return min(_most_layers(one), MAX_BLOCKS // blocks, 16 * MAX_ELEMENTS // slab)


class _Slabs:
    """An array that is read one layer of chunks at a time, so that no chunk is unpacked for each of its planes."""

    def __init__(self, folder: "_Folder", one: ZarrArray, layers: int | None = None) -> None:
        """`layers`: only so many of them, evenly spread, with one plane of each; `shape` has as many."""
        version: Any = one.version
        self._array: Any = zarr.open_array(_DoorStore(folder), path=one.path, mode="r", zarr_format=version)
        self.shape, self._thick = one.shape, one.block[-3] if len(one.shape) > 2 else 1
        self._planes: list[int] | None = None
        if layers is not None:
            last = one.shape[-3] - 1
            among = spread(_most_layers(one), layers)
            self._planes = [min(layer * self._thick + self._thick // 2, last) for layer in among]
            self.shape = (*one.shape[:-3], len(self._planes), *one.shape[-2:])
        self._held: tuple[tuple[Any, ...], Array] | None = None

    def __getitem__(self, place: tuple[int | slice, ...]) -> Array:
        number = place[-3] if len(place) > 2 else None
        if not isinstance(number, int):
            return np.asarray(self._array[place])
        plane = number if self._planes is None else self._planes[number]
        layer = plane // self._thick
        key = (*place[:-3], layer, str(place[-2:]))
        if self._held is None or self._held[0] != key:
            depth = slice(layer * self._thick, (layer + 1) * self._thick)
            self._held = key, np.asarray(self._array[(*place[:-3], depth, *place[-2:])])
        return np.asarray(self._held[1][plane - layer * self._thick])


class _Folder:
    """The folder as `zarr_tree` looks into it: through the door, each document read once."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self._documents: dict[str, bytes | None] = {}

    def document(self, path: str) -> bytes | None:
        if path not in self._documents:
            try:
                self._documents[path] = self._read(path, zarr_tree.MAX_DOCUMENT_BYTES)
            except LimitError as error:
                raise ValueError(error.message) from error
        return self._documents[path]

    def folders(self, path: str) -> list[str]:
        with self.root.open_folder(path) as folder:
            return folder.folders()

    def chunk(self, path: str, byte_range: Any) -> bytes | None:
        """A chunk's file, or a part of one: of a shard, its index and inner chunks."""
        return self._read(path, None if byte_range else MAX_BLOCK_BYTES, byte_range)

    def _read(self, path: str, most: int | None, byte_range: Any = None) -> bytes | None:
        try:
            with self.root.open_file(path, max_bytes=most) as file:
                size = os.fstat(file.fileno()).st_size
                first, last = _extent(byte_range, size)
                if last - first > MAX_BLOCK_BYTES:
                    raise FileError("limit", f"A block of {path} is larger than {MAX_BLOCK_BYTES >> 20} MiB.")
                file.seek(first)
                return file.read(last - first)
        except NotFoundError:
            return None


class _DoorStore(Store):  # type: ignore[misc]
    """What the library reads through the door, and nothing else."""

    supports_writes = False
    supports_deletes = False
    supports_listing = False

    def __init__(self, folder: _Folder) -> None:
        super().__init__(read_only=True)
        self._folder = folder

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        known = key.rpartition("/")[2] in DOCUMENTS
        raw = self._folder.document(key) if known else self._folder.chunk(key, byte_range)
        return None if raw is None else (prototype or default_buffer_prototype()).buffer.from_bytes(raw)

    async def get_partial_values(self, prototype: Any, key_ranges: Iterable[tuple[str, Any]]) -> list[Any]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key: str) -> bool:
        return await self.get(key) is not None

    async def set(self, key: str, value: Any) -> None:
        raise NotImplementedError

    async def delete(self, key: str) -> None:
        raise NotImplementedError

    async def list(self) -> AsyncIterator[str]:
        for key in NOTHING:
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        for key in NOTHING:
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        for key in NOTHING:
            yield key


def _extent(byte_range: Any, size: int) -> tuple[int, int]:
    """First byte and the one behind the last that a part of a file of so many bytes has."""
    match byte_range:
        case RangeByteRequest(start=start, end=end):
            return start, max(start, min(end, size))
        case OffsetByteRequest(offset=offset):
            return offset, max(offset, size)
        case SuffixByteRequest(suffix=suffix):
            return max(size - suffix, 0), size
    return 0, size
