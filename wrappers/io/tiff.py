"""TIFF files: each series of pages as an ArraySource, voxel sizes, and OME-TIFF results."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from wrappers.io.source import NUMERIC_KINDS, ArraySource, readable

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".tf2")
MICROMETRES = {
    "µm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "\\u00b5m": 1.0,
    "nm": 1e-3,
    "mm": 1e3,
    "cm": 1e4,
    "m": 1e6,
    "inch": 25400.0,
}
_RESOLUTION_UNIT_UM = {2: 25400.0, 3: 10000.0}

# What tifffile only logs where a file was cut short: it goes on with the pages it finds.
_SIGNS_OF_DAMAGE = ("invalid page offset", "failed to reshape", "corrupted")


class _Complaints(logging.Handler):
    """Keeps what tifffile logs of a file, so that a missing part is an error and not a smaller picture."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.damage: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        if any(sign in words for sign in _SIGNS_OF_DAMAGE):
            self.damage.append(words)


@contextmanager
def open_tiff(path: Path) -> Iterator[tifffile.TiffFile]:
    """Open a TIFF file for reading; BadInput where it is not one or ends before its last page."""
    logger, complaints = logging.getLogger("tifffile"), _Complaints()
    logger.propagate = False
    logger.addHandler(complaints)
    try:
        with readable(path, "TIFF"):
            file = tifffile.TiffFile(path)
        with file:
            with readable(path, "TIFF"):
                if file.series and complaints.damage:
                    raise ValueError("it ends before its last page")
            yield file
    finally:
        logger.removeHandler(complaints)


def sources(file: tifffile.TiffFile, path: Path) -> list[ArraySource]:
    """Return the numeric series of a TIFF file, largest resolution each."""
    with readable(path, "TIFF"):
        return [
            _source(series, index, path)
            for index, series in enumerate(file.series)
            if np.dtype(series.dtype).kind in NUMERIC_KINDS and series.ndim
        ]


def _source(series: Any, index: int, path: Path) -> ArraySource:
    return ArraySource(
        name=series.name or f"series {index}",
        shape=tuple(series.shape),
        dtype=np.dtype(series.dtype),
        read=_reader(series, path),
        axes=series.axes,
        attributes=voxel_attributes(series),
    )


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
    by_page = tuple(series.shape)[len(leading) :] == page_shape and math.prod(leading) == len(series.pages)

    def paged(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, "TIFF"):
            if not by_page:
                return np.asarray(series.asarray()[place])
            before, within = place[: len(leading)], place[len(leading) :]
            counts = [range(*part.indices(n)) for part, n in zip(before, leading, strict=True)]
            pages = []
            for position in itertools.product(*counts):
                number = int(np.ravel_multi_index(position, leading)) if leading else 0
                page = series.pages[number]
                if page is None:
                    raise ValueError(f"page {number + 1} is missing")
                pages.append(page.asarray()[within])
            return np.stack(pages).reshape([len(c) for c in counts] + list(pages[0].shape))

    return paged


def voxel_attributes(series: Any) -> dict[str, float]:
    """Return "voxel size x|y|z" in µm, as far as OME-XML, ImageJ or the resolution tags tell."""
    file = series.parent
    if file.is_ome and file.ome_metadata:
        return _ome_voxels(file.ome_metadata)
    imagej = file.imagej_metadata or {}
    sizes: dict[str, float] = {}
    factor = MICROMETRES.get(str(imagej.get("unit", "")))
    if factor and imagej.get("spacing"):
        sizes["voxel size z"] = float(imagej["spacing"]) * factor
    tags = series.keyframe.tags
    unit = factor or _RESOLUTION_UNIT_UM.get(int(tags["ResolutionUnit"].value) if "ResolutionUnit" in tags else 0)
    for axis, tag in (("x", "XResolution"), ("y", "YResolution")):
        if unit and tag in tags and tags[tag].value[0] and tags[tag].value[1]:
            numerator, denominator = tags[tag].value
            per_unit = numerator / denominator
            if per_unit != 1 or factor:
                sizes[f"voxel size {axis}"] = unit / per_unit
    return sizes


def _ome_voxels(xml: str) -> dict[str, float]:
    images = tifffile.xml2dict(xml).get("OME", {}).get("Image", {})
    pixels = (images[0] if isinstance(images, list) else images).get("Pixels", {})
    sizes: dict[str, float] = {}
    for axis in "XYZ":
        size = pixels.get(f"PhysicalSize{axis}")
        factor = MICROMETRES.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        if size and factor:
            sizes[f"voxel size {axis.lower()}"] = float(size) * factor
    return sizes


def write_ome_tiff(path: Path, volume: np.ndarray, voxel_um: tuple[float, float, float] | None, name: str) -> None:
    """Write a volume (z, y, x) as OME-TIFF with physical voxel sizes (z, y, x) in µm where they are known."""
    metadata: dict[str, Any] = {"axes": "ZYX", "Name": name}
    if voxel_um:
        for axis, size in zip("ZYX", voxel_um, strict=True):
            metadata[f"PhysicalSize{axis}"] = size
            metadata[f"PhysicalSize{axis}Unit"] = "µm"
    tifffile.imwrite(
        path,
        volume,
        ome=True,
        metadata=metadata,
        photometric="minisblack",
        compression="zlib",
        compressionargs={"level": 1},
        bigtiff=volume.nbytes > 2**31,
    )
