"""What a number with a unit is in facts: in the first unit of what it measures."""

from __future__ import annotations

from typing import Any

from gantry_formats.units import unit_of


def measured(value: Any, units: str | None) -> Any:
    """A value as facts have it, from a catalogue, a form or job.json.

    A number whose unit nobody knows is a plain one: nothing with a unit can be compared with it.
    """
    unit = unit_of(units)
    if unit is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return {"number": value * unit.size, "dimension": str(unit.dimension)}
