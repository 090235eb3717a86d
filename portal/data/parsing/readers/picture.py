"""From arrays to a small PNG, reading no more of an array than a thumbnail needs."""

import base64
import io
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from portal.data.grey import SCALE_WORD
from portal.data.parsing.errors import FileError

Array = npt.NDArray[Any]

MAX_ELEMENTS = 32 << 20
MAX_BLOCK_BYTES = 512 << 20
"""Of a chunk, tile or strip when it is unpacked: more is there only to fill the memory."""
MAX_SIDE_READ = 8192
LEAST_SIDE = 8
ENLARGE_BELOW = 128
LOW, HIGH = 0.5, 99.8
"""Percentiles that become black and white: hot pixels and dead ones must not decide the contrast."""


@dataclass(frozen=True)
class View:
    """A picture: shape (height, width), or (height, width, 3) with `colour`."""

    array: Array
    colour: bool = False
    montage: bool = False
    """Of several pictures side by side, chosen for a thumbnail."""


def spread(count: int, most: int) -> list[int]:
    """At most `most` (at least one) of the indices 0 … count - 1, evenly spread."""
    if count == 0:
        return []
    return sorted({int(index) for index in np.linspace(0, count - 1, max(min(count, most), 1))})


def volume_view(array: Any, tomography: bool, middle: int | None = None) -> View:
    """A view of an array-like of two or more dimensions that reads only what is asked of it.

    Leading dimensions beyond three are taken in their middle. Projections (`tomography`) show frame `middle`,
    other volumes their maximum along the first axis; a volume too thin for that is cut along its thinnest axis.
    """
    shape = tuple(int(extent) for extent in array.shape)
    lead = tuple(extent // 2 for extent in shape[:-3])
    shape = shape[-3:]
    if len(shape) == 2:
        return View(_read(array, (), shape, [None, None]))
    thin = int(np.argmin(shape)) if min(shape[1:]) < LEAST_SIDE else 0
    across = [axis for axis in range(3) if axis != thin]
    if tomography or thin != 0:
        place = middle if middle is not None and thin == 0 else shape[thin] // 2
        return View(_slice(array, lead, shape, thin, place))
    sizes = [min(shape[axis], MAX_SIDE_READ) for axis in across]
    best: Array | None = None
    for index in spread(shape[0], MAX_ELEMENTS // (sizes[0] * sizes[1])):
        found = _slice(array, lead, shape, 0, index)
        best = found if best is None else np.maximum(best, found)
    if best is None:
        raise FileError("invalid", "There is nothing to show.")
    return View(best)


def _slice(array: Any, lead: tuple[int, ...], shape: Sequence[int], axis: int, index: int) -> Array:
    fixed: list[int | None] = [None, None, None]
    fixed[axis] = index
    return _read(array, lead, shape, fixed)


def _read(array: Any, lead: tuple[int, ...], shape: Sequence[int], fixed: Sequence[int | None]) -> Array:
    """A plane; of one that is far too large, the middle."""
    selection: list[int | slice] = [*lead]
    for extent, index in zip(shape, fixed, strict=True):
        if index is not None:
            selection.append(index)
        else:
            start = max((extent - MAX_SIDE_READ) // 2, 0)
            selection.append(slice(start, min(start + MAX_SIDE_READ, extent)))
    return np.asarray(array[tuple(selection)])


def montage(tiles: Sequence[Array]) -> Array:
    """Pictures of one size side by side in a grid that is about square, a dark line between them."""
    height, width = tiles[0].shape
    columns = max(1, round(math.sqrt(len(tiles) * height / width)))
    rows = max(1, len(tiles) // columns)
    tiles = tiles[: rows * columns]
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), min(t.min() for t in tiles))
    for number, tile in enumerate(tiles):
        top, left = number // columns * (height + 1), number % columns * (width + 1)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def png(view: View, max_side: int) -> bytes:
    """The view as a PNG of at most `max_side` pixels, contrast stretched between two percentiles."""
    if view.array.size == 0:
        raise FileError("invalid", "There is nothing to show.")
    pixels = view.array if view.colour and view.array.dtype == np.uint8 else _stretched(view.array)
    image = Image.fromarray(pixels)
    longest = max(image.size)
    if longest > max_side:
        image = image.resize(
            _scaled(image.size, max_side / longest),
            Image.Resampling.BOX if longest > 4 * max_side else Image.Resampling.LANCZOS,
        )
    elif longest < ENLARGE_BELOW:
        factor = min(ENLARGE_BELOW // longest + 1, max_side // longest)
        image = image.resize(_scaled(image.size, max(factor, 1)), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True, pnginfo=_scale(view))
    return stream.getvalue()


def _scale(view: View) -> PngInfo | None:
    """What black and white are, and how many rows and columns it is made of; None for colours."""
    finite = view.array[np.isfinite(view.array)] if not view.colour else view.array[:0]
    if finite.size == 0:
        return None
    rows, columns = (0, 0) if view.montage else view.array.shape[:2]
    black, white = _ends(np.asarray(finite, dtype=np.float32))
    told = PngInfo()
    told.add_text(SCALE_WORD.decode(), f"{black!r} {white!r} {rows} {columns}")
    return told


def grey_values(view: View, max_side: int) -> dict[str, Any] | None:
    """What a thumbnail is drawn of, as numbers, so that several can be drawn at one scale; None for colours.

    `pixels`: float32 (little-endian, row by row, packed by zlib), at most `max_side` wide and high, each the mean
    of those that it stands for. `black` and `white`: the values between which this one alone would be drawn.
    """
    if view.colour or view.montage or view.array.size == 0:
        return None
    values = np.asarray(view.array, dtype=np.float32)
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return None
    black, white = _ends(finite)
    values = np.nan_to_num(values, nan=black, posinf=white, neginf=black)
    image = Image.fromarray(values)
    if max(image.size) > max_side:
        image = image.resize(_scaled(image.size, max_side / max(image.size)), Image.Resampling.BOX)
    pixels = np.asarray(image, dtype="<f4")
    return {
        "width": image.width,
        "height": image.height,
        "black": float(black),
        "white": float(white),
        "pixels": base64.b64encode(zlib.compress(pixels.tobytes(), 6)).decode(),
    }


def _ends(finite: Array) -> tuple[float, float]:
    low, high = np.percentile(finite, (LOW, HIGH))
    if high <= low:
        return float(finite.min()), float(finite.max())
    return float(low), float(high)


def _scaled(size: tuple[int, int], factor: float) -> tuple[int, int]:
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _stretched(array: Array) -> npt.NDArray[np.uint8]:
    values = np.asarray(array, dtype=np.float32)
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return np.zeros(values.shape, np.uint8)
    low, high = _ends(finite)
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / max(high - low, 1e-30)
    return np.asarray(np.clip(scaled, 0.0, 1.0) * 255.0, dtype=np.uint8)
