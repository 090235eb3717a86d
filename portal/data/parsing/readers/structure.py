"""Looking at every object and link of an HDF5 file, following none that leads out of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import h5py

from gantry_formats import decoded
from gantry_formats.linked import Kind, Link, links_of_dataset, members
from portal.data.parsing.errors import FileError

MAX_OBJECTS = 200_000
MAX_CHUNK_BYTES = 512 << 20
DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError)

LEADS_OUT = {
    Kind.LINK: "{} is a link to another file",
    Kind.VIRTUAL: "{} is a view of another file",
    Kind.STORAGE: "the data of {} lie in another file",
    Kind.OTHER: "{} is a link of an unknown kind",
}

OnLink = Callable[[Link], None]


@dataclass
class Seen:
    """What hard links lead to, each object once: its way without a slash at either end, and its identifier."""

    arrays: list[tuple[bytes, Any]] = field(default_factory=list)
    groups: list[tuple[bytes, Any]] = field(default_factory=list)


def refuse(link: Link) -> None:
    """Raises FileError: a file that must stand for itself has no such link."""
    message = f"The file leads out of itself: {LEADS_OUT[link.kind].format(link.path)}."
    if link.kind is Kind.OTHER:
        message = f"The file holds a link of an unknown kind: {link.path}."
    raise FileError("unsafe", message, link.file)


def look_at(file: h5py.File, on_link: OnLink, budget: list[int]) -> Seen:
    """Visit every object once by its hard links; a soft link leads to one of these or nowhere.

    `on_link` is told of each link that leads out. What is damaged is passed over until the rest has been looked
    at: it must not hide what leads out. `budget` is how many objects may still be looked at. Raises FileError.
    """
    seen: set[int] = set()
    damage: list[FileError] = []
    found = Seen()
    waiting: list[tuple[bytes, Any, bytes]] = [(b"", file.id, b"/")]
    while waiting:
        way, group, name = waiting.pop()
        try:
            identifier = h5py.h5o.open(group, name)
            address = h5py.h5o.get_info(identifier).addr
            if address in seen:
                continue
            seen.add(address)
            budget[0] -= 1
            if budget[0] < 0:
                raise FileError("limit", f"The file holds more than {MAX_OBJECTS} objects.")
            if isinstance(identifier, h5py.h5d.DatasetID):
                _check_dataset(identifier, decoded(way))
                for link in links_of_dataset(identifier, decoded(way)):
                    on_link(link)
                found.arrays.append((way, identifier))
        except DAMAGED as error:
            damage.append(FileError("in part", "The file is damaged: its structure cannot be read.", str(error)))
            continue
        if isinstance(identifier, h5py.h5g.GroupID):
            found.groups.append((way, identifier))
            try:
                waiting += reversed(list(_members(identifier, way, on_link)))
            except DAMAGED as error:
                message = f"The file is damaged: not all links of its group {decoded(way) or '/'} can be seen."
                damage.insert(0, FileError("unseen", message, str(error)))
    if damage:
        raise damage[0]
    return found


def _members(group: Any, way: bytes, on_link: OnLink) -> Iterator[tuple[bytes, Any, bytes]]:
    for here, name, kind, link in members(group, way):
        if link is not None:
            on_link(link)
        elif kind == h5py.h5l.TYPE_HARD:
            yield here, group, name


def _check_dataset(identifier: Any, path: str) -> None:
    """Refuse chunks that only serve to fill the memory."""
    properties = identifier.get_create_plist()
    if properties.get_layout() == h5py.h5d.CHUNKED:
        size = identifier.get_type().get_size()
        for extent in properties.get_chunk():
            size *= extent
        if size > MAX_CHUNK_BYTES:
            raise FileError("limit", f"{path} is stored in blocks larger than {MAX_CHUNK_BYTES >> 20} MiB.")
