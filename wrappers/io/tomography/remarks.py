"""What a scan says beside its frames by which slices would be wrong, or other than they seem."""

from __future__ import annotations

from typing import Any

import numpy as np

from gantry_formats import factor_between, plain_number, plain_quantity, plain_text, stated_unit, value_for_all
from gantry_formats.linked import Array, Group
from wrappers.errors import BadInput
from wrappers.io.hdf5 import attributes, unreadable
from wrappers.io.nexus import Tomography, child, members, of_kind
from wrappers.io.tomography.frames import beam_current
from wrappers.io.tomography.roles import DARK, FLAT, INVALID, PROJECTION

TRANSLATIONS = ("x_translation", "y_translation", "z_translation")
FLIPS = ("x_flipped", "y_flipped")
LEAST_MAGNIFICATION = 1.02
"""A beam that widens less from sample to detector is parallel for most purposes."""


def of_nxtomo(found: Tomography, projections: np.ndarray, pixel_um: float | None, name: str) -> list[str]:
    """Return in words how the scan is unlike a turn in a parallel beam; BadInput where the sample moves on."""
    said = []
    for group in of_kind(found.entry, "sample"):
        said += [words for axis in TRANSLATIONS if (words := _moved(group, axis, projections, pixel_um, name))]
    flipped = [one for one in FLIPS if _number(found.detector, one) == 1] or _turned_over(found.detector)
    if flipped:
        said.append(f"its pictures are flipped ({', '.join(flipped)}): slices may be mirror images")
    source = next((um for one in of_kind(found.entry, "source") if (um := _length_um(one, "distance"))), None)
    detector = _length_um(found.detector, "distance")
    if source and detector and (wider := 1 + abs(detector) / abs(source)) > LEAST_MAGNIFICATION:
        said.append(f"the beam widens {wider:.3g} times from sample to detector, and is taken for parallel")
    return said


def of_keys(found: Tomography) -> list[str]:
    """Return in words which frames are of no kind that is known, and are left out."""
    keys = found.written.astype(np.float64)
    odd = ~np.isin(keys, (PROJECTION, FLAT, DARK, INVALID))
    if not odd.any():
        return []
    said = ", ".join("no number" if np.isnan(key) else f"{key:g}" for key in np.unique(keys[odd])[:3])
    number = int(odd.sum())
    words = f"{number} frames have" if number > 1 else "1 frame has"
    return [f"{words} an image_key that is not known ({said}): left out"]


def of_monitor(found: Tomography) -> list[str]:
    """Return in words why what was recorded of the beam is not used; nothing where it is, or there is nothing."""
    if found.monitor is None:
        number = found.other_monitor or 0
        frames = found.image_key.size
        return [f"the beam's monitor has {number} readings for {frames} frames: not used"] if number > 1 else []
    current = beam_current(found.monitor)
    if current is None:
        return ["the beam's monitor reads nothing: not used"]
    for kind, what in ((FLAT, "flat fields"), (PROJECTION, "projections")):
        those = found.keys == kind
        if those.any() and not np.isfinite(current[those]).any():
            return [f"the beam's monitor reads nothing in {what}: not used"]
    return []


def _turned_over(detector: Group) -> list[str]:
    """Transformations of a detector that turn its pictures over: half a turn about a line in them."""
    groups = [detector, *(group for group in of_kind(detector, "transformations") if group.name != detector.name)]
    found = []
    for group in groups:
        for name, item in members(group):
            if not isinstance(item, Array) or item.size != 1 or unreadable(item):
                continue
            if plain_text(item.attrs.get("transformation_type")) != "rotation":
                continue
            number, factor = _number(group, name), factor_between(_unit(item), "deg")
            axis = np.asarray(item.attrs.get("vector", ()), dtype=np.float64).ravel()
            about_beam = axis.size == 3 and abs(axis[2]) > 0.5
            if number is not None and factor and not about_beam and abs(abs(number * factor) % 360 - 180) < 1:
                found.append(name)
    return found


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
