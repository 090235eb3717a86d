"""HDF5 files: every numeric dataset as an ArraySource, and writing results others can open."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # registers the compression filters that instruments use
import numpy as np
from imagecodecs import zstd_decode

from gantry_formats import bdv, decoded
from gantry_formats.axes import (
    NOT_ALONG,
    OF_FRAMES,
    Along,
    axes_in_hdf5,
    declared_in_hdf5,
    known_axes,
    unknown_names,
)
from gantry_formats.descriptions import CHANNELS
from gantry_formats.hdf5_layouts import is_coarser_level, shape_in_imaris
from gantry_formats.images import sizes_of_attributes
from gantry_formats.linked import Array, Group, LinkError, Tree
from gantry_formats.linked.scales import Scales
from gantry_formats.linked.walking import NotRead, why_unreadable
from gantry_formats.linked.walking import walk as walk_all
from gantry_formats.linked.written import NEVER_WRITTEN, chunks_of, is_never_written, mapped_of, written_offsets
from gantry_formats.linked.zstandard import refuse_damaged
from gantry_formats.microscopes import Layout
from wrappers.io.chunk_grid import Place, places_of
from wrappers.io.siblings import Siblings, open_beside_a_writer
from wrappers.io.source import NUMERIC_KINDS, ArraySource, LeftOut, Partly, corner_of, fill_in_words, readable
from wrappers.job import InputFile

refuse_damaged(hdf5plugin.get_config().registered_filters, zstd_decode)

SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx", ".nx5", ".rtdc", ".ims")
CHUNK_BYTES = 2**20
MOST_OBJECTS = 1_000_000
NOT_KNOWN = -1.0
"""In the place of a size of which files say two things."""


@contextmanager
def open_hdf5(given: InputFile | Path) -> Iterator[Group]:
    """Open an HDF5 file for reading, as its root group; BadInput where it is not one or its end is missing.

    It may lead to other files of its dataset, which are read by our own code, the library following none; whatever
    else it leads to is a LinkError. One that a program still writes, or left open, is read as far as it goes
    (SWMR): `still_open` says so. What is read later goes through `readable` where it is read, so that no other
    fault is taken for damage.
    """
    path, name = (given, given.name) if isinstance(given, Path) else (given.path, given.name)
    beside = None if isinstance(given, Path) else given.beside
    with readable(path, "HDF5"):
        file = open_beside_a_writer(path)
    with ExitStack() as stack:
        stack.enter_context(file)
        siblings = Siblings(beside, stack) if beside is not None else None
        yield Tree(file, name, siblings).root


def still_open(file: Group) -> bool:
    """Return whether the file is read beside a program that writes it, or left it open."""
    return file.swmr_mode


def walk(file: Group) -> Iterator[tuple[str, Group | Array | LeftOut]]:
    """Yield all that links lead to, each object once, by its nearest path; and why others are not followed."""
    for name, item, _holder in walk_all(file, MOST_OBJECTS):
        yield name, LeftOut(name, item.why) if isinstance(item, NotRead) else item


def layout_of(file: Group, given: InputFile) -> Layout:
    """Return what the file, or the XML beside it, tells of its arrays as microscopes' programs do."""

    def attributes_at(place: str) -> dict[str, Any]:
        try:
            return attributes(file[place]) if place in file else {}
        except (LinkError, KeyError, OSError, RuntimeError):
            return {}

    def beside(name: str) -> bytes | None:
        path = given.beside.files.get(name) if given.beside is not None else None
        try:
            return None if path is None else _head_of(path)
        except OSError:
            return None

    return Layout(given.name, attributes_at, beside)


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(bdv.MAX_DOCUMENT_BYTES + 1)


def survey(file: Group, path: Path, layout: Layout | None = None) -> tuple[list[ArraySource], list[LeftOut]]:
    """Return all numeric arrays of one dimension or more, in the file's order, and what is left out and why.

    Of a table (compound values) each numeric column is an array. What lies in files that are not the dataset's, or
    is stored by a filter that is not installed, is left out.
    """
    found: list[ArraySource] = []
    without: list[LeftOut] = []
    with readable(path, "HDF5"):
        groups = (item for _name, item in [("/", file), *walk(file)] if isinstance(item, Group))
        sized = _Sized(file, Scales(groups), layout or layout_of(file, InputFile(path.name, path)))
        for name, item in walk(file):
            if isinstance(item, LeftOut):
                without.append(item)
            elif isinstance(item, Array) and not is_coarser_level(name):
                _sort_in(name, item, path, sized, found=found, without=without)
    return sized.with_views(found, without)


class _Sized:
    """Gives arrays what is told of them elsewhere than by their own attributes."""

    def __init__(self, file: Group, scales: Scales, layout: Layout) -> None:
        self._file, self._scales, self._layout = file, scales, layout
        self._above: dict[str, dict[str, Any]] = {}

    def source(self, item: Array, path: Path, name: str) -> ArraySource:
        """Return the array with its axes, the sizes of an element, and the name of its channel."""
        told = self._scales.of(item)
        array = source(item, path, name, told.along)
        group = name.rpartition("/")[0]
        if group not in self._above:
            self._above[group] = attributes_above(self._file, name)
        own = sizes_of_attributes(self._above[group] | dict(array.attributes))
        axes = known_axes(array.axes, array.shape)
        coordinates, unclear = told.sizes(axes), told.contradicted(axes)
        sizes = self._layout.sizes(name, array.shape, own, coordinates, unclear)
        # Two that contradict each other tell none.
        contradicted = {*own, *coordinates, *unclear} - set(sizes)
        found: dict[str, Any] = {f"voxel_size_{axis}_um": size for axis, size in sizes.items()}
        found |= {f"voxel_size_{axis}_um": NOT_KNOWN for axis in contradicted}
        channel = self._layout.channel(name)
        return replace(
            array, attributes={**array.attributes, **found, **({CHANNELS: [channel]} if channel else {})}
        )

    def with_views(
        self, found: list[ArraySource], without: list[LeftOut]
    ) -> tuple[list[ArraySource], list[LeftOut]]:
        """Return the arrays with which of several views each is, and with what is left out those missing."""
        labels = self._layout.labels([one.name for one in found])
        seen = [*(one.name for one in found), *(one.name for one in without)]
        missing = [LeftOut(view, why) for view, why in self._layout.missing(seen)]
        labelled = [replace(one, labels=its) if its else one for one, its in zip(found, labels, strict=True)]
        return labelled, without + missing


def attributes_above(file: Group, name: str) -> dict[str, Any]:
    """Return the attributes of the file's root and of the groups above an array, the nearest last."""
    merged = attributes(file)
    group = file
    for part in name.strip("/").split("/")[:-1]:
        if part not in group:
            break  # a name that is no UTF-8, or a column of a table
        group = group[part]
        merged |= attributes(group)
    return merged


def _sort_in(
    name: str, item: Array, path: Path, sized: _Sized, *, found: list[ArraySource], without: list[LeftOut]
) -> None:
    try:
        dtype, dimensions = item.dtype, item.ndim
        if item.shape is None:
            without.append(LeftOut(name, "it is empty: it has no shape"))
    except LinkError as error:
        without.append(LeftOut(name, error.message))
        return
    except (TypeError, OSError, RuntimeError) as error:
        without.append(LeftOut(name, f"its type is not known here ({error})"))
        return
    if not dimensions:
        return
    why = unreadable(item)
    if not why and (dtype.kind in NUMERIC_KINDS or dtype.names) and is_never_written(item):
        why = NEVER_WRITTEN
    if why:
        without.append(LeftOut(name, why))
    elif dtype.kind in NUMERIC_KINDS:
        found.append(sized.source(item, path, name))
    elif dtype.kind == "V" and dtype.names:
        columns = [field for field in dtype.names if dtype[field].kind in NUMERIC_KINDS and not dtype[field].shape]
        found += [_column(item, field, path, f"{name}/{field}") for field in columns]
        without += [
            LeftOut(f"{name}/{field}", why_no_number(dtype[field]))
            for field in dtype.names
            if field not in columns
        ]
    elif not _is_text(dtype):
        without.append(LeftOut(name, why_no_number(dtype)))


def _is_text(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "SU" or h5py.check_string_dtype(dtype) is not None


_OF_KIND = {"b": "its elements are true or false", "c": "its elements are complex numbers", "S": "it is text"}


def why_no_number(dtype: np.dtype[Any]) -> str:
    """Return in words what an element is, where it is not one number."""
    if said := _OF_KIND.get("S" if _is_text(dtype) else dtype.kind):
        return said
    if h5py.check_vlen_dtype(dtype) is not None:
        return "its elements are lists, of any length each"
    if h5py.check_ref_dtype(dtype) is not None:
        return "its elements refer to something else in the file"
    if dtype.names:
        return "its elements are tables within a table"
    if dtype.subdtype:
        return f"its elements are arrays of {' × '.join(map(str, dtype.subdtype[1]))}"
    return f"its elements are {dtype}, which is no number"


def sources(file: Group, path: Path) -> list[ArraySource]:
    """Return the numeric arrays of `survey`."""
    return survey(file, path)[0]


def unreadable(dataset: Array) -> str:
    """Return why a dataset's values cannot be had, in words; nothing where they can."""
    return why_unreadable(dataset)


def source(dataset: Array, path: Path, name: str = "", along: Along = NOT_ALONG) -> ArraySource:
    """Return one dataset as an ArraySource that reads it on demand while its file is open.

    `along`: what other places in the file say of its axes.
    """

    name, own = name or str(dataset.name), attributes(dataset)

    def read(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, "HDF5", f"{name} at {corner_of(place)}"):
            return np.asarray(dataset[place])

    around, beside = _around(dataset)
    axes = axes_in_hdf5(name, dataset.shape, own, around, beside, along=along)
    declared = declared_in_hdf5(name, len(dataset.shape), own, around, along)
    return ArraySource(
        name=name,
        shape=shape_in_imaris(name, around, tuple(dataset.shape)),
        dtype=dataset.dtype,
        read=read,
        chunks=dataset.chunks,
        axes=axes,
        attributes=own,
        axis_names=unknown_names(axes, declared),
        partly=_partly(dataset),
    )


def _partly(dataset: Array, field: str | None = None) -> Partly | None:
    """Return what of a dataset, or of a table's column, is there, where some of it is not."""
    try:
        mapped = mapped_of(dataset)
    except LinkError:
        return None
    chunks = chunks_of(dataset)
    if chunks is None and mapped is None:
        return None
    try:
        fill = fill_in_words(dataset.fillvalue if field is None else dataset.fillvalue[field])
    except (TypeError, ValueError, RuntimeError):
        fill = ""  # of a type this release of h5py has no counterpart for
    if mapped is not None:
        return Partly(mapped.words, mapped.values, partial(_parts, mapped.places), fill)
    assert chunks is not None

    def places(most: int) -> list[Place]:
        return places_of(written_offsets(dataset), dataset.chunks, dataset.shape, most)

    return Partly(chunks.words, chunks.written * math.prod(dataset.chunks), places, fill)


def _parts(boxes: tuple[Place, ...], most: int) -> Iterator[Place]:
    """These boxes, each of whole items along the first axis, in parts of about `most` values."""
    for first, *rest in boxes:
        step = max(1, most // max(1, math.prod(part.stop - part.start for part in rest)))
        for start in range(first.start, first.stop, step):
            yield (slice(start, min(start + step, first.stop)), *rest)


def _around(dataset: Array) -> tuple[dict[str, Any], dict[str, int]]:
    """Return what the group that holds a dataset tells of its axes: attributes, and lists of a value a frame."""
    try:
        group = dataset.parent
        lists = {key: group.get(key) for key in OF_FRAMES}
        lengths = {key: len(item) for key, item in lists.items() if isinstance(item, Array) and item.ndim == 1}
        return attributes(group), lengths
    except (LinkError, KeyError, OSError, RuntimeError):
        return {}, {}


def _column(dataset: Array, field: str, path: Path, name: str) -> ArraySource:
    def read(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, "HDF5", f"{name} at {corner_of(place)}"):
            return np.asarray(dataset.fields(field)[place])

    return ArraySource(
        name,
        tuple(dataset.shape),
        dataset.dtype[field],
        read,
        chunks=dataset.chunks,
        partly=_partly(dataset, field),
    )


def attributes(item: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """Return the attributes as Python values (bytes decoded); those HDF5 cannot give are left out."""
    values: dict[str, Any] = {}
    for name in item.attrs:
        try:
            value = item.attrs[name]
        except UnicodeDecodeError:
            value = _latin_text(item, name)
        except (OSError, TypeError, KeyError, RuntimeError, ValueError):
            continue  # a type this release of h5py has no counterpart for
        if isinstance(value, bytes | str):
            value = decoded(value)
        elif isinstance(value, np.generic):
            value = value.item()
        values[name] = value
    return values


def _latin_text(item: h5py.Group | h5py.Dataset, name: str) -> str | None:
    """Return a text that is no UTF-8, though it says so: instruments' programs write their own encoding."""
    attribute = h5py.h5a.open(item.id, name.encode("utf-8", "surrogateescape"))
    if attribute.get_space().get_simple_extent_npoints() != 1:
        return None
    raw: np.ndarray = np.empty((1,), dtype=h5py.string_dtype("ascii"))
    try:
        attribute.read(raw)
    except (OSError, TypeError, ValueError):
        return None
    [value] = raw.tolist()
    return decoded(value) if isinstance(value, bytes) else None


def chunk_shape(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return chunks of about 1 MiB, as near to cubes as the array allows, so that any slice reads little."""
    chunks = list(shape)
    while itemsize * int(np.prod(chunks)) > CHUNK_BYTES:
        largest = int(np.argmax(chunks))
        chunks[largest] = -(-chunks[largest] // 2)
    return tuple(chunks)


def write_arrays(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    attributes_of: Mapping[str, Mapping[str, Any]],
    root: Mapping[str, Any] | None = None,
) -> None:
    """Write arrays chunked and compressed (gzip with byte shuffling: every HDF5 program reads it)."""
    with h5py.File(path, "w") as file:
        for name, value in (root or {}).items():
            file.attrs[name] = value
        for name, array in arrays.items():
            if array.ndim == 0 or array.size == 0:
                dataset = file.create_dataset(name, data=array)
            else:
                dataset = file.create_dataset(
                    name,
                    data=array,
                    chunks=chunk_shape(array.shape, array.dtype.itemsize),
                    compression="gzip",
                    compression_opts=1,
                    shuffle=True,
                )
            for key, value in attributes_of.get(name, {}).items():
                dataset.attrs[key] = value
