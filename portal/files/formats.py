"""Which files are HDF5, TIFF, MRC or PNG: by their bytes, and by their names where only names are known.

Standard library only: whoever judges a file asks here, also where no reader of the format is installed.
`wrappers.io` has the same suffixes; a test holds the two lists against each other.
"""

from pathlib import PurePosixPath

from gantry_formats import mrc
from gantry_formats.kinds import (
    FIRST_USER_BLOCK,
    HDF5_SIGNATURE,
    OF_MACOS,
    PNG_SIGNATURE,
    TIFF_SIGNATURES,
    Format,
    format_of,
    hdf5_start,
    is_hdf5,
    kind_in_words,
)

__all__ = [
    "FIRST_USER_BLOCK",
    "HDF5_SIGNATURE",
    "HDF5_SUFFIXES",
    "MRC_SUFFIXES",
    "OF_MICROSCOPES",
    "PNG_HEAD_BYTES",
    "PNG_SIGNATURE",
    "TIFF_SIGNATURES",
    "TIFF_SUFFIXES",
    "Format",
    "format_of",
    "hdf5_start",
    "is_hdf5",
    "is_named_as_array",
    "is_named_as_hdf5",
    "kind_in_words",
    "microscope_format",
    "png_size",
]

HDF5_SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx", ".nx5", ".rtdc", ".ims")
TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".tf2", ".lsm", ".stk", ".svs", ".scn", ".qptiff")
MRC_SUFFIXES = mrc.SUFFIXES

OF_MICROSCOPES = {".czi": "CZI", ".nd2": "ND2", ".lif": "LIF"}
"""Microscopes' own formats, which the portal does not read: the analysis `convert` does."""

PNG_HEAD_BYTES = 33
"""The signature and the first chunk, which says how large the picture is."""


def png_size(png: bytes) -> tuple[int, int] | None:
    """Width and height, which stand at fixed places of the first chunk (PNG 1.2, 11.2.2); None: it is no PNG."""
    if not png.startswith(PNG_SIGNATURE) or len(png) < PNG_HEAD_BYTES:
        return None
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def is_named_as_hdf5(name: str) -> bool:
    """Whether a name says HDF5: worth looking through for links."""
    return _suffix(name) in HDF5_SUFFIXES


def microscope_format(name: str) -> str | None:
    """The name of a microscope's own format, by the file's name; None for all others."""
    return OF_MICROSCOPES.get(PurePosixPath(name).suffix.lower())


def is_named_as_array(name: str) -> bool:
    """Whether a name says HDF5, TIFF or MRC: worth looking into for parameters and a picture, and no more."""
    return _suffix(name) in HDF5_SUFFIXES + TIFF_SUFFIXES + MRC_SUFFIXES


def _suffix(name: str) -> str:
    """What a name says of the kind, in small letters; nothing for what macOS keeps beside a file."""
    path = PurePosixPath(name)
    return "" if path.name.startswith(OF_MACOS) else path.suffix.lower()
