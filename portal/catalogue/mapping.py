"""The mapping of a dataset type: which parameters its files hold, where, and in what unit. Pure.

A rule is `{"units": what the catalogue keeps, "sources": [where in a file], "kind": "number" or "text"}`; the
first source that a file has counts. The unit is read from the file, by the custom of its format, and the number is
converted. A source may say more: `{"at": "hdf5:/a/b", "units": "hdf5:/a/b_units"}` names the place of the unit,
`{"at": "hdf5:/a/b", "unit": "mm"}` the unit that holds where the file names none. Nothing is taken for granted: a
number whose unit is not known is kept as it stands, with the unit that the file names, or none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gantry_formats import factor_between, plain_quantity, rtdc, stated_unit, unit_of
from gantry_formats.positive import is_more_than_nothing
from gantry_formats.quantities import plain_size
from gantry_formats.sizes import TOLD
from gantry_formats.units import Dimension
from portal.catalogue.entries import ParameterEntry
from portal.catalogue.parameters.source import Source, SourceKind
from portal.form.inputs.dataset import Quantity, same

Values = Mapping[str, Any]
"""By place, what a file has there, as `portal.data.parsing.client.values` gives it."""

# The schema of OME-XML (2016-06) has defaults for the units of its attributes.
_OME = {
    **{f"PhysicalSize{axis}": "µm" for axis in "XYZ"},
    **dict.fromkeys(("EmissionWavelength", "ExcitationWavelength", "Wavelength"), "nm"),
    **dict.fromkeys(("TimeIncrement", "ExposureTime", "DeltaT"), "s"),
}
_TAILS = (" units", " unit", "_units", "_unit")
_IN_NAMES = frozenset({"um", "nm", "mm", "ms", "us", "ns", "deg", "rad", "mrad", "eV", "keV", "MeV", "mA", "px"})
"""Units that a name may end with (`exposure_ms`); `_min`, `_in` and single letters mean other things, too."""
_RESOLUTION = {"tiff:XResolution": "image:voxel size x", "tiff:YResolution": "image:voxel size y"}


@dataclass(frozen=True)
class Spot:
    """Where a value stands, where its unit, and which unit holds if none stands there."""

    place: str
    unit_places: tuple[str, ...] = ()
    unit: str = ""
    told: tuple[str, ...] = ()
    """The places of what says where it was found: file, place, value and units, where a reader knows."""


def places_of(mapping: Mapping[str, Any]) -> list[str]:
    """All places that must be looked at for this mapping, as `portal.data.parsing.client.values` takes them."""
    found: dict[str, None] = {}
    for rule in mapping.values():
        for source in _sources(rule):
            found |= dict.fromkeys((source.place, *source.unit_places, *source.told))
    return list(found)


def parameters_of(mapping: Mapping[str, Any], values: Values) -> list[ParameterEntry]:
    """The parameters that a file has, in the units of the mapping wherever the file's own are known."""
    entries = (_parameter(name, rule, values) for name, rule in mapping.items())
    return [entry for entry in entries if entry is not None]


def over_files(said: Sequence[ParameterEntry]) -> ParameterEntry:
    """One parameter of a dataset of several files: what they say, or who says what where they differ in a number.

    A number that was one file's alone would be taken for that of all.
    """
    first = said[0]
    numbers = [Quantity(one.value, one.units) for one in said]
    if isinstance(first.value, str) or all(same(numbers[0], other) for other in numbers):
        return first
    words = ", ".join(f"{number.words} in {one.source.file}" for number, one in zip(numbers, said, strict=True))
    return ParameterEntry(first.name, words, "", replace(first.source, file="", value="", units=""))


def _parameter(name: str, rule: Mapping[str, Any], values: Values) -> ParameterEntry | None:
    source = next((source for source in _sources(rule) if source.place in values), None)
    if source is None:
        return None
    value, wanted = values[source.place], str(rule.get("units") or "")
    from_ = Source(SourceKind.FILE, place=source.place)
    if rule.get("kind", "number") == "text":
        return ParameterEntry(name, str(value), wanted, from_)
    positive = is_more_than_nothing(wanted, name, source.place)
    quantity = plain_size(value) if positive else plain_quantity(value)
    if quantity is None:
        return None
    number = quantity[0]
    stated = stated_unit(quantity[1], *map(values.get, source.unit_places)) or source.unit
    from_ = _found(from_, source, values) or replace(from_, value=f"{number:.9g}", units=stated)
    factor = factor_between(stated, wanted)
    if not wanted or factor is None:
        return ParameterEntry(name, number, stated, from_)
    # A conversion must not show as 0.30000000000000004.
    return ParameterEntry(name, number if factor == 1 else float(f"{number * factor:.15g}"), wanted, from_)


def _is_length(unit: Any) -> bool:
    known = unit_of(unit)
    return known is not None and known.dimension is Dimension.LENGTH


def _found(source: Source, spot: Spot, values: Values) -> Source | None:
    """Where a reader found it, and what stands there; None where the place is the one that was asked for."""
    told = {what: str(values[at]) for what, at in zip(TOLD, spot.told, strict=False) if at in values}
    if not told:
        return None
    file, place, value, units = (told.get(what, "") for what in TOLD)
    return Source(source.kind, file=file, place=place or source.place, value=value, units=units)


def _sources(rule: Mapping[str, Any]) -> Iterator[Spot]:
    is_length = _is_length(rule.get("units"))
    for written in rule.get("sources", ()):
        if isinstance(written, str):
            yield _by_custom(_RESOLUTION.get(written, written) if is_length else written)
            continue
        usual = _by_custom(str(written["at"]))
        named = (_place(str(written["units"])),) if written.get("units") else usual.unit_places
        yield replace(usual, unit_places=named, unit=str(written.get("unit") or usual.unit))


def _by_custom(written: str) -> Spot:
    """A source with its unit where the format has it: beside it, in its name, or by definition."""
    scheme, _colon, rest = written.partition(":")
    place = _place(written)
    thing, at, attribute = rest.rpartition("@")
    unit_places: tuple[str, ...] = ()
    unit = ""
    match scheme:
        case "hdf5" if not at:
            unit_places, unit = (f"{place}@units", f"{place}@unit"), _in_name(rest.rpartition("/")[2])
        case "hdf5":
            unit_places = tuple(f"{place}{tail}" for tail in _TAILS)
            unit = rtdc.UNITS.get(attribute) or _in_name(attribute)
        case "ome" if thing == "map":
            unit_places, unit = tuple(f"{place}{tail}" for tail in _TAILS), _in_name(attribute)
        case "ome":
            unit_places, unit = (f"{place}Unit",), _OME.get(attribute or rest, "")
        case "imagej" if rest == "finterval":
            unit_places, unit = ("imagej:tunit",), "s"
        case "imagej":
            unit_places = ("imagej:zunit", "imagej:unit") if rest == "spacing" else ("imagej:unit",)
        case "image":
            return Spot(place, unit="um", told=tuple(f"{place}@{what}" for what in TOLD))
        case "scan":
            return Spot(place, (f"{place}@units",), told=tuple(f"{place}@{what}" for what in TOLD))
    return Spot(place, unit_places, unit)


def _in_name(name: str) -> str:
    """The unit behind the last underscore of a name: `voxel_size_z_um`, `exposure_ms`."""
    tail = name.rpartition("_")[2] if "_" in name else ""
    return tail if tail in _IN_NAMES else ""


def _place(written: str) -> str:
    """`hdf5:/a/b@c` -> `/a/b@c`, `tiff:Tag` -> `Tag`; `ome:…`, `imagej:…`, `image:…` and `scan:…` as they are."""
    scheme, _colon, place = written.partition(":")
    return place if scheme in ("hdf5", "tiff") else written
