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


def facts_of(name: str, value: Any, units: str | None) -> dict[str, Any]:
    """An option's value by the names that conditions ask for: of a range also `NAME.low` and `NAME.high`."""
    if isinstance(value, dict):
        ends = {end: measured(value.get(end), units) for end in ("low", "high")}
        return {name: list(ends.values())} | {f"{name}.{end}": one for end, one in ends.items()}
    return {name: [measured(one, units) for one in value] if isinstance(value, list) else measured(value, units)}
