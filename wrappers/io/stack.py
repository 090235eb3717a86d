"""A three-dimensional volume with its voxel size, from HDF5 or TIFF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from wrappers.errors import BadInput
from wrappers.io import hdf5, tiff
from wrappers.io.source import ArraySource, readable
from wrappers.job import InputDataset, InputFile

PREFERRED = ("/data", "/entry/data/data", "/exchange/data")
AXES = ("z", "y", "x")


@dataclass(frozen=True)
class Stack:
    """A volume (z, y, x) as stored, and its voxel sizes in µm, None where nothing tells."""

    file: str
    name: str
    values: np.ndarray
    voxel_um: tuple[float | None, float | None, float | None]


@contextmanager
def open_arrays(file: InputFile) -> Iterator[list[ArraySource]]:
    """Open an HDF5 or TIFF file and yield its numeric arrays, readable until the block ends."""
    if file.suffix in tiff.SUFFIXES:
        with tiff.open_tiff(file.path) as opened:
            yield tiff.sources(opened, file.path)
    elif file.suffix in hdf5.SUFFIXES:
        with hdf5.open_hdf5(file.path) as opened:
            yield hdf5.sources(opened, file.path)
    else:
        raise BadInput(f"{file.name} is neither HDF5 nor TIFF.")


def is_array_file(file: InputFile) -> bool:
    """Return whether a file's name says HDF5 or TIFF."""
    return file.suffix in tiff.SUFFIXES + hdf5.SUFFIXES


def read_stack(dataset: InputDataset, what: str) -> Stack:
    """Return the volume of a dataset: /data, /entry/data/data or the largest three-dimensional array.

    BadInput where there is none, or its values are not real numbers or not finite.
    """
    candidates = [file for file in dataset.files if is_array_file(file)]
    if not candidates:
        raise BadInput(f"The {what} has no HDF5 or TIFF file.")
    for file in candidates:
        with open_arrays(file) as arrays:
            chosen = _choose(arrays)
            if chosen is None:
                continue
            values = chosen.everything().reshape(_squeezed(chosen.shape))
            attributes = dict(chosen.attributes)
        if file.suffix in hdf5.SUFFIXES:
            attributes = _inherited(file.path, chosen.name) | attributes
        _check(values, file, chosen)
        return Stack(file.name, chosen.name, values, voxel_size(dataset, attributes))
    names = ", ".join(file.name for file in candidates[:3])
    raise BadInput(f"The {what} has no three-dimensional array ({names}).")


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1) if len(shape) > 3 else shape


def _choose(arrays: list[ArraySource]) -> ArraySource | None:
    volumes = [array for array in arrays if len(_squeezed(array.shape)) == 3 and array.size]
    for name in PREFERRED:
        for array in volumes:
            if array.name == name:
                return array
    return max(volumes, key=lambda array: array.size, default=None)


def _check(values: np.ndarray, file: InputFile, array: ArraySource) -> None:
    if values.dtype.kind not in "biuf":
        raise BadInput(f"{file.name} holds {values.dtype} values at {array.name}; real numbers are needed.")
    if values.dtype.kind == "f":
        bad = values.size - int(np.isfinite(values).sum())
        if bad:
            where = f"{file.name} at {array.name}"
            raise BadInput(f"{bad} values of {where} are not finite numbers (NaN or infinite).")


def _inherited(path: Path, name: str) -> dict[str, Any]:
    """Return the attributes of the file's root and of the groups above a dataset, the nearest last."""
    merged: dict[str, Any] = {}
    with hdf5.open_hdf5(path) as file, readable(path, "HDF5"):
        merged |= hdf5.attributes(file)
        group: h5py.Group = file
        for part in name.strip("/").split("/")[:-1]:
            group = group[part]
            merged |= hdf5.attributes(group)
    return merged


def voxel_size(
    dataset: InputDataset, attributes: Mapping[str, Any]
) -> tuple[float | None, float | None, float | None]:
    """Return voxel sizes (z, y, x) in µm from the catalogue's parameters, else from the file's attributes.

    Attributes: "voxel size z|y|x", "voxel_size_z|y|x" (units in "… units", µm without), "voxel_size_z|y|x_um",
    or the three numbers (z, y, x) of "element_size_um" or "voxel_size_um".
    """
    triple = next((attributes[key] for key in ("element_size_um", "voxel_size_um") if key in attributes), None)
    sizes: list[float | None] = []
    for position, axis in enumerate(AXES):
        size = dataset.length_um(f"voxel size {axis}")
        if size is None:
            size = _attribute_um(attributes, axis)
        if size is None and triple is not None and np.size(triple) == 3:
            size = float(np.ravel(triple)[position])
        sizes.append(size if size and np.isfinite(size) and size > 0 else None)
    return sizes[0], sizes[1], sizes[2]


def _attribute_um(attributes: Mapping[str, Any], axis: str) -> float | None:
    for key in (f"voxel size {axis}", f"voxel_size_{axis}", f"voxel_size_{axis}_um"):
        value = attributes.get(key)
        if isinstance(value, int | float):
            factor = tiff.MICROMETRES.get(str(attributes.get(f"{key} units", "um")))
            return None if factor is None else float(value) * factor
    return None
