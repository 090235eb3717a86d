"""CZI, Zeiss' format, by their own library (pylibCZIrw): each scene an array, its tiles put together."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from gantry_formats import plain_number, plain_text
from gantry_formats.descriptions import ACQUIRED, CHANNELS, TIME_STEP, moment_of
from wrappers.io.source import ArraySource, LeftOut

LEADING = "TZC"
TYPES = {
    "Gray8": np.uint8, "Gray16": np.uint16, "Gray32": np.uint32, "Gray32Float": np.float32,
    "Bgr24": np.uint8, "Bgr48": np.uint16, "Bgr96Float": np.float32,
}  # fmt: skip
OTHERS = {"R": "rotations", "I": "illuminations", "H": "phases", "V": "views", "B": "blocks"}
MOST_XML = 64 * 2**20


@contextmanager
def survey(path: Path) -> Iterator[tuple[list[ArraySource], list[LeftOut]]]:
    """Yield the scenes of a file: (time, z, channel, y, x), and (colour) behind them."""
    from pylibCZIrw import czi

    with czi.open_czi(str(path)) as document:
        yield _survey(document)


def _survey(document: Any) -> tuple[list[ArraySource], list[LeftOut]]:
    lengths = {axis: int(ends[1] - ends[0]) for axis, ends in document.total_bounding_box.items()}
    starts = {axis: int(ends[0]) for axis, ends in document.total_bounding_box.items()}
    left_out = [
        LeftOut(words, f"there are {lengths[axis]}, of which the first is taken")
        for axis, words in OTHERS.items()
        if lengths.get(axis, 1) > 1
    ]
    kinds = {int(channel): str(kind) for channel, kind in document.pixel_types.items()}
    told = _told(document.raw_metadata)
    names = told.pop(CHANNELS, [])
    # Smaller levels of a pyramid may reach beyond what was measured.
    scenes = dict(document.scenes_bounding_rectangle_no_pyramid) or {
        None: document.total_bounding_rectangle_no_pyramid
    }
    found = []
    for (number, area), (kind, channels) in itertools.product(scenes.items(), _by_kind(kinds).items()):
        words = [] if number is None or len(scenes) == 1 else [f"scene {number}"]
        if len(_by_kind(kinds)) > 1:
            words.append(f"channels {', '.join(map(str, channels))}")
        if kind not in TYPES:
            left_out.append(
                LeftOut(" ".join(words) or "the picture", f"its pixels are {kind}, which is not read here")
            )
            continue
        colour = kind.startswith("Bgr")
        shape = (
            lengths.get("T", 1),
            lengths.get("Z", 1),
            len(channels),
            area.h,
            area.w,
            *((3,) if colour else ()),
        )
        mine = [names[place] if place < len(names) else "" for place in channels]
        found.append(
            ArraySource(
                name=" ".join(words) or "scene 0",
                shape=shape,
                dtype=np.dtype(TYPES[kind]),
                read=_reader(document, area, (number, channels, starts)),
                axes=f"{LEADING}YX{'S' if colour else ''}",
                attributes=told | ({CHANNELS: mine} if any(mine) else {}),
            )
        )
    return found, left_out


def _by_kind(kinds: dict[int, str]) -> dict[str, list[int]]:
    """Channels by the type of their pixels: those of one type make an array."""
    grouped: dict[str, list[int]] = {}
    for channel, kind in sorted(kinds.items()):
        grouped.setdefault(kind, []).append(channel)
    return grouped


def _reader(document: Any, area: Any, which: tuple[int | None, list[int], dict[str, int]]) -> Any:
    scene, channels, starts = which

    def read(place: tuple[slice, ...]) -> np.ndarray:
        counts = [range(part.start or 0, part.stop) for part in place[:3]]
        rows, columns = place[3], place[4]
        roi = (area.x + columns.start, area.y + rows.start, columns.stop - columns.start, rows.stop - rows.start)
        planes = []
        for time, z, channel in itertools.product(*counts):
            plane = {"T": starts.get("T", 0) + time, "Z": starts.get("Z", 0) + z, "C": channels[channel]}
            options = {} if scene is None else {"scene": scene}
            picture = document.read(roi=roi, plane=plane, **options)
            # Colours come as blue, green, red.
            planes.append(picture[..., ::-1] if len(place) > 5 else picture[..., 0])
        return np.stack(planes).reshape([len(count) for count in counts] + list(planes[0].shape))

    return read


def _told(xml: str) -> dict[str, Any]:
    """Sizes, names of channels and the moment of acquisition out of the file's description."""
    try:
        root = ET.fromstring(xml[:MOST_XML])  # noqa: S314 - expat of today's Pythons expands no bombs
    except (ET.ParseError, ValueError):
        return {}
    told: dict[str, Any] = {}
    for distance in root.iterfind("./Metadata/Scaling/Items/Distance"):
        size, axis = plain_number(distance.findtext("Value")), str(distance.get("Id")).lower()
        if axis in ("x", "y", "z") and size and size > 0:  # in metres, always
            told[f"voxel_size_{axis}_um"] = float(f"{size * 1e6:.12g}")
    image = root.find("./Metadata/Information/Image")
    if image is None:
        return told
    channels = image.findall("./Dimensions/Channels/Channel")
    told[CHANNELS] = [plain_text(channel.get("Name")) or "" for channel in channels]
    moment = moment_of(image.findtext("AcquisitionDateAndTime"))
    step = plain_number(image.findtext("./Dimensions/T/Positions/Interval/Increment"))
    return told | ({ACQUIRED: moment} if moment else {}) | ({TIME_STEP: step} if step and step > 0 else {})
