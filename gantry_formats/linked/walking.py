"""All that a file and its links lead to, each object once, by its nearest path."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import h5py

from gantry_formats.linked.arrays import Array
from gantry_formats.linked.filters import missing_filter
from gantry_formats.linked.links import LinkError, Why
from gantry_formats.linked.tree import Group
from gantry_formats.text import decoded

FAULTS = (OSError, RuntimeError, KeyError, ValueError, TypeError)


@dataclass(frozen=True)
class NotRead:
    """Something that is not read, and why, as a clause."""

    why: str


def walk(root: Group, most: int) -> Iterator[tuple[str, Group | Array | NotRead, Group]]:
    """The path, the thing, and the group that holds it; the nearer to the root come first, at most so many.

    Soft links lead to one of these or nowhere. Names that are no UTF-8 are shown as Latin-1.
    """
    seen = {root.node.address}
    waiting: deque[Group] = deque([root])
    while waiting:
        group = waiting.popleft()
        for raw in group.id:
            if len(seen) > most:
                return
            name = f"{group.name.rstrip('/')}/{decoded(raw)}"
            try:
                if group.id.links.get_info(raw).type not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_EXTERNAL):
                    continue
                node = group.tree.find(group.node, raw)
                address = node.address
            except LinkError as error:
                yield name, NotRead(error.message), group
                continue
            except FAULTS as error:
                yield name, NotRead(f"it cannot be read ({str(error).strip(chr(34))})"), group
                continue
            if address in seen:
                continue
            seen.add(address)
            thing = group.tree.thing(node)
            if isinstance(thing, Group):
                waiting.append(thing)
            if isinstance(thing, Group | Array):
                yield name, thing, group


def nowhere(root: Group, most: int, named: int) -> dict[str, str]:
    """By path, at most so many `named` links that lead in a circle or to nothing, and which, as a clause."""
    found: dict[str, str] = {}
    groups = [root, *(thing for _name, thing, _holder in walk(root, most) if isinstance(thing, Group))]
    for group in groups:
        for raw in group.id:
            if len(found) >= named:
                return found
            name = f"{group.name.rstrip('/')}/{decoded(raw)}"
            try:
                if group.id.links.get_info(raw).type in (h5py.h5l.TYPE_SOFT, h5py.h5l.TYPE_EXTERNAL):
                    group.tree.find(group.node, raw)
            except LinkError as error:
                found[name] = "it is a link that leads in a circle" if error.why is Why.LOOP else error.message
            except KeyError:
                found[name] = "it is a link to what is not there"
            except FAULTS as error:
                found[name] = f"it cannot be read ({str(error).strip(chr(34))})"
    return found


def why_unreadable(array: Array) -> str:
    """Why an array's values cannot be had, as a clause; nothing where they can."""
    try:
        if array.shape is None:
            return "it is empty: it has no shape"
        array.check()
    except LinkError as error:
        return error.message
    except FAULTS as error:
        return f"it cannot be read ({error})"
    missing = missing_filter(array.id)
    return f"it is stored by a filter that is not installed here: {missing}" if missing else ""
