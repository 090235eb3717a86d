"""What the XML beside BigDataViewer's HDF5 says of its view setups: the size of a voxel, in µm, by setup.

The XML has the name of the HDF5 file with the ending .xml, and names it. https://imagej.net/plugins/bdv
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from gantry_formats.images import Sizes
from gantry_formats.ome import kind_of, root_of
from gantry_formats.sizes import Size
from gantry_formats.text import decoded, plain_number, plain_text
from gantry_formats.units import factor_between

MAX_DOCUMENT_BYTES = 16 << 20
MOST_SETUPS = 10_000
_PLACE = re.compile(r"/?t\d{5,}/s(\d{2,})/(\d+)/cells")
_AXES = "xyz"


@dataclass(frozen=True)
class Setup:
    """A view setup: the sizes of a voxel as far as they are known; voxels along x, y, z, empty where not told."""

    sizes: Sizes
    extent: tuple[int, ...] = ()


def companion_of(name: str) -> str:
    """The name of the XML beside a file."""
    return str(PurePosixPath(name).with_suffix(".xml"))


def setup_at(path: str) -> int | None:
    """The number of the view setup of an array; None where it is none of BigDataViewer's."""
    found = _PLACE.fullmatch(path)
    return int(found[1]) if found else None


def setups_of(document: bytes, name: str) -> dict[int, Setup]:
    """What the XML says of each setup of the HDF5 file `name`; nothing where it is another file's, or no XML.

    A setup that stands there twice and differently is left out.
    """
    root = root_of(decoded(document)) if len(document) <= MAX_DOCUMENT_BYTES else None
    if root is None or not _is_of(root, PurePosixPath(name).name):
        return {}
    found: dict[int, Setup] = {}
    twice: set[int] = set()
    for element in [one for one in root.iter() if kind_of(one) == "ViewSetup"][:MOST_SETUPS]:
        number = plain_number(_text(element, "id"))
        if number is None or not float(number).is_integer():
            continue
        place = f"ViewSetup {int(number)} voxelSize"
        setup = Setup(
            _sizes(element, companion_of(name), place),
            tuple(int(length) for length in _three(_text(element, "size"))),
        )
        if found.setdefault(int(number), setup) != setup:
            twice.add(int(number))
    return {number: setup for number, setup in found.items() if number not in twice}


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
