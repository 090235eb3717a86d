"""What the series of a TIFF file are: its axes as they are declared, the planes that are missing.

Files and series come in as tifffile has them, whoever opened them; nothing is imported here.
"""

from __future__ import annotations

import copy
import itertools
import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import Any

from gantry_formats.axes import SEQUENCE, UNKNOWN, name_of, plain_name
from gantry_formats.ome import kind_of, root_of

NOTHING = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"></OME>'
"""OME-XML that describes no picture."""
FAULTS = (ValueError, KeyError, IndexError, TypeError, AttributeError)
"""What tifffile raises of a description that it does not understand."""
MOST_NAMED = 6
MOST_EACH = 20_000
"""Pages that are each looked at: tifffile looks at some, and reads those of another size as if all were alike."""
_GUESSED = ("generic", "uniform")
"""Series that tifffile makes of pages that are alike, of which nothing is declared."""
_HEAD = 4096
_OTHER = "Q"
"""tifffile's letter for an axis that it has none for."""
_UNFITTING = "pages that its description does not explain"
_ORDERS = frozenset({"default", *map("".join, itertools.permutations("czt"))})


def opened(opening: Callable[[str | None], Any]) -> Any:
    """An open TIFF file whose series are known. `opening` opens it, with OME-XML in the place of its own.

    An OME-TIFF is described by its own XML, whatever it was called when that was written: names of files count
    only where there are several. A description that is not understood is none.
    """
    file = _each_page(opening(None))
    try:
        if not file.is_ome or any(series.kind in ("ome", "imagej") for series in file.series):
            return file
        xml = without_its_name(file.ome_metadata or "")
    except FAULTS:
        if not file.is_ome:
            file.close()
            raise
        xml = NOTHING
    if xml is None:
        return file
    file.close()
    return _again(opening, xml)


def _again(opening: Callable[[str | None], Any], xml: str) -> Any:
    file = _each_page(opening(xml))
    try:
        _ = file.series  # made, with all that goes wrong, when it is first asked for
    except FAULTS:
        file.close()
        return file if xml == NOTHING else _again(opening, NOTHING)
    return file


def _each_page(file: Any) -> Any:
    """The file, of which each page will be looked at where they are not very many: that takes 0.3 ms for each."""
    if len(file.pages) <= MOST_EACH:
        file.is_uniform = False
    return file


def without_its_name(xml: str) -> str | None:
    """OME-XML without the name of the one file that holds all planes; None where there is none, or several."""
    root = root_of(xml)
    planes = [] if root is None else [element for element in root.iter() if kind_of(element) == "TiffData"]
    named = [(plane, one) for plane in planes for one in plane if kind_of(one) == "UUID"]
    if root is None or not named or len({(one.text, one.get("FileName")) for _plane, one in named}) > 1:
        return None
    copied = copy.deepcopy(root)
    for plane in copied.iter():
        if kind_of(plane) == "TiffData":
            for one in [one for one in plane if kind_of(one) == "UUID"]:
                plane.remove(one)
    return ET.tostring(copied, encoding="unicode")


def is_small_copy(series: Any) -> bool:
    """Whether a series is the small pictures that a LSM file has beside its own."""
    return series.kind == "lsm" and bool(series.keyframe.is_reduced)


def axes_of(file: Any, index: int) -> tuple[str, tuple[str, ...]]:
    """The axes of a series as they are declared, a letter each, and the file's names of those that are not known.

    A list of pages of which nothing is said has one of the letters of `SEQUENCE`.
    """
    series = file.series[index]
    axes = str(series.axes).upper()
    if series.kind == "shaped":
        return _shaped(series, axes)
    inner = str(series.keyframe.axes)
    if series.kind in _GUESSED:
        # What describes the pages was not understood, and may be other than a list of planes.
        told = str(series.keyframe.description or "")[:_HEAD]
        described = file.is_ome or file.is_imagej or "<OME" in told or told.startswith("ImageJ=")
        pages = len(axes) - len(inner) if axes.endswith(inner) else len(axes)
        why = _description_elsewhere(told) or _UNFITTING if described else _not_in_a_row(series)
        return (UNKNOWN * pages + axes[pages:], (why,) * (pages == 1)) if why else (axes, ())
    if series.kind == "imagej":
        order = str((file.imagej_metadata or {}).get("order", "default")).lower()
        if order not in _ORDERS and sum(axis in "TZCI" for axis in axes) > 1:
            return "".join(UNKNOWN if axis in "TZCI" else axis for axis in axes), ()
        return axes, ()
    if _OTHER not in axes:
        return axes, ()
    return axes.replace(_OTHER, UNKNOWN), _modulo_names(file, axes.count(_OTHER))


def _description_elsewhere(told: str) -> str:
    """Of a file whose OME-XML is in another one, which only names it: how to call its pages; else nothing."""
    root = root_of(told)
    named = [one.get("MetadataFile") for one in (root if root is not None else ()) if kind_of(one) == "BinaryOnly"]
    return plain_name(f"pages that {named[0]} describes") if named and named[0] else ""


def _not_in_a_row(series: Any) -> str:
    """How to call pages between some of which others lie: nothing says which planes they are. Else nothing."""
    places = [page.index for page in series.pages if page is not None and isinstance(page.index, int)]
    steps = {after - before for before, after in itertools.pairwise(places)}
    if len(steps) < 2:
        return ""
    starts = [place for place in places if place - 1 not in places]
    ends = [place for place in places if place + 1 not in places]
    told = [
        f"{one + 1} to {last + 1}" if last > one else f"{one + 1}" for one, last in zip(starts, ends, strict=True)
    ]
    return f"pages {', '.join(told[:MOST_NAMED])}{' …' if len(told) > MOST_NAMED else ''}"


def _shaped(series: Any, axes: str) -> tuple[str, tuple[str, ...]]:
    """Of what tifffile wrote, which declares axes where the writer did."""
    try:
        told = json.loads(series.keyframe.shaped_description)
    except (ValueError, TypeError, RecursionError):
        return axes, ()
    declared = told.get("axes") if isinstance(told, dict) else None
    if not declared:
        return axes, ()
    if not isinstance(declared, str) or len(declared) != len(told.get("shape") or ()):
        named = declared if isinstance(declared, list) else [declared]
        return UNKNOWN * len(axes), tuple(plain_name(str(name)) for name in named[: len(axes)])
    unknown = [axis for axis in axes if axis in SEQUENCE or name_of(axis) == f"axis {axis}"]
    return "".join(UNKNOWN if axis in unknown else axis for axis in axes), tuple(unknown)


def _modulo_names(file: Any, many: int) -> tuple[str, ...]:
    """OME's own words for axes that it has no letter for (ModuloAlongZ and its like); nothing where unclear."""
    root = root_of(file.ome_metadata) if file.is_ome and file.ome_metadata else None
    found = {
        plain_name(one.get("TypeDescription") or one.get("Type") or "other")
        for one in (root.iter() if root is not None else ())
        if kind_of(one).startswith("ModuloAlong")
    }
    return tuple(found) if len(found) == many else ()


def missing_planes(file: Any, series: Any) -> str:
    """Which planes of a series are not there, as a clause; nothing where all are.

    `2 of its 12 planes are missing: channel 0, z 3; channel 1, z 3` (places are counted from 0). Where ImageJ's
    counts do not fit the pages, it is not known which of them is which plane.
    """
    if series.kind == "imagej":
        planes, pages = series.size // max(series.keyframe.size, 1), len(file.pages)
        # ImageJ writes a large stack behind one page.
        return f"its description counts {planes} planes, and it has {pages} pages" if 1 < pages != planes else ""
    if series.kind in _GUESSED and file.is_imagej:
        told, pages = file.imagej_metadata or {}, len(file.pages)
        numbers = [told.get(key, 1) for key in ("channels", "slices", "frames")]
        whole = all(isinstance(number, int) and number > 0 for number in numbers)
        for counted in (told.get("images"), math.prod(numbers) if whole else None):
            if isinstance(counted, int) and counted > 1 and counted != pages:
                return f"its description counts {counted} planes, and it has {pages} page{'s' * (pages != 1)}"
    lost = [place for place, page in enumerate(series.pages) if page is None]
    if not lost:
        return ""
    many = len(series.pages)
    shape, axes = _of_pages(series.shape, str(series.axes), many)
    named = [_place(place, shape, axes) for place in lost[:MOST_NAMED]]
    more = f"; and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
    verb = "is" if len(lost) == 1 else "are"
    return f"{len(lost)} of its {many} planes {verb} missing: {'; '.join(named)}{more}"


def further_pages(file: Any) -> str:
    """How many pages of an OME-TIFF are in no picture of its description, as a clause; nothing where all are."""
    series = file.series
    if not file.is_ome or any(one.kind != "ome" for one in series):
        return ""
    pages, described = len(file.pages), sum(page is not None for one in series for page in one.pages)
    return f"{pages - described} of its {pages} pages belong to no picture that it describes" * (pages > described)


def _of_pages(shape: Sequence[int], axes: str, many: int) -> tuple[list[int], str]:
    """The leading axes, along which so many pages lie; none where they do not."""
    for count in range(len(shape) + 1):
        if math.prod(shape[:count]) == many and axes[count : count + 1] not in ("Z", "C", "T"):
            return [int(length) for length in shape[:count]], axes[:count]
    return [], ""


def _place(place: int, shape: Sequence[int], axes: str) -> str:
    if not axes:
        return f"plane {place}"
    places: list[int] = []
    for length in reversed(shape):
        places.append(place % length)
        place //= length
    return ", ".join(f"{name_of(axis)} {at}" for axis, at in zip(axes, reversed(places), strict=True))
