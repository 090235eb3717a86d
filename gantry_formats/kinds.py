"""What a file is by its first bytes: HDF5, TIFF, MRC, or in words one of the other kinds that people have."""

from __future__ import annotations

from typing import BinaryIO, Literal

from gantry_formats import mrc

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
FIRST_USER_BLOCK = 512
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

OF_MACOS = "._"
"""Before a file's name: what macOS keeps of that file on disks of other systems, and no file of its kind."""

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


_HEAD_BYTES = 4096
_KINDS = (
    (0, b"ZISRAWFILE", "CZI, a format of Zeiss' microscopes"),
    (0, b"\xda\xce\xbe\x0a", "ND2, a format of Nikon's microscopes"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture (or an ND2 of before 2009)"),
    (0, PNG_SIGNATURE, "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE container, as OIB, ZVI and old Office files are"),
    (0, b"PK\3\4", "a ZIP archive"),
    (0, b"\x1f\x8b", "compressed by gzip"),
    (0, b"BZh", "compressed by bzip2"),
    (0, b"\xfd7zXZ\0", "compressed by xz"),
    (0, b"\x28\xb5\x2f\xfd", "compressed by Zstandard"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"%PDF", "a PDF"),
    (0, b"\x93NUMPY", "an array of NumPy's, which has no axes or units"),
    (0, b"SIMPLE  =", "FITS"),
    (128, b"DICM", "DICOM"),
    (0, b"\x0e\x03\x13\x01", "HDF4"),
    (0, b"CDF\1", "netCDF 3"),
    (0, b"CDF\2", "netCDF 3"),
)
"""What files begin with that people have beside their arrays: offset, bytes, in words."""
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def other_kind(file: BinaryIO, expected: Format) -> str:
    """What a file is that is not of the format which its name says, as a clause; empty where it is of that one."""
    found = format_of(file)
    if found == expected:
        return ""
    return kind_in_words(file) if found == "other" else f"it is {found.upper()}"


def kind_in_words(file: BinaryIO) -> str:
    """What a file of another kind is, by its first bytes, as a clause: "it is a ZIP archive".

    The position of `file` moves.
    """
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    for offset, signature, words in _KINDS:
        if head[offset:].startswith(signature):
            return f"it is {words}"
    if head[:4] == b"\x70\0\0\0" and head[8:9] == b"\x2a":
        return "it is LIF, a format of Leica's microscopes"
    if head and not _CONTROLS.intersection(head):
        start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
        if start.startswith((b"<!doctype html", b"<html")):
            return "it is a web page (HTML), such as a server's page to sign in"
        return "it is XML" if start.startswith(b"<?xml") else "it is text"
    return "its format is not known here"
