"""The files of a folder, by name, as a Tree takes them."""

from pathlib import Path
from typing import BinaryIO

import h5py
import pytest

from gantry_formats.linked import LinkError, Tree, Why


class Folder:
    """All regular files beneath a folder may be read; `opened` are those that were."""

    def __init__(self, path: Path) -> None:
        self.path, self.folders = path, [str(path)]
        self.opened: list[str] = []

    def raw(self, name: str) -> BinaryIO:
        if not (self.path / name).is_file():
            raise LinkError(Why.MISSING, f"{name} is not there")
        self.opened.append(name)
        return (self.path / name).open("rb")

    def hdf5(self, name: str) -> h5py.File:
        return h5py.File(self.raw(name), "r")


@pytest.fixture
def tree_of(tmp_path):
    """Return tree(name): the file of that name in tmp_path, with those beside it."""
    opened = []

    def tree(name: str) -> Tree:
        file = h5py.File((tmp_path / name).open("rb"), "r")
        opened.append(file)
        return Tree(file, name, Folder(tmp_path))

    yield tree
    for file in opened:
        file.close()
