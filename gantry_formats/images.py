"""The size of a picture's elements, as the descriptions that are common in microscopy tell it. Always in µm.

Plain values come in (the XML of OME, ImageJ's keys, numbers of TIFF's tags), whoever read them. A size that has no
unit, or one that is no length, is left out: it is not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gantry_formats.ome import kind_of, pixels_of, root_of
from gantry_formats.sizes import Size
from gantry_formats.text import plain_number, plain_text
from gantry_formats.units import Unit, factor_between, unit_of

Sizes = dict[str, float]
"""By axis, "x", "y" and "z"; an axis of which nothing is known is left out."""

INCH, CENTIMETRE = 2, 3
"""TIFF's tag ResolutionUnit; 1 is no unit."""
_UNIT_UM = {INCH: 25400.0, CENTIMETRE: 10000.0}
_PER_UNIT = {25400.0: "per inch", 10000.0: "per cm"}
COARSE_PER_INCH = 1200
"""Up to here (a pixel of 21 µm) a resolution in inches or centimetres is one of screens, printers or scanners."""
OF_PAPER = (72, 75, 96, 100, 120, 144, 150, 180, 192, 200, 240, 300, 350, 360, 400, 600, 720, 800, 1200)
"""Resolutions of screens, printers and scanners, in pixels an inch."""
LEAST_PER_INCH = 50
PRINTERS_PER_INCH = (1440, 2400, 2880, 3200, 3600, 4000, 4800, 5760, 6400, 9600)


SAME_SHARE = 1e-3
"""Sizes that differ by less than this share of them are one size, rounded."""


def alike(first: float, other: float) -> bool:
    """Whether two sizes, in one unit, are the same but for rounding."""
    return math.isclose(first, other, rel_tol=SAME_SHARE)


def sizes_of_tags(per_unit: Mapping[str, float], resolution_unit: Any) -> Sizes:
    """Of a plain TIFF: pixels in an inch or a centimetre, by axis.

    Programs that know no size write the resolution of a screen or of paper, or one pixel a unit: no sizes.
    """
    unit_um = _UNIT_UM.get(int(plain_number(resolution_unit) or 0))
    if unit_um is None:
        return {}
    sizes: Sizes = {
        axis: Size(unit_um / many, f"tiff:{axis.upper()}Resolution", many, _PER_UNIT[unit_um])
        for axis, many in per_unit.items()
        if 0 < many < math.inf and many != 1
    }
    return {axis: size for axis, size in sizes.items() if not _is_of_paper(size)}


def _is_of_paper(size_um: float) -> bool:
    per_inch = _UNIT_UM[INCH] / size_um
    return per_inch < COARSE_PER_INCH + 0.5 or any(abs(per_inch - known) < 0.5 for known in PRINTERS_PER_INCH)


def sizes_of_imagej(keys: Mapping[str, Any], per_unit: Mapping[str, float]) -> Sizes:
    """Of an ImageJ TIFF: `keys` of its description; its resolution tags count pixels in its own unit, `unit`.

    An axis may have a unit of its own (`yunit`, `zunit`). Programs that know no size write the resolution of a
    screen or of paper here too, in inches or centimetres: what stands in such a unit is not known, along any axis.
    """
    lengths, units = _told_by_imagej(keys, per_unit)
    of_paper = {unit for axis in "xy" if (unit := unit_of(units.get(axis))) and _is_papers(lengths[axis], unit)}
    lengths = {axis: length for axis, length in lengths.items() if unit_of(units[axis]) not in of_paper}
    own = {axis: f"imagej:{axis if f'{axis}unit' in keys else ''}unit" for axis in lengths}
    places = {axis: f"{unit} with {axis.upper()}Resolution" for axis, unit in own.items()}
    return _in_um(lengths, units, places | ({"z": f"imagej:spacing with {own['z']}"} if "z" in own else {}))


def _is_papers(length: float, unit: Unit) -> bool:
    """Whether a pixel of this length comes from a resolution that screens, printers or scanners have.

    In inches any coarse one does; in the metre's parts, in which people calibrate pictures, only a usual one.
    """
    if unit.symbol not in ("inch", "cm", "mm"):
        return False
    size_um = length * unit.size * 1e6
    per_inch = _UNIT_UM[INCH] / size_um
    if unit.symbol == "inch":
        return length == 1 or (per_inch > LEAST_PER_INCH and _is_of_paper(size_um))
    return any(math.isclose(per_inch, known, rel_tol=1e-3) for known in OF_PAPER)


def odd_sizes_of_imagej(keys: Mapping[str, Any], per_unit: Mapping[str, float]) -> dict[str, str]:
    """The sizes of an ImageJ TIFF whose unit is not known, as it writes them: `0.5 furlong`, by axis."""
    return odd_sizes(*_told_by_imagej(keys, per_unit))


def _told_by_imagej(
    keys: Mapping[str, Any], per_unit: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, Any]]:
    """Lengths and their units, by axis."""
    lengths = {axis: 1 / many for axis, many in per_unit.items() if 0 < many < math.inf}
    spacing = plain_number(keys.get("spacing"))
    if spacing:
        lengths["z"] = abs(spacing)
    return lengths, {axis: keys.get(f"{axis}unit", keys.get("unit")) for axis in lengths}


def sizes_of_lsm(told: Mapping[str, Any]) -> Sizes:
    """Of a LSM file of Zeiss', by its block of metadata, which has lengths in metres."""
    lengths = {axis: plain_number(told.get(f"VoxelSize{axis.upper()}")) for axis in "xyz"}
    places = {axis: f"lsm:VoxelSize{axis.upper()}" for axis in lengths}
    return _in_um(
        {axis: size for axis, size in lengths.items() if size and size > 0}, dict.fromkeys("xyz", "m"), places
    )


def sizes_of_stk(told: Mapping[str, Any]) -> Sizes:
    """Of a STK file of MetaMorph's: its calibration in the plane. How far its planes are apart it does not say."""
    lengths = {axis: plain_number(told.get(f"{axis.upper()}Calibration")) for axis in "xy"}
    places = {axis: f"stk:{axis.upper()}Calibration" for axis in lengths}
    units = dict.fromkeys("xy", told.get("CalibrationUnits"))
    return _in_um({axis: size for axis, size in lengths.items() if size and size > 0}, units, places)


def sizes_of_ome(xml: str, *, series: int, names: Sequence[str]) -> Sizes:
    """Of the Image that a series of an OME-TIFF is: by its place, else by its name where only one has it.

    `names`: of all series of the file. Where an attribute has no unit it is µm, which is the schema's default
    (OME-XML 2016-06). What is no XML says nothing.
    """
    pixels = pixels_of(xml, series, names)
    if pixels is None:
        return {}
    lengths = {axis.lower(): plain_number(pixels.get(f"PhysicalSize{axis}")) for axis in "XYZ"}
    units = {axis.lower(): pixels.get(f"PhysicalSize{axis}Unit", "µm") for axis in "XYZ"}
    places = {axis: f"ome:Pixels@PhysicalSize{axis.upper()}" for axis in lengths}
    return _in_um({axis: length for axis, length in lengths.items() if length and length > 0}, units, places)


UNIT_TAILS = (" units", " unit", "_units", "_unit")
"""Behind an attribute's name: where files say in what unit it is."""
_TRIPLES = ("element_size_um", "voxel_size_um")


def sizes_of_attributes(attributes: Mapping[str, Any]) -> Sizes:
    """Of an array, or of the groups above it, by attributes as HDF5's programs write them.

    "voxel_size_z|y|x_um"; "voxel size z|y|x" or "voxel_size_z|y|x" with their unit in "… units", "…_units" or
    "…_unit" (without one they are not known); or three numbers (z, y, x), "element_size_um" or "voxel_size_um".
    """
    triple: Any = next((attributes[key] for key in _TRIPLES if key in attributes), None)
    three = list(triple.reshape(-1)[:4]) if hasattr(triple, "reshape") else triple
    sizes = {}
    for place, axis in enumerate("zyx"):
        size = _attribute_um(attributes, axis)
        if size is None and isinstance(three, list | tuple) and len(three) == len("zyx"):
            size = _um(plain_number(three[place]), next(key for key in _TRIPLES if key in attributes))
        if size and 0 < size < math.inf:
            sizes[axis] = size
    return sizes


def is_of_sizes(name: str) -> bool:
    """Whether an attribute of this name may tell a size, or its unit."""
    return name in _TRIPLES or name.startswith(("voxel size ", "voxel_size_"))


def _um(size: float | None, place: str) -> float | None:
    return None if size is None else Size(size, place, size, "um")


def _attribute_um(attributes: Mapping[str, Any], axis: str) -> float | None:
    named = _um(plain_number(attributes.get(f"voxel_size_{axis}_um")), f"voxel_size_{axis}_um")
    if named is not None:
        return named
    for key in (f"voxel size {axis}", f"voxel_size_{axis}"):
        value = plain_number(attributes.get(key))
        if value is not None:
            units = (attributes[unit] for tail in UNIT_TAILS if (unit := f"{key}{tail}") in attributes)
            stated = next(units, None)
            factor = factor_between(stated, "um")
            return None if factor is None else Size(value * factor, key, value, plain_text(stated))
    return None


def files_of_ome(xml: str) -> list[str]:
    """The names of the files that make the series of an OME-TIFF, in its order; none where it names none."""
    root = root_of(xml)
    if root is None:
        return []
    named = (element.get("FileName") for element in root.iter() if kind_of(element) == "UUID")
    return list(dict.fromkeys(name for name in named if name))


def name_of_compression(compression: Any) -> str:
    """What a person reads of a TIFF's tag Compression: the name of an enumeration's member, else the number."""
    name = getattr(compression, "name", None)
    return str(name).replace("_", " ") if name else f"number {compression}"


def odd_sizes(lengths: Mapping[str, float], units: Mapping[str, Any]) -> dict[str, str]:
    """By axis, lengths whose unit is written and not known, with it: to be shown, and not to be computed with."""
    named = {axis: plain_text(units.get(axis)) for axis in lengths}
    return {
        axis: f"{length:.9g} {named[axis]}"
        for axis, length in lengths.items()
        if named[axis] and not unit_of(named[axis])
    }


def _in_um(lengths: Mapping[str, float], units: Mapping[str, Any], places: Mapping[str, str]) -> Sizes:
    """`places`: where each stands."""
    factors = {axis: factor_between(units.get(axis), "um") for axis in lengths}
    sizes = {axis: length * factor for axis, length in lengths.items() if (factor := factors[axis])}
    # Resolutions are fractions: 0.1625 um must not come out as 0.16249999999999998.
    return {
        axis: Size(float(f"{size:.12g}"), places[axis], lengths[axis], plain_text(units.get(axis)))
        for axis, size in sizes.items()
    }
