"""TIFF in the limited child: described, asked for values, shown."""

import logging
import struct
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import tifffile

from gantry_formats import images
from gantry_formats.linked.complaints import part_there
from gantry_formats.sizes import VOXEL_SIZE, told_of
from gantry_formats.tiff_series import further_pages, is_small_copy, missing_planes, opened
from portal.data.parsing.errors import FileError, plain
from portal.data.parsing.readers.listing import listing
from portal.data.parsing.readers.picture import MAX_BLOCK_BYTES, MAX_ELEMENTS, Array, View, spread
from portal.data.parsing.readers.tiff_arrays import arrays_of, of_several_files, unsupported
from portal.data.parsing.readers.tiff_pages import pages_before_end

MAX_SERIES = 100
MAX_PAGES_CHECKED = 10_000
MOST_UNPACKED = 8
"""Series of which a block is unpacked to see whether it can be."""
DAMAGED = (
    tifffile.TiffFileError,
    struct.error,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    OSError,
    RuntimeError,
    AttributeError,
    ZeroDivisionError,
    OverflowError,
    EOFError,
    zlib.error,
)
"""What tifffile and the codecs, whose errors are RuntimeErrors, raise of files that are not what they say."""
COLOURS = (3, 4)


@contextmanager
def _cut_short() -> Iterator[list[str]]:
    """Collect what tifffile only logs of pages that lie behind the file's end: it goes on with those it finds."""
    found: list[str] = []

    class Complaints(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "invalid page offset" in record.getMessage():
                found.append(record.getMessage())

    logger, handler = logging.getLogger("tifffile"), Complaints(logging.ERROR)
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)


class TiffReader:
    """An open TIFF whose pages all lie inside the file. Raises FileError.

    `problem` says afterwards which of what was read does not unpack.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.stream = file
        self.problem: str | None = None
        try:
            # An OME-TIFF may name other files as its parts: only this one is read.
            with _cut_short() as complaints:
                self.tiff = opened(self._open)
                self.series = list(self.tiff.series[:MAX_SERIES])
            self._check_length()
            if complaints:
                raise FileError("invalid", "The file is truncated: it ends before its last page.")
        except DAMAGED as error:
            if (pages := pages_before_end(file)) is not None:
                end = (
                    f"within the list of its pages, of which {pages} are there"
                    if pages
                    else "before its first page"
                )
                words = f"The file is truncated: it ends {end}."
                raise FileError("invalid", words, str(error)) from error
            raise FileError("invalid", "The file is damaged: it cannot be read as TIFF.", str(error)) from error
        if not self.series:
            raise FileError("invalid", "The file is truncated: it holds no image.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tiff.close()

    def _open(self, xml: str | None) -> tifffile.TiffFile:
        self.stream.seek(0)
        return tifffile.TiffFile(self.stream, name="image.tif", omexml=xml, _multifile=False)

    def _check_length(self) -> None:
        size = self.tiff.filehandle.size
        needed = 0
        for series in self.series:
            if series.dataoffset is not None:
                needed = max(needed, series.dataoffset + series.nbytes)
        for page in self.tiff.pages[:MAX_PAGES_CHECKED]:
            ends = (o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=False))
            needed = max(needed, *ends, 0)
        if needed > size:
            raise FileError("invalid", f"The file is truncated: {part_there(size, needed)}.")

    def _check_first_blocks(self) -> None:
        """Unpack a strip or tile of the first page of some series: sound tags may lead to damaged bytes."""
        for series in self.series[:MOST_UNPACKED]:
            page = series.keyframe
            block = int(np.prod(page.chunks)) * np.dtype(page.dtype).itemsize if page.dtype is not None else 0
            if page.compression == tifffile.COMPRESSION.NONE or unsupported(series) or block > MAX_BLOCK_BYTES:
                continue
            try:
                next(page.segments(maxworkers=1, buffersize=1), None)
            except DAMAGED:
                self._damaged(page)
                return

    def _damaged(self, page: Any) -> None:
        name = images.name_of_compression(page.compression)
        self.problem = f"Page {page.index + 1} cannot be unpacked ({name}): its bytes are damaged."

    def describe(self) -> dict[str, Any]:
        """See parsing.describe."""
        self._check_first_blocks()
        items = [
            {
                "path": f"series/{index}",
                "kind": "array",
                "dtype": str(series.dtype),
                "shape": list(series.shape),
                "axes": series.axes,
                "attrs": {},
            }
            for index, series in enumerate(self.series)
        ]
        tags = {tag.name: value for tag in self.tiff.pages[0].tags if (value := _tag_value(tag)) is not None}
        return {
            "format": "tiff",
            "items": items,
            "more": len(self.tiff.series) > MAX_SERIES,
            "pages": len(self.tiff.pages),
            "tags": tags,
        }

    def values(self, paths: Sequence[str]) -> dict[str, Any]:
        """See parsing.values."""
        found = {path: self._value(path) for path in paths}
        return {path: value for path, value in found.items() if value is not None}

    def _value(self, path: str) -> Any:
        source, colon, name = path.partition(":")
        try:
            if not colon:
                tag = self.tiff.pages[0].tags.get(path)
                return None if tag is None else _tag_value(tag)
            if source == "imagej":
                return plain((self.tiff.imagej_metadata or {}).get(name))
            if source == "ome" and self.tiff.ome_metadata:
                return _ome(self.tiff.ome_metadata, name)
            if path.startswith(VOXEL_SIZE):
                axis = name.removeprefix(VOXEL_SIZE.partition(":")[2])[:1]
                return told_of({axis: self._size_of_element(axis)}, path)
        except (*DAMAGED, ET.ParseError):
            return None
        return None

    def remarks(self) -> list[dict[str, str]]:
        """Compressions that are not known here and planes that are not there, `{"place", "words"}`."""
        clauses = dict.fromkeys(f"its {why}" for series in self.series if (why := unsupported(series)))
        clauses |= dict.fromkeys(why for series in self.series if (why := missing_planes(self.tiff, series)))
        clauses |= dict.fromkeys(filter(None, [further_pages(self.tiff)]))
        return [{"place": "", "words": clause} for clause in clauses]

    def _size_of_element(self, axis: str) -> float | str | None:
        """In µm, or as written where the unit is not known; None where nothing tells, or series differ."""
        whole = [index for index, series in enumerate(self.series) if not is_small_copy(series)]
        found = {self._sizes(index).get(axis) for index in whole}
        size = found.pop() if len(found) == 1 else None
        if size is None and not found and self.tiff.is_imagej:
            # What ImageJ writes holds for all of the file.
            return images.odd_sizes_of_imagej(self.tiff.imagej_metadata or {}, self._per_unit(0)).get(axis)
        return size

    def _sizes(self, index: int) -> images.Sizes:
        tags, per_unit = self.series[index].keyframe.tags, self._per_unit(index)
        if self.tiff.is_ome and self.tiff.ome_metadata:
            names = [str(series.name) for series in self.tiff.series]
            return images.sizes_of_ome(self.tiff.ome_metadata, series=index, names=names)
        if self.tiff.is_imagej:
            return images.sizes_of_imagej(self.tiff.imagej_metadata or {}, per_unit)
        if self.tiff.is_lsm:
            return images.sizes_of_lsm(self.tiff.lsm_metadata or {})
        if self.tiff.is_stk:
            return images.sizes_of_stk(self.tiff.stk_metadata or {})
        unit = tags.get("ResolutionUnit")
        return images.sizes_of_tags(per_unit, None if unit is None else int(unit.value))

    def _per_unit(self, index: int) -> dict[str, float]:
        """Pixels in one unit of length, by the resolution tags."""
        tags = self.series[index].keyframe.tags
        return {
            axis: float(value)
            for axis, name in (("x", "XResolution"), ("y", "YResolution"))
            if (tag := tags.get(name)) is not None and (value := _tag_value(tag)) is not None
        }

    def view(self) -> View:
        """The view for a thumbnail. Raises FileError."""
        series = self.series[0]
        if len(series.shape) < 2 or not series.size:
            raise FileError("invalid", "There is no picture to show.")
        if why := unsupported(series):
            raise FileError("invalid", f"The {why}.")
        if why := missing_planes(self.tiff, series):
            raise FileError("invalid", f"{why[:1].upper()}{why[1:]}.")
        level = _level_to_show(series)
        try:
            return self._projection(level)
        except DAMAGED as error:
            raise FileError("invalid", "The picture cannot be read.", str(error)) from error

    def pages(self, series: tifffile.TiffPageSeries) -> tuple[str, Callable[[int], Array]]:
        """Axes of a page of the resolution that can be shown, and how to read one. Raises FileError."""
        if why := unsupported(series):
            raise FileError("invalid", f"The {why}.")
        level = _level_to_show(series)
        return level.keyframe.axes, lambda index: self._page(level, index, tuple(level.keyframe.shape))

    def sizes(self, index: int) -> images.Sizes:
        """Sizes of an element of a series in µm, as far as the file tells them."""
        return self._sizes(index)

    def listing(self, *, side: int, pictures: int) -> dict[str, Any]:
        """See client.listing; also `parts`, the files of a series in several, and what they make `together`."""
        files, together = of_several_files(self)
        answer = listing(arrays_of(self), side=side, pictures=pictures)
        if files:
            whole = listing(together, side=side, pictures=pictures)
            answer |= {"parts": files[:MAX_PAGES_CHECKED], "together": whole["arrays"]}
        return answer

    def _projection(self, series: tifffile.TiffPageSeries) -> View:
        """The maximum over pages, as many of them, evenly spread, as may be read; of colours, the first page."""
        shape, axes = tuple(series.keyframe.shape), series.keyframe.axes
        colour = "S" in axes and shape[axes.index("S")] in COLOURS
        count = series.size // max(int(np.prod(shape)), 1)
        best: Array | None = None
        for index in [0] if colour else spread(count, MAX_ELEMENTS // max(int(np.prod(shape)), 1)):
            found = self._page(series, index, shape)
            best = found if best is None else np.maximum(best, found)
        if best is None:
            raise FileError("invalid", "There is no picture to show.")
        if colour:
            moved = np.moveaxis(best, axes.index("S"), -1)[..., :3]
            return View(moved.reshape(-1, *moved.shape[-3:])[0], colour=True)
        return View(best.reshape(-1, *best.shape[-2:]).max(axis=0))

    def _page(self, series: tifffile.TiffPageSeries, index: int, shape: tuple[int, ...]) -> Array:
        """One page, without reading the others."""
        if series.dataoffset is None:
            page = series.pages[index]
            if page is None:
                raise FileError("invalid", f"Page {index} is missing.")
            try:
                return np.asarray(page.asarray()).reshape(shape)
            except DAMAGED:
                self._damaged(page)
                raise
        dtype = np.dtype(series.dtype).newbyteorder(self.tiff.byteorder)
        size = int(np.prod(shape)) * dtype.itemsize
        self.tiff.filehandle.seek(series.dataoffset + index * size)
        return np.frombuffer(self.tiff.filehandle.read(size), dtype).reshape(shape)


def _level_to_show(series: tifffile.TiffPageSeries) -> tifffile.TiffPageSeries:
    """The first level of a pyramid whose pages may be read whole. Raises FileError."""
    for level in series.levels:
        page = level.keyframe
        block = int(np.prod(page.chunks)) * np.dtype(page.dtype).itemsize
        # A tile may be far larger than the picture, and a few bytes are enough to fill it.
        if int(np.prod(page.shape)) <= MAX_ELEMENTS and (level.dataoffset or block <= MAX_BLOCK_BYTES):
            return level
    raise FileError("limit", "The picture is too large for a thumbnail.")


def _tag_value(tag: tifffile.TiffTag) -> Any:
    value = tag.value
    if tag.dtype in (tifffile.DATATYPE.RATIONAL, tifffile.DATATYPE.SRATIONAL) and len(value) == 2:
        return plain(value[0] / value[1]) if value[1] else None
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    return plain(value)


def _ome(text: str, name: str) -> Any:
    """`Name`: an attribute of Pixels; `Element@Name`: of such elements; `map@KEY`: the value of a key in a map
    annotation. As a number where it is one. Images or channels that tell it differently are all named, as one
    text, which is no number: the first one would be a guess.
    """
    wanted, attribute = name.split("@", 1) if "@" in name else ("Pixels", name)
    found: dict[Any, None] = {}
    for element in ET.fromstring(text).iter():  # noqa: S314 - see the import
        kind = element.tag.rpartition("}")[2]
        if wanted == "map" and kind == "M" and element.get("K") == attribute:
            found[_number_or_text(element.text or "")] = None
        elif kind == wanted and attribute in element.attrib:
            found[_number_or_text(element.attrib[attribute])] = None
    return plain("; ".join(map(str, found))) if len(found) > 1 else next(iter(found), None)


def _number_or_text(text: str) -> Any:
    try:
        return plain(float(text)) if "." in text or "e" in text.lower() else int(text)
    except ValueError:
        return plain(text)
