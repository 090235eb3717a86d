"""Metadata of deformability cytometry: typed as the format defines it, whatever a program wrote."""

import dclab_programs
import numpy as np
import pytest

from gantry_formats import rtdc
from gantry_formats.quantities import plain_size


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("imaging:pixel size", "340 nm", 0.34),
        ("imaging:pixel size", np.array([b"0.34"]), 0.34),
        ("imaging:pixel size", "0,34", 0.34),
        ("imaging:pixel size", 1, 1.0),
        ("imaging:frame rate", "2000 Hz", 2000.0),
        ("imaging:flash duration", "0.002 ms", 2.0),
        ("setup:flow rate", "0.04 µL/s", 0.04),
        ("setup:temperature", "23.5 °C", 23.5),
        ("setup:channel width", b"20", 20.0),
        ("experiment:run index", "3", 3),
        ("experiment:run index", np.array([2.0]), 2),
        ("imaging:roi position x", "12 px", 12),
        ("experiment:sample", np.array([b"blood"]), "blood"),
        ("experiment:sample", 7, "7"),
        ("imaging:pixel size", 0.0, None),
        ("imaging:pixel size", np.inf, None),
        ("imaging:pixel size", "3,45", None),
        ("imaging:pixel size", "0.34 Hz", None),
        ("imaging:frame rate", "fast", None),
        ("imaging:frame rate", np.array([1.0, 2.0]), None),
        ("experiment:run index", 1.5, None),
    ],
)
def test_metadata_are_typed_as_the_format_defines_them(key: str, written: object, value: object) -> None:
    found = rtdc.typed(key, written)
    assert found == value
    assert type(found) is type(value)


def test_the_definitions_are_dclabs() -> None:
    names = {"float": rtdc.UNITS, "fint": rtdc.WHOLE_NUMBERS, "str": rtdc.TEXTS, "lcstr": rtdc.TEXTS}
    theirs = dclab_programs.defined()
    assert set(theirs) == {*rtdc.UNITS, *rtdc.WHOLE_NUMBERS, *rtdc.TEXTS}
    assert [key for key, kind in theirs.items() if key not in names[kind]] == []


@pytest.mark.parametrize("written", [0, -0.5, "0", "0 um", "0,0", "1,000", "0,34,5", "0,34 0,5", "0,3.4", None])
def test_what_is_no_size_or_could_be_two_is_none(written: object) -> None:
    assert plain_size(written) is None
