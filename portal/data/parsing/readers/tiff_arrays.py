"""The series of a TIFF file, under the names and with the axes that programs find."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import tifffile

from gantry_formats import images
from gantry_formats.descriptions import CHANNELS, TIME_STEP, told_by_imagej, told_by_ome
from gantry_formats.ome import OmeSeries, series_of_ome
from gantry_formats.tiff_series import axes_of, is_small_copy, missing_planes
from portal.data.parsing.errors import FileError
from portal.data.parsing.readers.listing import MEASUREMENTS, LeftOut, Listed, Plane, plane_of
from portal.data.parsing.readers.picture import Array

FAULTS = (tifffile.TiffFileError, ValueError, KeyError, IndexError, TypeError, OSError, ZeroDivisionError)


class Reader(Protocol):
    """What `portal.data.parsing.readers.tiff.TiffReader` gives."""

    tiff: tifffile.TiffFile
    series: list[Any]

    def pages(self, series: Any) -> tuple[str, Callable[[int], Array]]:
        """Axes of a page, and how to read one."""

    def sizes(self, index: int) -> images.Sizes:
        """Sizes of an element of a series."""


def arrays_of(reader: Reader) -> list[Listed | LeftOut]:
    """The numeric series of a file, the largest resolution of each."""
    found: list[Listed | LeftOut] = []
    for index, series in enumerate(reader.series):
        if np.dtype(series.dtype).kind not in MEASUREMENTS or not series.ndim or is_small_copy(series):
            continue
        if why := unsupported(series):
            found.append(LeftOut(series.name or f"series {index}", f"its {why}"))
        elif why := missing_planes(reader.tiff, series):
            found.append(LeftOut(series.name or f"series {index}", why))
        else:
            found.append(_of_series(reader, index))
    missing = len(reader.tiff.series) - len(reader.series)
    if missing > 0:
        found.append(LeftOut(f"{missing} further series", "only the first of so many are listed"))
    return found


def unsupported(series: Any) -> str | None:
    """Which compression is not known here, as a clause."""
    compression = series.keyframe.compression
    try:
        tifffile.TIFF.DECOMPRESSORS[compression]
    except KeyError:
        return f"compression {images.name_of_compression(compression)} is not supported"
    return None


def of_several_files(reader: Reader) -> tuple[list[str], list[Listed]]:
    """Of an OME-TIFF in several files: their names, and the series that they make together; else nothing."""
    xml = reader.tiff.ome_metadata if reader.tiff.is_ome else None
    files = images.files_of_ome(xml) if xml else []
    if xml is None or len(files) < 2:
        return [], []
    first = reader.series[0] if reader.series else None
    series = series_of_ome(xml)
    names = [one.name for one in series]
    told = [told_by_ome(xml, series=place, names=names) for place in range(len(series))]
    found = [
        replace(
            _of_ome(reader, first, one, {"C": labels[CHANNELS]} if CHANNELS in labels else {}),
            interval_s=labels.get(TIME_STEP),
        )
        for one, labels in zip(series, told, strict=True)
    ]
    return files, [
        replace(one, sizes=images.sizes_of_ome(xml, series=place, names=names)) for place, one in enumerate(found)
    ]


def _of_ome(reader: Reader, first: Any, one: OmeSeries, labels: Mapping[str, list[str]]) -> Listed:
    def plane(_axes: str) -> Plane | None:
        """Only this file is read: its first plane stands for the series."""
        if first is None or one.shape[-2:] != tuple(first.shape[-2:]):
            return None
        read = _planes(reader, first, first.axes)
        return None if read is None else lambda _places: read({})

    return Listed(one.name, one.shape, one.dtype, one.axes, plane, labels=labels)


def _of_series(reader: Reader, index: int) -> Listed:
    series = reader.series[index]
    told = _told(reader, index)
    declared, names = axes_of(reader.tiff, index)
    return Listed(
        name=series.name or f"series {index}",
        shape=tuple(int(length) for length in series.shape),
        dtype=str(np.dtype(series.dtype).newbyteorder("=")),
        declared=declared,
        plane=lambda axes: _planes(reader, series, axes),
        labels=_labels(series, told),
        sizes=reader.sizes(index),
        interval_s=told.get(TIME_STEP),
        axis_names=names,
    )


def _planes(reader: Reader, series: Any, axes: str) -> Plane | None:
    """Planes of a series, as far as its pages can be shown."""
    try:
        inner, read = reader.pages(series)
    except FileError:
        return None
    if not axes.endswith(inner) or any(inner.count(axis) != 1 for axis in "YX"):
        return None
    leading = tuple(int(length) for length in series.shape[: series.ndim - len(inner)])

    def plane(places: Mapping[str, int]) -> Array:
        where = tuple(places.get(axis, 0) for axis in axes[: len(leading)])
        number = int(np.ravel_multi_index(where, leading)) if leading else 0
        within = plane_of(read(number), inner)
        assert within is not None
        return within(places)

    return plane


def _told(reader: Reader, index: int) -> dict[str, Any]:
    """What the file's description tells of a series."""
    series, tiff = reader.series[index], reader.tiff
    lengths = dict(zip(series.axes, series.shape, strict=True))
    try:
        if tiff.is_ome and tiff.ome_metadata:
            names = [str(one.name) for one in tiff.series]
            return told_by_ome(tiff.ome_metadata, series=index, names=names)
        return told_by_imagej(tiff.imagej_metadata or {}, lengths) if tiff.is_imagej else {}
    except FAULTS:
        return {}


def _labels(series: Any, told: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names of the channels of a series."""
    lengths = dict(zip(series.axes, series.shape, strict=True))
    channels = told.get(CHANNELS, [])
    return {"C": channels} if len(channels) == lengths.get("C", 1) and all(channels) else {}
