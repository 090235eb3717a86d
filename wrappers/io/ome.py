"""OME-TIFF that others open: axes, physical sizes with their units, channel names, where it comes from.

What is not known is left out: a size that nobody told is no size of one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tifffile

from wrappers.software import SOFTWARE

OME_TYPES: Mapping[str, str] = {
    "bool": "uint8",
    "float16": "float32",
    "int64": "float64",
    "uint64": "float64",
    "float128": "float64",
    "complex256": "complex128",
}
"""Types that OME's model does not have, and in what their values are kept. Whole numbers are exact up to 2**53."""
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class About:
    """What is known of a picture besides its values.

    `axes` has a letter an axis, slowest first; `sizes_um` is by axis ("x", "y", "z"). `acquired` is ISO 8601.
    `made_by` says how the values came about, as name and text.
    """

    axes: str
    name: str = ""
    sizes_um: Mapping[str, float] = field(default_factory=dict)
    time_step_s: float | None = None
    channels: Sequence[str] = ()
    acquired: str | None = None
    made_by: Mapping[str, str] = field(default_factory=dict)


def stored_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which OME-TIFF keeps values of `dtype`: its own, where OME's model has it."""
    return np.dtype(OME_TYPES.get(dtype.newbyteorder("=").name, dtype.newbyteorder("=").name))


@dataclass(frozen=True)
class Planes:
    """An array that comes plane by plane (y, x, or y, x, colour), the last of the axes before them fastest."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    planes: Iterable[np.ndarray]


@dataclass(frozen=True)
class Tiles:
    """An array of planes too large to be had at once: each comes in bands of SIDE rows, the last one shorter."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    bands: Iterable[np.ndarray]
    SIDE: ClassVar[int] = 512

    def cut(self, kept: np.dtype[Any]) -> Iterator[np.ndarray]:
        """Yield square tiles, filled up with zeros at the edges."""
        for band in self.bands:
            for first in range(0, band.shape[1], self.SIDE):
                part = band[:, first : first + self.SIDE]
                tile = np.zeros((self.SIDE, self.SIDE, *part.shape[2:]), kept)
                tile[: part.shape[0], : part.shape[1]] = part
                yield tile


def write_ome_tiff(path: Path, values: np.ndarray | Planes | Tiles, about: About) -> None:
    """Write an array as OME-TIFF, compressed (deflate, which every reader knows)."""
    kept = stored_type(values.dtype)
    tile = None
    if isinstance(values, Planes):
        given: Any = (np.ascontiguousarray(plane, dtype=kept) for plane in values.planes)
    elif isinstance(values, Tiles):
        given, tile = values.cut(kept), (Tiles.SIDE, Tiles.SIDE)
    else:
        given = values.astype(kept, copy=False)
    tifffile.imwrite(
        path,
        given,
        shape=values.shape,
        dtype=kept,
        tile=tile,
        ome=True,
        metadata=metadata_of(about),
        photometric="rgb" if about.axes.endswith("S") else "minisblack",
        compression="zlib",
        compressionargs={"level": 1},
        software=SOFTWARE,
        bigtiff=int(np.prod(values.shape, dtype=np.int64)) * kept.itemsize > 2**31,
    )


def metadata_of(about: About) -> dict[str, Any]:
    """What tifffile is told, so that it writes it as OME-XML."""
    # An identifier of the kind that says nothing of the machine, which tifffile's own would.
    told: dict[str, Any] = {"axes": about.axes, "Creator": SOFTWARE, "UUID": f"urn:uuid:{uuid.uuid4()}"}
    if about.name:
        told["Name"] = plain(about.name)
    for axis, size in about.sizes_um.items():
        told[f"PhysicalSize{axis.upper()}"] = float(size)
        told[f"PhysicalSize{axis.upper()}Unit"] = "µm"
    if about.time_step_s:
        told |= {"TimeIncrement": float(about.time_step_s), "TimeIncrementUnit": "s"}
    if about.channels:
        told["Channel"] = {"Name": [plain(name) for name in about.channels]}
    if about.acquired:
        told["AcquisitionDate"] = about.acquired
    if about.made_by:
        told["MapAnnotation"] = {plain(key): plain(value) for key, value in about.made_by.items()}
    return told


def plain(text: str) -> str:
    """The text without what XML has no way to write; names in files may hold anything."""
    kept = "".join(c for c in text if c.isprintable() or c in " \t\n")
    return kept.encode("utf-8", "replace").decode("utf-8")[:MOST_CHARACTERS]
