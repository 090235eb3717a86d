"""Which files are HDF5, TIFF, MRC or PNG: by their bytes, and by their names where only names are known.

Standard library only: whoever judges a file asks here, also where no reader of the format is installed.
`wrappers.io` has the same suffixes; a test holds the two lists against each other.
"""

from pathlib import PurePosixPath
from typing import BinaryIO, Literal

from gantry_formats import mrc

HDF5_SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx", ".nx5", ".rtdc", ".ims")
TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".tf2")
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
FIRST_USER_BLOCK = 512
MRC_SUFFIXES = mrc.SUFFIXES

OF_MICROSCOPES = {".czi": "CZI", ".nd2": "ND2", ".lif": "LIF"}
"""Microscopes' own formats, which the portal does not read: the analysis `convert` does."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_HEAD_BYTES = 33
"""The signature and the first chunk, which says how large the picture is."""

Format = Literal["hdf5", "tiff", "mrc", "other"]


def is_hdf5(file: BinaryIO) -> bool:
    """Whether an HDF5 library would open it. The position of `file` moves."""
    return hdf5_start(file) is not None


def hdf5_start(file: BinaryIO) -> int | None:
    """Where the signature stands, as an HDF5 library looks for it: at 0, 512, 1024, 2048, … to the file's end.

    What lies before it is the user block, of any size and content (HDF5 file format 3.0, II.A). The position of
    `file` moves.
    """
    end = file.seek(0, 2)
    place = 0
    while place < end:
        file.seek(place)
        if file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE:
            return place
        place = place * 2 or FIRST_USER_BLOCK
    return None


def format_of(file: BinaryIO) -> Format:
    """What the bytes say. A file that is both is HDF5, the one that can lead out of itself."""
    if is_hdf5(file):
        return "hdf5"
    file.seek(0)
    head = file.read(mrc.HEAD_BYTES)
    if head[:4] in TIFF_SIGNATURES:
        return "tiff"
    return "mrc" if mrc.is_mrc(head) else "other"


def png_size(png: bytes) -> tuple[int, int] | None:
    """Width and height, which stand at fixed places of the first chunk (PNG 1.2, 11.2.2); None: it is no PNG."""
    if not png.startswith(PNG_SIGNATURE) or len(png) < PNG_HEAD_BYTES:
        return None
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def is_named_as_hdf5(name: str) -> bool:
    """Whether a name says HDF5: worth looking through for links."""
    return PurePosixPath(name).suffix.lower() in HDF5_SUFFIXES


def microscope_format(name: str) -> str | None:
    """The name of a microscope's own format, by the file's name; None for all others."""
    return OF_MICROSCOPES.get(PurePosixPath(name).suffix.lower())


def is_named_as_array(name: str) -> bool:
    """Whether a name says HDF5, TIFF or MRC: worth looking into for parameters and a picture, and no more."""
    return PurePosixPath(name).suffix.lower() in HDF5_SUFFIXES + TIFF_SUFFIXES + MRC_SUFFIXES
