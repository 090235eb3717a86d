"""In the parent: the files of a registered folder, opened through the door for a child that asks by name."""

import json
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from gantry_formats import decoded
from portal.errors import LimitError, NotFoundError, PortalError, UnsafeFileError
from portal.files.confined import Root

MOST_FILES = 20_000
MOST_STORED = 1000
MAX_NAME = 16_384


class Beside:
    """What lies beneath `folder` may be read by a child that looks into the file `name` of it.

    `folders` are the absolute paths that the folder is known by. `opened` says afterwards which files were: they
    are what the file links to. `links`: whether symbolic and hard links that stay in it may be followed.
    """

    def __init__(self, folder: Root, name: str, folders: Sequence[str], *, links: bool = False) -> None:
        self.name, self.folders, self._folder, self._links = name, tuple(folders), folder, links
        self.opened: dict[str, os.stat_result] = {}

    def open(self, name: str) -> BinaryIO:
        """A file of the folder, still the one that it was before. Raises PortalError."""
        if name not in self.opened and len(self.opened) >= MOST_FILES:
            raise LimitError(f"More than {MOST_FILES} files are linked to.")
        try:
            storable = len(name.encode()) <= MOST_STORED
        except UnicodeEncodeError:
            storable = False
        if not storable:
            raise UnsafeFileError(f"{decoded(name)[:200]} is no name that the catalogue can hold")
        file = self._folder.open_file(name, hard_links=self._links, links=self._links)
        self.opened.setdefault(name, os.fstat(file.fileno()))
        return file

    @contextmanager
    def served(self) -> Iterator[socket.socket]:
        """The end of a channel for the child, answered until it is closed."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        thread = threading.Thread(target=self._serve, args=(ours,), daemon=True)
        with theirs:
            thread.start()
            yield theirs
        thread.join()

    def _serve(self, channel: socket.socket) -> None:
        with channel:
            try:
                while name := channel.recv(MAX_NAME):
                    self._answer(channel, os.fsdecode(name))
            except OSError:  # the child is gone
                return

    def _answer(self, channel: socket.socket, name: str) -> None:
        try:
            with self.open(name) as file:
                socket.send_fds(channel, [b"{}"], [file.fileno()])
        except PortalError as error:
            why = "missing" if isinstance(error, NotFoundError) else "unsafe"
            words = f"{decoded(name)} is not there" if why == "missing" else error.message.rstrip(".")
            channel.sendall(json.dumps({"why": why, "words": words[:2000]}).encode())
