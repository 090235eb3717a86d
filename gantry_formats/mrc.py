"""The header of MRC and CCP4 files: what their data are, where they begin, how large an element is.

Cheng et al., "MRC2014", J. Struct. Biol. 192 (2015), and IMOD's note on bytes without a sign. The header is a
kilobyte; whoever reads the data reads them by section, since a volume may be larger than the memory.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from gantry_formats.images import Sizes
from gantry_formats.sizes import Size

SUFFIXES = (".mrc", ".mrcs", ".ccp4", ".map", ".rec", ".st", ".ali")
HEAD_BYTES = 1024
MODES = {0: "i1", 1: "i2", 2: "f4", 4: "c8", 6: "u2", 12: "f2"}
"""Types of NumPy by mode."""
OTHER_MODES = {3: "complex whole numbers", 16: "colours", 101: "four bits"}
STACK_OF_VOLUMES = range(401, 631)
"""Space groups that mean: `mz` sections each, one volume behind the other."""
UM_IN_ANGSTROM = 1e-4

_WORDS = "10i6f3i3f2i"
"""nx ny nz mode starts (3) mx my mz, cell (6), mapc mapr maps, extremes and mean, space group, nsymbt."""
_MAP = slice(208, 211)
_STAMP = slice(212, 214)
_STAMPS = {b"DD": "<", b"DA": "<", b"\x11\x11": ">"}
_IMOD = slice(152, 160)
_IMOD_STAMP = 1146047817
_SIGNED = 1


class UnsupportedModeError(ValueError):
    """A kind of values that is not read here; no damage."""


@dataclass(frozen=True)
class Header:
    """Data of `shape` and `dtype` (NumPy's, with its byte order) begin at byte `offset`."""

    shape: tuple[int, ...]
    axes: str
    dtype: str
    offset: int
    sizes: Sizes
    mode: int
    space_group: int

    @property
    def end(self) -> int:
        """How many bytes the file has at least."""
        return self.offset + math.prod(self.shape) * int(self.dtype[2:])


def is_mrc(head: bytes) -> bool:
    """Whether the first kilobyte of a file is such a header."""
    return len(head) >= HEAD_BYTES and head[_MAP] == b"MAP" and _order(head) is not None


def header_of(head: bytes) -> Header:
    """What the first kilobyte of a file says. Raises ValueError in words, UnsupportedModeError."""
    order = _order(head) if len(head) >= HEAD_BYTES and head[_MAP] == b"MAP" else None
    if order is None:
        raise ValueError("it has no header of MRC")
    words = struct.unpack_from(order + _WORDS, head)
    columns, rows, sections, mode = words[:4]
    across, cell, maps, (group, extended) = words[7:10], words[10:13], words[16:19], words[22:24]
    if mode not in MODES:
        raise UnsupportedModeError(f"values of mode {mode} ({OTHER_MODES[mode]}) are not supported")
    if min(columns, rows, sections) < 1 or extended < 0:
        raise ValueError(f"its header names {columns} × {rows} × {sections} elements behind {extended} bytes")
    shape: tuple[int, ...] = (sections, rows, columns)
    letters = "".join("XYZ"[axis - 1] for axis in reversed(maps)) if sorted(maps) == [1, 2, 3] else "ZYX"
    sizes: Sizes = {
        axis: Size(float(f"{length / many * UM_IN_ANGSTROM:.7g}"), f"mrc:CELLA {axis}", length / many, "Å")
        for axis, length, many in zip("xyz", cell, across, strict=True)
        if many > 0 and 0 < length < math.inf
    }
    if group in STACK_OF_VOLUMES and across[2] > 0 and sections % across[2] == 0:
        shape, letters = (sections // across[2], across[2], rows, columns), "R" + letters
    elif group == 0:
        letters = letters.replace("Z", "Q") if letters.startswith("Z") else letters
        if across[2] == 1 < sections:
            sizes.pop("z", None)  # pictures one after another: nothing lies between them
    return Header(shape, letters, order + _type(head, order, mode), HEAD_BYTES + extended, sizes, mode, group)


def _order(head: bytes) -> str | None:
    """The byte order: the machine's stamp, where the mode makes sense by it; else the one by which it does."""
    stamped = _STAMPS.get(head[_STAMP])
    for order in dict.fromkeys((stamped or "<", "<", ">")):
        if struct.unpack_from(order + "i", head, 12)[0] in MODES | OTHER_MODES:
            return order
    return None


def _type(head: bytes, order: str, mode: int) -> str:
    stamp, flags = struct.unpack(order + "2i", head[_IMOD])
    without_sign = mode == 0 and stamp == _IMOD_STAMP and not flags & _SIGNED
    return "u1" if without_sign else MODES[mode]
