"""Groups and arrays of linked HDF5 files as h5py's own, save that no access makes the library follow a link.

A path is walked component by component. A link to another file is opened by `Files`, and what lies there bears the
path by which it was reached, so that parents are the master's groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py

from gantry_formats.linked.arrays import Array, Node
from gantry_formats.linked.links import Files, LinkError, Why, place_of, text_of
from gantry_formats.linked.stored import Stored
from gantry_formats.linked.virtual import Virtual
from gantry_formats.text import decoded

MOST_STEPS = 2_000
"""Components and links on the way to one object: more is a circle."""
MOST_FILES = 16
"""Files that are entered on the way to one object, or one behind the other for a value."""


class Tree:
    """An open HDF5 file, `name` beneath the registered folder, with what it links to. Close the file yourself.

    Without `files` every link to another file is a LinkError.
    """

    def __init__(self, file: h5py.File, name: str, files: Files | None = None) -> None:
        self.name, self.files = name, files
        self._opened: dict[str, h5py.File] = {name: file}
        self._deep = 0
        self.reached: set[tuple[str, int]] = set()
        """The addresses of arrays of other files that were reached."""

    @property
    def root(self) -> Group:
        """The file's root group."""
        return Group(Node(self.name, self._root_of(self.name), b""), self)

    def file(self, holder: str, written: str) -> str:
        """Open the HDF5 file that a link of the file `holder` means, if it is not open yet: its name."""
        if self.files is None:
            raise LinkError(Why.OUTSIDE, f"{decoded(written)} is another file")
        name = place_of(holder, written, self.files.folders)
        if name not in self._opened:
            self._opened[name] = self.files.hdf5(name)
        return name

    def open_file(self, name: str) -> h5py.File:
        """A file that is open. Raises KeyError."""
        return self._opened[name]

    def _root_of(self, name: str) -> Any:
        return h5py.h5g.open(self._opened[name].id, b"/")

    def find(self, start: Node, path: bytes) -> Node:
        """What a path leads to; an absolute one, from the master's root.

        Raises KeyError where there is nothing, LinkError where a link is not followed.
        """
        if path.startswith(b"/"):
            start = Node(self.name, self._root_of(self.name), b"")
        file, identifier, steps, files = start.file, start.identifier, 0, 0
        way = b"/".join([part for part in [start.way, *reversed(_parts(path))] if part])
        todo, wanted, beyond = _parts(path), b"", 0
        while todo:
            steps += 1
            if steps > MOST_STEPS or files > MOST_FILES:
                raise LinkError(Why.LOOP, f"{decoded(way)} leads in a circle")
            part = todo.pop()
            if not isinstance(identifier, h5py.h5g.GroupID) or not identifier.links.exists(part):
                if files and len(todo) >= beyond:
                    raise LinkError(Why.NOWHERE, f"{decoded(file)} has no {decoded(wanted)}")
                raise KeyError(f"{decoded(way)} does not exist")
            kind = identifier.links.get_info(part).type
            if kind == h5py.h5l.TYPE_HARD:
                identifier = h5py.h5o.open(identifier, part)
            elif kind == h5py.h5l.TYPE_SOFT:
                value = identifier.links.get_val(part)
                if value.startswith(b"/"):
                    identifier = self._root_of(file)
                todo += _parts(value)
            elif kind == h5py.h5l.TYPE_EXTERNAL:
                target, inner = identifier.links.get_val(part)
                file = self.file(file, text_of(target))
                identifier, files = self._root_of(file), files + 1
                todo, wanted, beyond = [*todo, *_parts(inner)], inner, len(todo)
            else:
                raise LinkError(Why.UNKNOWN, f"{decoded(way)} is a link of an unknown kind")
        return Node(file, identifier, way)

    def within(self, file: str, path: bytes) -> Node:
        """What a path leads to from the root of one of the files."""
        return self.find(Node(file, self._root_of(file), b""), path.lstrip(b"/"))

    def group(self, way: bytes) -> Group:
        """The group at this way from the master's root."""
        found = self.thing(self.within(self.name, way))
        if not isinstance(found, Group):
            raise KeyError(decoded(way))
        return found

    def thing(self, node: Node) -> Any:
        """The object as Group or Array, or h5py's Datatype."""
        if isinstance(node.identifier, h5py.h5g.GroupID):
            return Group(node, self)
        if isinstance(node.identifier, h5py.h5d.DatasetID):
            if node.file != self.name:
                self.reached.add(node.address)
            return array_of(node, self)
        return h5py.Datatype(node.identifier)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Bounds how many views lie one behind the other. Raises LinkError."""
        if self._deep >= MOST_FILES:
            raise LinkError(Why.LOOP, "a virtual dataset leads to itself, or through too many others")
        self._deep += 1
        try:
            yield
        finally:
            self._deep -= 1


def _parts(path: bytes) -> list[bytes]:
    """The components of a path, the first one last."""
    return [part for part in reversed(path.split(b"/")) if part not in (b"", b".")]


class Group(h5py.Group):  # type: ignore[misc]
    """A group whose members are reached by a Tree."""

    def __init__(self, node: Node, tree: Tree) -> None:
        super().__init__(node.identifier)
        self.node, self.tree = node, tree

    @property
    def name(self) -> str:
        """The path by which it was reached."""
        return self.node.path

    @property
    def parent(self) -> Group:
        """The group above it on the path by which it was reached."""
        return self.tree.group(self.node.above)

    @property
    def swmr_mode(self) -> bool:
        """Whether its file is read beside a program that writes it."""
        return bool(self.file.swmr_mode)

    def __getitem__(self, name: Any) -> Any:
        """A group or an array. Raises KeyError, LinkError."""
        if not isinstance(name, str | bytes):
            raise TypeError("Only names are followed")
        return self.tree.thing(self.tree.find(self.node, _raw(name)))

    def get(self, name: Any, default: Any = None, getclass: bool = False, getlink: bool = False) -> Any:
        """As h5py's. Raises LinkError where the name is a link that is not followed."""
        way, _slash, last = _raw(name).rpartition(b"/")
        try:
            if getlink:
                above = self.tree.find(self.node, way) if way else self.node
                return h5py.Group(above.identifier).get(last, getlink=True, getclass=getclass)
            return type(self[name]) if getclass else self[name]
        except KeyError:
            return default

    def __contains__(self, name: Any) -> bool:
        """Whether there is an object of that name, or a link that is not followed."""
        try:
            self.tree.find(self.node, _raw(name))
        except KeyError:
            return False
        except LinkError as error:
            return error.why is not Why.NOWHERE
        return True


def _raw(name: str | bytes) -> bytes:
    return name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name


def array_of(node: Node, tree: Tree) -> Array:
    """The array that fits where its values lie."""
    properties = node.identifier.get_create_plist()
    if properties.get_external_count():
        return Stored(node, tree)
    if properties.get_layout() == h5py.h5d.VIRTUAL:
        return Virtual(node, tree)
    return Array(node, tree)
