"""Units as files write them: one reader, and nothing guessed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gantry_formats import Dimension, factor_between, plain_number, plain_quantity, plain_text, unit_of
from gantry_formats.units import _TABLE


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        *(
            (text, "um")
            for text in ("um", "µm", "μm", "Um", "UM", "micron", "Microns", "MICROMETER", "micrometre")
        ),
        *(
            (text, "um")
            for text in (b"um", b"\xb5m", "µm".encode(), "\\u00B5m", "\\u03BCm", "Âµm", "Î¼m", "[um]", "(µm)")
        ),
        *((value, "um") for value in (np.array([b"um"]), np.array("um"), np.bytes_(b"um\0\0"), [["um"]], ("um",))),
        *((text, "mm") for text in ("mm", "MM", " mm ", "millimeters", "mm\0")),
        *((text, "nm") for text in ("nm", "NM", "Nanometer")),
        *((text, "Å") for text in ("Å", "A\u030a", "\u212b", "angstrom", "Angstroms", "Ã…")),
        *((text, "deg") for text in ("deg", "DEG", "degrees", "Degree", "°", "Â°", "deg.")),
        *((text, "rad") for text in ("rad", "RAD", "radians", b"radian")),
        *((text, "mrad") for text in ("mrad", "MRAD", "milliradians")),
        *(
            (text, symbol)
            for text, symbol in (("gon", "gon"), ("Gradians", "gon"), ("mdeg", "mdeg"), ("rev", "turn"))
        ),
        *((text, "keV") for text in ("keV", "KEV", "kev", "KeV")),
        *((text, symbol) for text, symbol in (("meV", "meV"), ("MeV", "MeV"), ("eV", "eV"), ("EV", "eV"))),
        *(
            (text, symbol)
            for text, symbol in (("s", "s"), ("sec", "s"), ("MS", "ms"), ("µs", "us"), ("Min", "min"))
        ),
        *(
            (text, symbol)
            for text, symbol in (("mA", "mA"), ("A", "A"), ("px", "px"), ("Pixels", "px"), ("inch", "inch"))
        ),
    ],
)
def test_one_unit_has_many_names(written, symbol):
    found = unit_of(written)
    assert found is not None
    assert found.symbol == symbol


@pytest.mark.parametrize(
    "written",
    [
        "", "   ", "\0", None, 3, 1.0, True, b"", [], ["um", "nm"], np.array([b"um", b"nm"]), {"um": 1},
        np.array([]),
        "unknown", "a.u.", "counts", "%", "um^2", "1/mm", "m/s", "um um", "u m", "reference frame", "um" * 200,
        "grad", "Grad", "mM", "uM", "nM", "Mm", "Nm", "mev", "MEV", "Mrad", "MA", "NA", "Pa", "M", "S", "H",
    ],
)  # fmt: skip
def test_what_is_no_unit_or_might_be_two_is_not_known(written):
    assert unit_of(written) is None


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("nm", "um", 1e-3), ("µm", "um", 1.0), ("mm", "um", 1e3), ("m", "um", 1e6), ("Å", "nm", 0.1),
        ("inch", "mm", 25.4),
        ("rad", "deg", 180 / math.pi), ("mrad", "deg", 0.18 / math.pi), ("deg", "rad", math.pi / 180),
        ("ms", "s", 1e-3),
        ("min", "s", 60.0), ("keV", "eV", 1e3), ("meV", "eV", 1e-3), ("mA", "A", 1e-3),
        ("counts", "counts", 1.0),
        ("um", "px", None), ("um", "deg", None), ("", "um", None), ("um", "", None), ("", "", None),
        (None, None, None),
        ("counts", "um", None), ("um", "counts", None), ("counts", "photons", None), ("MA", "mA", None),
    ],
)  # fmt: skip
def test_factors(source, target, factor):
    assert factor_between(source, target) == (None if factor is None else pytest.approx(factor, rel=1e-14))


ALL = [(dimension, symbol) for dimension, units in _TABLE.items() for symbol, _size, _names in units]


@given(st.sampled_from(ALL), st.sampled_from(ALL), st.floats(1e-6, 1e6))
def test_there_and_back_is_where_one_was(first, second, value):
    there, back = factor_between(first[1], second[1]), factor_between(second[1], first[1])
    assert (there is None) == (back is None) == (first[0] is not second[0])
    if there is not None and back is not None:
        assert value * there * back == pytest.approx(value, rel=1e-12)


@given(st.one_of(st.text(), st.binary(), st.floats(), st.none(), st.lists(st.text(), max_size=3)))
def test_whatever_a_file_holds_is_answered(value):
    unit = unit_of(value)
    assert unit is None or unit.dimension in Dimension
    assert plain_text(value) is None or "\0" not in str(plain_text(value))
    number = plain_number(value)
    assert number is None or math.isfinite(number)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0), ("0.34", 0.34), (b"0.34", 0.34), (np.array([0.2]), 0.2), (np.float64(2), 2.0), ([[3]], 3.0),
        (" 1e-6 ", 1e-6),
        (np.array("2"), 2.0), ("-.5", -0.5),
        ("1_0", None), ("nan", None), ("inf", None), (math.inf, None), (True, None), ("0.34 um", None),
        ("", None),
        (None, None), (10**400, None), ([1, 2], None), ("0x10", None), ("١", None),
    ],
)  # fmt: skip
def test_numbers_as_files_write_them(value, number):
    assert plain_number(value) == number


@pytest.mark.parametrize(
    ("written", "number", "unit"),
    [
        ("0.2 um", 0.2, "um"),
        (b"0.2\xb5m", 0.2, "µm"),
        ("0.2 \\u00B5m", 0.2, "µm"),
        (np.array([b"12.4 keV"]), 12.4, "keV"),
        ("5eV", 5.0, "eV"),
        ("-1e-3 mm", -1e-3, "mm"),
        ("3 furlong", 3.0, "furlong"),
        ("20 %", 20.0, "%"),
        (np.array([[0.25]]), 0.25, ""),
        ("0.25", 0.25, ""),
    ],
)
def test_a_text_may_hold_its_unit(written, number, unit):
    assert plain_quantity(written) == (number, unit)


@pytest.mark.parametrize(
    "written",
    [
        "", "um", "um 0.2", "0.2 x 0.3 um", "0.2 0.3", "1,000 um", "1.000,5 um", "0.2-0.3 um", "1 000 um",
        "5 e-3 um", "nan um", "inf", "0.2 um/2", None, True, [0.2, 0.3], "0.2 " + "um" * 200, "0x10 um",
        float("inf"),
    ],
)  # fmt: skip
def test_what_could_be_two_numbers_or_none_is_no_quantity(written):
    assert plain_quantity(written) is None
