"""Deformability cytometry files (.rtdc): HDF5 with /events, as dclab reads and checks them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np

from gantry_formats import rtdc
from gantry_formats.basins import MOST_LINES, MOST_NAMED, basin_of, within
from wrappers.errors import BadInput
from wrappers.io.event_counts import disagreements, without_image
from wrappers.io.hdf5 import attributes, open_hdf5, unreadable, why_no_number
from wrappers.io.nexus import child, members
from wrappers.io.source import NUMERIC_KINDS, readable
from wrappers.job import InputFile

EVENT_COUNT = "experiment:event count"
OF_FRAMES = ("bg_off", "time", "temp", "flow_rate", "g_force", "pressure", "temp_amb")
"""Features that belong to a frame, whatever cells are in it."""
KEPT_SECTIONS = ("experiment:", "imaging:", "setup:", "user:")
SAME_SIZE = 1e-6
"""What was converted from another unit is the same size."""
MOST_BETWEEN = 8
"""Images that are read for each one that is wanted, where those lie apart."""
PIXEL_DIGITS = 8  # as dcnum, which names its data by them: 0.34 in single precision is 0.34
PIXEL_UM = (0.01, 50)
"""No picture of cells has smaller or larger pixels: what says so has another unit than the format's."""


_Shared: TypeAlias = tuple[h5py.Dataset, np.ndarray]


@dataclass(frozen=True)
class Measurement:
    """The frames of an open .rtdc file, each once, though a frame with two events is stored twice."""

    name: str
    path: Path
    image: h5py.Dataset
    background: h5py.Dataset | None
    rows: np.ndarray  # where in the file the n-th frame lies
    frame: np.ndarray  # its number, counted by the camera
    time_s: np.ndarray | None  # NaN where an event has none
    offset: np.ndarray  # stored correction of the background's brightness, zero where there is none
    without_offset: int  # frames whose stored correction is no number
    temperature: np.ndarray | None
    attributes: dict[str, Any]
    disagreements: tuple[str, ...] = ()
    """In words which features do not have as many values as there are images."""
    without_image: int = 0
    """Events that have other features and no image."""
    of_frames: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Other features that belong to frames and not to cells, such as the flow rate."""
    has_offset: bool = False
    """Whether corrections of the background's brightness are stored."""
    apart: int = 0
    """Frames that the file stores again after another one, and that are looked at once."""
    share: tuple[int, int] | None = None
    """The first and one past the last stored image that are analysed; None: all."""
    clock_s: np.ndarray | None = None
    """The time of every stored image as it was recorded, of its own type."""
    whose: np.ndarray | None = None
    """Of backgrounds that are stored once for many images: which is that of each stored image."""
    numbers: np.ndarray | None = None
    """The number of every stored image's frame, where each has one."""

    @property
    def stored(self) -> int:
        """How many images the file has, those of a frame with several events counted each time."""
        return len(self.image)

    @property
    def pixel_um(self) -> float:
        """The pixel size in µm; BadInput where the file does not tell or it makes no sense."""
        written = self.attributes.get(rtdc.PIXEL_SIZE)
        if written is None:
            raise BadInput(f"{self.name} does not tell its pixel size ({rtdc.PIXEL_SIZE}); give it on the form.")
        size = rtdc.typed(rtdc.PIXEL_SIZE, written)
        if not isinstance(size, float) or not PIXEL_UM[0] <= size <= PIXEL_UM[1]:
            raise BadInput(
                f"The pixel size of {self.name} ({rtdc.PIXEL_SIZE}) is “{rtdc.shown(written)}”, which is no size "
                f"of a pixel: a number from {PIXEL_UM[0]} to {PIXEL_UM[1]} is needed, in µm. Give it on the form."
            )
        return round(size, PIXEL_DIGITS)

    def with_pixel_size(self, given_um: float | None) -> Measurement:
        """The same with the pixel size that somebody gave, in µm, which counts; itself where nobody did.

        Where the file says another, or none, that is among the disagreements.
        """
        if given_um is None:
            return self
        written = self.attributes.get(rtdc.PIXEL_SIZE)
        own = None if written is None else rtdc.typed(rtdc.PIXEL_SIZE, written)
        known = self.attributes | {rtdc.PIXEL_SIZE: given_um}
        if isinstance(own, float) and math.isclose(own, given_um, rel_tol=SAME_SIZE):
            return replace(self, attributes=known)
        told = "does not tell its pixel size" if written is None else f"has the pixel size “{rtdc.shown(written)}”"
        said = f"{self.name} {told}; {given_um:.6g} µm was used, as given"
        return replace(self, attributes=known, disagreements=(*self.disagreements, said))

    def images(self, part: slice) -> np.ndarray:
        """Return frames (n, y, x) uint8."""
        return self._read(self.image, self.rows[part])

    def backgrounds(self, part: slice) -> np.ndarray:
        """Return the stored background of frames (n, y, x) uint8."""
        if self.background is None:
            raise BadInput(f'{self.name} has no stored background (events/image_bg); choose background "median".')
        few = self.whose is None and len(self.background) < len(self.image)
        if self.background.shape[1:] != self.image.shape[1:] or few:
            raise BadInput(
                f"{self.name} has images of shape {self.image.shape} (events/image) and backgrounds of shape "
                f'{self.background.shape} (events/image_bg); choose background "median".'
            )
        return self._read(self.background, self.rows[part] if self.whose is None else self.whose[self.rows[part]])

    def stored_images(self, first: int, last: int) -> np.ndarray:
        """Return images (n, y, x) uint8 as they are stored, from `first` to before `last`."""
        with readable(self.path, "HDF5"):
            return np.asarray(self.image[first:last])

    def _read(self, dataset: h5py.Dataset, rows: np.ndarray) -> np.ndarray:
        once, place = np.unique(rows, return_inverse=True)
        first, last = int(once[0]), int(once[-1])
        with readable(self.path, "HDF5"):
            if last - first < MOST_BETWEEN * len(rows):
                return np.asarray(dataset[first : last + 1][rows - first])
            return np.stack([dataset[row] for row in once.tolist()])[place]


@contextmanager
def open_measurement(
    given: InputFile | Path, name: str, first_image: int = 0, images: int | None = None
) -> Iterator[Measurement]:
    """Open an .rtdc file; BadInput where it has no 8-bit images in events/image.

    `images` of them are analysed from `first_image` on (counted from 0), or all that follow.
    """
    path = given if isinstance(given, Path) else given.path
    with open_hdf5(given) as file:
        with readable(path, "HDF5"):
            measurement = _measurement(file, path, name, first_image, images)
        yield measurement


def _measurement(file: h5py.File, path: Path, name: str, first_image: int, images: int | None) -> Measurement:
    events = file.get("events")
    if not isinstance(events, h5py.Group):
        raise BadInput(f"{name} is no .rtdc measurement: it has no group events.")
    image = _pictures(events, "image", name)
    if image is None:
        raise BadInput(f"{name} has no images (events/image).{_basins(file)}")
    number = len(image)
    background, whose = _pictures(events, "image_bg", name), None
    if background is None and (shared := _shared_backgrounds(file, events, number, name)) is not None:
        background, whose = shared
    share = _share(number, first_image, images, name)
    told = rtdc.typed(EVENT_COUNT, attributes(file).get(EVENT_COUNT))
    frame = _scalars(events, "frame", number)
    if frame is not None and not (frame > 0).all():
        frame = None  # not every program numbers its frames
    taken = range(number) if share is None else range(*share)
    rows, apart = (np.arange(number)[taken.start : taken.stop], 0)
    if frame is not None:
        rows, apart = _pictures_once(image, frame, taken)
    known = {feature: _scalars(events, feature, number) for feature in OF_FRAMES}
    offset, time, temperature = (known.pop(feature) for feature in ("bg_off", "time", "temp"))
    return Measurement(
        name=name,
        path=path,
        image=image,
        background=background,
        whose=whose,
        rows=rows,
        frame=rows + 1 if frame is None else frame[rows].astype(np.int64),
        time_s=None if time is None else time[rows].astype(np.float64),
        offset=np.zeros(len(rows)) if offset is None else np.where(np.isfinite(offset), offset, 0)[rows],
        without_offset=0 if offset is None else int((~np.isfinite(offset[rows])).sum()),
        temperature=None if temperature is None else temperature[rows],
        attributes=attributes(file),
        disagreements=tuple(disagreements(events, number, told if isinstance(told, int) else None)),
        without_image=without_image(events, number),
        of_frames={feature: values[rows] for feature, values in known.items() if values is not None},
        has_offset=offset is not None,
        apart=apart,
        share=share,
        clock_s=time,
        numbers=frame,
    )


def _share(number: int, first: int, images: int | None, name: str) -> tuple[int, int] | None:
    if first >= number:
        raise BadInput(f"The first image is number {first}, counted from 0, and {name} has {number}.")
    last = number if images is None else min(number, first + images)
    return None if (first, last) == (0, number) else (first, last)


def _pictures_once(image: h5py.Dataset, frame: np.ndarray, taken: range) -> tuple[np.ndarray, int]:
    """Return the rows of pictures that are not yet among the earlier ones of the same frame.

    A frame with two events is stored twice; but several regions of one frame have one number, too, and are
    pictures of their own. Also returned: how many pictures are those of an earlier row that is not the one before.
    """
    _, place, count = np.unique(frame, return_inverse=True, return_counts=True)
    seen: dict[tuple[int, bytes], int] = {}
    rows = []
    apart = 0
    for row in taken:
        group = int(place[row])
        if count[group] > 1:
            key = (group, hashlib.blake2b(np.ascontiguousarray(image[row]).tobytes()).digest())
            before, seen[key] = seen.get(key), row
            if before is not None:
                apart += before != row - 1
                continue
        rows.append(row)
    return np.asarray(rows, dtype=np.int64), apart


def _basins(file: h5py.File) -> str:
    """In words where images may lie that a file has only by reference (a basin of dclab's)."""
    named: list[str] = []
    for lines in _basin_lines(file):
        basin = basin_of(lines)
        named += basin.files if basin is not None else ()
    return f" They lie in {', '.join(named[:MOST_NAMED])}, to which it refers: analyse that one." if named else ""


def _basin_lines(file: h5py.File) -> Iterator[list[bytes]]:
    basins = file.get("basins")
    for _name, item in members(basins) if isinstance(basins, h5py.Group) else ():
        if isinstance(item, h5py.Dataset) and item.size <= MOST_LINES and item.dtype.kind in "SO":
            yield [line for line in np.ravel(item[()]).tolist() if isinstance(line, bytes)]


def _shared_backgrounds(file: h5py.File, events: h5py.Group, number: int, name: str) -> _Shared | None:
    """Return backgrounds that the file stores once for many images (dcnum's sparse median), and which is whose."""
    for lines in _basin_lines(file):
        place = within(lines, "image_bg")
        group = None if place is None else child(file, place.group)
        if place is None or not isinstance(group, h5py.Group):
            continue
        pictures, which = _pictures(group, "image_bg", name), _scalars(events, place.mapping, number)
        if pictures is not None and which is not None:
            if not (np.isfinite(which).all() and (which >= 0).all() and (which < len(pictures)).all()):
                raise BadInput(
                    f"{name} says for some images that their background is one that it does not have "
                    f"(events/{place.mapping}); choose another background."
                )
            return pictures, which.astype(np.int64)
    return None


def _pictures(events: h5py.Group, feature: str, name: str) -> h5py.Dataset | None:
    item = child(events, feature)
    if not isinstance(item, h5py.Dataset) or unreadable(item):
        return None
    if item.ndim == 3 and item.shape[0] == 0:
        raise BadInput(f"{name} has no events: its events/{feature} is empty.")
    if item.ndim != 3 or item.dtype != np.uint8 or 0 in item.shape:
        shape = " × ".join(f"{length}" for length in item.shape)
        kept = f"it holds {item.dtype} in {shape or 'one value'}"
        what = kept if item.dtype.kind in NUMERIC_KINDS else why_no_number(item.dtype)
        raise BadInput(f"{name}: 8-bit images (event, y, x) are needed in events/{feature}, and {what}.")
    return item


def _scalars(events: h5py.Group, feature: str, number: int) -> np.ndarray | None:
    """Return a feature of the events that have images; None where not each of them has it."""
    item = child(events, feature)
    if not isinstance(item, h5py.Dataset) or item.ndim != 1 or item.dtype.kind not in "iuf" or len(item) < number:
        return None
    values = np.asarray(item[:number])
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def result_metadata(measurement: Measurement, events: int, software: str) -> dict[str, Any]:
    """Return the metadata of a result: the measurement's own, without what an earlier analysis left there."""
    kept = _kept(measurement)[0]
    before = str(kept.get("setup:software version", "")).strip()
    return (
        kept
        | _own(measurement, events)
        | {"setup:software version": f"{before} | {software}" if before else software}
    )


def not_kept(measurement: Measurement) -> list[str]:
    """Say which metadata of the measurement are not in the result, since they are not what the format defines."""
    own = _own(measurement, 0)
    return [
        f"{key} is “{rtdc.shown(value)}”, which is not what the format has there, and is left out of the result"
        for key, value in _kept(measurement)[1].items()
        if key not in own
    ]


def _own(measurement: Measurement, events: int) -> dict[str, Any]:
    _, height, width = measurement.image.shape
    return {EVENT_COUNT: events, "imaging:roi size x": width, "imaging:roi size y": height}


def _kept(measurement: Measurement) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the metadata that a result keeps, typed as the format defines it, and those that it cannot keep."""
    kept: dict[str, Any] = {}
    without: dict[str, Any] = {}
    for key, value in measurement.attributes.items():
        if not key.startswith(KEPT_SECTIONS) or value is None or isinstance(value, h5py.Empty):
            continue
        wanted = rtdc.typed(key, value) if rtdc.is_defined(key) else value
        if wanted is None:
            without[key] = value
        else:
            kept[key] = wanted
    return kept, without


def pipeline(identifiers: Mapping[str, str], events: int) -> dict[str, Any]:
    """Return the metadata by which dcnum and dclab know how events came about, from the name of each step.

    Their hash is the MD5 of the names with "|" between them, in this order. Programs that find another generation
    or hash than theirs analyse a measurement anew instead of taking its events for their own.
    """
    ordered = [identifiers[step] for step in ("generation", "data", "background", "segmenter", "feature", "gate")]
    digest = hashlib.md5("|".join(ordered).encode(), usedforsecurity=False).hexdigest()
    named = {f"pipeline:dcnum {step}": name for step, name in identifiers.items()}
    return named | {"pipeline:dcnum hash": digest, "pipeline:dcnum yield": events}
