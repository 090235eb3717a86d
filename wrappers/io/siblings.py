"""The files of a dataset as those of one HDF5 file's links: opened by name, and which of them lead."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import h5py

from gantry_formats.kinds import other_kind
from gantry_formats.linked import LinkError, Why
from gantry_formats.linked.complaints import fault_in_words
from gantry_formats.linked.links import led_to, names_in
from wrappers.errors import BadInput
from wrappers.job import Beside, InputFile

MOST_LOOKED_AT = 64
"""HDF5 files of a dataset among which those that lead are looked for, where the catalogue does not tell."""
_OPEN_ELSEWHERE = "already open for write"
_WANTED_DESCRIPTORS = 8192


def open_beside_a_writer(path: Path) -> h5py.File:
    """Open an HDF5 file, one that is still open for writing as far as it goes. Raises OSError, BadInput."""
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        if _OPEN_ELSEWHERE not in str(error):
            raise
    try:
        return h5py.File(path, "r", locking=False, swmr=True)
    except OSError as error:
        raise BadInput(
            f"{path.name} is still open for writing, or was never closed: it cannot be read before the program "
            "that writes it is done (h5clear -s makes one readable that was left open)."
        ) from error


class Siblings:
    """The files of a dataset, as gantry_formats.linked takes them; open until the stack ends."""

    def __init__(self, beside: Beside, stack: ExitStack) -> None:
        self._beside, self._stack = beside, stack
        self.folders = (beside.folder,)
        self._hdf5: dict[str, h5py.File] = {}
        self._raw: dict[str, BinaryIO] = {}
        _more_descriptors()

    def _path(self, name: str) -> Path:
        path = self._beside.files.get(name)
        if path is None and name in self._beside.not_followed:
            raise LinkError(Why.MISSING, f"{name} is no file of this dataset: {self._beside.not_followed[name]}")
        if path is None:
            raise LinkError(Why.MISSING, f"{name} is no file of this dataset")
        return path

    def hdf5(self, name: str) -> h5py.File:
        """See gantry_formats.linked.Files."""
        if name not in self._hdf5:
            try:
                self._hdf5[name] = self._stack.enter_context(open_beside_a_writer(self._path(name)))
            except (OSError, RuntimeError) as error:
                raise LinkError(Why.DAMAGED, self._fault(name, error)) from error
            except BadInput as error:
                raise LinkError(Why.DAMAGED, str(error).rstrip(".")) from error
        return self._hdf5[name]

    def _fault(self, name: str, error: Exception) -> str:
        try:
            with self._path(name).open("rb") as file:
                other = other_kind(file, "hdf5")
        except OSError as not_opened:
            return f"{name} cannot be opened ({not_opened.strerror})"
        if other:
            return f"{name} is no HDF5 file: {other}"
        words = fault_in_words(error)
        return f"{name} is damaged: {words}" if words else f"{name} is damaged: it cannot be opened as HDF5"

    def raw(self, name: str) -> BinaryIO:
        """See gantry_formats.linked.Files."""
        if name not in self._raw:
            try:
                self._raw[name] = self._stack.enter_context(self._path(name).open("rb"))
            except OSError as error:
                raise LinkError(Why.MISSING, f"{name} cannot be opened ({error.strerror})") from error
        return self._raw[name]


def _more_descriptors() -> None:
    """A view of thousands of files needs as many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def leading(files: Sequence[InputFile], suffixes: Sequence[str]) -> list[InputFile]:
    """The files without those that others of them lead to: what these hold is read through the others, once."""
    hdf5 = [file for file in files if file.suffix in suffixes and file.beside is not None]
    if not 1 < len(hdf5) <= MOST_LOOKED_AT:
        return list(files)
    edges: dict[tuple[int, str], set[tuple[int, str]]] = {}
    for file in hdf5:
        assert file.beside is not None
        dataset = id(file.beside)
        try:
            with open_beside_a_writer(file.path) as opened:
                names = names_in(opened, file.name, (file.beside.folder,), file.beside.files)
        except (OSError, RuntimeError, BadInput):
            names = set()
        edges[dataset, file.name] = {(dataset, name) for name in names}
    led = led_to(edges)
    return [file for file in files if (id(file.beside), file.name) not in led]
