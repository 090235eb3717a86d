"""Conversions between the units that instruments record and those of the form."""

import math

import pytest
from portal.jobtype.units import factor_between


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("nm", "um", 1e-3),
        ("mm", "um", 1e3),
        ("µm", "um", 1.0),
        ("um", "um", 1.0),
        ("min", "s", 60.0),
        ("keV", "eV", 1e3),
        ("rad", "deg", 180 / math.pi),
        ("furlong", "furlong", 1.0),
    ],
)
def test_known_units_convert(source, target, factor):
    assert factor_between(source, target) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(("source", "target"), [("nm", "s"), ("px", "um"), ("", "um")])
def test_units_of_different_kinds_do_not_convert(source, target):
    assert factor_between(source, target) is None
