"""HDF5 files: every numeric dataset as an ArraySource, and writing results others can open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # noqa: F401 - registers the compression filters that instruments use
import numpy as np

from wrappers.io.source import NUMERIC_KINDS, ArraySource, readable

SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx", ".nx5", ".rtdc", ".ims")
CHUNK_BYTES = 2**20


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; BadInput where it is not one or its end is missing.

    What is read later goes through `readable` where it is read, so that no other fault is taken for damage.
    """
    with readable(path, "HDF5"):
        file = h5py.File(path, "r", locking=False)
    with file:
        yield file


def sources(file: h5py.File, path: Path) -> list[ArraySource]:
    """Return all numeric datasets of one dimension or more that lie inside the file itself, in its order.

    Links to other files, external storage and virtual sources outside are passed over: an analysis reads the
    files it was given and nothing else.
    """
    found: list[ArraySource] = []

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and inside(item) and item.dtype.kind in NUMERIC_KINDS and item.ndim:
            found.append(source(item, path))

    with readable(path, "HDF5"):
        file.visititems(visit)
    return found


def inside(dataset: h5py.Dataset) -> bool:
    """Return whether all of a dataset's values lie in its own file."""
    if dataset.external or dataset.shape is None:
        return False
    return not dataset.is_virtual or all(part.file_name == "." for part in dataset.virtual_sources())


def source(dataset: h5py.Dataset, path: Path) -> ArraySource:
    """Return one dataset as an ArraySource that reads it on demand while its file is open."""

    def read(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, "HDF5"):
            return np.asarray(dataset[place])

    return ArraySource(
        name=dataset.name,
        shape=tuple(dataset.shape),
        dtype=dataset.dtype,
        read=read,
        chunks=dataset.chunks,
        attributes=attributes(dataset),
    )


def attributes(item: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """Return the attributes as Python values (bytes decoded); those HDF5 cannot give are left out."""
    values: dict[str, Any] = {}
    for name in item.attrs:
        try:
            value = item.attrs[name]
        except (OSError, TypeError, KeyError):
            continue  # a type this release of h5py has no counterpart for
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        elif isinstance(value, np.generic):
            value = value.item()
        values[name] = value
    return values


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
