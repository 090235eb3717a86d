"""ND2, Nikon's format, by the library nd2: positions, time points, planes and channels of one array."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from gantry_formats import plain_text
from gantry_formats.descriptions import ACQUIRED, CHANNELS
from wrappers.io.source import ArraySource, LeftOut

LOOPS = {"P": "R", "T": "T", "Z": "Z"}
"""Its loops, and their letters here."""
NOON_OF_2000 = 2451545.0
"""The Julian day number of noon on 1 January 2000."""
OLDEST, NEWEST = 2440000.0, 2500000.0
"""Days from 1968 to 2132: what is outside is no date."""


@contextmanager
def survey(path: Path) -> Iterator[tuple[list[ArraySource], list[LeftOut]]]:
    """Yield the array of a file: (position, time, z, channel, y, x), and (colour) behind them."""
    import nd2

    with nd2.ND2File(path) as file:
        yield _survey(file)


def _survey(file: Any) -> tuple[list[ArraySource], list[LeftOut]]:
    sizes = dict(file.sizes)
    colour = "S" in sizes
    unknown = [axis for axis in sizes if axis not in (*LOOPS, "C", "Y", "X", "S")]
    if unknown:
        return [], [LeftOut("the picture", f"it has axes that are not known here: {', '.join(unknown)}")]
    loops = [axis for axis in LOOPS if axis in sizes]
    frames = {tuple(index.get(axis, 0) for axis in loops): place for place, index in enumerate(file.loop_indices)}
    channels = int(sizes.get("C", 1))
    plane = (int(sizes["Y"]), int(sizes["X"]), *((3,) if colour else ()))
    shape = (*(int(sizes[axis]) for axis in loops), channels, *plane)
    left_out = []
    try:
        told = _told(file, channels)
    except (
        Exception
    ) as error:  # the library trips over descriptions that lack a part; the values are none the worse
        told, why = {}, f"it cannot be read ({type(error).__name__})"
        left_out.append(LeftOut("what is said of sizes, channels and date", why))
    array = ArraySource(
        name="the picture",
        shape=shape,
        dtype=np.dtype(file.dtype),
        read=_reader(file, frames, len(loops), (channels, colour)),
        axes="".join(LOOPS[axis] for axis in loops) + "CYX" + ("S" if colour else ""),
        attributes=told,
    )
    return [array], left_out


def _reader(file: Any, frames: dict[tuple[int, ...], int], loops: int, kind: tuple[int, bool]) -> Any:
    channels, colour = kind
    last: dict[int, np.ndarray] = {}  # a frame holds all channels, which are asked for one after another

    def frame(number: int) -> np.ndarray:
        if number not in last:
            last.clear()
            values = np.asarray(file.read_frame(number))
            height, width = file.attributes.heightPx, file.attributes.widthPx
            last[number] = values.reshape((channels, height, width, *((3,) if colour else ())))
        return last[number]

    def read(place: tuple[slice, ...]) -> np.ndarray:
        counts = [range(part.start or 0, part.stop) for part in place[:loops]]
        planes = [frame(frames.get(index, 0))[place[loops:]] for index in itertools.product(*counts)]
        return np.stack(planes).reshape([len(count) for count in counts] + list(planes[0].shape))

    return read


def _told(file: Any, channels: int) -> dict[str, Any]:
    """Sizes that are calibrated, names of channels and the moment of the first frame."""
    told: dict[str, Any] = {}
    described = list(getattr(file.metadata, "channels", None) or [])
    if not described:
        return told
    volume = described[0].volume
    for axis, known, size in zip("xyz", volume.axesCalibrated, volume.axesCalibration, strict=True):
        if known and size > 0:
            told[f"voxel_size_{axis}_um"] = float(size)
    names = [plain_text(one.channel.name) or "" for one in described][:channels]
    if any(names):
        told[CHANNELS] = names
    moment = _first_moment(file)
    return told | ({ACQUIRED: moment.isoformat(timespec="seconds")} if moment else {})


def _first_moment(file: Any) -> datetime | None:
    try:
        [first, *_] = file.frame_metadata(0).channels
        day = float(first.time.absoluteJulianDayNumber)
    except (IndexError, KeyError, ValueError, TypeError, AttributeError):
        return None  # not every file keeps the times of its frames
    if not OLDEST < day < NEWEST:
        return None
    return datetime(2000, 1, 1, 12, tzinfo=UTC) + timedelta(days=day - NOON_OF_2000)
