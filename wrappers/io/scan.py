"""Tomography scans: NXtomo (NeXus application definition) and Data Exchange (F. De Carlo et al., J. Synchrotron
Rad. 21, 1224 (2014)), read by detector rows so that a slice needs only its own part of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from gantry_formats import factor_between, plain_text, unit_of
from wrappers.errors import BadInput
from wrappers.io.hdf5 import inside, open_hdf5
from wrappers.io.nexus import Tomography, find_tomography
from wrappers.io.origin import Origin, origin_of
from wrappers.io.source import readable

PROJECTION, FLAT, DARK = 0, 1, 2
AS_RECORDED = "file"
LEAST_DEGREES = 10.0
"""No scan turns less: what does is not in the unit that the file says."""
EVEN_STEPS = {"half-turn": 180.0, "full-turn": 360.0}
"""What a person may say of a scan without angles: even steps through so many degrees, the last one left out."""
TURNS = {"half a turn": 180.0, "a full turn": 360.0}
"""What a scan usually goes through, in degrees."""


@dataclass(frozen=True)
class Scan:
    """A scan in an open file. Frames are read by detector rows, as (frames, rows, columns) float32."""

    name: str
    layout: str
    rows: int
    columns: int
    angles: np.ndarray  # degrees, one a projection
    angles_from: str  # in words: the unit in which they were read, or the steps that were taken for them
    pixel_um: float | None  # across the axis, columns
    row_um: float | None
    projections: Callable[[slice], np.ndarray]
    flats: Callable[[slice], np.ndarray]
    darks: Callable[[slice], np.ndarray]
    origin: Origin = field(default_factory=Origin)


@contextmanager
def open_scan(path: Path, name: str, angles: str = AS_RECORDED) -> Iterator[Scan]:
    """Open a scan; BadInput where the file is neither kind, or lacks flat fields, angles or numbers.

    `angles`: AS_RECORDED, the unit of the recorded angles if a person says it, or for a file that has none one of
    EVEN_STEPS.
    """
    with open_hdf5(path) as file:
        with readable(path, "HDF5"):
            scan = _scan(file, name, angles)
        yield scan


def _scan(file: h5py.File, name: str, angles: str) -> Scan:
    if isinstance(file.get("exchange"), h5py.Group):
        return _data_exchange(file, name, angles)
    found = find_tomography(file)
    if found is None:
        raise BadInput(f"{name} is neither an NXtomo nor a Data Exchange scan.")
    return _nxtomo(found, name, angles)


def _data_exchange(file: h5py.File, name: str, angles: str) -> Scan:
    group = file["exchange"]
    data = _frames(group.get("data"), name, "exchange/data")
    white = _references(group.get("data_white"), data, name, "exchange/data_white (flat fields)")
    dark = _references(group.get("data_dark"), data, name, "exchange/data_dark")
    if white is None:
        raise BadInput(f"{name} has no flat fields (exchange/data_white).")
    degrees, told = _angles(group.get("theta"), np.arange(len(data)), name, angles)
    everything = np.arange(len(data))
    detector = file.get("measurement/instrument/detector")
    return Scan(
        name=name,
        layout="Data Exchange",
        rows=data.shape[1],
        columns=data.shape[2],
        angles=degrees,
        angles_from=told,
        pixel_um=_pixel(detector, ("pixel_size_x", "pixel_size")),
        row_um=_pixel(detector, ("pixel_size_y", "pixel_size")),
        projections=_reader(data, everything, None, name),
        flats=white,
        darks=_zeros(data) if dark is None else dark,
        origin=origin_of(file["/"]),
    )


def _nxtomo(found: Tomography, name: str, angles: str) -> Scan:
    if found.frames is None:
        why = found.elsewhere or "there is no array with one picture for each image key"
        raise BadInput(f"{name} has no projections: {why}.")
    data = _frames(found.frames, name, "the NXtomo entry's data")
    key = np.asarray(found.image_key[:]).ravel()
    where = {kind: np.flatnonzero(key == kind) for kind in (PROJECTION, FLAT, DARK)}
    if not len(where[PROJECTION]) or not len(where[FLAT]):
        missing = "projections" if not len(where[PROJECTION]) else "flat fields"
        raise BadInput(f"{name} has no {missing} (image_key).")
    current = _current(found.monitor)
    degrees, told = _angles(found.rotation_angle, where[PROJECTION], name, angles)
    return Scan(
        name=name,
        layout="NXtomo",
        rows=data.shape[1],
        columns=data.shape[2],
        angles=degrees,
        angles_from=told,
        pixel_um=_pixel(found.detector, ("x_pixel_size",)),
        row_um=_pixel(found.detector, ("y_pixel_size",)),
        projections=_reader(data, where[PROJECTION], current, name),
        flats=_reader(data, where[FLAT], current, name),
        darks=_reader(data, where[DARK], None, name) if len(where[DARK]) else _zeros(data),
        origin=origin_of(found.entry),
    )


def _current(monitor: h5py.Dataset | None) -> np.ndarray | None:
    """Return the beam's intensity a frame relative to its mean (NXmonitor), None where it was not recorded."""
    if monitor is None:
        return None
    values = np.asarray(monitor[:], dtype=np.float64)
    good = np.isfinite(values) & (values > 0)
    if not good.any():
        return None
    # A frame without a reading of the beam cannot be compared with the others: it is left out.
    return np.where(good, values / values[good].mean(), np.nan)


def _references(item: Any, data: h5py.Dataset, name: str, what: str) -> Callable[[slice], np.ndarray] | None:
    """Return how to read flat fields or dark frames, of which there may be one that is no list; None for none."""
    if item is None or (isinstance(item, h5py.Dataset) and item.size == 0):
        return None
    if isinstance(item, h5py.Dataset) and item.ndim == 2 and inside(item) and item.dtype.kind in "uif":
        single, shape = item, item.shape
        found = lambda rows: np.asarray(single[rows], dtype=np.float32)[None]  # noqa: E731
    else:
        frames = _frames(item, name, what)
        shape, found = frames.shape[1:], _reader(frames, np.arange(len(frames)), None, name)
    if shape != data.shape[1:]:
        raise BadInput(f"{name}: projections, flat fields and dark frames differ in size.")
    return found


def _frames(item: Any, name: str, what: str) -> h5py.Dataset:
    if not isinstance(item, h5py.Dataset) or not inside(item):
        raise BadInput(f"{name} lacks {what}.")
    if item.ndim != 3 or item.dtype.kind not in "uif" or 0 in item.shape:
        raise BadInput(
            f"{name}: {what} is {item.dtype} of shape {item.shape}; frames (n, rows, columns) are needed."
        )
    return item


def _angles(item: Any, turned: np.ndarray, name: str, said: str) -> tuple[np.ndarray, str]:
    """Return the angles of the projections (their places: `turned`) in degrees, and in words where from.

    BadInput where they are not recorded, or in no unit, and nobody says what they are.
    """
    if not isinstance(item, h5py.Dataset):
        if said not in EVEN_STEPS:
            raise BadInput(
                f"{name} has no rotation angles, one for each frame. If it went through half a turn, or a full "
                "one, in even steps, choose that."
            )
        return np.arange(len(turned)) * EVEN_STEPS[said] / len(turned), f"even steps, {said}, as chosen"
    if said in EVEN_STEPS:
        raise BadInput(f"{name} has rotation angles; choose the unit that they are in, or “as the file says”.")
    values = np.asarray(item[()], dtype=np.float64).ravel()
    values = _one_each(values[turned] if len(values) > turned.max(initial=-1) else values, len(turned), name)
    recorded = plain_text(item.attrs.get("units"))
    unit = unit_of(recorded if said == AS_RECORDED else said)
    factor = factor_between(unit.symbol, "deg") if unit else None
    if unit is None or factor is None:
        without = f"in “{recorded}”, which is no unit of angle known here" if recorded else "without a unit"
        raise BadInput(f"{name} has its rotation angles {without}. {_proposal(values)}")
    degrees = values * factor
    if said != AS_RECORDED:
        return degrees, f"{unit.symbol}, as chosen" + (f" (the file says {recorded})" if recorded else "")
    if np.ptp(degrees) < LEAST_DEGREES:
        raise BadInput(f"{name} records its rotation angles in {recorded}. {_proposal(values)}")
    return degrees, unit.symbol


def _proposal(values: np.ndarray) -> str:
    """What unit the range of the angles makes likely, as a sentence for a person."""
    span = float(np.ptp(values[np.isfinite(values)])) if np.isfinite(values).any() else 0.0
    span *= len(values) / max(1, len(values) - 1)  # the last projection is mostly a step short of the turn
    for unit, name in (("rad", "radians"), ("deg", "degrees"), ("mrad", "milliradians")):
        factor = factor_between(unit, "deg") or 0.0
        for turn, degrees in TURNS.items():
            if abs(span * factor - degrees) < 0.06 * degrees:
                return f"They go through {span:.4g}, which is {turn} in {name}: if that is so, choose {name}."
    return f"They go through {span:.4g}; choose the unit that they are in."


def _one_each(angles: np.ndarray, number: int, name: str) -> np.ndarray:
    if len(angles) != number or not np.isfinite(angles).all():
        raise BadInput(f"{name} does not have one rotation angle a projection.")
    return angles


def _pixel(detector: Any, names: tuple[str, ...]) -> float | None:
    for name in names:
        item = detector.get(name) if isinstance(detector, h5py.Group) else None
        if isinstance(item, h5py.Dataset) and item.size == 1 and item.dtype.kind in "uif":
            factor = factor_between(item.attrs.get("units"), "um")
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
        if current is not None:
            values /= current[frames].astype(np.float32)[:, None, None]
        return values

    return read
