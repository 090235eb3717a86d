"""What a dataset's type maps and its files do not tell; and where their pictures tell it differently."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gantry_formats import factor_between
from portal.catalogue.models import Dataset
from portal.catalogue.parameters.known import wanted_units
from portal.catalogue.parameters.rows import known_of

MOST_NAMED = 6
"""Sizes that differ."""
_AXIS = re.compile(r"image:voxel size ([xyz])|ome:(?:Pixels@)?PhysicalSize([XYZ])|tiff:([XY])Resolution")


@dataclass(frozen=True)
class Missing:
    """A parameter that is not known."""

    name: str
    units: str
    """What the type wants; empty where it wants no number with a unit."""
    differs: tuple[float, ...] = ()
    """In these units, what the dataset's pictures say, where they say several things."""


def missing_of(dataset: Dataset) -> list[Missing]:
    """In the order of the type's mapping; nothing while it is being written.

    Its parameters, corrections, arrays and type should be loaded.
    """
    if not dataset.complete:
        return []
    known, mapping = known_of(dataset), dataset.type.mapping
    return [
        Missing(name, wanted := wanted_units(mapping, name), _differs(dataset, rule, wanted))
        for name, rule in mapping.items()
        if name not in known
    ]


def _differs(dataset: Dataset, rule: Mapping[str, Any], wanted: str) -> tuple[float, ...]:
    sources = [one if isinstance(one, str) else str(one.get("at", "")) for one in rule.get("sources", ())]
    found = next(filter(None, map(_AXIS.fullmatch, sources)), None)
    factor = factor_between("um", wanted)
    if found is None or factor is None:
        return ()
    axis = next(filter(None, found.groups())).lower()
    sizes = {row.sizes[axis] for row in dataset.arrays if not row.left_out and axis in row.sizes}
    return tuple(float(f"{size * factor:.9g}") for size in sorted(sizes)[:MOST_NAMED]) if len(sizes) > 1 else ()
