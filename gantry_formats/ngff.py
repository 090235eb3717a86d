"""What the attributes of a Zarr group say of pictures: OME-NGFF 0.1 to 0.5, as they stand in its JSON.

https://ngff.openmicroscopy.org: multiscales with axes and scales, channels of omero, labels. Plain values come in,
whoever read them; what is not of the form that the specification has says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gantry_formats.axes import UNKNOWN, plain_name
from gantry_formats.descriptions import time_step_s
from gantry_formats.images import Sizes, odd_sizes
from gantry_formats.sizes import Size
from gantry_formats.text import plain_number, plain_text
from gantry_formats.units import factor_between

MOST_LEVELS = 64
MOST_LABELS = 1000
_LETTERS = {"z": "Z", "y": "Y", "x": "X", "c": "C", "t": "T"}
_OF_TYPES = {"channel": "C", "time": "T"}
_EARLY_AXES = "TCZYX"
"""Of 0.1 and 0.2, which do not name them."""


@dataclass(frozen=True)
class Multiscale:
    """One picture at several resolutions, the finest first: paths of arrays relative to the group."""

    levels: tuple[str, ...]
    axes: str
    sizes: Sizes
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    odd_sizes: Mapping[str, str] = field(default_factory=dict)
    """By axis, sizes whose unit is not known, with it."""
    names: tuple[str, ...] = ()
    """The axes as the document names them; empty where it names none."""
    time_step_s: float | None = None
    """From one time point to the next, where the unit is known."""


def multiscales_of(attributes: Mapping[str, Any]) -> list[Multiscale]:
    """The pictures of a group; none where its attributes name none."""
    own = ome_of(attributes)
    listed = own.get("multiscales")
    channels = _channels(own.get("omero"))
    found = [_multiscale(one, channels) for one in listed[:MOST_LEVELS]] if isinstance(listed, list) else []
    return [one for one in found if one is not None]


def is_segmentation(attributes: Mapping[str, Any]) -> bool:
    """Whether the group's picture is one of labels, which belong to another picture."""
    return "image-label" in ome_of(attributes)


def ome_of(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the attributes of OME stand: since 0.5 beneath `ome`, before it among the others."""
    inner = attributes.get("ome")
    return inner if isinstance(inner, Mapping) else attributes


def _multiscale(document: Any, channels: tuple[str, ...]) -> Multiscale | None:
    if not isinstance(document, Mapping) or not isinstance(document.get("datasets"), list):
        return None
    datasets = [one for one in document["datasets"][:MOST_LEVELS] if isinstance(one, Mapping)]
    levels = [one["path"] for one in datasets if isinstance(one.get("path"), str)]
    if not levels or len(levels) != len(datasets):
        return None
    declared = document.get("axes") or list(_EARLY_AXES.lower())
    declared = declared[:MOST_LEVELS] if isinstance(declared, list) else [declared]
    names = tuple(map(_name, declared)) if document.get("axes") else ()
    axes = [_axis(one) for one in declared]
    letters = "".join(letter for letter, _unit in axes)
    scales = [_scale(one.get("coordinateTransformations"), len(axes)) for one in (datasets[0], document)]
    sizes: Sizes = {}
    odd: dict[str, str] = {}
    step: float | None = None
    for place, (letter, unit) in enumerate(axes):
        factor = factor_between(unit, "um")
        # A level without a scale of its own is not known, a picture without one for all levels is.
        length = (scales[0] or [math.nan] * len(axes))[place] * (scales[1] or [1.0] * len(axes))[place]
        if letter in "XYZ" and factor and length > 0 and math.isfinite(length):
            um = float(f"{length * factor:.12g}")
            sizes[letter.lower()] = Size(um, "scale", length, plain_text(unit))
        elif letter in "XYZ" and length > 0 and math.isfinite(length):
            odd |= odd_sizes({letter.lower(): length}, {letter.lower(): unit})
        elif letter == "T" and letters.count("T") == 1:
            step = time_step_s(length, unit)
    labels = {"C": channels} if channels and letters.count("C") == 1 else {}
    return Multiscale(tuple(levels), letters, sizes, labels, odd, names, step)


def _name(document: Any) -> str:
    name = document.get("name") if isinstance(document, Mapping) else document
    return plain_name(name) if isinstance(name, str) else ""


def _axis(document: Any) -> tuple[str, Any]:
    """Letter and unit of an axis, which until 0.3 is a name alone."""
    if not isinstance(document, Mapping):
        return _LETTERS.get(str(document).lower(), UNKNOWN), None
    name = str(document.get("name", "")).lower()
    letter = _LETTERS.get(name) or _OF_TYPES.get(str(document.get("type")), UNKNOWN)
    return letter, document.get("unit")


def _scale(listed: Any, dimensions: int) -> list[float] | None:
    """The product of all transformations that scale; None where there is none, or one that is not understood."""
    product: list[float] | None = None
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, Mapping) or one.get("type") in ("identity", "translation"):
            continue
        numbers = one.get("scale")
        if one.get("type") != "scale" or not isinstance(numbers, Sequence) or len(numbers) != dimensions:
            return [math.nan] * dimensions
        plain = [number if (number := plain_number(value)) is not None else math.nan for value in numbers]
        product = [before * now for before, now in zip(product or [1.0] * dimensions, plain, strict=True)]
    return product


def _channels(omero: Any) -> tuple[str, ...]:
    listed = omero.get("channels") if isinstance(omero, Mapping) else None
    if not isinstance(listed, list) or len(listed) > MOST_LABELS:
        return ()
    names = [str(one.get("label") or "")[:100] for one in listed if isinstance(one, Mapping)]
    return tuple(names) if all(names) and len(names) == len(listed) else ()
