"""What a scan says beside its frames by which slices would be wrong, or other than they seem."""

from __future__ import annotations

from typing import Any

import numpy as np

from gantry_formats import factor_between, plain_number, plain_quantity, stated_unit, value_for_all
from gantry_formats.linked import Array, Group
from wrappers.errors import BadInput
from wrappers.io.hdf5 import attributes, unreadable
from wrappers.io.nexus import Tomography, child, of_kind

TRANSLATIONS = ("x_translation", "y_translation", "z_translation")
FLIPS = ("x_flipped", "y_flipped")
LEAST_MAGNIFICATION = 1.02
"""A beam that widens less from sample to detector is parallel for most purposes."""


def of_nxtomo(found: Tomography, projections: np.ndarray, pixel_um: float | None, name: str) -> list[str]:
    """Return in words how the scan is unlike a turn in a parallel beam; BadInput where the sample moves on."""
    said = []
    for group in of_kind(found.entry, "sample"):
        said += [words for axis in TRANSLATIONS if (words := _moved(group, axis, projections, pixel_um, name))]
    if flipped := [one for one in FLIPS if _number(found.detector, one) == 1]:
        said.append(f"its pictures are flipped ({', '.join(flipped)}): slices may be mirror images")
    source = next((um for one in of_kind(found.entry, "source") if (um := _length_um(one, "distance"))), None)
    detector = _length_um(found.detector, "distance")
    if source and detector and (wider := 1 + abs(detector) / abs(source)) > LEAST_MAGNIFICATION:
        said.append(f"the beam widens {wider:.3g} times from sample to detector, and is taken for parallel")
    return said


def _moved(group: Group, axis: str, projections: np.ndarray, pixel_um: float | None, name: str) -> str:
    item = child(group, axis)
    if not isinstance(item, Array) or item.ndim != 1 or item.dtype.kind not in "uif" or unreadable(item):
        return ""
    if len(item) <= projections.max(initial=0):
        return ""
    values = np.asarray(item[()], dtype=np.float64)[projections]
    way = float(np.ptp(values[np.isfinite(values)])) if np.isfinite(values).any() else 0.0
    unit = _unit(item)
    factor = factor_between(unit, "um")
    if factor and pixel_um:
        if way * factor <= pixel_um:
            return ""
        raise BadInput(
            f"In {name} the sample moves by {way:.4g} {unit} while it turns ({axis}); "
            "this analysis takes scans in which it only turns."
        )
    still = way <= 1e-6 * float(np.nanmax(np.abs(values), initial=0.0))
    return "" if still else f"the sample moves while it turns ({axis}), which is not allowed for"


def _length_um(group: Any, name: str) -> float | None:
    item = child(group, name)
    if not isinstance(item, Array) or unreadable(item):
        return None
    quantity = plain_quantity(value_for_all(item))
    factor = factor_between(_unit(item, quantity[1]), "um") if quantity else None
    return quantity[0] * factor if quantity and factor else None


def _unit(item: Array, inside: str = "") -> str:
    beside = attributes(item)
    return stated_unit(inside, beside.get("units"), beside.get("unit"))


def _number(group: Group, name: str) -> float | None:
    item = child(group, name)
    if not isinstance(item, Array) or item.size != 1 or unreadable(item):
        return None
    value = item[()]
    return float(value) if item.dtype.kind == "b" else plain_number(value)
