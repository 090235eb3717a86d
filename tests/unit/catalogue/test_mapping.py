"""Parameters out of files: in the type's unit where the file's is known, and never a unit that nobody wrote."""

import pytest

from portal.catalogue.entries import ParameterEntry
from portal.catalogue.mapping import parameters_of, places_of


def one(source: object, values: dict[str, object], units: str = "um", **rule: str) -> ParameterEntry | None:
    """The parameter `x` that this source gives."""
    found = parameters_of({"x": {"units": units, "sources": [source], **rule}}, values)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("source", "values", "units", "value"),
    [
        ("hdf5:/a/size", {"/a/size": 162.5, "/a/size@units": "nm"}, "um", 0.1625),
        ("hdf5:/a/size", {"/a/size": 5e-6, "/a/size@units": "m"}, "um", 5.0),
        ("hdf5:/a/size", {"/a/size": "0.34", "/a/size@unit": "µm"}, "um", 0.34),
        ("hdf5:/a/size_um", {"/a/size_um": 0.2}, "um", 0.2),
        ("hdf5:/a@size", {"/a@size": 0.3, "/a@size units": "mm"}, "um", 300.0),
        ("hdf5:/a@exposure_ms", {"/a@exposure_ms": 20}, "s", 0.02),
        ("hdf5:/@imaging:pixel size", {"/@imaging:pixel size": 0.34}, "um", 0.34),
        ("hdf5:/e", {"/e": 12.4, "/e@units": "keV"}, "eV", 12_400.0),
        ("hdf5:/angle", {"/angle": 3.0, "/angle@units": "mrad"}, "rad", 0.003),
        ("ome:Pixels@PhysicalSizeX", {"ome:Pixels@PhysicalSizeX": 0.2}, "um", 0.2),
        (
            "ome:Pixels@PhysicalSizeX",
            {"ome:Pixels@PhysicalSizeX": 162.5, "ome:Pixels@PhysicalSizeXUnit": "nm"},
            "um",
            0.1625,
        ),
        ("ome:PhysicalSizeZ", {"ome:PhysicalSizeZ": 2.0, "ome:PhysicalSizeZUnit": "Å"}, "um", 2e-4),
        ("ome:Channel@EmissionWavelength", {"ome:Channel@EmissionWavelength": 525}, "nm", 525.0),
        ("ome:map@exposure_ms", {"ome:map@exposure_ms": 20}, "ms", 20.0),
        ("imagej:spacing", {"imagej:spacing": 0.5, "imagej:unit": "\\u00B5m"}, "um", 0.5),
        ("imagej:spacing", {"imagej:spacing": 500, "imagej:unit": "um", "imagej:zunit": "nm"}, "um", 0.5),
        ("imagej:finterval", {"imagej:finterval": 0.5}, "ms", 500.0),
        ("image:voxel size x", {"image:voxel size x": 0.2}, "nm", 200.0),
        ("tiff:XResolution", {"image:voxel size x": 0.2, "XResolution": 5.0}, "um", 0.2),
        ({"at": "hdf5:/a/b", "units": "hdf5:/a/b_units"}, {"/a/b": 2.0, "/a/b_units": "mm"}, "um", 2000.0),
        ({"at": "hdf5:/a/b", "unit": "mm"}, {"/a/b": 2.0}, "um", 2000.0),
        ("hdf5:/a@size", {"/a@size": "200 nm"}, "um", 0.2),
        ("hdf5:/a@size", {"/a@size": "0.2 µm", "/a@size units": "micron"}, "um", 0.2),
        ("hdf5:/a@size_um", {"/a@size_um": "200 nm"}, "um", 0.2),
        ({"at": "hdf5:/a/b", "unit": "mm"}, {"/a/b": 2.0, "/a/b@units": "nm"}, "um", 0.002),
    ],
)
def test_a_number_is_converted_from_the_unit_that_the_file_names(source, values, units, value):
    found = one(source, values, units)
    assert found is not None
    assert (found.value, found.units) == (pytest.approx(value, rel=1e-12), units)


@pytest.mark.parametrize(
    ("source", "values", "units"),
    [
        ("hdf5:/a/size", {"/a/size": 0.2}, ""),
        ("hdf5:/a@size", {"/a@size": 0.2}, ""),
        ("hdf5:/a@size", {"/a@size": 0.2, "/a@size units": "furlong"}, "furlong"),
        ("hdf5:/a@size", {"/a@size": 0.2, "/a@size units": "px"}, "px"),
        ("hdf5:/a@size_min", {"/a@size_min": 0.2}, ""),
        (
            "ome:Pixels@PhysicalSizeX",
            {"ome:Pixels@PhysicalSizeX": 0.2, "ome:Pixels@PhysicalSizeXUnit": "pixel"},
            "pixel",
        ),
        ("imagej:spacing", {"imagej:spacing": 0.2}, ""),
        ("hdf5:/a@size", {"/a@size": "0.2 um", "/a@size units": "nm"}, "um or nm"),
        ("hdf5:/a@size", {"/a@size": "0.2 furlong"}, "furlong"),
    ],
)
def test_what_has_no_known_unit_keeps_its_number_and_gets_none(source, values, units):
    assert one(source, values) == ParameterEntry("x", 0.2, units)


def test_a_conversion_shows_no_digits_that_nobody_wrote():
    found = one("hdf5:/a", {"/a": 162.5, "/a@units": "nm"})
    assert found is not None
    assert str(found.value) == "0.1625"


@pytest.mark.parametrize("value", ["wide", "", "nan", None, True, "1_0"])
def test_what_is_no_number_is_no_parameter(value):
    assert one("hdf5:/a@size_um", {"/a@size_um": value}) is None


@pytest.mark.parametrize("written", [0.0, "0", "0 nm", -0.2, "3,45"])
def test_nothing_is_of_the_size_0(written):
    assert one("hdf5:/@imaging:pixel size", {"/@imaging:pixel size": written}) is None
    assert parameters_of({"voxel size x": {"units": "um", "sources": ["hdf5:/a"]}}, {"/a": written}) == []


def test_a_length_that_is_no_size_may_be_0():
    assert one("hdf5:/stage/x", {"/stage/x": 0.0, "/stage/x@units": "mm"}) == ParameterEntry("x", 0.0, "um")


def test_a_size_with_a_decimal_comma_behind_a_zero_is_read():
    found = one("hdf5:/@imaging:pixel size", {"/@imaging:pixel size": "0,34"})
    assert found == ParameterEntry("x", 0.34, "um")


def test_a_number_without_a_unit_in_the_mapping_keeps_the_file_s():
    assert one("hdf5:/a", {"/a": 3.0, "/a@units": "mm"}, units="") == ParameterEntry("x", 3.0, "mm")
    assert one("hdf5:/a", {"/a": 3.0}, units="") == ParameterEntry("x", 3.0, "")


def test_units_that_are_in_no_table_are_alike_if_they_are_written_alike():
    assert one("hdf5:/@setup:flow rate", {"/@setup:flow rate": 0.04}, "uL/s") == ParameterEntry("x", 0.04, "uL/s")


def test_the_first_source_that_is_there_counts():
    mapping = {"x": {"units": "um", "sources": ["hdf5:/a", "ome:PhysicalSizeX"]}}
    assert parameters_of(mapping, {"ome:PhysicalSizeX": 0.2}) == [ParameterEntry("x", 0.2, "um")]
    assert parameters_of(mapping, {"/a": 1.0, "ome:PhysicalSizeX": 0.2}) == [ParameterEntry("x", 1.0, "")]
    assert parameters_of(mapping, {}) == []


def test_texts_are_taken_as_they_are():
    assert one("hdf5:/@medium", {"/@medium": "CellCarrier"}, "", kind="text") == ParameterEntry(
        "x", "CellCarrier", ""
    )


def test_all_places_are_asked_for_once():
    mapping = {
        "x": {"units": "um", "sources": ["imagej:spacing", "hdf5:/a"]},
        "y": {"units": "um", "sources": ["imagej:spacing"]},
    }
    assert places_of(mapping) == ["imagej:spacing", "imagej:zunit", "imagej:unit", "/a", "/a@units", "/a@unit"]


@pytest.mark.parametrize(
    ("source", "values", "told"),
    [
        (
            "ome:PhysicalSizeX",
            {"ome:PhysicalSizeX": 162.5, "ome:PhysicalSizeXUnit": "nm"},
            ("ome:PhysicalSizeX", "162.5", "nm"),
        ),
        ("hdf5:/a", {"/a": "3 furlong"}, ("/a", "3", "furlong")),
        ("hdf5:/a", {"/a": 3.0}, ("/a", "3", "")),
    ],
)
def test_a_parameter_tells_the_place_and_what_stands_there(source, values, told):
    found = one(source, values)
    assert found is not None
    assert (found.source.place, found.source.value, found.source.units) == told
    assert found.source.kind == "file"
