"""LIF, Leica's format, by the library liffile: each image of a file an array."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from gantry_formats import factor_between, plain_number, plain_text
from gantry_formats.descriptions import ACQUIRED, CHANNELS, TIME_STEP
from wrappers.io.source import NUMERIC_KINDS, ArraySource, LeftOut

AXES = {
    "T": "T",
    "Z": "Z",
    "C": "C",
    "Y": "Y",
    "X": "X",
    "S": "S",
    "M": "M",
    "A": "A",
    "H": "H",
    "λ": "E",
    "N": "R",
}
DIMENSIONS = {"1": "x", "2": "y", "3": "z", "4": "t"}
"""Of the file's description: the number of a dimension, and its axis."""


@contextmanager
def survey(path: Path) -> Iterator[tuple[list[ArraySource], list[LeftOut]]]:
    """Yield the images of a file, with axes in the file's own order."""
    import liffile

    with liffile.LifFile(path) as file:
        yield _survey(file)


def _survey(file: Any) -> tuple[list[ArraySource], list[LeftOut]]:
    found, left_out = [], []
    for image in file.images:
        try:
            name, why = str(image.path), ""
            sizes = dict(image.sizes)
            if getattr(image, "is_flim", False):
                why = "it is a measurement of lifetimes, which is no picture"
            elif any(axis not in AXES for axis in sizes) or not {"Y", "X"} <= sizes.keys():
                why = f"its axes are {', '.join(sizes)}"
            elif np.dtype(image.dtype).kind not in NUMERIC_KINDS:
                why = f"its pixels are {image.dtype}"
            if why:
                left_out.append(LeftOut(name, why))
            else:
                found.append(_source(image, name, sizes))
        except (ValueError, KeyError, AttributeError, IndexError, TypeError) as error:
            left_out.append(LeftOut(str(getattr(image, "name", "an image")), f"it cannot be read ({error})"))
    return found, left_out


def _source(image: Any, name: str, sizes: dict[str, int]) -> ArraySource:
    axes = list(sizes)
    return ArraySource(
        name=name,
        shape=tuple(sizes.values()),
        dtype=np.dtype(image.dtype),
        read=_reader(image, axes),
        axes="".join(AXES[axis] for axis in axes),
        attributes=_told(image, sizes.get("C", 1)),
    )


def _reader(image: Any, axes: list[str]) -> Any:
    within = [place for place, axis in enumerate(axes) if axis in ("Y", "X", "S")]
    leading = [place for place in range(len(axes)) if place not in within]

    def read(place: tuple[slice, ...]) -> np.ndarray:
        counts = [range(place[at].start or 0, place[at].stop) for at in leading]
        planes = []
        for index in itertools.product(*counts):
            frame = np.asarray(
                image.frame(**{axes[at]: number for at, number in zip(leading, index, strict=True)})
            )
            planes.append(frame[tuple(place[at] for at in within)])
        values = np.stack(planes).reshape([len(count) for count in counts] + list(planes[0].shape))
        order = np.argsort([*leading, *within])
        return values.transpose(order)

    return read


def _told(image: Any, channels: int) -> dict[str, Any]:
    """Sizes, names of channels (the dye's, else that of the colour table) and the moment of the first frame."""
    told: dict[str, Any] = {}
    described = image.xml_element.find("./Data/Image/ImageDescription")
    if described is not None:
        for dimension in described.iterfind("./Dimensions/DimensionDescription"):
            axis = DIMENSIONS.get(str(dimension.get("DimID")))
            number, length = plain_number(dimension.get("NumberOfElements")), plain_number(dimension.get("Length"))
            # The length is from the first picture element's middle to the last one's.
            step = abs(length) / (number - 1) if number and number > 1 and length else 0.0
            factor = factor_between(dimension.get("Unit"), "s" if axis == "t" else "um")
            if axis and step and factor:
                told[TIME_STEP if axis == "t" else f"voxel_size_{axis}_um"] = float(f"{step * factor:.12g}")
        names = [_name_of(one) for one in described.iterfind("./Channels/ChannelDescription")]
        if len(names) == channels and any(names):
            told[CHANNELS] = names
    stamps = image.timestamps
    if stamps is not None and len(stamps):
        told[ACQUIRED] = f"{np.datetime_as_string(stamps.ravel()[0], unit='s')}Z"
    return told


def _name_of(channel: Any) -> str:
    for one in channel.iterfind("./ChannelProperty"):
        if one.findtext("Key") == "DyeName" and one.findtext("Value"):
            return plain_text(one.findtext("Value")) or ""
    return plain_text(channel.get("LUTName")) or ""
