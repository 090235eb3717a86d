"""Sizes of picture elements out of what OME, ImageJ and TIFF's tags say."""

import pytest

from gantry_formats.images import (
    CENTIMETRE,
    INCH,
    odd_sizes_of_imagej,
    sizes_of_imagej,
    sizes_of_ome,
    sizes_of_tags,
)


def ome(*images: str) -> str:
    return f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{"".join(images)}</OME>'


def image(name: str, **attributes: object) -> str:
    written = " ".join(f'{key}="{value}"' for key, value in attributes.items())
    return f'<Image Name="{name}"><Pixels {written}/></Image>'


@pytest.mark.parametrize("per_inch", [72, 96, 150, 300, 600, 1200, 2400, 4800])
def test_the_resolution_of_screens_and_printers_is_no_size(per_inch):
    assert sizes_of_tags({"x": per_inch, "y": per_inch}, INCH) == {}
    assert sizes_of_tags({"x": per_inch / 2.54, "y": per_inch / 2.54}, CENTIMETRE) == {}


def test_a_microscope_s_resolution_in_centimetres_is_a_size():
    assert sizes_of_tags({"x": 1e4 / 0.1625, "y": 1e4 / 0.2}, CENTIMETRE) == pytest.approx({"x": 0.1625, "y": 0.2})
    assert sizes_of_tags({"x": 25400.0}, INCH) == pytest.approx({"x": 1.0})


@pytest.mark.parametrize("unit", [1, 0, None, 7, "2 or so"])
def test_without_a_unit_of_length_tags_tell_nothing(unit):
    assert sizes_of_tags({"x": 61538.0}, unit) == {}


@pytest.mark.parametrize("many", [0.0, 1.0, -3.0, float("inf"), float("nan")])
def test_no_number_of_pixels_tells_nothing(many):
    assert sizes_of_tags({"x": many}, CENTIMETRE) == {}


@pytest.mark.parametrize(
    ("unit", "factor"), [("micron", 1), ("\\u00B5m", 1), ("nm", 1e-3), ("mm", 1e3), ("inch", 25400)]
)
def test_imagej_counts_in_its_own_unit(unit, factor):
    found = sizes_of_imagej({"unit": unit, "spacing": 0.5}, {"x": 5.0, "y": 4.0})
    assert found == pytest.approx({"x": 0.2 * factor, "y": 0.25 * factor, "z": 0.5 * factor})


@pytest.mark.parametrize("unit", ["pixel", "", "furlong", None])
def test_imagej_without_a_length_tells_nothing(unit):
    assert sizes_of_imagej({"unit": unit, "spacing": 0.5}, {"x": 5.0, "y": 4.0}) == {}


@pytest.mark.parametrize(
    ("unit", "many"),
    [
        *(("inch", many) for many in (1.0, 72.0, 96.0, 118.0, 150.0, 300.0, 600.0, 2400.0)),
        *(("cm", many) for many in (28.346, 37.795, 118.11, 236.22)),
        ("inches", 300.0),
        ("in", 150.0),
        ("mm", 11.811),
    ],
)
def test_imagej_s_resolution_of_a_screen_or_of_paper_is_not_known(unit, many):
    keys = {"unit": unit, "spacing": 1.0}
    assert sizes_of_imagej(keys, {"x": many, "y": many}) == {}
    assert sizes_of_imagej(keys | {"zunit": "um"}, {"x": many, "y": many}) == {"z": 1.0}


@pytest.mark.parametrize(
    ("unit", "many", "size"),
    [
        ("inch", 127000.0, 0.2),
        ("cm", 50000.0, 0.2),
        ("mm", 5000.0, 0.2),
        ("cm", 40.0, 250.0),
        ("um", 0.0118, 84.7457627119),
    ],
)
def test_imagej_s_own_resolution_is_known_in_any_unit(unit, many, size):
    assert sizes_of_imagej({"unit": unit}, {"x": many}) == pytest.approx({"x": size})


def test_imagej_s_axes_may_have_units_of_their_own():
    found = sizes_of_imagej({"unit": "um", "zunit": "nm", "yunit": "pixel", "spacing": 500}, {"x": 5.0, "y": 4.0})
    assert found == pytest.approx({"x": 0.2, "z": 0.5})


def test_ome_has_a_default_and_other_units_are_converted():
    text = ome(
        image(
            "a",
            PhysicalSizeX="162.5",
            PhysicalSizeXUnit="nm",
            PhysicalSizeY="0.2",
            PhysicalSizeZ="4",
            PhysicalSizeZUnit="Å",
        )
    )
    assert sizes_of_ome(text, series=0, names=["a"]) == pytest.approx({"x": 0.1625, "y": 0.2, "z": 4e-4})


@pytest.mark.parametrize("unit", ["pixel", "reference frame", "furlong", ""])
def test_ome_s_units_that_are_no_length_tell_nothing(unit):
    assert sizes_of_ome(ome(image("a", PhysicalSizeX="2", PhysicalSizeXUnit=unit)), series=0, names=["a"]) == {}


def test_each_series_of_ome_has_its_own_scale():
    text = ome(image("a", PhysicalSizeX="2"), image("b", PhysicalSizeX="0.2"))
    assert [sizes_of_ome(text, series=place, names=["a", "b"]) for place in (0, 1)] == [{"x": 2.0}, {"x": 0.2}]


def test_an_image_that_cannot_be_told_apart_has_no_scale():
    text = ome(image("a", PhysicalSizeX="2"), image("a", PhysicalSizeX="0.2"), image("b", PhysicalSizeX="3"))
    assert sizes_of_ome(text, series=0, names=["a"]) == {}
    assert sizes_of_ome(text, series=0, names=["b"]) == {"x": 3.0}
    assert sizes_of_ome(text, series=0, names=["c"]) == {}


@pytest.mark.parametrize("text", ["", "<OME", "<OME/>", "\0", "<x/>" * 2])
def test_what_is_no_ome_says_nothing(text):
    assert sizes_of_ome(text, series=0, names=["a"]) == {}


@pytest.mark.parametrize("size", ["0", "-1", "nan", "inf", "a lot"])
def test_sizes_that_make_no_sense_are_left_out(size):
    assert sizes_of_ome(ome(image("a", PhysicalSizeX=size)), series=0, names=["a"]) == {}


def test_a_unit_that_is_not_known_is_told_with_its_size_and_not_computed_with():
    keys = {"unit": "furlong", "zunit": "nm", "spacing": 500.0}
    assert sizes_of_imagej(keys, {"x": 2.0}) == {"z": 0.5}
    assert odd_sizes_of_imagej(keys, {"x": 2.0}) == {"x": "0.5 furlong"}
    for unit in (None, "", "pixel", "px", "um"):
        assert odd_sizes_of_imagej({"unit": unit}, {"x": 2.0}) == {}
