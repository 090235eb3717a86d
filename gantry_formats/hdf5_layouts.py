"""Layouts of microscopes' HDF5 that say by their paths what an array is: Imaris (`.ims`) and BigDataViewer.

Bitplane's "Imaris 5.5 file format", and BigDataViewer's HDF5: volumes (z, y, x) at several levels of resolution.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gantry_formats.images import Sizes
from gantry_formats.sizes import Size
from gantry_formats.text import decoded, plain_number, plain_text
from gantry_formats.units import factor_between

IMARIS_IMAGE = "DataSetInfo/Image"
"""The group whose attributes tell the extent of the picture."""
_IMARIS = re.compile(r"/?DataSet/ResolutionLevel (\d+)/TimePoint (\d+)/Channel (\d+)/Data")
MOST_CHARACTERS = 100
"""Of the name of a channel."""
_BDV = re.compile(r"/?t(\d{5,})/s(\d{2,})/(\d+)/cells")
_TABLE = re.compile(
    r"/?s\d{2,}/(resolutions|subdivisions)|/?Thumbnail/Data"
    r"|/?DataSet/ResolutionLevel \d+/TimePoint \d+/Channel \d+/Histogram(1024)?"
)


@dataclass(frozen=True)
class View:
    """One of several pictures of a sample. `level`: of its pyramid, 0 for the finest.

    `number`: of Imaris's channel, or of BigDataViewer's view setup.
    """

    level: int
    time: int
    number: int
    imaris: bool


def view_at(path: str) -> View | None:
    """What an array is by its path; None where it is none of Imaris's and BigDataViewer's pictures."""
    if found := _IMARIS.fullmatch(path):
        return View(int(found[1]), int(found[2]), int(found[3]), True)
    if found := _BDV.fullmatch(path):
        return View(int(found[3]), int(found[1]), int(found[2]), False)
    return None


def path_of_setup(time: int, setup: int) -> str:
    """Where BigDataViewer's HDF5 has the finest level of a view setup at a time point."""
    return f"/t{time:05d}/s{setup:02d}/0/cells"


def level_of(path: str) -> int | None:
    """Which level of a pyramid an array is, 0 for the finest; None where its path does not say that it is one."""
    view = view_at(path)
    return None if view is None else view.level


def is_coarser_level(path: str) -> bool:
    """Whether an array shows another one again, at a lower resolution, or tells of such levels."""
    return (level_of(path) or 0) > 0 or _TABLE.fullmatch(path) is not None


def channel_name_in_imaris(attributes: Mapping[str, Any]) -> str:
    """The name of a channel, by the attributes of `DataSetInfo/Channel N`; empty where it has none."""
    name = " ".join((_text(attributes.get("Name")) or "").split())
    return "".join(character for character in name if character.isprintable())[:MOST_CHARACTERS]


def sizes_of_imaris(attributes: Mapping[str, Any]) -> Sizes:
    """Of an element, in µm, by the extents and counts of `DataSetInfo/Image`; nothing where a unit is not told."""
    told = {str(name): _text(value) for name, value in attributes.items()}
    factor = factor_between(told.get("Unit"), "um")
    sizes: Sizes = {}
    for place, axis in enumerate("xyz"):
        low, high = plain_number(told.get(f"ExtMin{place}")), plain_number(told.get(f"ExtMax{place}"))
        count = plain_number(told.get(axis.upper()))
        if factor and low is not None and high is not None and count and count > 0 and high > low:
            size = (high - low) / count * factor
            if math.isfinite(size):
                um = float(f"{size:.7g}")
                sizes[axis] = Size(um, f"/{IMARIS_IMAGE}@ExtMax{place}", um / factor, told.get("Unit"))
    return sizes


def shape_in_imaris(path: str, attributes: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape (z, y, x) of what was measured: Imaris fills its arrays up with zeros to whole blocks.

    `attributes` are those of the group that holds the array. The shape as it is where they do not tell.
    """
    if _IMARIS.fullmatch(path) is None or len(shape) != len("zyx"):
        return shape
    told = [plain_number(_text(attributes.get(f"ImageSize{axis}"))) for axis in "ZYX"]
    return tuple(
        int(size) if size is not None and 0 < size <= length and float(size).is_integer() else length
        for size, length in zip(told, shape, strict=True)
    )


def _text(value: Any) -> str | None:
    """Imaris writes a text as an array of single characters."""
    items = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(items, list) and all(isinstance(item, bytes | str) for item in items[:1000]):
        return "".join(map(decoded, items[:1000])).strip("\0 ")
    return plain_text(value)
