"""The units that instruments write, each with its names; and by what a number is multiplied from one to another.

Factors are exact by definition: the International System of Units, 9th edition (BIPM 2019), tables 2, 4 and 8; the
inch of 25.4 mm; the names of the schema OME-XML (2016-06), UnitsLength and UnitsTime. A table and no library: what
is read here comes from people's files, must never be evaluated, and is to be installed on every node.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gantry_formats.text import MOST_CHARACTERS, plain_text


class Dimension(StrEnum):
    """What is measured. Units of one dimension can be converted into each other."""

    LENGTH = "length"
    ANGLE = "angle"
    TIME = "time"
    ENERGY = "energy"
    CURRENT = "current"
    PIXELS = "pixels"
    """A count of picture elements: no length, whatever a program calls it."""


@dataclass(frozen=True)
class Unit:
    """A unit of measurement: `size` of it is one of its dimension's first (m, deg, s, eV, A, px)."""

    symbol: str
    dimension: Dimension
    size: float


def _named() -> Mapping[str, Unit]:
    """Units by every way of writing them that has one meaning."""
    named: dict[str, Unit] = {}
    for dimension, units in _TABLE.items():
        for symbol, size, names in units:
            unit = Unit(symbol, dimension, size)
            for name in (symbol, *names.split()):
                assert name not in named, name
                named[name] = unit
    return named


# Symbol, size, other names. Names of more than one letter are known in any case that leaves one meaning.
_TABLE: Mapping[Dimension, tuple[tuple[str, float, str], ...]] = {
    Dimension.LENGTH: (
        ("km", 1e3, "kilometer kilometers kilometre kilometres"),
        ("m", 1.0, "meter meters metre metres"),
        ("dm", 1e-1, "decimeter decimeters decimetre decimetres"),
        ("cm", 1e-2, "centimeter centimeters centimetre centimetres"),
        ("mm", 1e-3, "millimeter millimeters millimetre millimetres"),
        (
            "um",
            1e-6,
            "micron microns micrometer micrometers micrometre micrometres mum",
        ),
        ("nm", 1e-9, "nanometer nanometers nanometre nanometres"),
        ("pm", 1e-12, "picometer picometers picometre picometres"),
        ("Å", 1e-10, "Angstrom Angstroms Ångström Ångströms Ångstrom Ångstroms Angström Angströms Ang"),
        ("inch", 0.0254, "inches in"),
    ),
    Dimension.ANGLE: (
        ("deg", 1.0, "degree degrees degs °"),
        ("rad", math.degrees(1.0), "radian radians rads"),
        ("mrad", math.degrees(1e-3), "milliradian milliradians mrads"),
        ("urad", math.degrees(1e-6), "microradian microradians urads"),
        ("mdeg", 1e-3, "millidegree millidegrees"),
        # "grad" is left out: to some it is a gon, and in German a degree.
        ("gon", 0.9, "gons gradian gradians"),
        ("turn", 360.0, "turns rev revs revolution revolutions"),
        ("arcmin", 1 / 60, "arcmins arcminute arcminutes"),
        ("arcsec", 1 / 3600, "arcsecs arcsecond arcseconds"),
    ),
    Dimension.TIME: (
        ("d", 86400.0, "day days"),
        ("h", 3600.0, "hour hours hr hrs"),
        ("min", 60.0, "minute minutes mins"),
        ("s", 1.0, "sec secs second seconds"),
        ("ms", 1e-3, "msec msecs millisecond milliseconds"),
        ("us", 1e-6, "usec usecs microsecond microseconds"),
        ("ns", 1e-9, "nsec nsecs nanosecond nanoseconds"),
        ("ps", 1e-12, "psec psecs picosecond picoseconds"),
    ),
    Dimension.ENERGY: (
        ("meV", 1e-3, "millielectronvolt millielectronvolts"),
        ("eV", 1.0, "electronvolt electronvolts"),
        ("keV", 1e3, "kiloelectronvolt kiloelectronvolts"),
        ("MeV", 1e6, "megaelectronvolt megaelectronvolts"),
        ("GeV", 1e9, "gigaelectronvolt gigaelectronvolts"),
        ("J", 1 / 1.602176634e-19, "joule joules"),
    ),
    Dimension.CURRENT: (
        ("A", 1.0, "amp amps ampere amperes"),
        ("mA", 1e-3, "milliamp milliamps milliampere milliamperes"),
        ("uA", 1e-6, "microamp microamps microampere microamperes"),
        ("nA", 1e-9, "nanoamp nanoamps nanoampere nanoamperes"),
        ("pA", 1e-12, "picoamp picoamps picoampere picoamperes"),
    ),
    Dimension.PIXELS: (("px", 1.0, "pixel pixels pix voxel voxels vx"),),
}

# Written in these letters it is something else: molar, mega, newton metre, pascal, numerical aperture, afternoon.
_SOMETHING_ELSE = frozenset(
    ("uM", "mM", "nM", "pM", "Mm", "Pm", "PM", "Nm", "Ms", "Ps", "MA", "PA", "Pa", "NA", "Na", "Mrad")
)


def _folded() -> Mapping[str, Unit]:
    """Units by their names of more than one letter in any case, where only one unit has that name."""
    found: dict[str, set[Unit]] = defaultdict(set)
    for name, unit in _BY_NAME.items():
        if len(name) > 1:
            found[name.casefold()].add(unit)
    return {name: units.pop() for name, units in found.items() if len(units) == 1}


_BY_NAME = _named()
_BY_FOLDED = _folded()
_AROUND = re.compile(r"[\[({<]\s*(.*?)\s*[\])}>]")
_MICRO = re.compile("Âµ|Î¼|[µμ]")
"""Both characters for micro, and how UTF-8 looks that was taken for Latin-1."""


def unit_of(value: Any) -> Unit | None:
    """The unit that a file, a catalogue or a person wrote; None where there is none or it is not known here.

    `value`: text or bytes, or an array of one such; "µm", "um", "micron", "[um]" and b"\\xb5m" are one unit.
    """
    text = plain_text(value)
    if not text or len(text) > MOST_CHARACTERS:
        return None
    # Å as one character, and as A with a ring of its own; the sign for ångström, which is neither.
    text = unicodedata.normalize("NFC", text)
    text = _MICRO.sub("u", text).replace("Ã…", "Å").replace("Â°", "°")
    if around := _AROUND.fullmatch(text):
        text = around[1]
    text = text.removesuffix(".").replace("micro ", "micro")
    exact = _BY_NAME.get(text)
    return exact if exact is not None or text in _SOMETHING_ELSE else _BY_FOLDED.get(text.casefold())


def factor_between(source: Any, target: Any) -> float | None:
    """By what a number in `source` is multiplied to stand in `target`; None if that is not known.

    What is written alike is alike, known or not ("counts", "%"); no unit is not any unit.
    """
    before, after = unit_of(source), unit_of(target)
    if before is None or after is None:
        texts = plain_text(source), plain_text(target)
        return 1.0 if before is after and texts[0] and texts[0] == texts[1] else None
    if before.dimension is not after.dimension:
        return None
    return 1.0 if before.size == after.size else before.size / after.size
