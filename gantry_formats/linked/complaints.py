"""What the HDF5 library complains of, in words for people."""

from __future__ import annotations

import re

_TRUNCATED = re.compile(r"eof = (\d+).*stored_eof = (\d+)")
_OF_LIBRARY = ("Unable to", "Can't", "Unable synchronously", "Object ")
_UNITS = (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2), ("kB", 1024))
ARE_THERE = " are there"
"""How a clause ends that says how much of a file there is."""


def fault_in_words(error: BaseException) -> str:
    """What is wrong with a file, as a clause; empty where its words are the library's own and say nothing more."""
    text = str(error)
    if sizes := _TRUNCATED.search(text):
        return part_there(int(sizes[1]), int(sizes[2]))
    return "" if text.startswith(_OF_LIBRARY) else text.splitlines()[0] if text else ""


def part_there(there: int, whole: int) -> str:
    """How much of a file there is, as a clause: "535 of 893 kB are there".

    To the byte where it is nearly all; a small part stands in a unit of its own: "3.0 kB of 1.2 MB are there".
    """
    for unit, size in _UNITS:
        if whole >= size:
            digits = 0 if whole >= 100 * size else 1
            part, full = f"{there / size:.{digits}f}", f"{whole / size:.{digits}f}"
            if float(part) == 0:
                return f"{_size(there)} of {full} {unit}{ARE_THERE}"
            if part != full:
                return f"{part} of {full} {unit}{ARE_THERE}"
    return f"{there:,} of {whole:,} bytes{ARE_THERE}"


def _size(count: int) -> str:
    for unit, size in _UNITS:
        if count >= size:
            return f"{count / size:.{0 if count >= 100 * size else 1}f} {unit}"
    return f"{count:,} bytes"
