"""Deformability cytometry (.rtdc): which metadata are numbers, and in what units, as the format defines them.

The definitions are those of dclab's documentation, of the sections that describe a measurement (experiment,
imaging, setup). Programs that read the format take a text for a number only where it is a bare one, and open no
file that has another.
"""

from __future__ import annotations

from typing import Any

from gantry_formats.quantities import plain_size
from gantry_formats.text import plain_quantity, plain_text
from gantry_formats.units import factor_between

PIXEL_SIZE = "imaging:pixel size"
UNITS = {
    "experiment:timestamp": "s",
    PIXEL_SIZE: "um",
    "imaging:frame rate": "Hz",
    "imaging:flash duration": "us",
    "setup:channel width": "um",
    "setup:flow rate": "uL/s",
    "setup:flow rate sample": "uL/s",
    "setup:flow rate sheath": "uL/s",
    "setup:temperature": "degC",
}
"""The numbers, each with the unit that it stands in."""
WHOLE_NUMBERS = frozenset(
    {
        "experiment:event count",
        "experiment:run index",
        "imaging:roi position x",
        "imaging:roi position y",
        "imaging:roi size x",
        "imaging:roi size y",
    }
)
"""Counts, and lengths in pixels."""
TEXTS = frozenset(
    {
        "experiment:date",
        "experiment:run identifier",
        "experiment:sample",
        "experiment:time",
        "imaging:flash device",
        "setup:chip identifier",
        "setup:chip region",
        "setup:identifier",
        "setup:medium",
        "setup:module composition",
        "setup:software version",
    }
)
_WRITTEN_ALIKE = {"°C": "degC", "C": "degC", "pixel": "px", "pixels": "px"}
MOST_SHOWN = 60


def typed(key: str, value: Any) -> float | int | str | None:
    """The value of one of the keys above as the type and in the unit that the format defines.

    None where it is no such value: a word, a number in a unit that is not known here, more than one value.
    """
    if key in TEXTS:
        return _text(value)
    quantity = plain_size(value) if key == PIXEL_SIZE else plain_quantity(value)
    if quantity is None:
        return None
    wanted = UNITS.get(key, "px" if "roi" in key else "")
    unit = quantity[1].replace("µ", "u").replace("μ", "u")
    unit = _WRITTEN_ALIKE.get(unit, unit)
    factor = factor_between(unit, wanted) if unit else 1.0
    if factor is None:
        return None
    number = quantity[0] if factor == 1 else float(f"{quantity[0] * factor:.15g}")
    if key in WHOLE_NUMBERS:
        return int(number) if number.is_integer() else None
    return number


def is_defined(key: str) -> bool:
    """Whether the format defines the type of a key ("section:key")."""
    return key in UNITS or key in WHOLE_NUMBERS or key in TEXTS


def shown(value: Any) -> str:
    """What stands in a file, for a sentence."""
    text = plain_text(value)
    text = str(value) if text is None else text
    text = "".join(character if character.isprintable() else "�" for character in " ".join(text.split()))
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    text = plain_text(value)
    if text is not None:
        return text
    quantity = plain_quantity(value)
    return None if quantity is None else f"{quantity[0]:.15g}"
