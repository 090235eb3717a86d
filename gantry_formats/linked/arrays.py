"""An object of linked HDF5 files, and an array whose values lie in its own file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import h5py
import numpy as np

from gantry_formats.linked.links import Files
from gantry_formats.text import decoded


@dataclass(frozen=True)
class Node:
    """An object: the file (its name) that it lies in, its identifier, and the path by which it was reached."""

    file: str
    identifier: Any
    way: bytes
    """Without a slash at either end; empty for the master's root."""

    @property
    def path(self) -> str:
        """The way, to be shown."""
        return f"/{decoded(self.way)}" if self.way else "/"

    @property
    def above(self) -> bytes:
        """The way to the group that holds it."""
        return self.way.rpartition(b"/")[0]

    @property
    def address(self) -> tuple[str, int]:
        """What tells it from all others, by whichever path it was reached."""
        return self.file, h5py.h5o.get_info(self.identifier).addr


class Owner(Protocol):
    """What an array asks of the tree that it belongs to (`tree.Tree`, which says what each of them does)."""

    files: Files | None

    def file(self, holder: str, written: str) -> str: ...

    def within(self, file: str, path: bytes) -> Node: ...

    def group(self, way: bytes) -> h5py.Group: ...

    def thing(self, node: Node) -> Any: ...

    def deeper(self) -> AbstractContextManager[None]: ...


class Array(h5py.Dataset):  # type: ignore[misc]
    """An array of a Tree. Its values lie in its own file: h5py reads them."""

    def __init__(self, node: Node, tree: Owner) -> None:
        super().__init__(node.identifier)
        self.tree, self.node = tree, node

    @property
    def name(self) -> str:
        """The path by which it was reached."""
        return self.node.path

    @property
    def parent(self) -> h5py.Group:
        """The group above it on the path by which it was reached."""
        return self.tree.group(self.node.above)

    def check(self) -> None:
        """Raises LinkError, in words, where not all of its values can be read."""


def scalar_or_array(values: np.ndarray, away: list[int]) -> Any:
    """Take away the axes that were indexed by a number."""
    reduced = values.reshape([length for axis, length in enumerate(values.shape) if axis not in away])
    return reduced[()] if reduced.ndim == 0 else reduced
