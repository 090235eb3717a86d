"""What is more than nothing by what it is."""

import pytest

from gantry_formats.positive import is_more_than_nothing


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        ("um", "voxel size x"),
        ("nm", "emission wavelength"),
        ("keV", "photon energy"),
        ("mm", "detector distance"),
        ("ms", "exposure time"),
        ("s", "/entry/instrument/detector/count_time"),
        ("um", "/entry/motor positions/x_pixel_size"),
        ("nm", "ome:Channel@ExcitationWavelength"),
        ("um", "ome:Pixels@PhysicalSizeX"),
        ("um", "channel width"),
        ("px", "pixel size"),
        ("", "pixel size"),
        ("furlong", "Wavelength"),
        ("", "numerical aperture"),
        ("Hz", "frame rate"),
    ],
)
def test_positive_by_definition(unit, name):
    assert is_more_than_nothing(unit, name)


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        ("mm", "stage x"),
        ("um", "offset in size"),
        ("eV", "energy loss"),
        ("mm", "/entry/instrument/source/distance"),
        ("mm", "source distance"),
        ("ps", "delay"),
        ("deg", "size of the step"),
        ("degC", "temperature"),
        ("", "events"),
        ("s", "start time"),
        ("um2", "smallest area"),
    ],
)
def test_what_may_be_nothing_or_negative(unit, name):
    assert not is_more_than_nothing(unit, name)
