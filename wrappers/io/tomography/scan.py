"""Tomography scans: NXtomo (NeXus application definition), Data Exchange (F. De Carlo et al., J. Synchrotron
Rad. 21, 1224 (2014)), and frames, flats and darks in groups or files of their own, as ESRF writes them.

They are read by detector rows, so that a slice needs only its own part of the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from gantry_formats import plain_text
from gantry_formats.linked import Array, Group
from wrappers.errors import BadInput
from wrappers.io.hdf5 import SUFFIXES, open_hdf5, source
from wrappers.io.nexus import Tomography, child, detector_in, find_tomography, odd_key, tomographies_in
from wrappers.io.origin import Origin, origin_of
from wrappers.io.siblings import leading
from wrappers.io.source import readable
from wrappers.io.tomography.angles import ANGLE_UNITS, AS_RECORDED, EVEN_STEPS, angles_in_degrees
from wrappers.io.tomography.frames import (
    Frames,
    PixelSize,
    beam_current,
    exposure,
    frames_in,
    no_light,
    pixel_size,
    reader,
    references_in,
)
from wrappers.io.tomography.parts import (
    MOST_LISTED,
    Lost,
    OpenFile,
    Part,
    angles_of,
    lost_of,
    parts_of,
    projections_among,
)
from wrappers.io.tomography.propagation import Propagation, propagation_of
from wrappers.io.tomography.recorded import Taken, Turned, as_attenuation, recorded
from wrappers.io.tomography.references import Series, runs
from wrappers.io.tomography.remarks import of_keys, of_monitor, of_nxtomo
from wrappers.io.tomography.roles import BOTH, DARK, FLAT, PROJECTION
from wrappers.io.tomography.standing import standing
from wrappers.io.tomography.whose_angles import Angles, angles_in, angles_of_nxtomo
from wrappers.job import InputFile

__all__ = ["ANGLE_UNITS", "AS_RECORDED", "EVEN_STEPS", "Scan", "open_scan"]

NO_DARKS = "there are no dark frames: zero is taken for them"
_Keyed: TypeAlias = tuple[OpenFile, Tomography]
NO_SCAN = "is neither an NXtomo nor a Data Exchange scan"


@dataclass(frozen=True)
class Scan:
    """A scan in open files. Frames are read by detector rows, as (frames, rows, columns) float32.

    `places` are those of the projections, in the count in which flats have theirs.
    """

    name: str
    layout: str
    rows: int
    columns: int
    angles: np.ndarray  # degrees, one a projection
    angles_from: str  # in words: the unit in which they were read, or the steps that were taken for them
    without_angle: int  # projections that were left out, since no angle is recorded of them
    standing: int  # those whose recorded angle is not their own
    without_picture: int  # and those that were never taken, or without light
    pixel: PixelSize  # across the axis, columns
    row: PixelSize
    projections: Series
    places: np.ndarray
    flats: Sequence[Series]
    darks: Sequence[Series]
    origin: Origin = field(default_factory=Origin)
    propagation: Propagation = field(default_factory=Propagation)
    remarks: tuple[str, ...] = ()
    """In words what the file says of the scan that slices do not show."""


@contextmanager
def open_scan(files: Sequence[InputFile], angles: str = AS_RECORDED) -> Iterator[Scan]:
    """Open the scan of a dataset's HDF5 files; BadInput where there is none, or it lacks flat fields or angles.

    `angles`: AS_RECORDED, the unit of the recorded angles if a person says it, or for a file that has none one of
    EVEN_STEPS.
    """
    with ExitStack() as stack:
        files = leading(files, SUFFIXES)
        opened = [OpenFile(file.name, stack.enter_context(open_hdf5(file))) for file in files]
        with readable(files[0].path, "HDF5"):
            scan = _scan(opened, angles)
        yield scan


def _scan(files: Sequence[OpenFile], angles: str) -> Scan:
    exchanged = [one for one in files if _has_exchange(one.file)]
    keyed = [(one, found) for one in files if (found := find_tomography(one.file)) is not None]
    turning = [(one, found) for one, found in keyed if bool((_keys(found) == PROJECTION).any())]
    for one, _ in turning:
        if len(several := tomographies_in(one.file)) > 1:
            named = ", ".join(found.entry.name for found in several[:4])
            raise BadInput(f"{one.name} has {len(several)} scans ({named}); this analysis takes one.")
    if len(exchanged) + len(turning) > 1:
        names = ", ".join(one.name for one in [*exchanged, *(one for one, _ in turning)][:4])
        raise BadInput(
            f"The dataset has {len(exchanged) + len(turning)} scans ({names}); this analysis takes one."
        )
    if exchanged:
        return _data_exchange(exchanged[0], keyed, files, angles)
    if turning:
        return _nxtomo(turning[0], keyed, files, angles)
    if len(keyed) == len(files) == 1:
        raise BadInput(f"{files[0].name} has no projections (image_key).")
    return _in_parts(files, keyed, angles)


def _has_exchange(file: Group) -> bool:
    return isinstance(child(file, "exchange"), Group)


def _strength(found: Tomography) -> np.ndarray | None:
    """By what readings are to be divided: the beam's intensity, or, where nobody measured that, the exposure."""
    current = None if of_monitor(found) else beam_current(found.monitor)
    return exposure(found.count_time) if current is None else current


def _keys(found: Tomography) -> np.ndarray:
    return found.keys


def _data_exchange(one: OpenFile, keyed: list[_Keyed], files: Sequence[OpenFile], angles: str) -> Scan:
    group, name = one.file["exchange"], one.name
    data = frames_in(group.get("data"), name, "exchange/data")
    _check_order(group["data"], name)
    white = references_in(group.get("data_white"), data, name, "exchange/data_white (flat fields)")
    dark = references_in(group.get("data_dark"), data, name, "exchange/data_dark")
    white, dark = white or _keyed(keyed, FLAT, data), dark or _keyed(keyed, DARK, data)
    flats, darks = _from_parts(files, data, white, dark)
    if not flats:
        raise BadInput(f"{name} has no flat fields (exchange/data_white).{as_attenuation(data, name)}")
    detector = child(one.file, "measurement/instrument/detector")
    turned = np.arange(len(data))
    theta = group.get("theta")
    if isinstance(theta, Array) and theta.size > len(data):
        raise BadInput(f"{name} has {theta.size} rotation angles for {len(data)} projections: whose are not told.")
    return _made(
        (name, "Data Exchange"),
        recorded(Turned(data, turned, turned), flats, darks, name),
        angles_in(theta, files, one, {len(data): turned}, angles),
        (
            pixel_size(detector, ("pixel_size_x", "pixel_size")),
            pixel_size(detector, ("pixel_size_y", "pixel_size")),
            origin_of(one.file),
            propagation_of(one.file, detector if isinstance(detector, Group) else None),
        ),
    )


def _check_order(data: Array, name: str) -> None:
    """Return if frames come one after another; BadInput where the file says that rows do (sinograms)."""
    axes = [word.strip() for word in (plain_text(data.attrs.get("axes")) or "").lower().split(":")]
    if "theta" in axes[1:]:
        raise BadInput(f"{name} has its frames in the order {':'.join(axes)}; theta:y:x is needed.")


def _nxtomo(
    one: _Keyed,
    keyed: list[_Keyed],
    files: Sequence[OpenFile],
    angles: str,
) -> Scan:
    holder, found = one
    name = holder.name
    if found.frames is None:
        why = found.elsewhere or "there is no array with one picture for each image key"
        raise BadInput(f"{name} has no projections: {why}.")
    data = frames_in(found.frames, name, "the NXtomo entry's data")
    turned = np.flatnonzero(_keys(found) == PROJECTION)
    pixel = pixel_size(found.detector, ("x_pixel_size",))
    white, dark = _keyed(keyed, FLAT, data, found), _keyed(keyed, DARK, data, found)
    flats, darks = _from_parts(files, data, white, dark)
    if not flats:
        raise BadInput(f"{name} has no flat fields (image_key).{as_attenuation(data, name)}")
    taken = recorded(Turned(data, turned, turned, _strength(found)), flats, darks, name)
    remarks = [*of_keys(found), *of_monitor(found), *of_nxtomo(found, taken.frames.turned, pixel.um, name)]
    if aligning := int((found.written == PROJECTION).sum()) - len(turned):
        remarks.append(f"{aligning} alignment frames are left out")
    return _made(
        (name, "NXtomo"),
        replace(taken, frames=replace(taken.frames, remarks=(*taken.frames.remarks, *remarks))),
        angles_of_nxtomo(found, files, holder, turned, angles),
        (
            pixel,
            pixel_size(found.detector, ("y_pixel_size",)),
            origin_of(found.entry),
            propagation_of(found.entry, found.detector),
        ),
    )


def _keyed(keyed: list[_Keyed], kind: int, fitting: Frames, scan: Tomography | None = None) -> list[Series]:
    """Frames of one kind and size, of all files with image keys: the scan's own in their order, others without."""
    series = []
    for holder, found in keyed:
        if found.frames is None or found.frames.shape[1:] != fitting.shape[1:]:
            continue
        data, keys = frames_in(found.frames, holder.name, "the NXtomo entry's data"), _keys(found)
        current = None if kind == DARK else _strength(found)
        own = found is scan
        for places in runs(np.flatnonzero(keys == kind), np.flatnonzero(keys == PROJECTION)):
            place = float(places.mean()) if own else None
            strength = None if current is None else current[places]
            series.append(Series(reader(data, places, holder.name), place, strength))
    return series


def _in_parts(files: Sequence[OpenFile], keyed: list[_Keyed], angles: str) -> Scan:
    """A scan whose frames, flats and darks are in groups or files of their own."""
    name = files[0].name
    parts = parts_of(files)
    if not keyed and not any(part.role in (FLAT, BOTH) for part in parts):
        odd = next((words for holder in files if (words := odd_key(holder.file))), "")
        raise BadInput(f"{name} {NO_SCAN}{odd}.")
    one = projections_among(parts, name)
    if one is None:
        raise BadInput(f"{name} {NO_SCAN}, and has no list of frames that may be its projections.")
    name, data = one.holder.name, Frames((one.dataset, *one.following))
    flats, darks = _from_parts(files, data, _keyed(keyed, FLAT, data), _keyed(keyed, DARK, data))
    if not flats:
        raise BadInput(
            f"{name} has no flat fields of the size of its projections, {data.shape[2]} × {data.shape[1]}."
        )
    turned, found = np.arange(len(data)), angles_of(one, name)
    lost = lost_of(one)
    if lost.within or (lost.behind and found is None):
        words = ", ".join([*lost.within, *lost.behind][:MOST_LISTED])
        raise BadInput(f"{name} lacks a part of its projections ({words}).")
    entry = _entry_of(one.dataset)
    detector = detector_in(entry) or one.dataset.parent
    return _made(
        (name, "frames, flats and darks apart"),
        recorded(Turned(data, turned, turned, remarks=_lost_behind(lost)), flats, darks, name),
        angles_in(found, files, one.holder, {len(data): turned}, angles),
        (
            pixel_size(detector, ("x_pixel_size", "pixel_size_x", "pixel_size")),
            pixel_size(detector, ("y_pixel_size", "pixel_size_y", "pixel_size")),
            origin_of(entry),
            propagation_of(entry, detector),
        ),
    )


def _lost_behind(lost: Lost) -> tuple[str, ...]:
    if not lost.behind:
        return ()
    return (f"taken for never recorded: {', '.join(lost.behind[:MOST_LISTED])}",)


def _entry_of(dataset: Array) -> Group:
    group: Group = dataset.parent
    while group.name.count("/") > 1:
        group = group.parent
    return group


def _from_parts(
    files: Sequence[OpenFile], data: Frames, flats: list[Series], darks: list[Series]
) -> tuple[list[Series], list[Series]]:
    """Flats and darks, those that are missing from groups or files of their own."""
    if not flats or not darks:
        fitting = [
            part for part in parts_of(files) if part.size == data.shape[1:] and part.dataset not in data.parts
        ]
        flats = flats or [_series(part) for part in fitting if part.role == FLAT]
        darks = darks or [_series(part) for part in fitting if part.role == DARK]
        if (not flats or not darks) and (both := [part for part in fitting if part.role == BOTH]):
            raise BadInput(
                f"The frames {both[0].path} in {both[0].holder.name} are called both flat and dark; "
                "call them, or their file, one of the two."
            )
    return flats, darks


def _series(part: Part) -> Series:
    if part.dataset.ndim == 2:
        read = source(part.dataset, Path(part.holder.name), part.path).read
        every = slice(0, part.size[1])
        return Series(lambda rows: np.asarray(read((rows, every)), dtype=np.float32)[None], part.place)
    return Series(reader(Frames((part.dataset,)), np.arange(len(part.dataset)), part.holder.name), part.place)


def _made(
    names: tuple[str, str],
    taken: Taken,
    angles: Angles,
    more: tuple[PixelSize, PixelSize, Origin, Propagation],
) -> Scan:
    """The scan of these parts, without the projections of which no angle is recorded."""
    (name, layout), frames, data = names, taken.frames, taken.frames.data
    planned = frames.planned if angles.places is None else angles.places
    degrees, told = angles_in_degrees(angles.item, planned, frames.turned, name, angles.said)
    still = np.zeros(len(degrees), bool) if taken.lines is None else standing(degrees, taken.lines)
    remarks = list(angles.remarks)
    if still.any():
        once = ", ".join(f"{value:.4g}" for value in np.unique(degrees[still])[:3])
        remarks.append(
            f"{int(still.sum())} projections record the same angle, {once}, and look from others: left out"
        )
    known = np.isfinite(degrees) & ~still
    if not known.any():
        raise BadInput(f"{name} has no projection whose angle is known.")
    turned, current = frames.turned[known], frames.current
    return Scan(
        name=name,
        layout=layout,
        rows=data.shape[1],
        columns=data.shape[2],
        angles=degrees[known],
        angles_from=told,
        without_angle=int((~np.isfinite(degrees)).sum()),
        standing=int(still.sum()),
        without_picture=len(frames.planned) - len(frames.turned),
        pixel=more[0],
        row=more[1],
        projections=Series(reader(data, turned, name), current=None if current is None else current[turned]),
        places=turned,
        flats=taken.flats,
        darks=taken.darks or [Series(no_light(data))],
        origin=more[2],
        propagation=more[3],
        remarks=(*remarks, *frames.remarks, *((NO_DARKS,) if not taken.darks else ())),
    )
