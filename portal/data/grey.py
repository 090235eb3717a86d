"""Pictures as numbers, to be drawn at a scale that several have in common. No heavy library is needed for it."""

import base64
import binascii
import math
import struct
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.errors import InvalidError

GREY_SIDE = 480
"""Pixels of a plane, at most, along its longer side."""
FLOAT_BYTES = 4


@dataclass(frozen=True)
class GreyPlane:
    """A picture whose pixels are values of the data. `pixels`: float32, little-endian, row by row, packed."""

    width: int
    height: int
    black: float
    white: float
    """The values between which it would be drawn if it were alone."""
    pixels: bytes


@dataclass(frozen=True)
class GreyScale:
    """The values that black and white stand for; what is beyond them is black or white too."""

    black: float
    white: float


@dataclass(frozen=True)
class PictureScale:
    """What is known of a picture's greys and of what it spans; None: it is not known."""

    black: float | None = None
    """The value that is drawn as black; from there grey goes linearly to `white`."""
    white: float | None = None
    width_um: float | None = None
    height_um: float | None = None


UNSAID = PictureScale()
SCALE_WORD = b"gantry-scale"
"""The keyword of the text in a PNG of ours that tells what black and white are, and what it was made of."""
MOST_OF_SCALE = 200


def scale_of_png(png: bytes, sizes: Mapping[tuple[int, int], tuple[float, float]]) -> PictureScale:
    """What a PNG that our child drew says of itself; nothing of it is believed that is not sound.

    `sizes`: height and width in µm of an element, by rows and columns of the plane that it is of.
    """
    said = _text_of(png, SCALE_WORD)
    try:
        black, white, rows, columns = (float(part) for part in said.split())
    except ValueError:
        return UNSAID
    if not all(map(math.isfinite, (black, white, white - black, rows, columns))) or white <= black:
        return UNSAID
    known = sizes.get((int(rows), int(columns)))
    if known is None or not all(math.isfinite(size) and size > 0 for size in known):
        return PictureScale(black, white)
    return PictureScale(black, white, width_um=columns * known[1], height_um=rows * known[0])


def _text_of(png: bytes, keyword: bytes) -> str:
    """The text under a keyword in the head of a PNG; empty without."""
    place = 8
    while place + 12 <= len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        content = png[place + 8 : place + 8 + length]
        if kind == b"IDAT":
            return ""
        if kind == b"tEXt" and content.startswith(keyword + b"\0") and length < MOST_OF_SCALE:
            return content[len(keyword) + 1 :].decode("ascii", "replace")
        place += 12 + length
    return ""


def grey_plane(answer: Mapping[str, Any], max_side: int) -> GreyPlane:
    """From what a child answered about a file, of which nothing is believed. Raises InvalidError."""
    try:
        plane = GreyPlane(
            int(answer["width"]),
            int(answer["height"]),
            float(answer["black"]),
            float(answer["white"]),
            base64.b64decode(answer["pixels"], validate=True),
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise InvalidError("The picture's values cannot be read.") from error
    sound = 0 < plane.width <= max_side and 0 < plane.height <= max_side
    if not sound or not math.isfinite(plane.black) or not math.isfinite(plane.white):
        raise InvalidError("The picture's values cannot be read.")
    values_of(plane)
    return plane


def values_of(plane: GreyPlane) -> Sequence[float]:
    """The values, row by row. Raises InvalidError where they are not as many as the picture has pixels."""
    wanted = plane.width * plane.height * FLOAT_BYTES
    try:
        unpacked = zlib.decompressobj().decompress(plane.pixels, wanted + 1)
    except zlib.error as error:
        raise InvalidError("The picture's values cannot be read.") from error
    if len(unpacked) != wanted:
        raise InvalidError("The picture's values cannot be read.")
    values = array("f")
    values.frombytes(unpacked)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def common_scale(planes: Sequence[GreyScale]) -> GreyScale | None:
    """One scale on which none of them loses what it would show alone; None without any."""
    if not planes:
        return None
    black, white = min(one.black for one in planes), max(one.white for one in planes)
    return GreyScale(black, white if white > black else black + 1.0)


def drawn(plane: GreyPlane, scale: GreyScale) -> bytes:
    """The PNG (8 bit, grey) of the plane, black and white at the ends of the scale, linear between."""
    black, span = scale.black, scale.white - scale.black
    grey = bytes(
        0 if not (value > black) else 255 if value >= scale.white else int((value - black) * 255.0 / span + 0.5)
        for value in values_of(plane)
    )
    width = plane.width
    rows = b"".join(b"\0" + grey[start : start + width] for start in range(0, len(grey), width))
    head = struct.pack(">IIBBBBB", width, plane.height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
