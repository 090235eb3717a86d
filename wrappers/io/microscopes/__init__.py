"""Microscopes' own formats, by readers that a program may have or not: CZI (Zeiss), ND2 (Nikon), LIF (Leica).

Each series (scene, image) of a file is an array that is read plane by plane. The readers are in the image
`microscopy` (requirements/image-microscopy.txt); elsewhere a file says which one is missing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from wrappers.errors import BadInput
from wrappers.io.microscopes import czi, lif, nd2
from wrappers.io.source import ArraySource, LeftOut, readable

Read: TypeAlias = Callable[[tuple[slice, ...]], np.ndarray]

FORMATS = {
    ".czi": ("CZI", "pylibCZIrw", czi.survey),
    ".nd2": ("ND2", "nd2", nd2.survey),
    ".lif": ("LIF", "liffile", lif.survey),
}
SUFFIXES = tuple(FORMATS)


@contextmanager
def open_microscope(path: Path, name: str) -> Iterator[tuple[list[ArraySource], list[LeftOut]]]:
    """Yield the arrays of a file, readable until the block ends, and what of it is left out.

    BadInput where it is damaged, or its reader is not installed here.
    """
    kind, library, survey = FORMATS[path.suffix.lower()]
    with ExitStack() as stack:
        # Readers warn of what they miss in a file; what matters of it is in `left out`.
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        try:
            found = stack.enter_context(survey(path))
        except ImportError as error:
            missing = f"{name} is {kind}, and the reader for it, {library}, is not installed where this ran."
            raise BadInput(missing) from error
        except BadInput:
            raise
        except Exception as error:  # what a reader raises of a damaged file is its own affair
            reason = (str(error).splitlines() or [type(error).__name__])[0][:160].rstrip(".")
            raise BadInput(
                f"{name} cannot be read as {kind}; it may be incomplete or damaged ({reason})."
            ) from error
        arrays, left_out = found
        yield [replace(array, read=_guarded(array.read, path, kind)) for array in arrays], left_out


def _guarded(read: Read, path: Path, kind: str) -> Read:
    def guarded(place: tuple[slice, ...]) -> np.ndarray:
        with readable(path, kind):
            return read(place)

    return guarded
