"""In the limited child: files beside the one that it was given, asked of the parent by name.

The parent opens them through the door and passes a descriptor. The child opens nothing itself: it may hold no
further descriptor, save while it takes one that the parent passes.
"""

import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import h5py

from gantry_formats.linked import LinkError, Why
from portal.data.parsing.errors import FileError
from portal.data.parsing.readers.opening import open_hdf5, room
from portal.files.formats import is_hdf5

MOST_OPEN = 900
"""Kept open at a time; to be looked at, a file is opened and closed again."""
MAX_ANSWER = 16_384


class Asked:
    """The files of the registered folder, as gantry_formats.linked takes them."""

    def __init__(self, channel: socket.socket, folders: Sequence[str]) -> None:
        self._channel, self.folders = channel, folders
        self._hdf5: dict[str, h5py.File] = {}
        self._raw: dict[str, BinaryIO] = {}

    def raw(self, name: str) -> BinaryIO:
        """See gantry_formats.linked.Files."""
        if name not in self._raw:
            self._check_room()
            self._raw[name] = self.ask(name)
        return self._raw[name]

    def hdf5(self, name: str) -> h5py.File:
        """See gantry_formats.linked.Files."""
        if name not in self._hdf5:
            self._check_room()
            self._hdf5[name] = self._open(name, self.ask(name))
        return self._hdf5[name]

    @contextmanager
    def once(self, name: str) -> Iterator[h5py.File]:
        """An HDF5 file to be looked at, closed afterwards. Raises LinkError."""
        with self.ask(name) as file, self._open(name, file) as opened:
            yield opened

    def _open(self, name: str, file: BinaryIO) -> h5py.File:
        if not is_hdf5(file):
            raise LinkError(Why.DAMAGED, f"{name} is no HDF5 file")
        try:
            return open_hdf5(file).file
        except FileError as error:
            raise LinkError(Why.DAMAGED, f"{name}: {error.message[0].lower()}{error.message[1:-1]}") from error

    def _check_room(self) -> None:
        if len(self._hdf5) + len(self._raw) >= MOST_OPEN:
            raise LinkError(Why.MANY, f"more than {MOST_OPEN} files would have to be open at a time")

    def ask(self, name: str) -> BinaryIO:
        """A file of this name, opened by the parent. Raises LinkError, in its words."""
        self._channel.sendall(os.fsencode(name))
        with room():
            said, descriptors, _flags, _address = socket.recv_fds(self._channel, MAX_ANSWER, 1)
        if descriptors:
            return os.fdopen(descriptors[0], "rb")
        answer = json.loads(said or b"{}")
        raise LinkError(Why(answer.get("why", Why.UNSAFE)), str(answer.get("words", "it cannot be opened")))
