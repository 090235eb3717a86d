"""Frames of a scan in an HDF5 file, read by detector rows, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gantry_formats import factor_between, plain_quantity, stated_unit, value_for_all
from gantry_formats.linked import Array, Group
from gantry_formats.linked.written import NEVER_WRITTEN, is_never_written
from wrappers.errors import BadInput
from wrappers.io.hdf5 import attributes, source, unreadable, why_no_number
from wrappers.io.nexus import child
from wrappers.io.tomography.references import Series


@dataclass(frozen=True)
class Frames:
    """A list of frames in one dataset, or in several that go on where the one before ends."""

    parts: tuple[Array, ...]

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows and columns."""
        _, rows, columns = self.parts[0].shape
        return len(self), rows, columns


def beam_current(monitor: Array | None) -> np.ndarray | None:
    """Return the beam's intensity a frame relative to its mean (NXmonitor), None where it was not recorded."""
    if monitor is None:
        return None
    values = np.asarray(monitor[:], dtype=np.float64).ravel()
    good = np.isfinite(values) & (values > 0)
    if not good.any():
        return None
    # A frame without a reading of the beam cannot be compared with the others: it is left out.
    return np.where(good, values / values[good].mean(), np.nan)


def exposure(count_time: Array | None) -> np.ndarray | None:
    """Return how long each frame was exposed relative to the mean; None where that is not told, or the same."""
    strength = beam_current(count_time)
    return None if strength is None or not np.ptp(strength[np.isfinite(strength)]) else strength


def references_in(item: Any, data: Frames, name: str, what: str) -> list[Series]:
    """Return flat fields or dark frames, of which there may be one that is no list; nothing for none."""
    if item is None or (isinstance(item, Array) and item.size == 0):
        return []
    if isinstance(item, Array) and item.ndim == 2 and not unreadable(item) and item.dtype.kind in "uif":
        shape, read = item.shape, source(item, Path(name)).read
        every = slice(0, item.shape[1])
        series = Series(lambda rows: np.asarray(read((rows, every)), dtype=np.float32)[None])
    else:
        frames = frames_in(item, name, what)
        shape, series = frames.shape[1:], Series(reader(frames, np.arange(len(frames)), name))
    if shape != data.shape[1:]:
        raise BadInput(f"{name}: projections, flat fields and dark frames differ in size.")
    return [series]


def frames_in(item: Any, name: str, what: str) -> Frames:
    """Return the list of frames (n, rows, columns) that `item` is; BadInput if it is none, or lies elsewhere."""
    if not isinstance(item, Array):
        raise BadInput(f"{name} lacks {what}.")
    why = unreadable(item)
    if why:
        raise BadInput(f"{name} lacks {what}: {why}.")
    if item.dtype.kind not in "uif":
        why = "it is a table" if item.dtype.names else why_no_number(item.dtype)
        raise BadInput(f"{name} lacks {what}: {why}.")
    if is_never_written(item):
        raise BadInput(f"{name} lacks {what}: {NEVER_WRITTEN}.")
    if item.ndim != 3 or 0 in item.shape:
        shape = " × ".join(map(str, item.shape))
        raise BadInput(f"{name}: {what} is of the shape {shape}; frames (n, rows, columns) are needed.")
    return Frames((item,))


@dataclass(frozen=True)
class PixelSize:
    """A pixel's size in µm, or None, and in words why it is not known where the file says something of it."""

    um: float | None = None
    why: str = ""


def pixel_size(detector: Any, names: tuple[str, ...]) -> PixelSize:
    """Return a pixel's size, by the first of these fields that tells it with a unit of length."""
    found = PixelSize()
    for name in names:
        item = child(detector, name) if isinstance(detector, Group) else None
        if not isinstance(item, Array) or unreadable(item):
            continue
        said = _length_in(name, item)
        if said.um is not None:
            return said
        found = found if found.why else said
    return found


def _length_in(name: str, item: Array) -> PixelSize:
    quantity = plain_quantity(value_for_all(item))
    if quantity is None or not quantity[0] > 0:
        return PixelSize(None, f"{name} is not one length")
    beside = attributes(item)
    unit = stated_unit(quantity[1], beside.get("units"), beside.get("unit"))
    factor = factor_between(unit, "um")
    if factor is None:
        return PixelSize(None, f"{name} is {quantity[0]:.6g} {unit}" if unit else f"{name} has no unit")
    return PixelSize(quantity[0] * factor)


def no_light(data: Frames) -> Callable[[slice], np.ndarray]:
    """Return how to read one dark frame that nobody took: zeros."""
    return lambda rows: np.zeros((1, len(range(*rows.indices(data.shape[1]))), data.shape[2]), np.float32)


def reader(data: Frames, frames: np.ndarray, name: str) -> Callable[[slice], np.ndarray]:
    """Return how to read these frames by detector rows.

    A whole number that is the largest of its type was cut off there, or marks a pixel that is stuck: it is NaN.
    """
    sources, every = [source(part, Path(name)) for part in data.parts], slice(0, data.shape[2])
    starts = np.cumsum([0, *(len(part) for part in data.parts)])

    def read(rows: slice) -> np.ndarray:
        number = len(range(*rows.indices(data.shape[1])))
        values = np.empty((len(frames), number, data.shape[2]), np.float32)
        with np.errstate(over="ignore"):
            for place, frame in enumerate(frames):
                part = int(np.searchsorted(starts, frame, side="right")) - 1
                within = int(frame - starts[part])
                found = sources[part].read((slice(within, within + 1), rows, every))[0]
                values[place] = found
                if found.dtype.kind in "ui":
                    values[place][found == np.iinfo(found.dtype).max] = np.nan
        return values

    return read
