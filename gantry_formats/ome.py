"""What OME-XML says of the series of a file: axes, lengths and channels. Plain values, whoever read the XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gantry_formats.text import plain_number


def kind_of(element: ET.Element) -> str:
    """Its name without the schema's."""
    return element.tag.rpartition("}")[2]


@dataclass(frozen=True)
class OmeSeries:
    """A series as OME-XML describes it: the axes along which it has more than one place, and y and x."""

    name: str
    axes: str
    shape: tuple[int, ...]
    dtype: str


def series_of_ome(xml: str) -> list[OmeSeries]:
    """All series that OME-XML describes; none where it does not say of each how large it is."""
    root = root_of(xml)
    images = [element for element in root if kind_of(element) == "Image"] if root is not None else []
    names = [image.get("Name") or "" for image in images]
    found: list[OmeSeries] = []
    for place, image in enumerate(images):
        pixels = next((element for element in image if kind_of(element) == "Pixels"), None)
        sizes = {} if pixels is None else {axis: plain_number(pixels.get(f"Size{axis}")) for axis in "XYZCT"}
        order = ((pixels.get("DimensionOrder") if pixels is not None else None) or "")[::-1]
        if pixels is None or sorted(order) != sorted("XYZCT") or not all(sizes.values()):
            return []
        lengths = {axis: int(sizes[axis] or 0) for axis in order}
        colours = [
            int(plain_number(one.get("SamplesPerPixel")) or 1) for one in pixels if kind_of(one) == "Channel"
        ]
        if any(colour > 1 for colour in colours):
            return []  # where colours stand is the pages' to say
        kept = [axis for axis in order if lengths[axis] > 1 or axis in "YX"]
        found.append(
            OmeSeries(
                name=names[place] or f"series {place}",
                axes="".join(kept),
                shape=tuple(lengths[axis] for axis in kept),
                dtype=_TYPES.get(pixels.get("Type") or "", ""),
            )
        )
    return found if all(one.dtype for one in found) else []


_TYPES = {
    "bit": "bool", "float": "float32", "double": "float64", "complex": "complex64", "double-complex": "complex128",
    **{name: name for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")},
}  # fmt: skip


@lru_cache(maxsize=1)
def root_of(xml: str) -> ET.Element | None:
    """The document, not to be changed; None for what is no XML."""
    try:
        return ET.fromstring(xml)  # noqa: S314 - expat of today's Pythons expands no bombs
    except (ET.ParseError, ValueError):
        return None


def image_of_ome(xml: str, *, series: int, names: Sequence[str]) -> ET.Element | None:
    """The element Image that a series of an OME-TIFF is: by its place, else by its name where only one has it."""
    root = root_of(xml)
    images = [element for element in root if kind_of(element) == "Image"] if root is not None else []
    if len(images) == len(names):
        return images[series]
    mine = [image for image in images if image.get("Name") == names[series]]
    return mine[0] if len(mine) == 1 else None


def pixels_of(xml: str, series: int, names: Sequence[str]) -> ET.Element | None:
    """The element Pixels of that Image."""
    image = image_of_ome(xml, series=series, names=names)
    return None if image is None else next((one for one in image if kind_of(one) == "Pixels"), None)
