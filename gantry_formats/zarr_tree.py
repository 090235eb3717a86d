"""What is in a Zarr folder, of version 2 or 3: its arrays, from the documents of JSON alone.

Whoever reads gives a `Folder`, through whichever door, and reads chunks by a library of its own. A folder is
somebody's: documents are bounded in size and count, folders in depth, and one that is broken costs itself only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from gantry_formats import ngff
from gantry_formats.axes import UNKNOWN, plain_name, unknown_names
from gantry_formats.descriptions import ACQUIRED, moment_of
from gantry_formats.images import Sizes
from gantry_formats.sizes import Size

SUFFIX = ".zarr"
MARKS = ("zarr.json", ".zgroup", ".zarray")
"""A folder with one of these files is one of Zarr, whatever its name."""
MAX_DOCUMENT_BYTES = 16 << 20
MAX_NODES = 20_000
MAX_DEPTH = 12
MAX_DIMENSIONS = 16
MOST_ELEMENTS = 1 << 62
_NUMBERS = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
# fmt: off
_OF_NUMCODECS = (
    "adler32", "astype", "bitround", "blosc", "bz2", "crc32", "crc32c", "delta", "fixedscaleoffset", "fletcher32",
    "gzip", "lz4", "lzma", "packbits", "quantize", "shuffle", "zlib", "zstd",
)
# fmt: on
CODECS = {
    2: frozenset(_OF_NUMCODECS),
    3: frozenset(
        ["blosc", "bytes", "crc32c", "gzip", "sharding_indexed", "transpose", "zstd"]
        + [f"numcodecs.{name}" for name in _OF_NUMCODECS]
    ),
}
"""By version, those that are read. What a library has beside them may run what the file says (`pickle`)."""
_NUMBERS |= {"bool", "float16", "float32", "float64", "complex64", "complex128"}


class Folder(Protocol):
    """A folder that is looked into by paths beneath it; "" is itself."""

    def document(self, path: str) -> bytes | None:
        """A file of at most MAX_DOCUMENT_BYTES; None where there is none. Raises ValueError for a larger one."""

    def folders(self, path: str) -> list[str]:
        """The names of the folders in a folder, sorted."""


@dataclass(frozen=True)
class ZarrArray:
    """An array: `block` is what is unpacked at once, a chunk or, in a shard, an inner chunk."""

    path: str
    version: int
    shape: tuple[int, ...]
    dtype: str
    block: tuple[int, ...]
    codecs: tuple[str, ...]
    chunk: tuple[int, ...] = ()
    """What a file holds: a chunk, or a shard of several."""
    separator: str = "/"
    """Between the numbers in a chunk's name."""
    prefix: str = ""
    """What stands before them."""
    fill: Any = None
    """What the document says that a chunk holds which is not there."""
    axes: str = ""
    sizes: Sizes = field(default_factory=dict)
    odd_sizes: Mapping[str, str] = field(default_factory=dict)
    """By axis, sizes whose unit is not known, with it."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    axis_names: tuple[str, ...] = ()
    """The folder's own names of the axes that are not known."""
    time_step_s: float | None = None
    acquired: str | None = None
    """When it was taken, as ISO 8601 writes it: our own attribute, for which the specification has none."""
    coarser: tuple[ZarrArray, ...] = ()
    """The other levels of its pyramid, the finest first."""

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        if self.version == 2:
            return int(self.dtype[2:])
        return 1 if self.dtype == "bool" else int("".join(filter(str.isdigit, self.dtype))) // 8

    @property
    def unknown_codec(self) -> str | None:
        """The first of its codecs that is not read here."""
        return next((name for name in self.codecs if name not in CODECS[self.version]), None)

    @property
    def block_bytes(self) -> int:
        """Bytes that are unpacked at once."""
        return math.prod(self.block) * self.itemsize

    def offset_of(self, name: str) -> tuple[int, ...] | None:
        """Where the chunk begins that the file of this path in its folder holds; None where it holds none."""
        start = f"{self.prefix}{self.separator}" if self.prefix else ""
        numbers = name.removeprefix(start).split(self.separator)
        if not name.startswith(start) or len(numbers) != len(self.shape):
            return None
        if not all(
            one.isascii() and one.isdecimal() and len(one) < 20 and str(int(one)) == one for one in numbers
        ):
            return None
        offset = tuple(int(one) * step for one, step in zip(numbers, self.chunk, strict=True))
        return offset if all(at < length for at, length in zip(offset, self.shape, strict=True)) else None


@dataclass(frozen=True)
class Tree:
    """The arrays of a folder, each picture's finest level once; what is left out, by path, and why."""

    arrays: tuple[ZarrArray, ...]
    left_out: Mapping[str, str]
    attributes: Mapping[str, Any]
    """Of the uppermost group."""
    more: bool = False


def survey(folder: Folder) -> Tree:
    """Look at all groups and arrays. What cannot be understood is left out, and why is said."""
    looked = _Look(folder)
    for _ in looked.walk("", 0):
        if looked.nodes > MAX_NODES:
            return looked.tree(more=True)
    return looked.tree(more=False)


class _Look:
    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.nodes = 0
        self.arrays: dict[str, ZarrArray] = {}
        self.groups: dict[str, Mapping[str, Any]] = {}
        self.left_out: dict[str, str] = {}

    def walk(self, path: str, depth: int) -> Iterator[None]:
        self.nodes += 1
        yield
        try:
            if not self._is_group(path):
                return
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            self.left_out[path] = f"its metadata cannot be read ({str(error)[:100] or type(error).__name__})"
            return
        if depth >= MAX_DEPTH:
            self.left_out[path] = "it lies too deep"
            return
        for name in self.folder.folders(path):
            yield from self.walk(_joined(path, name), depth + 1)

    def _is_group(self, path: str) -> bool:
        """Take in what the node's documents say; whether there may be nodes beneath it."""
        newer = self._read(path, "zarr.json")
        if newer is not None:
            if newer["node_type"] == "array":
                self.arrays[path] = _version_3(path, newer)
                return False
            self.groups[path] = _mapping(newer.get("attributes"))
            return True
        older = self._read(path, ".zarray")
        attributes = _mapping(self._read(path, ".zattrs"))
        if older is not None:
            self.arrays[path] = _version_2(path, older, attributes)
            return False
        self.groups[path] = attributes
        return True

    def _read(self, path: str, name: str) -> dict[str, Any] | None:
        raw = self.folder.document(_joined(path, name))
        if raw is None:
            return None
        found = json.loads(raw)
        if not isinstance(found, dict):
            raise ValueError(f"{name} is no object of JSON")
        return found

    def _of_document(self, path: str, size: float) -> float:
        """The same size with the document of the group in which it stands."""
        if not isinstance(size, Size):
            return size
        name = "zarr.json" if self.folder.document(_joined(path, "zarr.json")) is not None else ".zattrs"
        return Size(size, f"{_joined(path, name)} {size.place}", size.value, size.units)

    def tree(self, more: bool) -> Tree:
        of_pictures: set[str] = set()
        pictures: dict[str, ZarrArray] = {}
        for path, attributes in self.groups.items():
            for one in ngff.multiscales_of(attributes):
                try:
                    levels = [_joined(path, level) for level in one.levels]
                except ValueError as error:
                    self.left_out.setdefault(path, str(error))
                    continue
                of_pictures |= set(levels)
                if ngff.is_segmentation(attributes):
                    self.left_out[levels[0]] = "it is a segmentation of another picture"
                    continue
                known = [self.arrays[level] for level in levels if level in self.arrays]
                if not known or known[0].path != levels[0]:
                    self.left_out.setdefault(levels[0], "it is not there")
                    continue
                acquired = moment_of(attributes.get(ACQUIRED))
                picture = replace(_finest(known, one), acquired=acquired)
                sizes = {axis: self._of_document(path, size) for axis, size in picture.sizes.items()}
                pictures.setdefault(levels[0], replace(picture, sizes=sizes))
        arrays: list[ZarrArray] = []
        for path, plain in self.arrays.items():
            array = pictures.get(path, plain)
            if path in of_pictures and path not in pictures:
                continue  # a coarser level of a picture, or left out with a reason
            if _is_number(array):
                arrays.append(array)
            else:
                self.left_out[path] = f"{array.dtype} is no number"
        return Tree(tuple(arrays), self.left_out, self.groups.get("", {}), more)


def _finest(levels: list[ZarrArray], described: ngff.Multiscale) -> ZarrArray:
    """The finest level with what its picture's description says, as far as that fits it."""
    first = levels[0]
    coarser = tuple(level for level in levels[1:] if len(level.shape) == len(first.shape))
    if len(described.axes) != len(first.shape):
        if not described.names:
            return replace(first, coarser=coarser)
        axes = UNKNOWN * len(first.shape)
        return replace(first, axes=axes, axis_names=unknown_names(axes, described.names), coarser=coarser)
    names = described.labels.get("C", ())
    labels = described.labels if names and len(names) == first.shape[described.axes.index("C")] else {}
    return replace(
        first,
        axes=described.axes,
        sizes=described.sizes,
        odd_sizes=described.odd_sizes,
        labels=labels,
        time_step_s=described.time_step_s,
        axis_names=unknown_names(described.axes, described.names),
        coarser=coarser,
    )


def _joined(path: str, name: str) -> str:
    parts = [part for part in f"{path}/{name}".split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("a path leads out of the folder")
    return "/".join(parts)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_number(array: ZarrArray) -> bool:
    if array.version == 2:
        return array.dtype[1:2] in "biufc" and array.dtype[2:].isdigit() and array.dtype[:1] in "<>|"
    return array.dtype in _NUMBERS


def _version_2(path: str, document: Mapping[str, Any], attributes: Mapping[str, Any]) -> ZarrArray:
    shape, chunks = _extents(document["shape"], 0), _extents(document["chunks"], 1)
    listed = [document.get("compressor"), *(document.get("filters") or [])]
    codecs = tuple(str(one["id"]) for one in listed if one is not None)
    names = attributes.get("_ARRAY_DIMENSIONS")  # as xarray writes them
    separator = "/" if document.get("dimension_separator") == "/" else "."
    fill = document.get("fill_value")
    array = ZarrArray(path, 2, shape, str(document["dtype"]), chunks, codecs, chunks, separator, fill=fill)
    return _checked(_with_axes(array, names))


def _version_3(path: str, document: Mapping[str, Any]) -> ZarrArray:
    shape = _extents(document["shape"], 0)
    chunk = block = _extents(document["chunk_grid"]["configuration"]["chunk_shape"], 1)
    codecs: list[str] = []
    waiting = list(document["codecs"])
    while waiting:
        if len(codecs) > 2 * MAX_DIMENSIONS:
            raise ValueError("too many codecs")
        one = waiting.pop(0)
        name = str(one["name"] if isinstance(one, Mapping) else one)
        codecs.append(name)
        if name == "sharding_indexed":
            inner = one["configuration"]
            block = _extents(inner["chunk_shape"], 1)
            waiting += [*inner["codecs"], *inner.get("index_codecs", ())]
    dtype, names = document["data_type"], document.get("dimension_names")
    kind = dtype if isinstance(dtype, str) else str(_mapping(dtype).get("name", "a type of its own"))
    encoding = _mapping(document.get("chunk_key_encoding"))
    older = encoding.get("name") == "v2"
    separator = str(_mapping(encoding.get("configuration")).get("separator", "." if older else "/"))
    array = ZarrArray(
        path,
        3,
        shape,
        kind,
        block,
        tuple(codecs),
        chunk,
        "." if separator == "." else "/",
        "" if older else "c",
        document.get("fill_value"),
    )
    return _checked(_with_axes(array, names))


def _with_axes(array: ZarrArray, listed: Any) -> ZarrArray:
    """The array with the axes that it names; as it is where no name says anything."""
    listed = listed[:MAX_DIMENSIONS] if isinstance(listed, list) else []
    names = [plain_name(one) if isinstance(one, str) else "" for one in listed]
    if not any(names):
        return array
    known = {"z": "Z", "y": "Y", "x": "X", "c": "C", "t": "T"}
    letters = "".join(known.get(name.lower(), UNKNOWN) for name in names)
    if len(letters) != len(array.shape):
        letters = UNKNOWN * len(array.shape)
    return replace(array, axes=letters, axis_names=unknown_names(letters, names))


def _extents(value: Any, least: int) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > MAX_DIMENSIONS:
        raise ValueError("a shape is no list of a few numbers")
    for one in value:
        if not isinstance(one, int) or isinstance(one, bool) or not least <= one < MOST_ELEMENTS:
            raise ValueError(f"a shape has the extent {str(one)[:20]}")
    return tuple(value)


def _checked(array: ZarrArray) -> ZarrArray:
    if len(array.block) != len(array.shape) or len(array.chunk) != len(array.shape):
        raise ValueError("its chunks have other dimensions than itself")
    if math.prod(array.shape) >= MOST_ELEMENTS:
        raise ValueError("it has too many elements")
    return array
