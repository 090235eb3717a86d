"""HDF5 files: every numeric dataset as an ArraySource, and writing results others can open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # noqa: F401 - registers the compression filters that instruments use
import numpy as np

from gantry_formats import decoded
from gantry_formats.axes import OF_FRAMES, axes_in_hdf5
from wrappers.errors import BadInput
from wrappers.io.source import NUMERIC_KINDS, ArraySource, LeftOut, readable

SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx", ".nx5", ".rtdc", ".ims")
CHUNK_BYTES = 2**20
_OPEN_ELSEWHERE = "already open for write"
FILTERS = {
    307: "bzip2",
    32000: "LZF",
    32001: "Blosc",
    32004: "LZ4",
    32008: "Bitshuffle",
    32012: "SZ",
    32013: "ZFP",
    32015: "Zstandard",
    32017: "SZ",
    32018: "FCIDECOMP",
    32019: "JPEG",
    32022: "SZ3",
    32024: "SZ3",
    32026: "Blosc2",
    32028: "Granular BitRound",
}
"""Names of the HDF Group's registry of filters, where a file names only the number."""


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; BadInput where it is not one or its end is missing.

    One that a program still writes, or left open, is read as far as it goes (SWMR): `still_open` says so. What is
    read later goes through `readable` where it is read, so that no other fault is taken for damage.
    """
    with readable(path, "HDF5"):
        try:
            file = h5py.File(path, "r", locking=False)
        except OSError as error:
            if _OPEN_ELSEWHERE not in str(error):
                raise
            file = _open_beside_the_writer(path)
    with file:
        yield file


def _open_beside_the_writer(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r", locking=False, swmr=True)
    except OSError as error:
        raise BadInput(
            f"{path.name} is still open for writing, or was never closed: it cannot be read before the program "
            "that writes it is done (h5clear -s makes one readable that was left open)."
        ) from error


def still_open(file: h5py.File) -> bool:
    """Return whether the file is read beside a program that writes it, or left it open."""
    return bool(file.swmr_mode)


def walk(file: h5py.File) -> Iterator[tuple[str, h5py.Group | h5py.Dataset | LeftOut]]:
    """Yield all that hard links lead to, each object once, by its path; and why other links are not followed.

    Soft links lead to one of these or nowhere. Names that are no UTF-8 are shown as Latin-1.
    """
    seen: set[int] = set()
    waiting: list[tuple[str, h5py.Group]] = [("", file["/"])]
    while waiting:
        path, group = waiting.pop(0)
        for raw in group.id:
            name = f"{path}/{decoded(raw)}"
            kind = group.id.links.get_info(raw).type
            if kind == h5py.h5l.TYPE_EXTERNAL:
                target = decoded(group.id.links.get_val(raw)[0])
                yield name, LeftOut(name, f"it is a link to another file, {target}")
            if kind != h5py.h5l.TYPE_HARD:
                continue
            try:
                identifier = h5py.h5o.open(group.id, raw)
                address = h5py.h5o.get_info(identifier).addr
            except (OSError, RuntimeError, KeyError) as error:
                yield name, LeftOut(name, f"it cannot be read ({error})")
                continue
            if address in seen:
                continue
            seen.add(address)
            if isinstance(identifier, h5py.h5g.GroupID):
                inner = h5py.Group(identifier)
                waiting.append((name, inner))
                yield name, inner
            elif isinstance(identifier, h5py.h5d.DatasetID):
                yield name, h5py.Dataset(identifier)


def survey(file: h5py.File, path: Path) -> tuple[list[ArraySource], list[LeftOut]]:
    """Return all numeric arrays of one dimension or more, in the file's order, and what is left out and why.

    Of a table (compound values) each numeric column is an array. What lies in other files, or is stored by a
    filter that is not installed, is left out: an analysis reads the files it was given and nothing else.
    """
    found: list[ArraySource] = []
    without: list[LeftOut] = []
    with readable(path, "HDF5"):
        for name, item in walk(file):
            if isinstance(item, LeftOut):
                without.append(item)
            elif isinstance(item, h5py.Dataset):
                _sort_in(name, item, path, found, without)
    return found, without


def _sort_in(name: str, item: h5py.Dataset, path: Path, found: list[ArraySource], without: list[LeftOut]) -> None:
    try:
        dtype, dimensions = item.dtype, item.ndim
        if item.shape is None:
            without.append(LeftOut(name, "it is empty: it has no shape"))
    except (TypeError, OSError, RuntimeError) as error:
        without.append(LeftOut(name, f"its type is not known here ({error})"))
        return
    if not dimensions:
        return
    why = unreadable(item)
    if why:
        without.append(LeftOut(name, why))
    elif dtype.kind in NUMERIC_KINDS:
        found.append(source(item, path, name))
    elif dtype.kind == "V" and dtype.names:
        columns = [field for field in dtype.names if dtype[field].kind in NUMERIC_KINDS and not dtype[field].shape]
        found += [_column(item, field, path, f"{name}/{field}") for field in columns]
        without += [
            LeftOut(f"{name}/{field}", _why_no_number(dtype[field]))
            for field in dtype.names
            if field not in columns
        ]
    elif not _is_text(dtype):
        without.append(LeftOut(name, _why_no_number(dtype)))


def _is_text(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "SU" or h5py.check_string_dtype(dtype) is not None


def _why_no_number(dtype: np.dtype[Any]) -> str:
    """In words what an element is, where it is not one number."""
    if _is_text(dtype):
        return "it is text"
    if h5py.check_vlen_dtype(dtype) is not None:
        return "its elements are lists, of any length each"
    if h5py.check_ref_dtype(dtype) is not None:
        return "its elements refer to something else in the file"
    if dtype.names:
        return "its elements are tables within a table"
    if dtype.subdtype:
        return f"its elements are arrays of {' × '.join(map(str, dtype.subdtype[1]))}"
    return f"its elements are {dtype}, which is no number"


def sources(file: h5py.File, path: Path) -> list[ArraySource]:
    """Return the numeric arrays of `survey`."""
    return survey(file, path)[0]


def inside(dataset: h5py.Dataset) -> bool:
    """Return whether all of a dataset's values lie in its own file."""
    if dataset.external or dataset.shape is None:
        return False
    return not dataset.is_virtual or all(part.file_name == "." for part in dataset.virtual_sources())


def unreadable(dataset: h5py.Dataset) -> str:
    """Return why a dataset's values cannot be had, in words; nothing where they can."""
    if dataset.shape is None:
        return "it is empty: it has no shape"
    if not inside(dataset):
        others = [part[0] for part in dataset.external or ()]
        others += [part.file_name for part in dataset.virtual_sources()] if dataset.is_virtual else []
        named = ", ".join(sorted({str(other) for other in others if other != "."})[:3])
        return f"its values lie in other files ({named})"
    properties = dataset.id.get_create_plist()
    for place in range(properties.get_nfilters()):
        number, _flags, _values, name = properties.get_filter(place)
        if not h5py.h5z.filter_avail(number):
            known = FILTERS.get(number) or decoded(name).strip() or "unnamed"
            return f"it is stored by a filter that is not installed here: {known} ({number})"
    return ""


def source(dataset: h5py.Dataset, path: Path, name: str = "") -> ArraySource:
    """Return one dataset as an ArraySource that reads it on demand while its file is open."""

    def read(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, "HDF5"):
            return np.asarray(dataset[place])

    name, own = name or str(dataset.name), attributes(dataset)
    return ArraySource(
        name=name,
        shape=tuple(dataset.shape),
        dtype=dataset.dtype,
        read=read,
        chunks=dataset.chunks,
        axes=axes_in_hdf5(name, dataset.shape, own, *_around(dataset, name)),
        attributes=own,
    )


def _around(dataset: h5py.Dataset, name: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Return what the group that holds a dataset tells of its axes: attributes, and lists of a value a frame."""
    try:
        group = dataset.file[name.rpartition("/")[0] or "/"]
        lists = {key: group[key] for key in OF_FRAMES if isinstance(group.get(key, getlink=True), h5py.HardLink)}
        lengths = {
            key: len(item) for key, item in lists.items() if isinstance(item, h5py.Dataset) and item.ndim == 1
        }
        return attributes(group), lengths
    except (KeyError, OSError, RuntimeError):
        return {}, {}  # a name that is no UTF-8


def _column(dataset: h5py.Dataset, field: str, path: Path, name: str) -> ArraySource:
    def read(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, "HDF5"):
            return np.asarray(dataset.fields(field)[place])

    return ArraySource(name, tuple(dataset.shape), dataset.dtype[field], read, chunks=dataset.chunks)


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
