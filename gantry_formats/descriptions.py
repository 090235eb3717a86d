"""What a picture's description tells besides its sizes: names of channels, when it was taken."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gantry_formats.ome import image_of_ome, kind_of
from gantry_formats.text import plain_number, plain_text
from gantry_formats.units import factor_between

CHANNELS = "channel names"
ACQUIRED = "acquisition date"
TIME_STEP = "time_step_s"
EMISSION = "emission wavelengths"
"""Keys of what is told: a list of texts; a moment as ISO 8601 writes it; seconds; a list of nm, 0 for unknown."""
MOST_CHANNELS = 1000
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


def told_by_ome(xml: str, *, series: int, names: Sequence[str]) -> dict[str, Any]:
    """Names of channels (one each, empty where it has none), the moment of acquisition, the time step, as told."""
    image = image_of_ome(xml, series=series, names=names)
    if image is None:
        return {}
    told: dict[str, Any] = {}
    channels = [one for one in image.iter() if kind_of(one) == "Channel"][:MOST_CHANNELS]
    found = [plain_text(channel.get("Name")) or "" for channel in channels]
    if any(found):
        told[CHANNELS] = found
    emitted = [
        _wavelength_nm(channel.get("EmissionWavelength"), channel.get("EmissionWavelengthUnit", "nm"))
        for channel in channels
    ]
    if any(emitted):
        told[EMISSION] = emitted
    date = next((child.text for child in image if kind_of(child) == "AcquisitionDate"), None)
    moment = moment_of(date)
    pixels = next((one for one in image if kind_of(one) == "Pixels"), None)
    # Without a unit the schema says seconds.
    unit = None if pixels is None else pixels.get("TimeIncrementUnit", "s")
    step = None if pixels is None else time_step_s(pixels.get("TimeIncrement"), unit)
    return told | ({ACQUIRED: moment} if moment else {}) | ({TIME_STEP: step} if step else {})


def _wavelength_nm(value: Any, unit: Any) -> float:
    """A wavelength in nm, which is the schema's unit where none is told; 0 where it is none."""
    number, factor = plain_number(value), factor_between(unit, "nm")
    if number is None or factor is None or number <= 0:
        return 0.0
    nanometres = float(f"{number * factor:.12g}")
    return nanometres if nanometres < math.inf else 0.0


def time_step_s(value: Any, unit: Any) -> float | None:
    """A time step in seconds; None where it is no length of time, or its unit is not known."""
    number, factor = plain_number(value), factor_between(unit, "s")
    if number is None or factor is None or number <= 0:
        return None
    seconds = float(f"{number * factor:.12g}")
    return seconds if 0 < seconds < math.inf else None


def told_by_imagej(keys: Mapping[str, Any], shape: Mapping[str, int]) -> dict[str, Any]:
    """Names of channels out of ImageJ's labels, of which there is one a picture, channels fastest; the time step.

    `shape`: how long each axis is, by its letter. Labels that count pictures name no channel.
    """
    # ImageJ writes no unit of time where it is seconds.
    step = time_step_s(keys.get("finterval"), keys.get("tunit") or "s")
    return _channels_of_imagej(keys.get("Labels"), shape) | ({TIME_STEP: step} if step else {})


def _channels_of_imagej(labels: Any, shape: Mapping[str, int]) -> dict[str, Any]:
    many = shape.get("C", 1)
    if not isinstance(labels, list | tuple) or many < 2 or len(labels) < many:
        return {}
    found = [plain_text(label) or "" for label in labels[:many]]
    alike = all(
        (plain_text(label) or "") == found[place % many]
        for place, label in enumerate(labels[: math.prod(shape.values())])
    )
    return {CHANNELS: found} if alike and len(set(found)) == many and all(found) else {}


def moment_of(value: Any) -> str | None:
    """A date, or date and time, as ISO 8601 writes it; None for everything else."""
    text = plain_text(value)
    return text.replace(" ", "T") if text and _MOMENT.fullmatch(text) else None


def channel_names(value: Any) -> list[str]:
    """Names as an attribute holds them: a list, or one text; empty where it holds none."""
    items = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(items, str | bytes):
        items = [items]
    if not isinstance(items, list | tuple) or len(items) > MOST_CHANNELS:
        return []
    return [plain_text(item) or "" for item in items]
