"""How far behind the sample a scan's detector stood, and the photons' energy: what phase retrieval needs."""

from __future__ import annotations

from dataclasses import dataclass

from gantry_formats import factor_between, plain_quantity, stated_unit, value_for_all
from gantry_formats.linked import Array, Group
from wrappers.io.hdf5 import attributes, unreadable
from wrappers.io.nexus import child
from wrappers.io.origin import around, of_kind_in

ENERGIES = (("beam", "incident_energy"), ("monochromator", "energy"), ("beam", "energy"))
"""Of NeXus and of Data Exchange. A source's energy is that of its electrons."""


@dataclass(frozen=True)
class Propagation:
    """Distance from sample to detector, and the energy of photons; None for what the file does not tell."""

    distance_mm: float | None = None
    energy_kev: float | None = None


def propagation_of(entry: Group, detector: Group | None) -> Propagation:
    """Read both from an entry, or the root, and its detector; a number without a unit is not known."""
    groups = around(entry)
    energy = next(
        (
            value
            for kind, name in ENERGIES
            for group in of_kind_in(groups, kind)
            if (value := _quantity(group, name, "keV")) is not None
        ),
        None,
    )
    return Propagation(None if detector is None else _quantity(detector, "distance", "mm"), energy)


def _quantity(group: Group, name: str, unit: str) -> float | None:
    """A field's number in this unit; None where it has no unit of that kind, or is nothing."""
    item = child(group, name)
    if not isinstance(item, Array) or unreadable(item):
        return None
    quantity = plain_quantity(value_for_all(item))
    if quantity is None:
        return None
    beside = attributes(item)
    factor = factor_between(stated_unit(quantity[1], beside.get("units"), beside.get("unit")), unit)
    # By NeXus' definition a distance before the sample is negative; a detector stands behind it.
    value = abs(quantity[0]) * factor if factor else 0.0
    return value or None
