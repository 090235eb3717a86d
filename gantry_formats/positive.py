"""Quantities that are more than nothing by what they are: nothing has the size 0, and no light the wavelength -1.

Told by the name and by the dimension of the unit, since a length may be a place, and an energy a loss.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gantry_formats.units import Dimension, unit_of

_WORDS: Mapping[Dimension, str] = {
    Dimension.LENGTH: "size|wavelength|distance|width|thickness|diameter|radius|spacing|pitch|sigma|fwhm",
    Dimension.TIME: "exposure|count time|frame time|dwell|acquisition time|finterval|time increment|time interval",
    Dimension.ENERGY: "energy",
    Dimension.PIXELS: "size|width|diameter|radius|sigma|fwhm",
}
_WITHOUT_UNIT = "size|wavelength|exposure|magnification|numerical aperture|photon energy|frame rate"
"""What is called so is never nothing, whatever its unit is, and if nobody knows it."""
_A_PLACE_OR_A_DIFFERENCE = re.compile(
    "offset|shift|position|origin|centre|center|delta|change|difference|error|deviation|drift|loss|relative|detuning"
    "|correction|motor|stage|translation|start|begin|count(?! time)|number"
)
_BEFORE_THE_SAMPLE = re.compile("source|monitor|slit|(?<!numerical )aperture|collimator|upstream")
"""By NeXus's definitions what lies there has a negative distance."""


def is_more_than_nothing(unit: Any, *names: str) -> bool:
    """Whether a number in this unit, called so by a person or a file, is positive by definition.

    `names`: of files' places the last part counts ("/entry/detector/x_pixel_size").
    """
    said = " ".join(_words_of(re.split(r"[/@]", name)[-1]) for name in names)
    if _A_PLACE_OR_A_DIFFERENCE.search(said):
        return False
    if "distance" in said and any(_BEFORE_THE_SAMPLE.search(_words_of(name)) for name in names):
        return False
    known = unit_of(unit)
    words = _WITHOUT_UNIT if known is None else _WORDS.get(known.dimension)
    return words is not None and re.search(words, said) is not None


def _words_of(name: str) -> str:
    return re.sub(r"[^a-z]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())
