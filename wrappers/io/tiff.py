"""TIFF files: each series of pages as an ArraySource, voxel sizes, and OME-TIFF results."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from gantry_formats import descriptions, images
from gantry_formats.tiff_series import axes_of, is_small_copy, missing_planes, opened
from wrappers.io.source import (
    BLOCK_BYTES,
    MOST_UNPACKED,
    NUMERIC_KINDS,
    ArraySource,
    LeftOut,
    corner_of,
    readable,
)

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".tf2", ".lsm", ".stk", ".svs", ".scn", ".qptiff")

WHITE_IS_ZERO = "white is zero"
"""An attribute of what is shown inverted."""

# What tifffile only logs where a file was cut short: it goes on with the pages it finds.
_SIGNS_OF_DAMAGE = ("invalid page offset", "failed to reshape", "corrupted")


class _Complaints(logging.Handler):
    """Keeps what tifffile logs of a file, so that a missing part is an error and not a smaller picture."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.damage: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        # Of ImageJ's counts that do not fit the pages `missing_planes` says more.
        if any(sign in words for sign in _SIGNS_OF_DAMAGE) and "ImageJ series metadata" not in words:
            self.damage.append(words)


@dataclass(frozen=True)
class Opened:
    """An open TIFF file. Of a series in several files: which of them leads it, and which are not there."""

    file: tifffile.TiffFile
    led_by: str | None = None
    missing: tuple[str, ...] = ()


@contextmanager
def open_tiff(path: Path, beside: Collection[str] = ()) -> Iterator[Opened]:
    """Open a TIFF file for reading; BadInput where it is not one or ends before its last page.

    `beside`: names of files in its folder that may be read with it. An OME-TIFF names the other files of its
    series; no file but these is opened, whatever it names.
    """
    logger, complaints = logging.getLogger("tifffile"), _Complaints()
    logger.propagate = False
    logger.addHandler(complaints)
    try:
        parts = _parts(path)
        # The only file of a series is that file, whatever it was called when it was written.
        missing = tuple(name for name in parts if name not in beside) if len(parts) > 1 else ()
        together = len(parts) > 1 and not missing and all("/" not in name and "\\" not in name for name in parts)
        with readable(path, "TIFF"):
            file = opened(lambda xml: tifffile.TiffFile(path, omexml=xml, _multifile=together))
        with file:
            with readable(path, "TIFF"):
                if file.series and complaints.damage:
                    told = all("metadata" in words for words in complaints.damage)
                    raise ValueError(
                        "its description does not fit its pages" if told else "it ends before its last page"
                    )
            yield Opened(file, parts[0] if together else None, missing)
    finally:
        logger.removeHandler(complaints)


def _parts(path: Path) -> list[str]:
    """Return the names of all files of the series that an OME-TIFF belongs to, in its order; none for others."""
    with readable(path, "TIFF"), tifffile.TiffFile(path, _multifile=False) as file:
        xml = file.ome_metadata if file.is_ome else None
    return images.files_of_ome(xml) if xml else []


def survey(file: tifffile.TiffFile, path: Path) -> tuple[list[ArraySource], list[LeftOut]]:
    """Return the numeric series of a TIFF file, of a pyramid the largest level; and what is left out and why."""
    found: list[ArraySource] = []
    without: list[LeftOut] = []
    with readable(path, "TIFF"):
        for index, series in enumerate(file.series):
            if np.dtype(series.dtype).kind not in NUMERIC_KINDS or not series.ndim or is_small_copy(series):
                continue
            source = _source(file, index, path)
            why = _unreadable(series.keyframe) or missing_planes(file, series)
            if why:
                without.append(LeftOut(source.name, why))
            else:
                found.append(source)
    return found, without


def _unreadable(page: Any) -> str:
    """Return why a series of such pages cannot be unpacked, in words; nothing where it can."""
    try:
        tifffile.TIFF.DECOMPRESSORS[page.compression]
    except KeyError:
        return f"its compression {images.name_of_compression(page.compression)} is not supported"
    unpacked = math.prod(page.chunks) * np.dtype(page.dtype).itemsize
    if page.compression != tifffile.COMPRESSION.NONE and unpacked > MOST_UNPACKED:
        return f"it is stored in blocks of {unpacked >> 20} MiB, which are not unpacked here"
    return ""


def _source(file: tifffile.TiffFile, index: int, path: Path) -> ArraySource:
    series = file.series[index]
    axes, names = axes_of(file, index)
    by_tile = series.dataoffset is None and _page_bytes(series) > BLOCK_BYTES
    return ArraySource(
        name=series.name or f"series {index}",
        shape=tuple(series.shape),
        dtype=np.dtype(series.dtype),
        read=_by_tile(series, path) if by_tile else _reader(series, path),
        chunks=_chunks(series) if by_tile else _pieces(series),
        axes=axes,
        attributes=voxel_attributes(file, index) | told(file, index) | _colours(series),
        axis_names=names,
    )


def _page_bytes(series: Any) -> int:
    return int(math.prod(series.keyframe.shape) * np.dtype(series.dtype).itemsize)


def _chunks(series: Any) -> tuple[int, ...]:
    """Return the shape of a tile or strip in the axes of the whole series."""
    chunks = tuple(series.keyframe.chunks)
    return (1,) * (len(series.shape) - len(chunks)) + chunks


def _pieces(series: Any) -> tuple[int, ...] | None:
    """Return what is read at once of a series: a page, all where pages are no planes, None for any part."""
    if series.dataoffset is not None:
        return None
    shape, page = tuple(series.shape), tuple(series.keyframe.shape)
    return (1,) * (len(shape) - len(page)) + page if _is_by_page(series) else shape


def _is_by_page(series: Any) -> bool:
    """Return whether the last axes of a series are those of its pages, one for each place along the others."""
    shape, page = tuple(series.shape), tuple(series.keyframe.shape)
    leading = shape[: len(shape) - len(page)]
    return shape[len(leading) :] == page and math.prod(leading) == len(series.pages)


def _by_tile(series: Any, path: Path) -> Any:
    """Return a reader that unpacks the tiles or strips it is asked for and no others: pages may be huge."""
    import zarr  # takes half a second, and few files need it

    def tiled(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, "TIFF", f"values at {corner_of(place)}"), series.aszarr(level=0) as store:
            return np.asarray(zarr.open_array(store, mode="r")[place])

    return tiled


def _reader(series: Any, path: Path) -> Any:
    if series.dataoffset is not None:
        dtype = np.dtype(series.dtype).newbyteorder(series.parent.byteorder)

        def mapped(place: tuple[slice, ...]) -> np.ndarray:
            with readable(path, "TIFF"):
                array = np.memmap(path, dtype=dtype, mode="r", offset=series.dataoffset, shape=series.shape)
                return np.array(array[place], dtype=dtype.newbyteorder("="))

        return mapped

    page_shape = tuple(series.keyframe.shape)
    leading = tuple(series.shape)[: series.ndim - len(page_shape)]
    by_page = _is_by_page(series)

    def paged(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, "TIFF"):
            if not by_page:
                return np.asarray(series.asarray()[place])
            before, within = place[: len(leading)], place[len(leading) :]
            counts = [range(*part.indices(n)) for part, n in zip(before, leading, strict=True)]
            pages: list[np.ndarray] = []
            for position in itertools.product(*counts):
                number = int(np.ravel_multi_index(position, leading)) if leading else 0
                page = series.pages[number]
                if page is None:
                    raise ValueError(f"page {number + 1} is missing")
                if page.parent.filehandle.closed:  # of another file of the series
                    page.parent.filehandle.open()
                with readable(path, "TIFF", f"page {number + 1}"):
                    pages.append(np.asarray(page.asarray()).reshape(page_shape)[within])
            return np.stack(pages).reshape([len(c) for c in counts] + list(pages[0].shape))

    return paged


def voxel_attributes(file: tifffile.TiffFile, index: int) -> dict[str, float]:
    """Return "voxel_size_x|y|z_um" of a series, as far as OME-XML, ImageJ or the resolution tags tell."""
    tags = file.series[index].keyframe.tags
    if file.is_ome and file.ome_metadata:
        names = [str(series.name) for series in file.series]
        sizes = images.sizes_of_ome(file.ome_metadata, series=index, names=names)
    elif file.is_imagej:
        sizes = images.sizes_of_imagej(file.imagej_metadata or {}, _per_unit(tags))
    elif file.is_lsm:
        sizes = images.sizes_of_lsm(file.lsm_metadata or {})
    elif file.is_stk:
        sizes = images.sizes_of_stk(file.stk_metadata or {})
    else:
        unit = tags["ResolutionUnit"].value if "ResolutionUnit" in tags else None
        sizes = images.sizes_of_tags(_per_unit(tags), unit)
    return {f"voxel_size_{axis}_um": size for axis, size in sizes.items()}


def told(file: tifffile.TiffFile, index: int) -> dict[str, Any]:
    """Return names of channels and the moment of acquisition of a series, as far as OME-XML or ImageJ tell."""
    series = file.series[index]
    if file.is_ome and file.ome_metadata:
        names = [str(one.name) for one in file.series]
        return descriptions.told_by_ome(file.ome_metadata, series=index, names=names)
    if file.is_imagej:
        shape = dict(zip(series.axes, series.shape, strict=True))
        pictures = {axis: length for axis, length in shape.items() if axis not in "YXS"}
        return descriptions.told_by_imagej(file.imagej_metadata or {}, pictures)
    return {}


def _colours(series: Any) -> dict[str, Any]:
    """Return that 0 is white, where the pages say so: whether light is large or small values nothing tells."""
    return {WHITE_IS_ZERO: True} if series.keyframe.photometric == tifffile.PHOTOMETRIC.MINISWHITE else {}


def _per_unit(tags: Any) -> dict[str, float]:
    """Return pixels in one unit of length, along x and y, where the resolution tags tell."""
    found: dict[str, float] = {}
    for axis, tag in (("x", "XResolution"), ("y", "YResolution")):
        if tag in tags and tags[tag].value[0] and tags[tag].value[1]:
            numerator, denominator = tags[tag].value
            found[axis] = numerator / denominator
    return found
