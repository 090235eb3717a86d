"""What the XML beside BigDataViewer's HDF5 says of its views: names and sizes of setups, time points, gaps.

The XML has the name of the HDF5 file with the ending .xml, and names it. https://imagej.net/plugins/bdv
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from gantry_formats.hdf5_layouts import view_at
from gantry_formats.images import Sizes
from gantry_formats.ome import kind_of, root_of
from gantry_formats.sizes import Size
from gantry_formats.text import decoded, plain_number, plain_text
from gantry_formats.units import factor_between

MAX_DOCUMENT_BYTES = 16 << 20
MOST_SETUPS = 10_000
MOST_TIMES = 100_000
MOST_MISSING = 100_000
MOST_CHARACTERS = 100
"""Of the name of a setup."""
_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6})(?::(\d{1,6}))?)?")
_AXES = "xyz"


@dataclass(frozen=True)
class Setup:
    """A view setup: the sizes of a voxel as far as they are known; voxels along x, y, z, empty where not told."""

    sizes: Sizes
    extent: tuple[int, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Views:
    """Setups by number; the time points that there are; views that are missing, by time point and setup."""

    setups: Mapping[int, Setup] = field(default_factory=dict)
    times: tuple[int, ...] = ()
    missing: frozenset[tuple[int, int]] = frozenset()


def companion_of(name: str) -> str:
    """The name of the XML beside a file."""
    return str(PurePosixPath(name).with_suffix(".xml"))


def setup_at(path: str) -> int | None:
    """The number of the view setup of an array; None where it is none of BigDataViewer's."""
    view = view_at(path)
    return None if view is None or view.imaris else view.number


def views_of(document: bytes, name: str) -> Views:
    """What the XML says of the HDF5 file `name`; nothing where it is another file's, or no XML.

    A setup that stands there twice and differently is left out.
    """
    root = root_of(decoded(document)) if len(document) <= MAX_DOCUMENT_BYTES else None
    if root is None or not _is_of(root, PurePosixPath(name).name):
        return Views()
    return Views(_setups(root, name), _times(root), _missing(root))


def _setups(root: ET.Element, name: str) -> dict[int, Setup]:
    found: dict[int, Setup] = {}
    twice: set[int] = set()
    for element in [one for one in root.iter() if kind_of(one) == "ViewSetup"][:MOST_SETUPS]:
        number = _whole(_text(element, "id"))
        if number is None:
            continue
        place = f"ViewSetup {number} voxelSize"
        setup = Setup(
            _sizes(element, companion_of(name), place),
            tuple(int(length) for length in _three(_text(element, "size"))),
            (_text(element, "name") or "")[:MOST_CHARACTERS],
        )
        if found.setdefault(number, setup) != setup:
            twice.add(number)
    return {number: setup for number, setup in found.items() if number not in twice}


def _times(root: ET.Element) -> tuple[int, ...]:
    """The time points: a range, a pattern ("0-3, 7", "0-10:2"), or a list."""
    told = next((one for one in root.iter() if kind_of(one) == "Timepoints"), None)
    if told is None:
        return ()
    first, last = _whole(_text(told, "first")), _whole(_text(told, "last"))
    if first is not None and last is not None:
        return tuple(range(first, min(last, first + MOST_TIMES) + 1))
    found: list[int] = []
    for part in (_text(told, "integerpattern") or "").split(","):
        if matched := _RANGE.fullmatch(part.strip()):
            start, end, step = int(matched[1]), int(matched[2] or matched[1]), int(matched[3] or 1)
            found += range(start, end + 1, max(1, step))[:MOST_TIMES]
    listed = (_whole(_text(one, "id")) for one in told if kind_of(one) == "TimePoint")
    return tuple(dict.fromkeys([*found, *(number for number in listed if number is not None)]))[:MOST_TIMES]


def _missing(root: ET.Element) -> frozenset[tuple[int, int]]:
    told = [one for one in root.iter() if kind_of(one) == "MissingView"][:MOST_MISSING]
    pairs = ((_whole(one.get("timepoint")), _whole(one.get("setup"))) for one in told)
    return frozenset((time, setup) for time, setup in pairs if time is not None and setup is not None)


def _whole(text: str | None) -> int | None:
    number = plain_number(text)
    return int(number) if number is not None and float(number).is_integer() and number >= 0 else None


def _is_of(root: ET.Element, name: str) -> bool:
    """Whether the document names this HDF5 file, and no other."""
    named = {(one.text or "").strip().replace("\\", "/") for one in root.iter() if kind_of(one) == "hdf5"}
    return {PurePosixPath(one).name for one in named} == {name}


def _sizes(setup: ET.Element, file: str, place: str) -> Sizes:
    voxel = next((one for one in setup if kind_of(one) == "voxelSize"), None)
    if voxel is None:
        return {}
    unit = _text(voxel, "unit")
    factor = factor_between(unit, "um")
    lengths = zip(_AXES, _three(_text(voxel, "size")), strict=False)
    return {
        axis: Size(float(f"{length * factor:.12g}"), place, length, unit, file=file)
        for axis, length in lengths
        if factor and length > 0 and math.isfinite(length * factor)
    }


def _three(text: str | None) -> Sequence[float]:
    numbers = [plain_number(word) for word in (text or "").split()[:4]]
    whole = [number for number in numbers if number is not None]
    return whole if len(whole) == len(numbers) == len(_AXES) else ()


def _text(element: ET.Element, kind: str) -> str | None:
    """The text of the only child of this kind."""
    found = [one for one in element if kind_of(one) == kind]
    return plain_text(found[0].text or "") if len(found) == 1 else None
