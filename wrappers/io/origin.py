"""Where a scan comes from: title, sample, source and date, as its NeXus entry or Data Exchange file tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gantry_formats import plain_text
from gantry_formats.descriptions import moment_of
from gantry_formats.linked import Array, Group
from wrappers.io.nexus import child, class_of, members

DEEPEST = 4
MOST_GROUPS = 2000
PROBES = {"x-ray": "x-ray", "xray": "x-ray", "x ray": "x-ray", "neutron": "neutron", "electron": "electron"}


@dataclass(frozen=True)
class Origin:
    """What a file tells of its scan; None for what it does not. `probe` is x-ray, neutron or electron."""

    title: str | None = None
    sample: str | None = None
    source: str | None = None
    source_type: str | None = None
    probe: str | None = None
    started: str | None = None


def origin_of(entry: Group) -> Origin:
    """Read what an entry, or the root, and the groups in it tell; what is above counts where it is silent."""
    groups = around(entry)
    sources, samples = of_kind_in(groups, "source"), of_kind_in(groups, "sample")
    probe = (_text(sources, "probe") or "").lower()
    return Origin(
        title=_text(groups, "title"),
        sample=_text(samples, "name", "sample_name"),
        source=_text(sources, "name"),
        source_type=_text(sources, "type"),
        probe=PROBES.get(probe),
        started=next((m for one in ("start_time", "date") if (m := moment_of(_text(groups, one)))), None),
    )


def around(entry: Group) -> list[Group]:
    """Return the groups of an entry, or the root, and behind them those of what is above."""
    own = list(_groups(entry))
    above = entry.file["/"] if entry.name.count("/") < 2 else entry.parent
    return own if above == entry else [*own, *_groups(above)]


def _groups(top: Group) -> Iterator[Group]:
    waiting, seen = [(top, 0)], 0
    while waiting and seen < MOST_GROUPS:
        group, depth = waiting.pop(0)
        seen += 1
        yield group
        if depth < DEEPEST:
            waiting += [(item, depth + 1) for _name, item in members(group) if isinstance(item, Group)]


def of_kind_in(groups: list[Group], kind: str) -> list[Group]:
    """Return those of NeXus' class of this kind, and behind them those that are called so."""
    said = [group for group in groups if class_of(group).lower() == f"nx{kind}"]
    return said + [group for group in groups if group not in said and group.name.rpartition("/")[2] == kind]


def _text(groups: list[Group], *names: str) -> str | None:
    """The first of these fields that holds a text which is not empty."""
    for group in groups:
        for name in names:
            item = child(group, name)
            if isinstance(item, Array) and item.size == 1 and item.dtype.kind in "OSU":
                text = plain_text(item[()])
                if text:
                    return text
    return None
