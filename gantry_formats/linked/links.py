"""What leads out of an HDF5 file, listed without following it, and which file beneath a folder is meant by it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, Protocol, TypeVar

import h5py

from gantry_formats.text import decoded

OWN_FILE = "."
"""What a virtual dataset calls the file that it lies in."""
MOST_CHARACTERS = 4096


class Kind(StrEnum):
    """How a file leads to another."""

    LINK = "external link"
    VIRTUAL = "virtual dataset"
    STORAGE = "external storage"
    OTHER = "link of an unknown kind"


class Why(StrEnum):
    """Why what a link leads to is not read."""

    OUTSIDE = "outside"
    MISSING = "missing"
    NOWHERE = "nowhere"
    """The file is there, and has nothing at that place."""
    UNSAFE = "unsafe"
    DAMAGED = "damaged"
    LOOP = "loop"
    MANY = "many"
    UNKNOWN = "unknown"


class LinkError(Exception):
    """A link that is not followed. The message is a clause for people: `raw.h5 is not there`."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why = why
        self.message = message


@dataclass(frozen=True)
class Link:
    """A place in a file that leads to another, as it is written there.

    `inner` is the path in the other file; `way` the place as the file has it, of which `path` is for people.
    """

    path: str
    kind: Kind
    file: str
    inner: str = ""
    way: bytes = b""


class Files(Protocol):
    """The files that may be read, by name: a path relative to the registered folder, `/` between parts."""

    @property
    def folders(self) -> Sequence[str]:
        """What the registered folder is called, as absolute paths: links by such a path lead into it."""

    def hdf5(self, name: str) -> h5py.File:
        """An HDF5 file of that name, open for reading. Raises LinkError."""

    def raw(self, name: str) -> BinaryIO:
        """A file of that name, open for reading, with whatever bytes it has. Raises LinkError."""


def place_of(holder: str, written: str, folders: Sequence[str]) -> str:
    """The name of the file that a link means: `written` in the file `holder`, both in the registered folder.

    A relative path counts from the folder of the file that holds the link, as for the library; an absolute one
    must begin with one of `folders`. Raises LinkError where it leads out of the registered folder.
    """
    shown = decoded(written)
    if not written or "\0" in written or len(written) > MOST_CHARACTERS:
        raise LinkError(Why.UNSAFE, f"{shown[:100]!r} is no usable name")
    outside = LinkError(Why.OUTSIDE, f"{shown} lies outside of the registered folder")
    if written.startswith("/"):
        beneath = [
            written[len(folder.rstrip("/")) + 1 :]
            for folder in folders
            if written.startswith(folder.rstrip("/") + "/")
        ]
        if not beneath:
            raise outside
        parts, rest = [], beneath[0]
    else:
        parts, rest = holder.split("/")[:-1], written
    for part in rest.split("/"):
        if part == "..":
            if not parts:
                raise outside
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if not parts:
        raise LinkError(Why.UNSAFE, f"{shown} is no file")
    return "/".join(parts)


def text_of(raw: bytes) -> str:
    """A name as the operating system takes it: bytes that are no UTF-8 stay what they were."""
    return raw.decode("utf-8", "surrogateescape")


def members(group: Any, way: bytes) -> Iterator[tuple[bytes, bytes, int, Link | None]]:
    """What an h5py GroupID holds: the way, the name, the type of link, and the link where it leads out.

    Nothing is followed. Raises what h5py raises on damage.
    """
    for name in group:
        here = way + b"/" + name if way else name
        kind = group.links.get_info(name).type
        link = None
        if kind == h5py.h5l.TYPE_EXTERNAL:
            file, inner = group.links.get_val(name)
            link = Link(decoded(here), Kind.LINK, text_of(file), decoded(inner), here)
        elif kind not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
            link = Link(decoded(here), Kind.OTHER, "", way=here)
        yield here, name, kind, link


def links_of_dataset(identifier: Any, path: str) -> Iterator[Link]:
    """Where the values of an h5py DatasetID lie, as far as they lie in other files; each file and pattern once."""
    properties = identifier.get_create_plist()
    for index in range(properties.get_external_count()):
        yield Link(path, Kind.STORAGE, text_of(_bytes(properties.get_external(index)[0])))
    if properties.get_layout() != h5py.h5d.VIRTUAL:
        return
    seen = {OWN_FILE}
    for index in range(properties.get_virtual_count()):
        file = text_of(_bytes(properties.get_virtual_filename(index)))
        if file not in seen:
            seen.add(file)
            yield Link(path, Kind.VIRTUAL, file, str(properties.get_virtual_dsetname(index)))


def _bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


Led = TypeVar("Led", bound=Hashable)


def led_to(edges: Mapping[Led, Collection[Led]]) -> set[Led]:
    """Those that others lead to, by way of whichever; of some that lead to each other, the first of them leads."""
    incoming = {name for holder, names in edges.items() for name in names if name != holder}
    found: set[Led] = set()
    for start in [*(name for name in edges if name not in incoming), *edges]:
        if start in found:
            continue
        reached, waiting = {start}, [start]
        while waiting:
            fresh = set(edges.get(waiting.pop(), ())) - reached
            reached |= fresh
            waiting += fresh
        found |= reached - {start}
    return found


def names_in(file: h5py.File, name: str, folders: Sequence[str], known: Collection[str]) -> set[str]:
    """Those of the `known` names that an open file, itself called `name`, leads to; nothing is followed.

    Raises what h5py raises on damage.
    """
    found: set[str] = set()
    for link in links_in(file):
        blocks = range(len(known) + 1) if is_pattern(link.file) else range(1)
        for block in blocks:
            try:
                target = place_of(name, numbered(link.file, block) if len(blocks) > 1 else link.file, folders)
            except LinkError:
                break
            if target not in known:
                break
            found.add(target)
    return found - {name}


def links_in(file: h5py.File) -> Iterator[Link]:
    """All links of an open file that lead out of it, each once; nothing is followed."""
    seen: set[int] = set()
    waiting: list[tuple[bytes, Any, bytes]] = [(b"", file.id, b"/")]
    while waiting:
        way, group, raw = waiting.pop()
        identifier = h5py.h5o.open(group, raw)
        address = h5py.h5o.get_info(identifier).addr
        if address in seen:
            continue
        seen.add(address)
        if isinstance(identifier, h5py.h5d.DatasetID):
            yield from links_of_dataset(identifier, decoded(way))
        elif isinstance(identifier, h5py.h5g.GroupID):
            for here, name, kind, link in members(identifier, way):
                if link is not None:
                    yield link
                elif kind == h5py.h5l.TYPE_HARD:
                    waiting.append((here, identifier, name))


def is_pattern(text: str) -> bool:
    """Whether a name of a virtual source has a place for a number (`file_%b.h5`)."""
    return "%b" in text.replace("%%", "")


def numbered(text: str, block: int) -> str:
    """The name of one block of a pattern: `%b` is its number, `%%` a per cent sign."""
    return "%".join(part.replace("%b", str(block)) for part in text.split("%%"))
