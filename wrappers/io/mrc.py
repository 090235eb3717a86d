"""MRC and CCP4 files: the one array of each as an ArraySource, read by slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gantry_formats import mrc
from gantry_formats.linked.complaints import part_there
from wrappers.io.source import ArraySource, LeftOut, readable

SUFFIXES = mrc.SUFFIXES
ALSO_OTHERS = (".map", ".rec", ".st", ".ali")
"""Endings that other programs use for other things."""


def is_mrc(path: Path) -> bool:
    """Whether a file is one: by its name, where that says so, else by its first kilobyte."""
    suffix = path.suffix.lower()
    if suffix not in ALSO_OTHERS:
        return suffix in SUFFIXES
    try:
        return mrc.is_mrc(_head(path))
    except OSError:
        return False


def survey(path: Path) -> tuple[list[ArraySource], list[LeftOut]]:
    """Return the array of an MRC file, or why it is left out; BadInput where it is none or its end is missing."""
    with readable(path, "MRC"):
        try:
            header = mrc.header_of(_head(path))
        except mrc.UnsupportedModeError as error:
            return [], [LeftOut("map", str(error))]
        size = path.stat().st_size
        if size < header.end:
            raise ValueError(part_there(size, header.end))
    dtype = np.dtype(header.dtype)

    def read(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, "MRC"):
            array = np.memmap(path, dtype=dtype, mode="r", offset=header.offset, shape=header.shape)
            return np.array(array[place], dtype=dtype.newbyteorder("="))

    attributes = {f"voxel_size_{axis}_um": value for axis, value in header.sizes.items()}
    native = dtype.newbyteorder("=")
    return [ArraySource("map", header.shape, native, read, axes=header.axes, attributes=attributes)], []


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(mrc.HEAD_BYTES)
