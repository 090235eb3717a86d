"""Tomography scans: NXtomo (NeXus application definition) and Data Exchange (F. De Carlo et al., J. Synchrotron
Rad. 21, 1224 (2014)), read by detector rows so that a slice needs only its own part of the file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from wrappers.errors import BadInput
from wrappers.io.hdf5 import inside, open_hdf5
from wrappers.io.source import readable
from wrappers.io.tiff import MICROMETRES

PROJECTION, FLAT, DARK = 0, 1, 2
ANGLE_UNITS = {"deg": 1.0, "rad": 180 / math.pi}


@dataclass(frozen=True)
class Scan:
    """A scan in an open file. Frames are read by detector rows, as (frames, rows, columns) float32."""

    name: str
    layout: str
    rows: int
    columns: int
    angles: np.ndarray  # degrees, one a projection
    assumed_angles: bool
    pixel_um: float | None
    projections: Callable[[slice], np.ndarray]
    flats: Callable[[slice], np.ndarray]
    darks: Callable[[slice], np.ndarray]


@contextmanager
def open_scan(path: Path, name: str) -> Iterator[Scan]:
    """Open a scan; BadInput where the file is neither kind, or lacks flat fields, angles or numbers."""
    with open_hdf5(path) as file:
        with readable(path, "HDF5"):
            scan = _scan(file, name)
        yield scan


def _scan(file: h5py.File, name: str) -> Scan:
    if isinstance(file.get("exchange"), h5py.Group):
        return _data_exchange(file, name)
    entry = _nxtomo_entry(file)
    if entry is None:
        raise BadInput(f"{name} is neither an NXtomo nor a Data Exchange scan.")
    return _nxtomo(entry, name)


def _data_exchange(file: h5py.File, name: str) -> Scan:
    group = file["exchange"]
    data = _frames(group.get("data"), name, "exchange/data")
    white = _frames(group.get("data_white"), name, "exchange/data_white (flat fields)")
    dark = group.get("data_dark")
    dark = _frames(dark, name, "exchange/data_dark") if dark is not None else None
    for other in (white, dark):
        if other is not None and other.shape[1:] != data.shape[1:]:
            raise BadInput(f"{name}: projections, flat fields and dark frames differ in size.")
    theta = group.get("theta")
    assumed = not isinstance(theta, h5py.Dataset)
    angles = np.arange(len(data)) * 180.0 / len(data) if assumed else _degrees(theta)
    everything = np.arange(len(data))
    detector = file.get("measurement/instrument/detector")
    return Scan(
        name=name,
        layout="Data Exchange",
        rows=data.shape[1],
        columns=data.shape[2],
        angles=_checked_angles(angles, len(data), name),
        assumed_angles=assumed,
        pixel_um=_pixel(detector, ("pixel_size_x", "pixel_size")),
        projections=_reader(data, everything, None, name),
        flats=_reader(white, np.arange(len(white)), None, name),
        darks=_zeros(data) if dark is None else _reader(dark, np.arange(len(dark)), None, name),
    )


def _nxtomo_entry(file: h5py.File) -> h5py.Group | None:
    for name in file:
        entry = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
        if isinstance(entry, h5py.Group) and _find(entry, "image_key") is not None:
            return entry
    return None


def _find(entry: h5py.Group, name: str) -> Any:
    """Return an item of an NXtomo entry by name from its data group, its detectors or its sample."""
    for place in ("data", "instrument/detector", "sample", "tomo_entry/data", "control"):
        group = entry.get(place)
        if isinstance(group, h5py.Group) and isinstance(group.get(name), h5py.Dataset):
            return group[name]
    return None


def _nxtomo(entry: h5py.Group, name: str) -> Scan:
    data = _frames(_find(entry, "data"), name, "the NXtomo entry's data")
    key = np.asarray(_find(entry, "image_key")[:]).ravel()
    rotation = _find(entry, "rotation_angle")
    if rotation is None:
        raise BadInput(f"{name} has no rotation angles.")
    if len(key) != len(data) or rotation.shape != (len(data),):
        raise BadInput(f"{name}: image_key and rotation_angle do not have one value a frame.")
    where = {kind: np.flatnonzero(key == kind) for kind in (PROJECTION, FLAT, DARK)}
    if not len(where[PROJECTION]) or not len(where[FLAT]):
        missing = "projections" if not len(where[PROJECTION]) else "flat fields"
        raise BadInput(f"{name} has no {missing} (image_key).")
    current = _current(entry, len(data))
    angles = _degrees(rotation)[where[PROJECTION]]
    return Scan(
        name=name,
        layout="NXtomo",
        rows=data.shape[1],
        columns=data.shape[2],
        angles=_checked_angles(angles, len(angles), name),
        assumed_angles=False,
        pixel_um=_pixel(entry.get("instrument/detector"), ("x_pixel_size",)),
        projections=_reader(data, where[PROJECTION], current, name),
        flats=_reader(data, where[FLAT], current, name),
        darks=_reader(data, where[DARK], None, name) if len(where[DARK]) else _zeros(data),
    )


def _current(entry: h5py.Group, frames: int) -> np.ndarray | None:
    """Return the beam's intensity a frame relative to its mean (NXmonitor), None where it was not recorded."""
    item = entry.get("control/data")
    if not isinstance(item, h5py.Dataset) or item.shape != (frames,):
        return None
    values = np.asarray(item[:], dtype=np.float64)
    return values / values.mean() if np.isfinite(values).all() and values.min() > 0 else None


def _frames(item: Any, name: str, what: str) -> h5py.Dataset:
    if not isinstance(item, h5py.Dataset) or not inside(item):
        raise BadInput(f"{name} lacks {what}.")
    if item.ndim != 3 or item.dtype.kind not in "uif" or 0 in item.shape:
        raise BadInput(
            f"{name}: {what} is {item.dtype} of shape {item.shape}; frames (n, rows, columns) are needed."
        )
    return item


def _degrees(item: h5py.Dataset) -> np.ndarray:
    units = item.attrs.get("units", "deg")
    units = units.decode() if isinstance(units, bytes) else str(units)
    factor = ANGLE_UNITS["rad"] if units.lower().startswith("rad") else ANGLE_UNITS["deg"]
    return np.asarray(item[:], dtype=np.float64).ravel() * factor


def _checked_angles(angles: np.ndarray, number: int, name: str) -> np.ndarray:
    if len(angles) != number or not np.isfinite(angles).all():
        raise BadInput(f"{name} does not have one rotation angle a projection.")
    return angles


def _pixel(detector: Any, names: tuple[str, ...]) -> float | None:
    for name in names:
        item = detector.get(name) if isinstance(detector, h5py.Group) else None
        if isinstance(item, h5py.Dataset) and item.size == 1 and item.dtype.kind in "uif":
            units = item.attrs.get("units", "m")
            factor = MICROMETRES.get(units.decode() if isinstance(units, bytes) else str(units))
            size = float(np.ravel(item[()])[0])
            if factor and size > 0:
                return size * factor
    return None


def _zeros(data: h5py.Dataset) -> Callable[[slice], np.ndarray]:
    return lambda rows: np.zeros((1, len(range(*rows.indices(data.shape[1]))), data.shape[2]), np.float32)


def _reader(
    data: h5py.Dataset, frames: np.ndarray, current: np.ndarray | None, name: str
) -> Callable[[slice], np.ndarray]:
    def read(rows: slice) -> np.ndarray:
        number = len(range(*rows.indices(data.shape[1])))
        values = np.empty((len(frames), number, data.shape[2]), np.float32)
        with readable(Path(data.file.filename), "HDF5"):
            for place, frame in enumerate(frames):
                values[place] = data[int(frame), rows]
        if not np.isfinite(values).all():
            raise BadInput(f"{name} has readings that are not finite numbers (NaN or infinite).")
        if current is not None:
            values /= current[frames].astype(np.float32)[:, None, None]
        return values

    return read
